//! Receipts: found by (gateway, remote id), by the number of one uncertain attempt, or parked.
//!
//! A receipt changes at most one attempt, of the gateway it came through, and is answered after
//! the commit that holds it (I9).

use super::book::{Expected, Heard, Moment, ReceiptKey};
use super::doubts::Doubt;
use super::flight::Flight;
use super::journal::{ReplyDue, fit};
use super::parking::address_key;
use super::record::Said;
use super::{Action, Dispatcher, Receipt};
use crate::ledger::Parked;
use crate::model::{CampaignId, GatewayId};
use crate::outcome::{State, Step};

impl Dispatcher {
    /// A final receipt has come. It is answered through [`Action::Reply`] once it is durable, or at once
    /// with a temporary error where the ledger is too far behind ([`super::HELD_ROWS`]).
    pub fn receipt(
        &mut self,
        now_us: u64,
        gateway: GatewayId,
        session: u16,
        reply: u64,
        receipt: Receipt<'_>,
    ) {
        if self.journal.is_full() {
            // Nothing is kept of it: the far end sends it again.
            return self.actions.push_back(Action::Reply { gateway, session, reply, ok: false });
        }
        // The number is looked at where there is no id to go by, and else only where the id is not known.
        let address = if receipt.remote.is_empty() { self.hash.of(receipt.address) } else { 0 };
        let key = ReceiptKey::of(self.hash, gateway, receipt.remote, address);
        if let Some(number) = self.book.find(key) {
            self.receipt_matched(now_us, key, number, receipt);
        } else if !self.settle_by_number(now_us, gateway, receipt)
            && !self.settle_nameless(now_us, gateway, receipt)
        {
            self.park(now_us, key.key, gateway, receipt);
        }
        self.reply_when_durable(ReplyDue { gateway, session, reply, since_us: now_us });
    }

    /// Settles what was accepted without an id, unless somebody with the same number is in doubt.
    fn settle_nameless(&mut self, now_us: u64, gateway: GatewayId, receipt: Receipt<'_>) -> bool {
        let address = self.hash.of(receipt.address);
        let nameless = ReceiptKey::of(self.hash, gateway, "", address);
        let Some(number) = self.book.find(nameless) else { return false };
        let awaited = self.book.get(number).filter(|expected| expected.awaited()).copied();
        let Some(expected) = awaited.filter(|_| self.doubts.at(address).is_empty()) else { return false };
        self.receipt_matched(now_us, nameless, number, receipt);
        let key = ReceiptKey::of(self.hash, gateway, receipt.remote, address);
        self.book.know(key, expected.about(), receipt.step);
        true
    }

