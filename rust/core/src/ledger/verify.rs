//! Whether a ledger keeps what it promises: each dispatch in one state, counts that equal the
//! journal, no gap, nothing sent beyond its reservation, nothing open where all is said to be over.

use std::collections::BTreeMap;

use super::{Entry, LedgerError, LedgerReader};
use crate::model::{BlockKey, CampaignId, CampaignRow};
use crate::report::{Fault, Kept, States, add_block, imbalances};

/// Entries read at once.
const SLICE: usize = 4_096;

/// Times that a ledger which goes on being written is caught up with before its counts are taken
/// as they are; see [`crate::report::Reading`].
const CATCH_UP: u32 = 100;

/// Findings kept; a ledger with more needs a copy restored, not a longer list.
const KEPT: usize = 1_000;

/// What a check of a whole ledger found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Campaigns it holds.
    pub campaigns: u64,
    /// Blocks they have.
    pub blocks: u64,
    /// Dispatches they have.
    pub dispatches: u64,
    /// Rows of the journal.
    pub rows: u64,
    /// What is wrong, the first thousand.
    pub findings: Vec<Finding>,
    /// How much is wrong.
    pub count: u64,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The campaign it is about, if it is about one.
    pub campaign: Option<CampaignId>,
    /// What it is, for people.
    pub what: String,
}

/// Checks a whole ledger. It takes about 15 bytes of memory per dispatch of all campaigns, and one
/// pass over the journal. A holder may go on writing.
///
/// # Errors
/// Where the ledger can't be read at all; what can be read but makes no sense is a finding.
pub fn verify(reader: &mut dyn LedgerReader) -> Result<Verified, LedgerError> {
    let mut check = Check::default();
    for campaign in reader.campaigns()? {
        check.take_in(reader, campaign)?;
    }
    check.read_journal(reader)?;
    // Comparing reads on where the journal went on, and may take in what was launched meanwhile.
    while let Some(id) = check.next() {
        check.compare(reader, id)?;
    }
    Ok(check.verified)
}

#[derive(Default)]
struct Check {
    campaigns: BTreeMap<CampaignId, Folded>,
    after: u64,
    verified: Verified,
}

impl Check {
    fn take_in(&mut self, reader: &mut dyn LedgerReader, campaign: CampaignRow) -> Result<(), LedgerError> {
        let mut states = States::new(&campaign);
        let mut unread = Vec::new();
        for meta in reader.blocks(campaign.id)? {
            self.verified.blocks += 1;
            self.verified.dispatches += u64::from(meta.len);
            match add_block(reader, &meta, |people| states.add_block(&meta, people)) {
                Err(LedgerError::Damaged(what)) => {
                    unread.push(meta.key);
                    let what = what.strip_prefix(&format!("{:?}: ", meta.key)).unwrap_or(&what);
                    let BlockKey { channel, block, .. } = meta.key;
                    self.find(Some(campaign.id), format!("{channel} block {block}: {what}"));
                }
                other => other?,
            }
        }
        self.verified.campaigns += 1;
        let kept = match Kept::of(reader, campaign.id)? {
            Some(Err(why)) => {
                self.find(Some(campaign.id), format!("its snapshot can't be used: {why}"));
                None
            }
            Some(Ok(kept)) => Some(kept),
            None => None,
        };
        self.campaigns.insert(campaign.id, Folded { campaign, states, unread, kept, compared: false });
        Ok(())
    }

    fn read_journal(&mut self, reader: &mut dyn LedgerReader) -> Result<(), LedgerError> {
        loop {
            let entries = reader.journal(self.after, SLICE)?;
            if entries.is_empty() {
                return Ok(());
            }
            for entry in entries {
                self.entry(reader, &entry)?;
            }
        }
    }

    fn entry(&mut self, reader: &mut dyn LedgerReader, entry: &Entry) -> Result<(), LedgerError> {
        let seq = entry.seq();
        if seq != self.after + 1 {
            let what = format!("the journal has {seq} after {}", self.after);
            self.find(entry.campaign(), what);
        }
        self.after = seq;
        self.verified.rows += 1;
        let Some(id) = entry.campaign() else { return Ok(()) };
        if !self.campaigns.contains_key(&id)
            && let Some(launched) = reader.campaign(id)?
        {
            // Launched since the list was read; this is its first row.
            self.take_in(reader, launched)?;
        }
        self.compare_snapshot(id, seq);
        match (self.campaigns.get_mut(&id), entry) {
            (Some(folded), Entry::Outcome(outcome)) => folded.states.outcome(outcome),
            (Some(folded), Entry::BlockEnd(end)) => folded.states.block_end(end),
            (_, Entry::Notice(_)) => {}
            (None, _) => {
                let what = format!("row {seq} is about a campaign that there is not");
                self.find(Some(id), what);
            }
        }
        Ok(())
    }

    /// Holds the snapshot of a campaign against the fold, once that is as far.
    fn compare_snapshot(&mut self, id: CampaignId, next: u64) {
        let Some(folded) = self.campaigns.get_mut(&id) else { return };
        let Some(kept) = folded.kept.take_if(|kept| kept.seq() < next) else { return };
        let differences = if folded.unread.is_empty() { kept.differences(&folded.states) } else { 0 };
        if differences > 0 {
            self.find(Some(id), format!("its snapshot has {differences} in another state than its journal"));
        }
    }

    fn next(&self) -> Option<CampaignId> {
        self.campaigns.iter().find(|(_, folded)| !folded.compared).map(|(id, _)| *id)
    }

    /// Compares what was folded of a campaign with what the ledger says of it now.
    fn compare(&mut self, reader: &mut dyn LedgerReader, id: CampaignId) -> Result<(), LedgerError> {
        let mut looks = 0;
        let (campaign, stored) = loop {
            let now = (reader.campaign(id)?, reader.tallies(id)?);
            looks += 1;
            // Counts move with rows: they belong to what was read if no row came meanwhile.
            if reader.last()?.0 <= self.after || looks == CATCH_UP {
                break now;
            }
            self.read_journal(reader)?;
        };
        self.compare_snapshot(id, u64::MAX);
        let Some(folded) = self.campaigns.get_mut(&id) else { return Ok(()) };
        folded.compared = true;
        folded.campaign = campaign.unwrap_or_else(|| folded.campaign.clone());
        folded.states.check_marks(&reader.blocks(id)?);
        let faults = folded.states.faults();
        let mut found: Vec<String> = folded.telling().map(ToString::to_string).collect();
        if folded.unread.is_empty() {
            self.verified.count += faults.count() - found.len() as u64;
            found.extend(imbalances(&folded.campaign, &folded.states.tallies(), &stored));
        }
        found.into_iter().for_each(|what| self.find(Some(id), what));
        Ok(())
    }

    fn find(&mut self, campaign: Option<CampaignId>, what: String) {
        self.verified.count += 1;
        if self.verified.findings.len() < KEPT {
            self.verified.findings.push(Finding { campaign, what });
        }
    }
}

struct Folded {
    campaign: CampaignRow,
    states: States,
    /// Blocks that could not be read: rows about their people, and counts with them, tell nothing.
    unread: Vec<BlockKey>,
    /// Its snapshot, until it was compared.
    kept: Option<Kept>,
    compared: bool,
}

impl Folded {
    /// What does not fit and does not just follow from a block that could not be read.
    fn telling(&self) -> impl Iterator<Item = &Fault> {
        self.states.faults().first().iter().filter(|fault| match fault {
            Fault::Nobody { .. } => self.unread.is_empty(),
            Fault::NoBlock { key, .. } => !self.unread.contains(key),
            _ => true,
        })
    }
}
