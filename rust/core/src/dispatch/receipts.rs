//! Receipts: found by (gateway, remote id), by the number of one uncertain attempt, or parked.
//!
//! A receipt changes at most one attempt, of the gateway it came through, and is answered after
//! the commit that holds it (I9).

use hashbrown::HashMap;

use super::flight::Flight;
use super::journal::{ReplyDue, fit};
use super::parking::address_key;
use super::record::Said;
use super::{AddressHash, Dispatcher, Receipt};
use crate::ledger::Parked;
use crate::model::{BlockKey, CampaignId, Channel, GatewayId};
use crate::outcome::{State, Step};

/// Accepted attempts by their far end's id.
#[derive(Debug, Default)]
pub(crate) struct ReceiptBook {
    expected: HashMap<u64, Expected>,
}

/// An accepted attempt: what a receipt with its id is about. Small: there can be millions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// Second hash of the id: a far end can't make two ids meet.
    check: u32,
    campaign: CampaignId,
    pub(crate) ordinal: u32,
    pub(crate) gateway: GatewayId,
    channel: Channel,
    pub(crate) part: u8,
    units: u8,
    attempt: u8,
    /// Whether its receipt is still waited for.
    awaited: bool,
    /// The best that a receipt has said of it: what comes again says nothing new.
    heard: Heard,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    Nothing,
    Failure,
    Delivery,
}

impl Heard {
    fn of(step: Step) -> Self {
        if step == Step::Delivered { Heard::Delivery } else { Heard::Failure }
    }
}

/// Attempts that are uncertain, by the hash of their address.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    by_address: HashMap<u64, Vec<Doubt>>,
}

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

pub(crate) fn remote_key(hash: AddressHash, gateway: GatewayId, remote: &str) -> u64 {
    hash.hash(0x1_0000 + u64::from(gateway.0), remote.as_bytes())
}

fn remote_check(hash: AddressHash, gateway: GatewayId, remote: &str) -> u32 {
    hash.hash(0x2_0000 + u64::from(gateway.0), remote.as_bytes()) as u32
}

impl ReceiptBook {
    fn find(&mut self, hash: AddressHash, gateway: GatewayId, remote: &str) -> Option<&mut Expected> {
        let expected = self.expected.get_mut(&remote_key(hash, gateway, remote))?;
        (expected.check == remote_check(hash, gateway, remote)).then_some(expected)
    }

    /// Knows an id whose receipt has come, so that a repetition says nothing about anybody else.
    pub(crate) fn know(&mut self, (key, expected): (u64, Expected), step: Step) {
        let known = self.expected.entry(key).or_insert(Expected { awaited: false, ..expected });
        known.heard = known.heard.max(Heard::of(step));
    }

    pub(crate) fn forget(&mut self, campaign: CampaignId) {
        self.expected.retain(|_, expected| expected.campaign != campaign);
    }
}

impl Doubts {
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

    pub(crate) fn forget(&mut self, campaign: CampaignId) {
        self.by_address.retain(|_, doubts| {
            doubts.retain(|doubt| doubt.key.campaign != campaign);
            !doubts.is_empty()
        });
    }
}

impl Dispatcher {
    /// A final receipt has come. It is answered through [`super::Action::Reply`] once it is durable.
    pub fn receipt(
        &mut self,
        now_us: u64,
        gateway: GatewayId,
        session: u16,
        reply: u64,
        receipt: Receipt<'_>,
    ) {
        let hash = self.hash;
        if let Some(expected) = self.book.find(hash, gateway, receipt.remote).copied() {
            self.receipt_matched(now_us, gateway, expected, receipt);
        } else if !self.settle_by_number(now_us, gateway, receipt) {
            self.park(now_us, gateway, receipt);
        }
        self.reply_when_durable(ReplyDue { gateway, session, reply, since_us: now_us });
    }

    fn receipt_matched(&mut self, now_us: u64, gateway: GatewayId, expected: Expected, receipt: Receipt<'_>) {
        let key = expected.block_key();
        let Some(state) = self.part_state(key, expected.ordinal, expected.part) else { return };
        let never_left = matches!(state, State::Expired | State::Cancelled | State::Skipped);
        let repeated = expected.heard >= Heard::of(receipt.step);
        if never_left && !repeated {
            self.count_orphan(gateway);
        } else if !repeated {
            let said = Said {
                key,
                ordinal: expected.ordinal,
                part: expected.part,
                units: expected.units,
                attempt: expected.attempt,
                gateway,
                step: if receipt.step == Step::Delivered { Step::Delivered } else { failing(state) },
                remote: receipt.remote,
                took_us: 0,
                detail: receipt.detail,
            };
            self.record_receipt(now_us, said);
        }
        let (key, _) = Expected::of(self.hash, expected.attempt(), receipt.remote);
        self.unpark(now_us, key);
        self.book.know((key, expected), receipt.step);
        self.stop_waiting(key);
        self.check_end(now_us, expected.campaign);
    }

