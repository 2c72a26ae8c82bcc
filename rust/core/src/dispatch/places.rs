//! Where each dispatch of a recovered campaign lies: rows of the journal name people, not blocks.

use hashbrown::HashMap;

use super::doubts::Doubt;
use super::live::Live;
use super::{AddressHash, Entries};
use crate::block::people;
use crate::ledger::{LedgerError, LedgerReader, Outcome};
use crate::model::{BlockKey, CampaignId, Channel};

/// No dispatch of that ordinal in a block that was read.
const UNREAD: u32 = u32::MAX;

/// Where each dispatch of the recovered campaigns lies, as far as anybody asked: a block is read when
/// the first of its people comes up, and all is dropped after the recovery.
#[derive(Debug)]
pub(crate) struct Indexes {
    hash: AddressHash,
    blocks: HashMap<BlockKey, Entries>,
    /// Block and index of each ordinal.
    places: HashMap<(CampaignId, Channel), Vec<(u32, u32)>>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) key: BlockKey,
    pub(crate) units: u8,
    pub(crate) address: u64,
}

impl Place {
    /// The attempt that a row is about.
    pub(crate) fn attempt(self, row: &Outcome) -> Doubt {
        let Outcome { ordinal, part, attempt, gateway, .. } = *row;
        Doubt { key: self.key, ordinal, part, units: self.units, attempt, gateway }
    }
}

impl Indexes {
    pub(crate) fn new(hash: AddressHash) -> Self {
        Self { hash, blocks: HashMap::new(), places: HashMap::new() }
    }

    /// The dispatches of a block, if it was read.
    pub(crate) fn block(&self, key: BlockKey) -> Option<&Entries> {
        self.blocks.get(&key)
    }

    /// The dispatches of a block.
    pub(crate) fn read(
        &mut self,
        key: BlockKey,
        reader: &mut dyn LedgerReader,
    ) -> Result<&Entries, LedgerError> {
        if !self.blocks.contains_key(&key) {
            let entries = read_block(key, self.hash, reader)?;
            self.add(key, entries);
        }
        Ok(&self.blocks[&key])
    }

    /// Where a dispatch lies; `None` if nowhere.
    pub(crate) fn find(
        &mut self,
        channel: Channel,
        ordinal: u32,
        campaign: CampaignId,
        live: &mut Live,
        reader: &mut dyn LedgerReader,
    ) -> Result<Option<Place>, LedgerError> {
        if let Some(place) = self.known(campaign, channel, ordinal) {
            return Ok(Some(place));
        }
        // What was never reserved has no rows, but for those of a damaged ledger.
        for reserved in [true, false] {
            for block in &mut live.blocks {
                let key = block.meta.key;
                if (block.meta.reserved > 0) != reserved
                    || !block.may_hold(ordinal)
                    || self.blocks.contains_key(&key)
                {
                    continue;
                }
                block.note_range(&self.read(key, reader)?.ordinals);
                if let Some(place) = self.known(campaign, channel, ordinal) {
                    return Ok(Some(place));
                }
            }
        }
        Ok(None)
    }

    fn known(&self, campaign: CampaignId, channel: Channel, ordinal: u32) -> Option<Place> {
        let (block, index) = *self.places.get(&(campaign, channel))?.get(ordinal as usize)?;
        let key = BlockKey { campaign, channel, block };
        let entries = self.blocks.get(&key)?;
        let at = index as usize;
        Some(Place { key, units: *entries.units.get(at)?, address: *entries.addresses.get(at)? })
    }

    fn add(&mut self, key: BlockKey, entries: Entries) {
        let places = self.places.entry((key.campaign, key.channel)).or_default();
        for (index, ordinal) in entries.ordinals.iter().enumerate() {
            let at = *ordinal as usize;
            if places.len() <= at {
                places.resize(at + 1, (UNREAD, 0));
            }
            places[at] = (key.block, index as u32);
        }
        self.blocks.insert(key, entries);
    }
}

/// Reads the people of a block.
pub(crate) fn read_block(
    key: BlockKey,
    hash: AddressHash,
    reader: &mut dyn LedgerReader,
) -> Result<Entries, LedgerError> {
    let BlockKey { campaign, channel, block } = key;
    let damaged =
        |what: &str| LedgerError::Damaged(format!("campaign {campaign}, {channel} block {block}: {what}"));
    let row = reader.block(key)?.ok_or_else(|| damaged("it is missing"))?;
    let inside = people(&row.data).map_err(|error| damaged(&error.to_string()))?;
    Ok(Entries::of(&inside, hash))
}

pub(crate) fn rest_units(entries: &Entries, from: u32) -> u64 {
    entries.units.iter().skip(from as usize).map(|units| u64::from(*units)).sum()
}
