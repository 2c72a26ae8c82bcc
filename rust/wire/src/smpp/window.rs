//! The unanswered requests of one session (SMPP 5.0 §2.6.4; DESIGN section 5).

/// The widest window: beyond it the memory of a session is better spent on a second one.
pub const MAX_WINDOW: u32 = 16_384;

use super::pdu::MAX_SEQUENCE;

/// A ring of slots, found by sequence number without hashing.
///
/// The ring has at least twice as many slots as the window allows requests. A sequence number whose slot is
/// occupied is skipped; since a round of the ring skips at most as many slots as it fills, finding a free one
/// costs constant time on average whatever the order of the answers. A slot keeps its full sequence number, so
/// an answer to a request of an earlier round is not taken for one to the present.
#[derive(Debug)]
pub(crate) struct Window {
    slots: Box<[Slot]>,
    capacity: u32,
    next_sequence: u32,
    pending: List,
    held: List,
}

/// A request that left the window, or whose time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) token: u64,
    pub(crate) submitted_us: u64,
    /// Its place in the outgoing stream.
    pub(crate) start: u64,
    /// Its time was up before.
    pub(crate) late: bool,
}

impl Window {
    /// A window of `capacity` requests, the first numbered `first_sequence`.
    pub(crate) fn new(capacity: u32, first_sequence: u32) -> Self {
        let capacity = capacity.clamp(1, MAX_WINDOW);
        let ring = (capacity as usize * 2).next_power_of_two();
        Self {
            slots: vec![Slot::FREE; ring].into_boxed_slice(),
            capacity,
            next_sequence: first_sequence.clamp(1, MAX_SEQUENCE),
            pending: List::EMPTY,
            held: List::EMPTY,
        }
    }

    pub(crate) fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Requests whose answer is awaited.
    pub(crate) fn pending(&self) -> u32 {
        self.pending.count
    }

    /// Requests whose time is up, kept for a late answer.
    pub(crate) fn held(&self) -> u32 {
        self.held.count
    }

    pub(crate) fn room(&self) -> u32 {
        self.capacity - self.pending.count - self.held.count
    }

    /// A number for a request that takes no slot.
    pub(crate) fn skip_sequence(&mut self) -> u32 {
        while self.slots[self.index(self.next_sequence)].sequence != 0 {
            self.advance();
        }
        let sequence = self.next_sequence;
        self.advance();
        sequence
    }

    /// Takes a slot and gives its sequence number. The caller has looked at [`Self::room`].
    pub(crate) fn occupy(&mut self, token: u64, submitted_us: u64, start: u64) -> u32 {
        debug_assert!(self.room() > 0);
        let sequence = self.skip_sequence();
        let index = self.index(sequence);
        self.slots[index] = Slot { sequence, token, submitted_us, start, ..Slot::FREE };
        push(&mut self.slots, &mut self.pending, index as u32);
        sequence
    }

    /// Frees the slot of this number, if that very request holds one.
    pub(crate) fn release(&mut self, sequence: u32) -> Option<Request> {
        let index = self.index(sequence);
        if sequence == 0 || self.slots[index].sequence != sequence {
            return None;
        }
        Some(self.take(index))
    }

    /// The request submitted longest ago of those awaited.
    pub(crate) fn oldest(&self) -> Option<Request> {
        let slot = self.slots.get(self.pending.head as usize)?;
        Some(slot.request())
    }

    /// Keeps the slot of [`Self::oldest`] for a late answer, and no longer awaits it.
    pub(crate) fn hold_oldest(&mut self) {
        let index = self.pending.head;
        if index != NIL {
            unlink(&mut self.slots, &mut self.pending, index);
            self.slots[index as usize].late = true;
            push(&mut self.slots, &mut self.held, index);
        }
    }

    /// Frees the slot of the request submitted first of all, held ones included: held ones were all submitted
    /// before those still awaited.
    pub(crate) fn pop_first(&mut self) -> Option<Request> {
        let index = if self.held.head != NIL { self.held.head } else { self.pending.head };
        (index != NIL).then(|| self.take(index as usize))
    }

    fn take(&mut self, index: usize) -> Request {
        let request = self.slots[index].request();
        let list = if request.late { &mut self.held } else { &mut self.pending };
        unlink(&mut self.slots, list, index as u32);
        self.slots[index].sequence = 0;
        request
    }

    fn index(&self, sequence: u32) -> usize {
        sequence as usize & (self.slots.len() - 1)
    }

    fn advance(&mut self) {
        self.next_sequence = if self.next_sequence == MAX_SEQUENCE { 1 } else { self.next_sequence + 1 };
    }
}

