//! Counts of dispatches by state: what progress shows and what a report must balance to.

use crate::outcome::State;

/// Where a dispatch is counted; the order is that of [`Tally`].
pub const COUNTED: [&str; 10] = [
    "queued",
    "submitted",
    "accepted",
    "delivered",
    "confirmed",
    "failed",
    "expired",
    "cancelled",
    "skipped",
    "uncertain",
];

/// Dispatches of one campaign on one channel, by state. Every dispatch is in exactly one count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally(pub [u64; COUNTED.len()]);

impl Tally {
    /// A tally of `people` that are all queued.
    pub fn queued(people: u64) -> Self {
        let mut tally = Self::default();
        tally.0[0] = people;
        tally
    }

    /// Moves one dispatch.
    pub fn shift(&mut self, from: State, to: State) {
        self.0[slot(from)] -= 1;
        self.0[slot(to)] += 1;
    }

    /// Counts one more dispatch.
    pub fn add(&mut self, state: State) {
        self.0[slot(state)] += 1;
    }

    /// The count of a state (`queued` and `waiting` share one).
    pub fn of(&self, state: State) -> u64 {
        self.0[slot(state)]
    }

    /// Everybody.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Dispatches that are not in an end state: still to be sent or answered.
    pub fn open(&self) -> u64 {
        self.0[0] + self.0[1]
    }

    /// What the journal alone can tell: handing out a first attempt leaves no row, so `queued` and
    /// `submitted` are one count there.
    pub fn settled(&self) -> Self {
        let mut tally = *self;
        tally.0[0] += tally.0[1];
        tally.0[1] = 0;
        tally
    }
}

fn slot(state: State) -> usize {
    match state {
        State::Queued | State::Waiting => 0,
        State::Submitted => 1,
        State::Accepted => 2,
        State::Delivered => 3,
        State::Confirmed => 4,
        State::Failed => 5,
        State::Expired => 6,
        State::Cancelled => 7,
        State::Skipped => 8,
        State::Uncertain => 9,
    }
}