    /// A receipt that came again after it was parked must not be heard twice.
    fn unpark(&mut self, now_us: u64, remote_key: u64) {
        if let Some(parked) = self.parking.take(self.hash, remote_key) {
            self.journal.unpark(now_us, parked.id);
        }
    }

    fn record_receipt(&mut self, now_us: u64, said: Said<'_>) {
        if self.record(now_us, said)
            && let Some(gateway) = self.gateway_mut(said.gateway)
        {
            gateway.counters.receipts += 1;
        }
    }

    fn count_orphan(&mut self, gateway: GatewayId) {
        if let Some(gateway) = self.gateway_mut(gateway) {
            gateway.counters.orphans += 1;
        }
    }

    /// The receipt of an accepted attempt is not waited for any longer.
    pub(crate) fn stop_waiting(&mut self, remote_key: u64) -> Option<CampaignId> {
        let expected = self.book.expected.get_mut(&remote_key)?;
        if !std::mem::replace(&mut expected.awaited, false) {
            return None;
        }
        let (campaign, gateway) = (expected.campaign, expected.gateway);
        if let Some(campaign) = self.campaigns.get_mut(&campaign) {
            campaign.awaiting -= 1;
        }
        if let Some(gateway) = self.gateway_mut(gateway) {
            gateway.counters.awaiting -= 1;
        }
        Some(campaign)
    }

    /// An attempt was accepted: its receipt may be here already, or is waited for.
    pub(crate) fn expect_receipt(&mut self, now_us: u64, flight: &Flight, remote: &str) {
        let Some(gateway) = self.gateway(flight.gateway) else { return };
        if !gateway.spec.receipts || remote.is_empty() {
            return;
        }
        let until_us = now_us + gateway.spec.receipt_wait_us;
        let (key, expected) = Expected::of(self.hash, flight.doubt(), remote);
        let parked = self.parking.take(self.hash, key);
        self.expect(key, expected, until_us);
        if let Some(parked) = parked {
            self.journal.unpark(now_us, parked.id);
            let Parked { remote, address, step, detail, .. } = &parked;
            let detail = detail.as_deref().unwrap_or("");
            let receipt = Receipt { remote, address, step: *step, detail };
            self.receipt_matched(now_us, flight.gateway, expected, receipt);
        }
    }

    /// Waits for a receipt, unless another message under the same id is waited for already: then
    /// the id says nothing about either.
    pub(crate) fn expect(&mut self, key: u64, mut expected: Expected, until_us: u64) {
        match self.book.expected.get(&key) {
            Some(known) if known.awaited => return self.count_orphan(expected.gateway),
            Some(known) if known.attempt() == expected.attempt() => expected.heard = known.heard,
            _ => {}
        }
        self.book.expected.insert(key, expected);
        if let Some(campaign) = self.campaigns.get_mut(&expected.campaign) {
            campaign.awaiting += 1;
        }
        if let Some(gateway) = self.gateway_mut(expected.gateway) {
            gateway.counters.awaiting += 1;
            gateway.waits.push_back((until_us, key));
        }
    }

    /// Settles the one uncertain attempt of this gateway to this number, if there is exactly one.
    pub(crate) fn settle_by_number(&mut self, now_us: u64, gateway: GatewayId, receipt: Receipt<'_>) -> bool {
        let address = self.hash.of(receipt.address);
        let Some(doubts) = self.doubts.by_address.get(&address) else { return false };
        let through = |doubt: &&Doubt| {
            doubt.gateway == gateway
                || (doubt.gateway == GatewayId::NONE
                    && self.route_of(doubt.key).is_some_and(|at| self.routes[at].gateways.contains(&gateway)))
        };
        let mut fitting = doubts.iter().filter(through);
        let (Some(doubt), None) = (fitting.next().copied(), fitting.next()) else { return false };
        if self.in_flight_to(gateway, address) {
            return false;
        }
        self.settle(now_us, gateway, address, doubt, receipt);
        true
    }

    /// Whether a message to this number is in flight: it may be the one that a receipt means.
    fn in_flight_to(&self, gateway: GatewayId, address: u64) -> bool {
        self.flights.iter().any(|flight| {
            flight.gateway == gateway
                && !flight.timed_out
                && self.entry(flight.key(), flight.due.index).is_some_and(|(_, _, to)| to == address)
        })
    }

