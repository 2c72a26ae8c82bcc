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
    by_remote: HashMap<u64, Parked>,
    /// How many are kept per address and gateway.
    by_address: HashMap<u64, u32>,
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
        self.by_remote.insert(remote_key, parked);
        *self.by_address.entry(address_key).or_default() += 1;
        self.order.push_back((now_us + PARKED_US, remote_key));
        if self.by_remote.len() > PARKED_MOST { self.order.pop_front().map(|(_, key)| key) } else { None }
    }

    /// Takes the one with this remote id.
    pub(crate) fn take(&mut self, hash: AddressHash, remote_key: u64) -> Option<Parked> {
        let parked = self.by_remote.remove(&remote_key)?;
        let address_key = address_key(hash, parked.gateway, hash.of(&parked.address));
        if let Some(count) = self.by_address.get_mut(&address_key) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address_key);
            }
        }
        // Entries of `order` whose receipt is gone are passed over when their time comes; under a
        // far end that always answers late they would pile up, so they are swept.
        if self.order.len() > 2 * PARKED_MOST {
            let kept = &self.by_remote;
            self.order.retain(|(_, key)| kept.contains_key(key));
        }
        Some(parked)
    }

    /// The key of the one receipt from this address, if there is exactly one.
    pub(crate) fn only_from(&self, hash: AddressHash, gateway: GatewayId, address: u64) -> Option<u64> {
        if self.by_address.get(&address_key(hash, gateway, address)) != Some(&1) {
            return None;
        }
        let from = |parked: &Parked| parked.gateway == gateway && hash.of(&parked.address) == address;
        self.by_remote.iter().find(|(_, parked)| from(parked)).map(|(key, _)| *key)
    }

    /// Those that are the only one of their address and gateway, in the order in which they came.
    pub(crate) fn alone_from_their_number(&self, hash: AddressHash) -> Vec<Parked> {
        let alone = |parked: &&Parked| {
            let key = address_key(hash, parked.gateway, hash.of(&parked.address));
            self.by_address.get(&key) == Some(&1)
        };
        let mut all: Vec<Parked> = self.by_remote.values().filter(alone).cloned().collect();
        all.sort_unstable_by_key(|parked| parked.id);
        all
    }

    /// The next one whose time is over.
    pub(crate) fn expired(&mut self, now_us: u64) -> Option<u64> {
        let (_, key) = *self.order.front().filter(|(at, _)| *at <= now_us)?;
        self.order.pop_front();
        Some(key)
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        self.order.front().map(|(at, _)| *at)
    }
}

pub(crate) fn address_key(hash: AddressHash, gateway: GatewayId, address: u64) -> u64 {
    hash.hash(3 + u64::from(gateway.0), &address.to_le_bytes())
}
