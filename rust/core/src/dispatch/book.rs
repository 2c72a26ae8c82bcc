//! The book of accepted attempts: which attempt a receipt's id is about.
//!
//! There can be millions, and every message of a campaign touches it twice, so it is laid out for the
//! cache: entries lie in pages in the order in which they were accepted, which is about the order in
//! which their receipts come, and an index of five octets an entry finds them. Pages and the index
//! grow in small pieces: no message waits for a table to be moved.

mod pages;

use hashbrown::HashTable;

use super::AddressHash;
use super::doubts::Doubt;
use super::parking::address_key;
use crate::model::{BlockKey, CampaignId, Channel, GatewayId};
use crate::outcome::Step;
use pages::Pages;

/// Parts of the index, each of which grows by itself.
const SHARDS: usize = 256;

/// Microseconds in which ends of waits are told apart, as a power of two: 16 ms. A wait of minutes
/// needs no more, and a moment fits four octets for two years.
const TICK_BITS: u32 = 14;

/// Accepted attempts by the key of their far end's id.
#[derive(Debug)]
pub(crate) struct ReceiptBook {
    /// Numbers of entries; a shard holds the keys with its number in the bits from 40 on, which
    /// the tables themselves do not look at.
    index: Box<[HashTable<u32>]>,
    pages: Pages,
}

/// An accepted attempt: what a receipt with its id is about. Small: there can be millions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) key: ReceiptKey,
    pub(crate) campaign: CampaignId,
    pub(crate) ordinal: u32,
    pub(crate) gateway: GatewayId,
    channel: Channel,
    pub(crate) part: u8,
    pub(crate) units: u8,
    pub(crate) attempt: u8,
    flags: u8,
    /// The best that a receipt has said of it: what comes again says nothing new.
    pub(crate) heard: Heard,
    /// When the wait ends.
    pub(crate) until: Moment,
}

/// Its receipt is still waited for.
const AWAITED: u8 = 1;
/// The end of a wait is scheduled under its number, past or to come.
const SCHEDULED: u8 = 2;
/// Another message was accepted under the same id meanwhile: it tells neither from the other.
const AMBIGUOUS: u8 = 4;
/// Nothing finds it any more.
const DEAD: u8 = 8;

/// A moment after the start, rounded up to a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Moment(u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Heard {
    Nothing,
    Failure,
    Delivery,
}

/// The key and the check under which a receipt finds an attempt: a far end can't make two ids meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(Rust, packed(4))]
pub(crate) struct ReceiptKey {
    pub(crate) key: u64,
    pub(crate) check: u32,
}

impl ReceiptKey {
    /// By the far end's id of the message. Where it gives none, its receipt can only be told by the
    /// number it is about (`address`, hashed).
    pub(crate) fn of(hash: AddressHash, gateway: GatewayId, remote: &str, address: u64) -> Self {
        let salt = u64::from(gateway.0);
        if remote.is_empty() {
            let key = address_key(hash, gateway, address);
            return Self { key: key.rotate_left(32), check: address as u32 };
        }
        let (key, check) = hash.both(0x1_0000 + salt, remote.as_bytes());
        Self { key, check: check as u32 }
    }

    fn shard(self) -> usize {
        (self.key >> 40) as usize % SHARDS
    }
}

impl Default for ReceiptBook {
    fn default() -> Self {
        Self { index: (0..SHARDS).map(|_| HashTable::new()).collect(), pages: Pages::default() }
    }
}

impl ReceiptBook {
    /// The number of the entry with this key.
    pub(crate) fn find(&self, key: ReceiptKey) -> Option<u32> {
        let same = |number: &u32| self.pages.get(*number).is_some_and(|entry| entry.key == key);
        self.index[key.shard()].find(key.key, same).copied()
    }

