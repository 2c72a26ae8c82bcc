//! What a fold can't make sense of: a damaged ledger, or a fault of ours.

use thiserror::Error;

use crate::ledger::{BlockEnd, Outcome};
use crate::model::{BlockKey, Channel};
use crate::outcome::IllegalStep;

/// Faults kept per campaign; further ones are only counted. A ledger with more needs a copy
/// restored, not a longer list.
const KEPT: usize = 100;

/// The faults of one campaign.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    kept: Vec<Fault>,
    count: u64,
}

impl Faults {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first hundred.
    pub fn first(&self) -> &[Fault] {
        &self.kept
    }

    pub(super) fn add(&mut self, fault: Fault) {
        self.count += 1;
        if self.kept.len() < KEPT {
            self.kept.push(fault);
        }
    }
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// A block holds more or fewer people than it says.
    #[error("block {} on {}: says {len} people, holds {found}", key.block, key.channel)]
    Length {
        /// Which block.
        key: BlockKey,
        /// What it says.
        len: u32,
        /// What it holds.
        found: usize,
    },
    /// A person stands twice on a channel, or is none of the campaign's.
    #[error("block {} on {}: nobody new is number {ordinal}", key.block, key.channel)]
    Ordinal {
        /// Which block.
        key: BlockKey,
        /// Which person.
        ordinal: u32,
    },
    /// First attempts went further than the block's mark.
    #[error("block {} on {}: sent up to {sent}, reserved up to {reserved}", key.block, key.channel)]
    BeyondMark {
        /// Which block.
        key: BlockKey,
        /// What was sent.
        sent: u32,
        /// What was reserved.
        reserved: u32,
    },
    /// A row about nobody.
    #[error("row {seq}: there is no number {ordinal} on {channel}")]
    Nobody {
        /// Which row.
        seq: u64,
        /// On which channel.
        channel: Channel,
        /// Which person.
        ordinal: u32,
    },
    /// A row about a part that the message doesn't have.
    #[error("row {seq}: number {ordinal} on {channel} has no part {part}")]
    NoPart {
        /// Which row.
        seq: u64,
        /// On which channel.
        channel: Channel,
        /// Which person.
        ordinal: u32,
        /// Which part.
        part: u8,
    },
    /// A step that the table of transitions doesn't have.
    #[error("row {seq}: number {ordinal} on {channel}, part {part}: {illegal}")]
    Illegal {
        /// Which row.
        seq: u64,
        /// On which channel.
        channel: Channel,
        /// Which person.
        ordinal: u32,
        /// Which part.
        part: u8,
        /// The step.
        illegal: IllegalStep,
    },
    /// An attempt after the first left without its `submitting` row.
    #[error("row {seq}: number {ordinal} on {channel}: attempt {attempt} has no submitting row")]
    NoIntent {
        /// Which row.
        seq: u64,
        /// On which channel.
        channel: Channel,
        /// Which person.
        ordinal: u32,
        /// Which attempt.
        attempt: u8,
    },
    /// The end of a block that the campaign doesn't have.
    #[error("row {seq}: ends block {} on {}, which there is not", key.block, key.channel)]
    NoBlock {
        /// Which row.
        seq: u64,
        /// Which block.
        key: BlockKey,
    },
    /// The end of a block with a step that ends nothing.
    #[error("row {seq}: ends block {} on {}: {illegal}", key.block, key.channel)]
    IllegalEnd {
        /// Which row.
        seq: u64,
        /// Which block.
        key: BlockKey,
        /// The step.
        illegal: IllegalStep,
    },
}

impl Fault {
    pub(super) fn nobody(outcome: &Outcome) -> Self {
        let Outcome { seq, channel, ordinal, .. } = *outcome;
        Fault::Nobody { seq, channel, ordinal }
    }

    pub(super) fn no_part(outcome: &Outcome) -> Self {
        let Outcome { seq, channel, ordinal, part, .. } = *outcome;
        Fault::NoPart { seq, channel, ordinal, part }
    }

    pub(super) fn illegal(outcome: &Outcome, illegal: IllegalStep) -> Self {
        let Outcome { seq, channel, ordinal, part, .. } = *outcome;
        Fault::Illegal { seq, channel, ordinal, part, illegal }
    }

    pub(super) fn no_intent(outcome: &Outcome) -> Self {
        let Outcome { seq, channel, ordinal, attempt, .. } = *outcome;
        Fault::NoIntent { seq, channel, ordinal, attempt }
    }

    pub(super) fn no_block(end: &BlockEnd) -> Self {
        Fault::NoBlock { seq: end.seq, key: end.key }
    }

    pub(super) fn illegal_end(end: &BlockEnd, illegal: IllegalStep) -> Self {
        Fault::IllegalEnd { seq: end.seq, key: end.key, illegal }
    }
}
