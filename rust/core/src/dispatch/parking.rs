//! Receipts that matched nothing yet: they came before their response, or for nobody. Kept in the
//! ledger too, since they are answered once they are durable.

use std::collections::VecDeque;

use hashbrown::HashMap;

use super::AddressHash;
use crate::ledger::Parked;
use crate::model::GatewayId;

/// Receipts kept for a response to come. More than the windows of all sessions together can hold.
const PARKED_MOST: usize = 100_000;

/// How long one is kept: far longer than any response takes.
const PARKED_US: u64 = 3_600_000_000;

#[derive(Debug, Default)]
pub(crate) struct Parking {
    /// By the key of their id, with the time at which each is given up.
    by_remote: HashMap<u64, (u64, Parked)>,
    /// The keys per address and gateway.
    by_address: HashMap<u64, Vec<u64>>,
    order: VecDeque<(u64, u64)>,
    pub(crate) next_id: u64,
}

impl Parking {
    pub(crate) fn has(&self, remote_key: u64) -> bool {
        self.by_remote.contains_key(&remote_key)
    }

    /// Keeps one; gives the oldest where there are too many.
    pub(crate) fn put(
        &mut self,
        now_us: u64,
        remote_key: u64,
        address_key: u64,
        parked: Parked,
    ) -> Option<u64> {
        let until_us = now_us + PARKED_US;
        self.by_remote.insert(remote_key, (until_us, parked));
        self.by_address.entry(address_key).or_default().push(remote_key);
        self.order.push_back((until_us, remote_key));
        if self.by_remote.len() > PARKED_MOST { self.expired(u64::MAX) } else { None }
    }

    /// Takes the one with this remote id.
    pub(crate) fn take(&mut self, hash: AddressHash, remote_key: u64) -> Option<Parked> {
        let (_, parked) = self.by_remote.remove(&remote_key)?;
        let address_key = address_key(hash, parked.gateway, hash.of(&parked.address));
        if let Some(keys) = self.by_address.get_mut(&address_key) {
            keys.retain(|key| *key != remote_key);
            if keys.is_empty() {
                self.by_address.remove(&address_key);
            }
        }
        // Entries of `order` whose receipt is gone are passed over when their time comes; under a
        // far end that always answers late they would pile up, so they are swept.
        if self.order.len() > 2 * PARKED_MOST {
            let kept = &self.by_remote;
            self.order.retain(|(at_us, key)| kept.get(key).is_some_and(|(until_us, _)| until_us == at_us));
        }
        Some(parked)
    }

    /// The key of the one receipt from this address, if there is exactly one.
    pub(crate) fn only_from(&self, hash: AddressHash, gateway: GatewayId, address: u64) -> Option<u64> {
        match self.by_address.get(&address_key(hash, gateway, address))?.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// Those that are the only one of their address and gateway, in the order in which they came.
    pub(crate) fn alone_from_their_number(&self) -> Vec<Parked> {
        let alone = self.by_address.values().filter(|keys| keys.len() == 1);
        let mut all: Vec<Parked> =
            alone.filter_map(|keys| self.by_remote.get(&keys[0])).map(|(_, parked)| parked.clone()).collect();
        all.sort_unstable_by_key(|parked| parked.id);
        all
    }

    /// Those that name their attempt, in the order in which they came.
    pub(crate) fn named(&self) -> Vec<(u64, Parked)> {
        let named = self.by_remote.iter().filter(|(_, (_, parked))| parked.gateway == GatewayId::NONE);
        let mut all: Vec<(u64, Parked)> = named.map(|(key, (_, parked))| (*key, parked.clone())).collect();
        all.sort_unstable_by_key(|(_, parked)| parked.id);
        all
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_remote.is_empty()
    }

    /// The next one whose time is over.
    pub(crate) fn expired(&mut self, now_us: u64) -> Option<u64> {
        while let Some((at_us, key)) = self.order.front().copied().filter(|(at_us, _)| *at_us <= now_us) {
            self.order.pop_front();
            if self.by_remote.get(&key).is_some_and(|(until_us, _)| *until_us == at_us) {
                return Some(key);
            }
        }
        None
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        self.order.front().map(|(at, _)| *at)
    }
}

pub(crate) fn address_key(hash: AddressHash, gateway: GatewayId, address: u64) -> u64 {
    hash.hash(3 + u64::from(gateway.0), &address.to_le_bytes())
}