    /// The entry of a number, unless it is gone.
    pub(crate) fn get(&self, number: u32) -> Option<&Expected> {
        self.pages.get(number).filter(|entry| !entry.has(DEAD))
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Expected> {
        self.pages.get_mut(number).filter(|entry| !entry.has(DEAD))
    }

    /// Enters an attempt; what was found under its key is found no more. Gives its number.
    pub(crate) fn put(&mut self, expected: Expected) -> u32 {
        let key = expected.key;
        if let Some(known) = self.find(key) {
            // A scheduled end of the wait names the number: a new wait gets a new one.
            if let Some(entry) = self.pages.get_mut(known).filter(|entry| !entry.has(SCHEDULED)) {
                *entry = expected;
                return known;
            }
            self.remove(known);
        }
        let number = self.pages.push(expected);
        let pages = &self.pages;
        let rehash = |number: &u32| pages.get(*number).map_or(0, |entry| entry.key.key);
        self.index[key.shard()].insert_unique(key.key, number, rehash);
        number
    }

    /// Knows an id whose receipt has come, so that a repetition says nothing about anybody else.
    pub(crate) fn know(&mut self, key: ReceiptKey, attempt: Doubt, step: Step) {
        let number = self
            .find(key)
            .unwrap_or_else(|| self.put(Expected::of(key, attempt, Moment::default()).unawaited()));
        self.hear(number, step);
    }

    /// A receipt has said this of an attempt.
    pub(crate) fn hear(&mut self, number: u32, step: Step) {
        if let Some(known) = self.get_mut(number) {
            known.heard = known.heard.max(Heard::of(step));
        }
    }

    /// Forgets what is known of a campaign.
    pub(crate) fn forget(&mut self, campaign: CampaignId) {
        for number in self.pages.numbers() {
            if self.get(number).is_some_and(|entry| entry.campaign == campaign) {
                self.remove(number);
            }
        }
        self.index.iter_mut().filter(|table| table.is_empty()).for_each(|table| *table = HashTable::new());
    }

    /// Has room for so many more, so that the index is not moved while they are entered.
    pub(crate) fn reserve(&mut self, more: usize) {
        let pages = &self.pages;
        for table in &mut self.index {
            let rehash = |number: &u32| pages.get(*number).map_or(0, |entry| entry.key.key);
            table.reserve(more / SHARDS, rehash);
        }
    }

    /// The numbers of all entries, of those too that are gone.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        self.pages.numbers()
    }

    /// The number after the last entry.
    pub(crate) fn end(&self) -> u32 {
        self.pages.end()
    }

    /// The number of the first entry.
    pub(crate) fn first(&self) -> u32 {
        self.pages.first
    }

    fn remove(&mut self, number: u32) {
        let Some(entry) = self.pages.kill(number) else { return };
        if let Ok(found) = self.index[entry.shard()].find_entry(entry.key, |known| *known == number) {
            found.remove();
        }
    }
}

impl Heard {
    pub(crate) fn of(step: Step) -> Self {
        if step == Step::Delivered { Heard::Delivery } else { Heard::Failure }
    }

    /// As a snapshot stores it.
    pub(crate) fn from_u8(number: u8) -> Self {
        match number {
            0 => Heard::Nothing,
            1 => Heard::Failure,
            _ => Heard::Delivery,
        }
    }
}

impl Moment {
    pub(crate) fn from_us(us: u64) -> Self {
        let ticks = us.saturating_add((1 << TICK_BITS) - 1) >> TICK_BITS;
        Self(u32::try_from(ticks).unwrap_or(u32::MAX))
    }

    pub(crate) fn us(self) -> u64 {
        u64::from(self.0) << TICK_BITS
    }
}

impl Expected {
    /// An attempt whose receipt is waited for.
    pub(crate) fn of(key: ReceiptKey, attempt: Doubt, until: Moment) -> Self {
        Self {
            key,
            campaign: attempt.key.campaign,
            ordinal: attempt.ordinal,
            gateway: attempt.gateway,
            channel: attempt.key.channel,
            part: attempt.part,
            units: attempt.units,
            attempt: attempt.attempt,
            flags: AWAITED | SCHEDULED,
            heard: Heard::Nothing,
            until,
        }
    }

    /// The same, known only so that a late or repeated receipt finds it.
    pub(crate) fn unawaited(mut self) -> Self {
        self.flags &= !(AWAITED | SCHEDULED);
        self
    }

    /// Whether its receipt is still waited for.
    pub(crate) fn awaited(&self) -> bool {
        self.has(AWAITED)
    }

    /// Whether its id says nothing, since it is another message's as well.
    pub(crate) fn ambiguous(&self) -> bool {
        self.has(AMBIGUOUS)
    }

    pub(crate) fn make_ambiguous(&mut self) {
        self.flags |= AMBIGUOUS;
    }