    fn settle(&mut self, now_us: u64, gateway: GatewayId, address: u64, doubt: Doubt, receipt: Receipt<'_>) {
        let Doubt { key, ordinal, part, units, attempt, .. } = doubt;
        let Some(state) = self.part_state(key, ordinal, part) else { return };
        let step = if receipt.step == Step::Delivered { Step::Delivered } else { failing(state) };
        let (took_us, remote, detail) = (0, receipt.remote, receipt.detail);
        let said = Said { key, ordinal, part, units, attempt, gateway, step, remote, took_us, detail };
        self.record_receipt(now_us, said);
        self.doubts.remove(address, doubt);
        // A repetition finds it by its id.
        let known = Expected::of(self.hash, Doubt { gateway, ..doubt }, receipt.remote);
        self.unpark(now_us, known.0);
        self.book.know(known, receipt.step);
        self.check_end(now_us, key.campaign);
    }

    fn park(&mut self, now_us: u64, gateway: GatewayId, receipt: Receipt<'_>) {
        let key = remote_key(self.hash, gateway, receipt.remote);
        if self.parking.has(key) {
            return;
        }
        let parked = Parked {
            id: self.parking.next_id,
            gateway,
            remote: fit(receipt.remote),
            address: fit(receipt.address),
            step: receipt.step,
            detail: (!receipt.detail.is_empty()).then(|| receipt.detail.into()),
            at_ms: self.clock.at_ms(now_us),
        };
        self.parking.next_id += 1;
        self.journal.park(now_us, parked.clone());
        self.keep_parked(now_us, parked);
    }

    pub(crate) fn keep_parked(&mut self, now_us: u64, parked: Parked) {
        let key = remote_key(self.hash, parked.gateway, &parked.remote);
        let from = address_key(self.hash, parked.gateway, self.hash.of(&parked.address));
        if let Some(oldest) = self.parking.put(now_us, key, from, parked) {
            self.give_up_parked(now_us, oldest);
        }
    }

    /// A parked receipt was for nobody.
    pub(crate) fn give_up_parked(&mut self, now_us: u64, remote_key: u64) {
        if let Some(parked) = self.parking.take(self.hash, remote_key) {
            self.journal.unpark(now_us, parked.id);
            self.count_orphan(parked.gateway);
        }
    }

    /// An attempt has become uncertain; a receipt that waits for it settles it at once.
    pub(crate) fn add_doubt(&mut self, now_us: u64, flight: &Flight) {
        let Some((_, _, address)) = self.entry(flight.key(), flight.due.index) else { return };
        let doubt = flight.doubt();
        self.doubts.add(address, doubt);
        let Some(key) = self.parking.only_from(self.hash, flight.gateway, address) else { return };
        let several = self.doubts.by_address.get(&address).is_some_and(|doubts| doubts.len() > 1);
        if several || self.in_flight_to(flight.gateway, address) {
            return;
        }
        if let Some(parked) = self.parking.take(self.hash, key) {
            self.journal.unpark(now_us, parked.id);
            let Parked { remote, address: from, step, detail, .. } = &parked;
            let detail = detail.as_deref().unwrap_or("");
            let receipt = Receipt { remote, address: from, step: *step, detail };
            self.settle(now_us, flight.gateway, address, doubt, receipt);
        }
    }

    /// A late answer tells what became of an attempt; `false` where that was known already.
    pub(crate) fn settle_doubt(&mut self, flight: &Flight) -> bool {
        let entry = self.entry(flight.key(), flight.due.index);
        entry.is_some_and(|(_, _, address)| self.doubts.remove(address, flight.doubt()))
    }
}

/// How a receipt of failure is recorded: where another attempt is under way or in doubt, it only
/// tells about its own.
fn failing(state: State) -> Step {
    match state {
        State::Accepted | State::Failed | State::Delivered | State::Confirmed => Step::Failed,
        _ => Step::Disproved,
    }
}

impl Flight {
    fn doubt(&self) -> Doubt {
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

impl Expected {
    fn attempt(&self) -> Doubt {
        let Self { ordinal, part, units, attempt, gateway, .. } = *self;
        Doubt { key: self.block_key(), ordinal, part, units, attempt, gateway }
    }

    /// Names campaign and channel; the block is not kept.
    pub(crate) fn block_key(&self) -> BlockKey {
        BlockKey { campaign: self.campaign, channel: self.channel, block: 0 }
    }

    pub(crate) fn of(hash: AddressHash, doubt: Doubt, remote: &str) -> (u64, Self) {
        let expected = Self {
            check: remote_check(hash, doubt.gateway, remote),
            campaign: doubt.key.campaign,
            ordinal: doubt.ordinal,
            gateway: doubt.gateway,
            channel: doubt.key.channel,
            part: doubt.part,
            units: doubt.units,
            attempt: doubt.attempt,
            awaited: true,
            heard: Heard::Nothing,
        };
        (remote_key(hash, doubt.gateway, remote), expected)
    }
}
