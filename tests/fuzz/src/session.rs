//! A session whose far end says anything, cut anywhere: what holds for either role.

use std::fmt::Debug;

use crate::peer::{LATER_US, UNDER_WAY};

/// A session of one role, bound, with [`UNDER_WAY`] requests that wait for their answers.
pub(crate) trait Busy: Sized {
    type Event: Debug + PartialEq;

    fn busy() -> Self;
    /// What a far end says that does nothing wrong: an answer to the first request, then something new.
    fn good() -> Vec<u8>;
    /// Whether these are the events of [`Self::good`].
    fn understood(events: &[Self::Event]) -> bool;
    fn receive(&mut self, octets: &[u8]);
    fn poll_event(&mut self) -> Option<Self::Event>;
    fn outgoing(&self) -> &[u8];
    fn wants_close(&self) -> bool;
    /// Answers what wants an answer.
    fn answer(&mut self, event: &Self::Event);
    /// The request that this event ends.
    fn ends(event: &Self::Event) -> Option<u64>;
    /// All is written, time passes until `now_us`, the connection ends; whether nothing is left to do.
    fn finish(&mut self, now_us: u64) -> bool;

    /// Every event that waits.
    fn events(&mut self) -> Vec<Self::Event> {
        std::iter::from_fn(|| self.poll_event()).collect()
    }
}

/// The octets: how long a read is, where to look in between, then what the far end says.
pub(crate) fn read<S: Busy>(octets: &[u8]) -> bool {
    let [cut, look, said @ ..] = octets else { return false };
    // What was right before is understood whatever follows.
    let good = S::good();
    let said = [&good, said].concat();
    let whole = Heard::of::<S>(&said, usize::MAX);
    assert!(S::understood(&whole.events));
    // However it is cut, and however much of it has come.
    assert_eq!(Heard::of::<S>(&said, usize::from(*cut) + 1), whole);
    let so_far = good.len() + usize::from(*look).min(said.len() - good.len());
    let part = Heard::of::<S>(&said[..so_far], usize::MAX);
    assert!(whole.events.starts_with(&part.events) && whole.answer.starts_with(&part.answer));
    whole.events.len() > 2
}

/// What a session makes of what it hears.
#[derive(Debug, PartialEq)]
struct Heard<E> {
    events: Vec<E>,
    answer: Vec<u8>,
    closes: bool,
}

impl<E: Debug + PartialEq> Heard<E> {
    /// Hears it, and sees that every request is accounted for whatever comes after.
    fn of<S: Busy<Event = E>>(said: &[u8], cut: usize) -> Self {
        let mut session = S::busy();
        said.chunks(cut).for_each(|piece| session.receive(piece));
        let events = session.events();
        // An event for each PDU and its fault, an answer for each PDU: no far end gets more out of us than it gave.
        assert!(events.len() <= said.len() / 16 * 2 + 1);
        assert!(session.outgoing().len() <= said.len() * 2 + 17);
        let heard = Self { answer: session.outgoing().to_vec(), closes: session.wants_close(), events };
        heard.events.iter().for_each(|event| session.answer(event));
        assert!(session.finish(LATER_US));
        let later = session.events();
        let mut ended: Vec<u64> = heard.events.iter().chain(&later).filter_map(S::ends).collect();
        ended.sort_unstable();
        assert_eq!(ended, (0..UNDER_WAY).collect::<Vec<_>>(), "each request ends once");
        heard
    }
}
