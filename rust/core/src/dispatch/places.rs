//! Where each dispatch of a recovered campaign lies: rows of the journal name people, not blocks.

use hashbrown::HashMap;

use super::Entries;
use super::doubts::Doubt;
use crate::ledger::Outcome;
use crate::model::{BlockKey, CampaignId, Channel};

/// Where each dispatch of the recovered campaigns lies; dropped after the recovery.
#[derive(Debug, Default)]
pub(crate) struct Indexes {
    pub(crate) blocks: HashMap<BlockKey, Entries>,
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
    pub(crate) fn add(&mut self, key: BlockKey, entries: Entries) {
        let places = self.places.entry((key.campaign, key.channel)).or_default();
        for (index, ordinal) in entries.ordinals.iter().enumerate() {
            let at = *ordinal as usize;
            if places.len() <= at {
                places.resize(at + 1, (u32::MAX, 0));
            }
            places[at] = (key.block, index as u32);
        }
        self.blocks.insert(key, entries);
    }

    pub(crate) fn find(&self, campaign: CampaignId, channel: Channel, ordinal: u32) -> Option<Place> {
        let (block, index) = *self.places.get(&(campaign, channel))?.get(ordinal as usize)?;
        let key = BlockKey { campaign, channel, block };
        let entries = self.blocks.get(&key)?;
        let at = index as usize;
        Some(Place { key, units: *entries.units.get(at)?, address: *entries.addresses.get(at)? })
    }
}

pub(crate) fn rest_units(entries: &Entries, from: u32) -> u64 {
    entries.units.iter().skip(from as usize).map(|units| u64::from(*units)).sum()
}
