//! What is to happen later, by time.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

/// A queue by due time; equal times keep their order.
///
/// Almost everything is due a constant delay after it came, so it comes in order and a plain queue does. Only
/// what comes out of order (a retry, a changed delay) goes to a heap.
#[derive(Debug)]
pub(crate) struct Timeline<T> {
    row: VecDeque<Entry<T>>,
    stragglers: BinaryHeap<Entry<T>>,
    /// The order of those with equal times.
    next: u64,
}

#[derive(Debug)]
struct Entry<T> {
    due_us: u64,
    order: u64,
    what: T,
}

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self { row: VecDeque::new(), stragglers: BinaryHeap::new(), next: 0 }
    }
}

impl<T> Timeline<T> {
    pub(crate) fn push(&mut self, due_us: u64, what: T) {
        let entry = Entry { due_us, order: self.next, what };
        self.next += 1;
        match self.row.back() {
            Some(last) if last.due_us > due_us => self.stragglers.push(entry),
            _ => self.row.push_back(entry),
        }
    }

    /// When [`Self::pop_due`] gives something.
    pub(crate) fn next_us(&self) -> Option<u64> {
        let heads = [self.row.front(), self.stragglers.peek()];
        heads.into_iter().flatten().map(|entry| entry.due_us).min()
    }

    pub(crate) fn pop_due(&mut self, now_us: u64) -> Option<T> {
        let from_row = match (self.row.front(), self.stragglers.peek()) {
            (Some(first), Some(straggler)) => first.key() < straggler.key(),
            (first, _) => first.is_some(),
        };
        let head = if from_row { self.row.front() } else { self.stragglers.peek() };
        if head?.due_us > now_us {
            return None;
        }
        let entry = if from_row { self.row.pop_front() } else { self.stragglers.pop() };
        entry.map(|entry| entry.what)
    }
}

impl<T> Entry<T> {
    fn key(&self) -> (u64, u64) {
        (self.due_us, self.order)
    }
}

// The heap gives its greatest first: what is due first is the greatest.
impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn comes_out_by_time_and_then_as_it_came(dues in proptest::collection::vec(0u64..20, 0..60)) {
            let mut timeline = Timeline::default();
            for (order, &due_us) in dues.iter().enumerate() {
                timeline.push(due_us, (due_us, order));
            }
            let mut wanted: Vec<_> = dues.iter().enumerate().map(|(order, &due_us)| (due_us, order)).collect();
            wanted.sort_unstable();
            for &(due_us, order) in &wanted {
                prop_assert_eq!(timeline.next_us(), Some(due_us));
                if due_us > 0 {
                    prop_assert_eq!(timeline.pop_due(due_us - 1), None);
                }
                prop_assert_eq!(timeline.pop_due(due_us), Some((due_us, order)));
            }
            prop_assert_eq!(timeline.pop_due(u64::MAX), None);
        }
    }
}