    fn receipt_matched(&mut self, now_us: u64, key: ReceiptKey, number: u32, receipt: Receipt<'_>) {
        let Some(expected) = self.book.get(number).copied() else { return };
        let Expected { campaign, ordinal, gateway, part, units, attempt, .. } = expected;
        let Some(state) = self.part_state(expected.block_key(), ordinal, part) else { return };
        let never_left = matches!(state, State::Expired | State::Cancelled | State::Skipped);
        let repeated = expected.heard >= Heard::of(receipt.step);
        if (never_left && !repeated) || expected.ambiguous() {
            self.count_orphan(gateway);
        } else if !repeated {
            let said = Said {
                key: expected.block_key(),
                ordinal,
                part,
                units,
                attempt,
                gateway,
                step: if receipt.step == Step::Delivered { Step::Delivered } else { failing(state) },
                remote: receipt.remote,
                took_us: 0,
                detail: receipt.detail,
            };
            self.record_receipt(now_us, said);
        }
        if !expected.ambiguous() {
            self.unpark(now_us, key.key);
            self.book.hear(number, receipt.step);
            self.stop_waiting(number);
            self.check_end(now_us, campaign);
        }
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

    pub(crate) fn count_orphan(&mut self, gateway: GatewayId) {
        if let Some(gateway) = self.gateway_mut(gateway) {
            gateway.counters.orphans += 1;
        } else if gateway == GatewayId::NONE {
            self.named.unmatched += 1;
        }
    }

    /// The receipt of an accepted attempt is not waited for any longer.
    pub(crate) fn stop_waiting(&mut self, number: u32) -> Option<CampaignId> {
        let expected = self.book.get_mut(number)?;
        if !expected.stop_waiting() {
            return None;
        }
        let (campaign, gateway) = (expected.campaign, expected.gateway);
        if let Some(campaign) = self.campaigns.get_mut(&campaign) {
            campaign.awaiting -= 1;
        }
        let book = &self.book;
        if let Some(gateway) = self.gateways.get_mut(usize::from(gateway.0)).and_then(Option::as_mut) {
            gateway.counters.awaiting -= 1;
            // Ends of waits that are over already need not be kept until their time.
            let over = |number: u32| book.get(number).is_none_or(|expected| !expected.awaited());
            while gateway.waits.front().is_some_and(|(_, number)| over(*number)) {
                gateway.waits.pop_front();
            }
        }
        Some(campaign)
    }

    /// An attempt was accepted: its receipt may be here already, or is waited for.
    pub(crate) fn expect_receipt(&mut self, now_us: u64, flight: &Flight, remote: &str) {
        if flight.key().channel.receipts_name_attempts() {
            return self.expect_named(now_us, flight);
        }
        let Some(gateway) = self.gateway(flight.gateway).filter(|gateway| gateway.spec.receipts) else {
            return;
        };
        let until_us = now_us + gateway.spec.receipt_wait_us;
        let address = self.entry(flight.key(), flight.due.index).map_or(0, |(_, _, address)| address);
        let key = ReceiptKey::of(self.hash, flight.gateway, remote, address);
        let parked = self.parking.take(self.hash, key.key);
        let number = self.expect(key, flight.attempt(), until_us);
        if let Some(parked) = parked {
            self.journal.unpark(now_us, parked.id);
            self.receipt_matched(now_us, key, number, Receipt::from(&parked));
        }
    }

    /// Waits for a receipt; gives the number of what is found under its key. Where another message
    /// under the same id is waited for already, the id says nothing about either.
    pub(crate) fn expect(&mut self, key: ReceiptKey, attempt: Doubt, until_us: u64) -> u32 {
        let mut expected = Expected::of(key, attempt, Moment::from_us(until_us));
        if let Some(number) = self.book.find(key)
            && let Some(known) = self.book.get_mut(number)
        {
            let same = known.same_attempt(&expected);
            if known.awaited() {
                // A snapshot may know the same attempt already.
                if !same {
                    known.make_ambiguous();
                    self.count_orphan(expected.gateway);
                }
                return number;
            }
            if same {
                expected.heard = known.heard;
            }
        }
        self.wait_for(expected)
    }

    /// Enters an attempt whose receipt is waited for; gives its number.
    pub(crate) fn wait_for(&mut self, expected: Expected) -> u32 {
        let number = self.book.put(expected);
        if let Some(campaign) = self.campaigns.get_mut(&expected.campaign) {
            campaign.awaiting += 1;
        }
        if let Some(gateway) = self.gateway_mut(expected.gateway) {
            gateway.counters.awaiting += 1;
            gateway.waits.push_back((expected.until, number));
        }
        number
    }

    /// Settles the one uncertain attempt of this gateway to this number, if there is exactly one.
    pub(crate) fn settle_by_number(&mut self, now_us: u64, gateway: GatewayId, receipt: Receipt<'_>) -> bool {
        let address = self.hash.of(receipt.address);
        let through = |doubt: &&Doubt| {
            doubt.gateway == gateway
                || (doubt.gateway == GatewayId::NONE
                    && self.route_of(doubt.key).is_some_and(|at| self.routes[at].gateways.contains(&gateway)))
        };
        let mut fitting = self.doubts.at(address).iter().filter(through);
        let (Some(doubt), None) = (fitting.next().copied(), fitting.next()) else { return false };
        if self.flights.any_to(gateway, address) {
            return false;
        }
        self.settle(now_us, gateway, address, doubt, receipt);
        true
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
        let known = ReceiptKey::of(self.hash, gateway, receipt.remote, address);
        self.unpark(now_us, known.key);
        self.book.know(known, Doubt { gateway, ..doubt }, receipt.step);
        self.check_end(now_us, key.campaign);
    }

    pub(crate) fn park(&mut self, now_us: u64, key: u64, gateway: GatewayId, receipt: Receipt<'_>) {
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
        let address = self.hash.of(&parked.address);
        let key = ReceiptKey::of(self.hash, parked.gateway, &parked.remote, address).key;
        let from = address_key(self.hash, parked.gateway, address);
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
        let doubt = flight.attempt();
        self.doubts.add(self.doubt_place(flight.key(), flight.ordinal, address), doubt);
        if flight.key().channel.receipts_name_attempts() {
            return self.hear_parked(now_us, flight);
        }
        let Some(key) = self.parking.only_from(self.hash, flight.gateway, address) else { return };
        if self.doubts.at(address).len() > 1 || self.flights.any_to(flight.gateway, address) {
            return;
        }
        if let Some(parked) = self.parking.take(self.hash, key) {
            self.journal.unpark(now_us, parked.id);
            self.settle(now_us, flight.gateway, address, doubt, Receipt::from(&parked));
        }
    }

    /// A late answer tells what became of an attempt; `false` where that was known already.
    pub(crate) fn settle_doubt(&mut self, flight: &Flight) -> bool {
        let Some((ordinal, _, address)) = self.entry(flight.key(), flight.due.index) else { return false };
        let place = self.doubt_place(flight.key(), ordinal, address);
        self.doubts.remove(place, flight.attempt())
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

impl<'a> From<&'a Parked> for Receipt<'a> {
    fn from(parked: &'a Parked) -> Self {
        let detail = parked.detail.as_deref().unwrap_or("");
        Receipt { remote: &parked.remote, address: &parked.address, step: parked.step, detail }
    }
}
