//! What the snapshot of a campaign says of everybody, to be held against the fold.

use super::States;
use crate::ledger::{LedgerError, LedgerReader, SnapshotHead};
use crate::model::{CampaignId, Channel};
use crate::outcome::Mark;
use crate::snapshot::{Item, SnapshotError, mark, read};

/// The states of a snapshot: a byte per person and channel.
#[derive(Debug)]
pub(crate) struct Kept {
    head: SnapshotHead,
    marks: [Vec<Mark>; Channel::ALL.len()],
}

impl Kept {
    /// Reads the snapshot of a campaign. `None` where it has none, or where it was replaced while it was
    /// read; an inner error is what is wrong with it.
    ///
    /// # Errors
    /// Where the ledger can't be read.
    pub(crate) fn of(
        reader: &mut dyn LedgerReader,
        campaign: CampaignId,
    ) -> Result<Option<Result<Self, SnapshotError>>, LedgerError> {
        let Some(head) = reader.snapshot(campaign)? else { return Ok(None) };
        let mut kept = Self { head, marks: Default::default() };
        for number in 0..head.pieces {
            let Some(piece) = reader.snapshot_piece(&head, number)? else {
                let replaced = reader.snapshot(campaign)? != Some(head);
                return Ok((!replaced).then_some(Err(SnapshotError::Incomplete)));
            };
            if let Err(why) = read(&head, number, &piece, |item| kept.take(&item)) {
                return Ok(Some(Err(why)));
            }
        }
        Ok(Some(Ok(kept)))
    }

    /// The place of the journal at which it was taken.
    pub(crate) fn seq(&self) -> u64 {
        self.head.seq
    }

    /// How many it has in another state than the fold up to its place.
    pub(crate) fn differences(&self, states: &States) -> usize {
        let all = Channel::ALL.into_iter().zip(&self.marks);
        let told = all.flat_map(|(channel, marks)| {
            (0..).zip(marks).map(move |(ordinal, mark)| (channel, ordinal, *mark))
        });
        // Whoever has no dispatch on a channel stands there as queued.
        let folded = |channel, ordinal| states.mark_of(channel, ordinal).unwrap_or_default();
        told.filter(|(channel, ordinal, mark)| folded(*channel, *ordinal) != *mark).count()
    }

    fn take(&mut self, item: &Item<'_>) -> Result<(), SnapshotError> {
        if let Item::Marks(channel, first, bytes) = item {
            let marks = &mut self.marks[*channel as usize];
            if marks.len() != *first as usize {
                return Err(SnapshotError::Counts);
            }
            for byte in *bytes {
                marks.push(mark(*byte)?);
            }
        }
        Ok(())
    }
}
