//! The journal rows of a batch: in order, without gaps, and those a store has not got yet.

use thiserror::Error;

use super::{Batch, BlockEnd, Entry, Notice, Outcome};

/// The journal rows of a batch, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// Outcomes in order of sequence.
    pub outcomes: &'a [Outcome],
    /// Notices in order of sequence.
    pub notices: &'a [Notice],
    /// Block ends in order of sequence.
    pub block_ends: &'a [BlockEnd],
}

/// A batch that does not go on where the journal ends: a fault of whoever numbered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the batch has no row {expected}, which comes next in the journal")]
pub struct NotNext {
    /// The sequence that is missing from it.
    pub expected: u64,
}

impl<'a> Rows<'a> {
    /// All of a batch.
    pub fn of(batch: &'a Batch) -> Self {
        Self { outcomes: &batch.outcomes, notices: &batch.notices, block_ends: &batch.block_ends }
    }

    /// Those above `last`: what is left to append when a batch is committed again after
    /// [`super::Ledger::reopen`] has found that it was kept.
    pub fn after(self, last: u64) -> Self {
        Self {
            outcomes: above(self.outcomes, last, |row| row.seq),
            notices: above(self.notices, last, |row| row.seq),
            block_ends: above(self.block_ends, last, |row| row.seq),
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.outcomes.len() + self.notices.len() + self.block_ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Checks that they go on without a gap where a journal that ends at `last` stops.
    ///
    /// # Errors
    /// [`NotNext`] with the first sequence that none of them has.
    pub fn follow(&self, last: u64) -> Result<(), NotNext> {
        let mut rest = *self;
        for expected in last + 1..=last + self.len() as u64 {
            rest.take(expected).ok_or(NotNext { expected })?;
        }
        Ok(())
    }

    /// Copies of them in order of sequence, given that they [`follow`](Self::follow) `last`.
    pub fn entries(&self, last: u64) -> Vec<Entry> {
        let mut rest = *self;
        (last + 1..=last + self.len() as u64).map_while(|seq| rest.take(seq).map(Taken::entry)).collect()
    }

    fn take(&mut self, seq: u64) -> Option<Taken<'a>> {
        if let Some((row, rest)) = self.outcomes.split_first().filter(|(row, _)| row.seq == seq) {
            self.outcomes = rest;
            return Some(Taken::Outcome(row));
        }
        if let Some((row, rest)) = self.notices.split_first().filter(|(row, _)| row.seq == seq) {
            self.notices = rest;
            return Some(Taken::Notice(row));
        }
        let (row, rest) = self.block_ends.split_first().filter(|(row, _)| row.seq == seq)?;
        self.block_ends = rest;
        Some(Taken::BlockEnd(row))
    }
}

enum Taken<'a> {
    Outcome(&'a Outcome),
    Notice(&'a Notice),
    BlockEnd(&'a BlockEnd),
}

impl Taken<'_> {
    fn entry(self) -> Entry {
        match self {
            Taken::Outcome(row) => Entry::Outcome(row.clone()),
            Taken::Notice(row) => Entry::Notice(row.clone()),
            Taken::BlockEnd(row) => Entry::BlockEnd(row.clone()),
        }
    }
}

fn above<T>(rows: &[T], last: u64, seq: impl Fn(&T) -> u64) -> &[T] {
    &rows[rows.partition_point(|row| seq(row) <= last)..]
}
