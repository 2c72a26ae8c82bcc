//! The book of accepted attempts: which attempt a receipt's id is about.

use hashbrown::HashMap;

use super::AddressHash;
use super::doubts::Doubt;
use super::parking::address_key;
use crate::model::{BlockKey, CampaignId, Channel, GatewayId};
use crate::outcome::Step;

/// Accepted attempts by the key of their far end's id.
#[derive(Debug, Default)]
pub(crate) struct ReceiptBook {
    pub(crate) expected: HashMap<u64, Expected>,
}

/// An accepted attempt: what a receipt with its id is about. Small: there can be millions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// Second hash of the id: a far end can't make two ids meet.
    check: u32,
    pub(crate) campaign: CampaignId,
    pub(crate) ordinal: u32,
    pub(crate) gateway: GatewayId,
    channel: Channel,
    pub(crate) part: u8,
    pub(crate) units: u8,
    pub(crate) attempt: u8,
    /// Whether its receipt is still waited for.
    pub(crate) awaited: bool,
    /// Whether another message was accepted under the same id meanwhile: it tells neither from the other.
    pub(crate) ambiguous: bool,
    /// The best that a receipt has said of it: what comes again says nothing new.
    pub(crate) heard: Heard,
    /// When the wait ends.
    pub(crate) until_us: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Heard {
    Nothing,
    Failure,
    Delivery,
}

/// The key and the check under which a receipt finds an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReceiptKey {
    pub(crate) key: u64,
    check: u32,
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
        let key = hash.hash(0x1_0000 + salt, remote.as_bytes());
        Self { key, check: hash.hash(0x2_0000 + salt, remote.as_bytes()) as u32 }
    }
}

impl ReceiptBook {
    pub(crate) fn find(&self, key: ReceiptKey) -> Option<Expected> {
        self.expected.get(&key.key).filter(|expected| expected.check == key.check).copied()
    }

    /// Knows an id whose receipt has come, so that a repetition says nothing about anybody else.
    pub(crate) fn know(&mut self, key: ReceiptKey, attempt: Doubt, step: Step) {
        let unawaited = || Expected { awaited: false, ..Expected::of(key, attempt, 0) };
        let known = self.expected.entry(key.key).or_insert_with(unawaited);
        known.heard = known.heard.max(Heard::of(step));
    }

    pub(crate) fn forget(&mut self, campaign: CampaignId) {
        self.expected.retain(|_, expected| expected.campaign != campaign);
    }
}

impl Heard {
    pub(crate) fn of(step: Step) -> Self {
        if step == Step::Delivered { Heard::Delivery } else { Heard::Failure }
    }
}

impl Expected {
    /// An attempt whose receipt is waited for.
    pub(crate) fn of(key: ReceiptKey, attempt: Doubt, until_us: u64) -> Self {
        Self {
            check: key.check,
            campaign: attempt.key.campaign,
            ordinal: attempt.ordinal,
            gateway: attempt.gateway,
            channel: attempt.key.channel,
            part: attempt.part,
            units: attempt.units,
            attempt: attempt.attempt,
            awaited: true,
            ambiguous: false,
            heard: Heard::Nothing,
            until_us,
        }
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
