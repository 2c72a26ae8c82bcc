//! Attempts that are uncertain, by the address they went to: a receipt with an unknown id may
//! settle one.

use hashbrown::HashMap;

use super::Named;
use super::flight::Flight;
use crate::model::{BlockKey, CampaignId, GatewayId};

/// By the hash of their address.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    by_address: HashMap<u64, Vec<Doubt>>,
}

/// One attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Doubt {
    pub(crate) key: BlockKey,
    pub(crate) ordinal: u32,
    pub(crate) part: u8,
    pub(crate) units: u8,
    pub(crate) attempt: u8,
    /// [`GatewayId::NONE`] where a crash left that open: then any of its route.
    pub(crate) gateway: GatewayId,
}

impl Doubts {
    /// Those of an address.
    pub(crate) fn at(&self, address: u64) -> &[Doubt] {
        self.by_address.get(&address).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn add(&mut self, address: u64, doubt: Doubt) {
        self.by_address.entry(address).or_default().push(doubt);
    }

    /// Removes one; whether it was there.
    pub(crate) fn remove(&mut self, address: u64, doubt: Doubt) -> bool {
        let Some(doubts) = self.by_address.get_mut(&address) else { return false };
        let before = doubts.len();
        doubts.retain(|known| {
            (known.key, known.ordinal, known.part, known.attempt)
                != (doubt.key, doubt.ordinal, doubt.part, doubt.attempt)
        });
        let removed = doubts.len() < before;
        if doubts.is_empty() {
            self.by_address.remove(&address);
        }
        removed
    }

    /// Removes the one that a receipt names.
    pub(crate) fn remove_named(&mut self, address: u64, named: Named) {
        if let Some(doubt) = self.at(address).iter().find(|doubt| doubt.is(named)).copied() {
            self.remove(address, doubt);
        }
    }

    /// Those of a campaign, with their addresses.
    pub(crate) fn of(&self, campaign: CampaignId) -> impl Iterator<Item = (u64, Doubt)> + '_ {
        let all = self
            .by_address
            .iter()
            .flat_map(|(address, doubts)| doubts.iter().map(|doubt| (*address, *doubt)));
        all.filter(move |(_, doubt)| doubt.key.campaign == campaign)
    }

    pub(crate) fn forget(&mut self, campaign: CampaignId) {
        self.by_address.retain(|_, doubts| {
            doubts.retain(|doubt| doubt.key.campaign != campaign);
            !doubts.is_empty()
        });
    }
}

impl Flight {
    /// The attempt that is in flight.
    pub(crate) fn attempt(&self) -> Doubt {
        Doubt {
            key: self.due.key,
            ordinal: self.ordinal,
            part: self.due.part,
            units: self.units,
            attempt: self.due.attempt,
            gateway: self.gateway,
        }
    }
}