    /// Gives whether it was waited for.
    pub(crate) fn stop_waiting(&mut self) -> bool {
        let awaited = self.awaited();
        self.flags &= !AWAITED;
        awaited
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Whether both are about the same attempt.
    pub(crate) fn same_attempt(&self, other: &Expected) -> bool {
        let of = |e: &Expected| (e.campaign, e.channel, e.ordinal, e.part, e.attempt);
        of(self) == of(other)
    }

    /// The attempt it is about; its block is not kept.
    pub(crate) fn about(&self) -> Doubt {
        let Self { ordinal, part, units, attempt, gateway, .. } = *self;
        Doubt { key: self.block_key(), ordinal, part, units, attempt, gateway }
    }

    /// Names campaign and channel; the block is not kept.
    pub(crate) fn block_key(&self) -> BlockKey {
        BlockKey { campaign: self.campaign, channel: self.channel, block: 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn attempt(campaign: u32, ordinal: u32) -> Doubt {
        let key = BlockKey { campaign: CampaignId(campaign), channel: Channel::Sms, block: 0 };
        Doubt { key, ordinal, part: 0, units: 1, attempt: 1, gateway: GatewayId(1) }
    }

    fn key(remote: u32) -> ReceiptKey {
        ReceiptKey::of(AddressHash((1, 2)), GatewayId(1), &remote.to_string(), 0)
    }

    fn waited(remote: u32, attempt: Doubt) -> Expected {
        Expected::of(key(remote), attempt, Moment(7))
    }

    #[test]
    fn an_entry_is_32_octets() {
        assert_eq!(size_of::<Expected>(), 32);
        assert_eq!(size_of::<(Moment, u32)>(), 8);
    }

    #[test]
    fn a_wait_never_ends_early() {
        for us in [0, 1, 16_383, 16_384, 16_385, 600_000_000, 86_400_000_000 * 700] {
            let rounded = Moment::from_us(us).us();
            assert!(rounded >= us && rounded - us < 1 << TICK_BITS, "{us}: {rounded}");
        }
    }

    proptest! {
        /// Against a map: the last attempt under a key is found, until its campaign is forgotten.
        #[test]
        fn it_is_a_map(
            first in any::<u32>(),
            steps in prop::collection::vec((0u32..4, 0u32..12_000, 0u8..100), 1..60),
        ) {
            let mut book = ReceiptBook::default();
            book.pages.first = first;
            let mut model: HashMap<u32, (u32, u32)> = HashMap::new();
            for (campaign, remote, what) in steps {
                if what == 0 {
                    book.forget(CampaignId(campaign));
                    model.retain(|_, known| known.0 != campaign);
                    continue;
                }
                // Runs of entries, so that pages fill, empty and go.
                for remote in remote..remote + 700 {
                    let entry = waited(remote, attempt(campaign, remote));
                    book.put(if remote % 3 == 0 { entry } else { entry.unawaited() });
                    model.insert(remote, (campaign, remote));
                }
            }
            let live = (0..).map(|n| book.first().wrapping_add(n)).take_while(|n| *n != book.end());
            prop_assert_eq!(live.filter(|number| book.get(*number).is_some()).count(), model.len());
            for remote in 0..12_700 {
                let found = book.find(key(remote)).and_then(|number| book.get(number));
                let found = found.map(|entry| (entry.campaign.0, entry.ordinal));
                prop_assert_eq!(found, model.get(&remote).copied());
            }
        }
    }

    #[test]
    fn what_is_forgotten_takes_no_memory() {
        let mut book = ReceiptBook::default();
        for ordinal in 0..100_000 {
            book.put(waited(ordinal, attempt(ordinal % 2, ordinal)));
        }
        book.forget(CampaignId(0));
        book.forget(CampaignId(1));
        assert!(book.pages.pages.len() <= 1);
        assert!(book.index.iter().all(|table| table.capacity() == 0));
    }

    #[test]
    fn a_number_names_one_wait() {
        let mut book = ReceiptBook::default();
        let waited = waited(1, attempt(1, 1));
        let first = book.put(waited);
        let second = book.put(waited);
        assert_ne!(first, second);
        assert!(book.get(first).is_none() && book.find(key(1)) == Some(second));
    }
}