/// No slot.
const NIL: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// The full number of the request; 0, which numbers nothing, where the slot is free.
    sequence: u32,
    late: bool,
    /// Neighbours in the list the slot is on, by time of submission.
    before: u32,
    after: u32,
    token: u64,
    submitted_us: u64,
    start: u64,
}

impl Slot {
    const FREE: Self =
        Self { sequence: 0, late: false, before: NIL, after: NIL, token: 0, submitted_us: 0, start: 0 };

    fn request(&self) -> Request {
        let Self { token, submitted_us, start, late, .. } = *self;
        Request { token, submitted_us, start, late }
    }
}

/// A list threaded through the slots: time-outs come in the order of submission, answers from anywhere.
#[derive(Debug)]
struct List {
    head: u32,
    tail: u32,
    count: u32,
}

impl List {
    const EMPTY: Self = Self { head: NIL, tail: NIL, count: 0 };
}

fn push(slots: &mut [Slot], list: &mut List, index: u32) {
    slots[index as usize].before = list.tail;
    slots[index as usize].after = NIL;
    match list.tail {
        NIL => list.head = index,
        tail => slots[tail as usize].after = index,
    }
    list.tail = index;
    list.count += 1;
}

fn unlink(slots: &mut [Slot], list: &mut List, index: u32) {
    let Slot { before, after, .. } = slots[index as usize];
    match before {
        NIL => list.head = after,
        before => slots[before as usize].after = after,
    }
    match after {
        NIL => list.tail = before,
        after => slots[after as usize].before = before,
    }
    list.count -= 1;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_wrap_to_one_and_skip_occupied_slots() {
        let mut window = Window::new(4, MAX_SEQUENCE - 1);
        let first: Vec<u32> = (0..4).map(|token| window.occupy(token, 0, 0)).collect();
        assert_eq!(first[..3], [MAX_SEQUENCE - 1, MAX_SEQUENCE, 1]);
        assert_eq!(window.room(), 0);
        window.release(1).unwrap();
        let mut seen = first.clone();
        for token in 10..100 {
            let sequence = window.occupy(token, 0, 0);
            assert!(!seen.contains(&sequence), "{sequence} was used before");
            seen.push(sequence);
            assert_eq!(window.release(sequence).map(|request| request.token), Some(token));
        }
        assert_eq!(window.release(MAX_SEQUENCE).map(|request| request.token), Some(1));
    }

    #[test]
    fn a_number_of_an_earlier_round_finds_nothing() {
        let mut window = Window::new(4, 1);
        let sequence = window.occupy(7, 0, 0);
        assert_eq!(window.release(sequence + 8), None);
        assert_eq!(window.release(0), None);
        assert!(window.release(sequence).is_some());
        assert_eq!(window.release(sequence), None);
    }

    proptest! {
        /// Against a map that forgets nothing: any mixture of submitting, answering in any order and timing out.
        #[test]
        fn agrees_with_a_map(capacity in 1u32..20, start in prop_oneof![Just(1), Just(MAX_SEQUENCE - 5)],
                             steps in proptest::collection::vec((0u8..4, any::<prop::sample::Index>()), 1..300)) {
            let mut window = Window::new(capacity, start);
            let mut model: BTreeMap<u64, (u32, bool)> = BTreeMap::new();
            for (at, (step, pick)) in steps.into_iter().enumerate() {
                let token = at as u64;
                match step {
                    0 | 1 if window.room() > 0 => {
                        let sequence = window.occupy(token, token, token);
                        prop_assert!((1..=MAX_SEQUENCE).contains(&sequence));
                        prop_assert!(model.values().all(|&(other, _)| other != sequence));
                        model.insert(token, (sequence, false));
                    }
                    2 if !model.is_empty() => {
                        let token = *pick.get(&model.keys().copied().collect::<Vec<_>>());
                        let (sequence, late) = model.remove(&token).unwrap();
                        let request = window.release(sequence).unwrap();
                        prop_assert_eq!((request.token, request.late), (token, late));
                    }
                    _ => {
                        let oldest = model.iter_mut().find(|(_, (_, late))| !late);
                        prop_assert_eq!(window.oldest().map(|request| request.token), oldest.as_ref().map(|(token, _)| **token));
                        if let Some((_, (_, late))) = oldest {
                            *late = true;
                        }
                        window.hold_oldest();
                    }
                }
                let held = model.values().filter(|(_, late)| *late).count() as u32;
                prop_assert_eq!((window.held(), window.pending()), (held, model.len() as u32 - held));
                prop_assert_eq!(window.room(), capacity - model.len() as u32);
            }
            let rest: Vec<u64> = std::iter::from_fn(|| window.pop_first()).map(|request| request.token).collect();
            prop_assert_eq!(rest, model.into_keys().collect::<Vec<_>>());
        }
    }
}
