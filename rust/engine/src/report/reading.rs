//! Reading a report: the fold reads the ledger once, and what else a report tells is overheard.

use bealert_core::block::people;
use bealert_core::ledger::{Archived, Entry, LedgerError, LedgerReader, Parked};
use bealert_core::model::{BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, Channel, GatewayId};
use bealert_core::report::Reading;
use bealert_core::tally::Tally;

use super::people::People;
use super::summary::Summary;
use super::times::Times;
use super::{Report, suppress};

pub(super) fn read(
    reader: &mut dyn LedgerReader,
    campaign: CampaignId,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Option<Report>, LedgerError> {
    let mut reader = Overheard::new(reader, campaign);
    let Some(mut reading) = Reading::begin(&mut reader, campaign)? else { return Ok(None) };
    while reading.step(&mut reader)? {
        if !go_on() {
            return Ok(None);
        }
    }
    let gateways = reader.gateways()?.into_iter().collect();
    let Overheard { people, mut times, .. } = reader;
    let (fold, sums) = reading.finish();
    let summary = Summary::new(sums, &mut times, &gateways, suppress::ids(&fold));
    Ok(Some(Report { summary, fold, people, gateways }))
}

/// A reader that keeps what a report needs of the blocks and entries that pass by.
struct Overheard<'a> {
    reader: &'a mut dyn LedgerReader,
    campaign: CampaignId,
    all: u32,
    people: People,
    times: Times,
}

impl<'a> Overheard<'a> {
    fn new(reader: &'a mut dyn LedgerReader, campaign: CampaignId) -> Self {
        Self { reader, campaign, all: 0, people: People::default(), times: Times::default() }
    }
}

impl LedgerReader for Overheard<'_> {
    fn campaigns(&mut self) -> Result<Vec<CampaignRow>, LedgerError> {
        self.reader.campaigns()
    }

    fn campaign(&mut self, id: CampaignId) -> Result<Option<CampaignRow>, LedgerError> {
        let found = self.reader.campaign(id)?;
        self.all = found.as_ref().map_or(self.all, |row| row.people);
        Ok(found)
    }

    fn find(&mut self, key: &str) -> Result<Option<CampaignRow>, LedgerError> {
        self.reader.find(key)
    }

    fn blocks(&mut self, campaign: CampaignId) -> Result<Vec<BlockMeta>, LedgerError> {
        self.reader.blocks(campaign)
    }

    fn block(&mut self, key: BlockKey) -> Result<Option<BlockRow>, LedgerError> {
        let found = self.reader.block(key)?;
        if let Some(row) = &found
            && let Ok(inside) = people(&row.data)
        {
            self.people.add(key.channel, self.all, &inside);
        }
        Ok(found)
    }

    fn journal(&mut self, after: u64, limit: usize) -> Result<Vec<Entry>, LedgerError> {
        let entries = self.reader.journal(after, limit)?;
        for entry in &entries {
            if let Entry::Outcome(outcome) = entry
                && outcome.campaign == self.campaign
            {
                self.times.note(outcome);
            }
        }
        Ok(entries)
    }

    fn tallies(&mut self, campaign: CampaignId) -> Result<Vec<(Channel, Tally)>, LedgerError> {
        self.reader.tallies(campaign)
    }

    fn erased(&mut self, campaign: CampaignId) -> Result<Option<i64>, LedgerError> {
        self.reader.erased(campaign)
    }

    fn archived(&mut self, campaign: CampaignId) -> Result<Option<Archived>, LedgerError> {
        self.reader.archived(campaign)
    }

    fn parked(&mut self) -> Result<Vec<Parked>, LedgerError> {
        self.reader.parked()
    }

    fn gateways(&mut self) -> Result<Vec<(GatewayId, String)>, LedgerError> {
        self.reader.gateways()
    }

    fn last(&mut self) -> Result<(u64, i64), LedgerError> {
        self.reader.last()
    }
}
