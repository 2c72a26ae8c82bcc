//! Reading a campaign from a ledger into a fold, in slices.

use super::{Fold, Report};
use crate::block::people;
use crate::ledger::{LedgerError, LedgerReader};
use crate::model::{BlockMeta, CampaignId, CampaignRow, Channel};
use crate::tally::Tally;

/// Entries read at once: some milliseconds, so that whoever steps may stop.
const SLICE: usize = 4_096;

/// Times that a ledger which goes on being written is caught up with, before its last look is
/// taken as it is. Commits are some milliseconds apart, and a look takes less.
const CATCH_UP: u32 = 100;

/// A reading under way; whoever drives it may stop between two steps.
#[derive(Debug)]
pub struct Reading {
    campaign: CampaignRow,
    fold: Fold,
    blocks: std::vec::IntoIter<BlockMeta>,
    after: u64,
    /// Where its rows end, if that is known: it was archived.
    end: Option<u64>,
    stored: Vec<(Channel, Tally)>,
    looks: u32,
}

impl Reading {
    /// Begins with a campaign; `None` if there is none of that number.
    ///
    /// # Errors
    /// Where the ledger can't be read.
    pub fn begin(reader: &mut dyn LedgerReader, campaign: CampaignId) -> Result<Option<Self>, LedgerError> {
        let Some(campaign) = reader.campaign(campaign)? else { return Ok(None) };
        Ok(Some(Self {
            fold: Fold::new(&campaign),
            blocks: reader.blocks(campaign.id)?.into_iter(),
            after: campaign.launched_seq,
            end: reader.archived(campaign.id)?.map(|archived| archived.last_seq),
            stored: Vec::new(),
            looks: 0,
            campaign,
        }))
    }

    /// Reads a block or a slice of the journal; whether more is to be read.
    ///
    /// # Errors
    /// Where the ledger can't be read.
    pub fn step(&mut self, reader: &mut dyn LedgerReader) -> Result<bool, LedgerError> {
        if let Some(meta) = self.blocks.next() {
            add_block(reader, &meta, |inside| self.fold.add_block(&meta, inside))?;
            return Ok(true);
        }
        let over = self.end.is_some_and(|end| self.after >= end);
        let entries = if over { Vec::new() } else { reader.journal(self.after, SLICE)? };
        if let Some(last) = entries.last() {
            self.after = last.seq();
            entries.iter().for_each(|entry| self.fold.apply(entry));
            return Ok(true);
        }
        // Counts and state move with rows: they belong to this fold if no row came meanwhile.
        self.stored = reader.tallies(self.campaign.id)?;
        if let Some(campaign) = reader.campaign(self.campaign.id)? {
            self.campaign = campaign;
        }
        self.looks += 1;
        Ok(!over && reader.last()?.0 > self.after && self.looks < CATCH_UP)
    }

    /// The fold and its sum, once [`Self::step`] has said that no more is to be read.
    pub fn finish(self) -> (Fold, Report) {
        let report = Report::new(self.campaign, &self.fold, &self.stored);
        (self.fold, report)
    }

    /// Reads all at once.
    ///
    /// # Errors
    /// Where the ledger can't be read.
    pub fn whole(
        reader: &mut dyn LedgerReader,
        campaign: CampaignId,
    ) -> Result<Option<(Fold, Report)>, LedgerError> {
        let Some(mut reading) = Self::begin(reader, campaign)? else { return Ok(None) };
        while reading.step(reader)? {}
        Ok(Some(reading.finish()))
    }
}

/// Reads the people of a block for whoever folds them.
pub(crate) fn add_block(
    reader: &mut dyn LedgerReader,
    meta: &BlockMeta,
    add: impl FnOnce(&[crate::block::Person<'_>]),
) -> Result<(), LedgerError> {
    let damaged = |what: String| LedgerError::Damaged(format!("{:?}: {what}", meta.key));
    let row = reader.block(meta.key)?.ok_or_else(|| damaged("has no people".into()))?;
    add(&people(&row.data).map_err(|error| damaged(error.to_string()))?);
    Ok(())
}
