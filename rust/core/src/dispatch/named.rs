//! Receipts that name their attempt themselves, as the token in the address of a bounce does: no book
//! of ids is needed, and one that comes days later still finds whom it is about.
//!
//! A receipt changes the attempt that it names and no other, and is answered after the commit that
//! holds it (I9). What it says of an attempt that has no answer yet is parked until that comes.

use arrayvec::ArrayString;

use super::book::ReceiptKey;
use super::doubts::Doubt;
use super::flight::Flight;
use super::journal::ReplyDue;
use super::record::Said;
use super::tries::Fate;
use super::{Action, Dispatcher, Named, NamedCounters, Receipt, Told};
use crate::ledger::{NoticeCode, Outcome};
use crate::model::{BlockKey, CampaignId, Channel, GatewayId};
use crate::outcome::{Mark, State, Step};

/// So long after one receipt that came too late, the next one is news again.
const LATE_NEWS_US: u64 = 3_600_000_000;

/// What is counted of them.
#[derive(Debug, Default)]
pub(crate) struct NamedReceipts {
    pub(crate) heard: u64,
    pub(crate) unmatched: u64,
    late: u64,
    /// When one that came too late was last told.
    told_us: Option<u64>,
}

/// What a receipt is about.
enum Meant {
    One(Named),
    /// So many attempts, and which of them it does not say.
    AnyOf(usize),
}

impl Dispatcher {
    /// A receipt has come that names its attempt. It is answered through [`Action::Reply`] with
    /// [`GatewayId::NONE`] and these two numbers once it is durable, or at once with a temporary error
    /// where the ledger is too far behind ([`super::HELD_ROWS`]).
    ///
    /// What says nothing new is answered and leaves no row. A campaign with mail is held for six days
    /// after its end; what comes later than that is counted, and told once an hour at most.
    pub fn receipt_for(&mut self, now_us: u64, bearer: u16, reply: u64, named: Named, told: Told<'_>) {
        let gateway = GatewayId::NONE;
        if self.journal.is_full() {
            return self.actions.push_back(Action::Reply { gateway, session: bearer, reply, ok: false });
        }
        self.hear_named(now_us, named, told);
        self.reply_when_durable(ReplyDue { gateway, session: bearer, reply, since_us: now_us });
    }

    /// Whoever brought receipts is gone: nothing is answered to it any more.
    pub fn bearer_gone(&mut self, bearer: u16) {
        self.forget_replies(GatewayId::NONE, bearer);
    }

    /// What became of receipts that name their attempts, since the engine was opened.
    pub fn named_counters(&self) -> NamedCounters {
        let NamedReceipts { heard, unmatched, late, .. } = self.named;
        NamedCounters { heard, unmatched, late }
    }

    fn hear_named(&mut self, now_us: u64, named: Named, told: Told<'_>) {
        let key = named.key();
        let Some(state) = self.part_state(key, named.ordinal, 0) else {
            return self.note_late(now_us, named);
        };
        let resent = || self.live_mark(named).is_some_and(|mark| mark.doubted());
        if (state.open() || resent()) && self.flights.iter().any(|flight| flight.is(named)) {
            let (remote, address) = (named.text(), named.short());
            let receipt =
                Receipt { remote: &remote, address: &address, step: told.step, detail: told.detail };
            return self.park(now_us, self.parked_under(named), GatewayId::NONE, receipt);
        }
        self.settle_named(now_us, named, told);
    }

    /// The attempt that a receipt is about. One that knows the message alone is about the one that has left: of a
    /// dispatch that was never in doubt there is only one, whose number says nothing. Of another it may be about any,
    /// one that has failed already too, for receipts come twice; that somebody has it is as true of each (I9).
    fn meant(&self, named: Named, step: Step) -> Meant {
        if named.attempt != Named::ANY {
            return Meant::One(named);
        }
        if !self.live_mark(named).is_some_and(|mark| mark.doubted()) {
            return Meant::One(Named { attempt: 1, ..named });
        }
        let known = self.tries.of(named).iter().map(|one| one.attempt).filter(|at| *at != Named::ANY);
        let doubts = self.doubts.at(self.doubt_place(named.key(), named.ordinal, 0)).iter();
        let mut left: Vec<u8> = known.chain(doubts.filter(|d| d.is_of(named)).map(|d| d.attempt)).collect();
        left.sort_unstable();
        left.dedup();
        match left[..] {
            [attempt] => Meant::One(Named { attempt, ..named }),
            [attempt, ..] if step == Step::Delivered => Meant::One(Named { attempt, ..named }),
            _ => Meant::AnyOf(left.len()),
        }
    }

    /// Records what is new in it.
    fn settle_named(&mut self, now_us: u64, named: Named, told: Told<'_>) {
        let Some(mark) = self.live_mark(named) else { return };
        let state = mark.state();
        if matches!(state, State::Queued | State::Expired | State::Cancelled | State::Skipped) {
            self.named.unmatched += 1;
            return;
        }
        let Told { step, detail } = told;
        match self.meant(named, step) {
            Meant::One(named) => {
                if let Some(step) = self.news(named, mark, step) {
                    self.note_named(now_us, named, step, detail);
                }
            }
            Meant::AnyOf(tries @ 2..) if step == Step::Failed && state.bears(Step::Bounced) => {
                if self.tries.fate(named).is_none() {
                    self.note_named(
                        now_us,
                        named,
                        Step::Bounced,
                        &format!("{detail} (one of {tries} tries)"),
                    );
                }
            }
            Meant::AnyOf(_) => self.named.unmatched += 1,
        }
    }

    /// What a receipt says of an attempt that was not known; `None`: nothing.
    fn news(&mut self, named: Named, mark: Mark, told: Step) -> Option<Step> {
        let state = mark.state();
        let doubted = mark.in_doubt() && self.doubts_named(named);
        match told {
            Step::Delivered if !matches!(state, State::Delivered | State::Confirmed) => Some(Step::Delivered),
            Step::Failed if doubted => Some(Step::Disproved),
            Step::Failed if state == State::Accepted && !mark.doubted() => Some(Step::Failed),
            // One that was in doubt may have several that were taken, or hear again of one that had failed before: it
            // is as good as the best of them.
            Step::Failed if state == State::Accepted && self.tries.fate(named) == Some(Fate::Taken) => {
                Some(if self.tries.other_taken(named) { Step::Disproved } else { Step::Failed })
            }
            // Whoever took it on has told so; what became of it there, a later receipt may know.
            Step::Accepted if doubted && matches!(state, State::Uncertain | State::Waiting) => {
                self.relayed(named).then_some(Step::Accepted)
            }
            Step::Accepted if state == State::Accepted => self.relayed(named).then_some(Step::Accepted),
            _ => None,
        }
    }

    fn note_named(&mut self, now_us: u64, named: Named, step: Step, detail: &str) {
        let (key, ordinal, attempt) = (named.key(), named.ordinal, named.attempt);
        let (units, gateway) = (1, GatewayId::NONE);
        let said =
            Said { key, ordinal, part: 0, units, attempt, gateway, step, remote: "", took_us: 0, detail };
        if self.record(now_us, said) {
            self.named.heard += 1;
        }
        self.note_try(named, step, true);
        if step != Step::Bounced {
            let place = self.doubt_place(key, ordinal, 0);
            self.doubts.remove_named(place, named);
        }
        self.check_end(now_us, named.campaign);
    }

    /// Keeps what became of the attempts of a dispatch that was in doubt; called after each step of it. `reported`:
    /// by a receipt, and not by the relay that was to take it.
    fn note_try(&mut self, named: Named, step: Step, reported: bool) {
        let fate = match step {
            Step::Accepted => Fate::Taken,
            Step::Failed | Step::Disproved | Step::Bounced if reported => Fate::Bounced,
            _ => return,
        };
        if self.live_mark(named).is_some_and(|mark| mark.doubted()) {
            self.tries.note(named, fate);
        }
    }

    /// An attempt was accepted: its receipt may be here already, or is waited for.
    pub(crate) fn expect_named(&mut self, now_us: u64, flight: &Flight) {
        self.note_try(flight.named(), Step::Accepted, false);
        let gateway = self.gateway(flight.gateway).filter(|gateway| gateway.spec.receipts);
        let until_us = gateway.map(|gateway| now_us + gateway.spec.receipt_wait_us);
        if let Some(until_us) = until_us
            && let Some(campaign) = self.campaigns.get_mut(&flight.key().campaign)
        {
            campaign.wait_for_receipts(until_us);
        }
        self.hear_parked(now_us, flight);
    }

    /// An attempt has an answer, or is in doubt: what was parked of it is heard now.
    pub(crate) fn hear_parked(&mut self, now_us: u64, flight: &Flight) {
        if self.parking.is_empty() {
            return;
        }
        let named = flight.named();
        for named in [named, Named { attempt: Named::ANY, ..named }] {
            if let Some(parked) = self.parking.take(self.hash, self.parked_under(named)) {
                self.journal.unpark(now_us, parked.id);
                let detail = parked.detail.as_deref().unwrap_or("");
                self.hear_named(now_us, named, Told { step: parked.step, detail });
            }
        }
    }

    /// After a restart nothing is in flight: whatever was parked says what became of its attempt.
    pub(crate) fn settle_named_parked(&mut self, now_us: u64) {
        for (key, parked) in self.parking.named() {
            self.parking.take(self.hash, key);
            self.journal.unpark(now_us, parked.id);
            let detail = parked.detail.as_deref().unwrap_or("");
            match Named::read(&parked.remote) {
                Some(named) => self.hear_named(now_us, named, Told { step: parked.step, detail }),
                None => self.named.unmatched += 1,
            }
        }
    }

    /// What a row tells of the wait for receipts that name their attempts.
    pub(crate) fn fold_named(&mut self, outcome: &Outcome) {
        let Outcome { campaign, channel, ordinal, attempt, .. } = *outcome;
        let reported = outcome.gateway == GatewayId::NONE;
        self.note_try(Named { campaign, channel, ordinal, attempt }, outcome.step, reported);
        if outcome.step != Step::Accepted {
            return;
        }
        let gateway = self.gateway(outcome.gateway).filter(|gateway| gateway.spec.receipts);
        let wait_us = gateway.map(|gateway| gateway.spec.receipt_wait_us);
        let Some(campaign) = self.campaigns.get_mut(&outcome.campaign) else { return };
        if let Some(wait_us) = wait_us {
            let until_ms = outcome.at_ms.saturating_add((wait_us / 1_000) as i64);
            campaign.wait_for_receipts(self.clock.at_us(until_ms));
        } else if outcome.gateway == GatewayId::NONE
            && let Some(live) = campaign.live(outcome.channel)
        {
            live.note_relayed(outcome.ordinal);
        }
    }

    /// The place under which the doubts of a dispatch are found.
    pub(crate) fn doubt_place(&self, key: BlockKey, ordinal: u32, address: u64) -> u64 {
        if !key.channel.receipts_name_attempts() {
            return address;
        }
        let person = u64::from(key.campaign.0) << 32 | u64::from(ordinal);
        self.hash.hash(0x4_0000 + key.channel as u64, &person.to_le_bytes())
    }

    fn doubts_named(&self, named: Named) -> bool {
        let place = self.doubt_place(named.key(), named.ordinal, 0);
        self.doubts.at(place).iter().any(|doubt| doubt.is(named))
    }

    fn live_mark(&self, named: Named) -> Option<Mark> {
        let live = self.campaigns.get(&named.campaign)?.channels[named.channel as usize].as_ref()?;
        Some(live.mark(named.ordinal, 0))
    }

    fn relayed(&mut self, named: Named) -> bool {
        let live = self.campaigns.get_mut(&named.campaign).and_then(|campaign| campaign.live(named.channel));
        live.is_some_and(|live| live.note_relayed(named.ordinal))
    }

    fn parked_under(&self, named: Named) -> u64 {
        ReceiptKey::of(self.hash, GatewayId::NONE, &named.text(), 0).key
    }

    fn note_late(&mut self, now_us: u64, named: Named) {
        self.named.late += 1;
        if self.named.told_us.is_some_and(|told_us| now_us < told_us + LATE_NEWS_US) {
            return;
        }
        self.named.told_us = Some(now_us);
        let text = format!(
            "a receipt of campaign {} came too late, its report stays as it is; {} so far",
            named.campaign, self.named.late
        );
        self.notice(now_us, None, GatewayId::NONE, NoticeCode::LateReceipt, &text);
    }
}

impl Named {
    /// Names campaign and channel; the block is not known.
    fn key(self) -> BlockKey {
        BlockKey { campaign: self.campaign, channel: self.channel, block: 0 }
    }

    /// As it is parked.
    fn text(self) -> ArrayString<64> {
        let Named { campaign, channel, ordinal, attempt } = self;
        let mut text = ArrayString::new();
        let numbers = format!("{campaign} {} {ordinal} {attempt}", channel as u8);
        text.push_str(&numbers);
        text
    }

    /// Tells those that are parked apart, in few characters.
    fn short(self) -> ArrayString<20> {
        let mut text = ArrayString::new();
        text.push_str(&format!("{:x} {:x}", self.ordinal, self.attempt));
        text
    }

    fn read(text: &str) -> Option<Named> {
        let mut numbers = text.split(' ');
        Some(Named {
            campaign: CampaignId(numbers.next()?.parse().ok()?),
            channel: Channel::from_u8(numbers.next()?.parse().ok()?)?,
            ordinal: numbers.next()?.parse().ok()?,
            attempt: numbers.next()?.parse().ok()?,
        })
    }
}

impl Flight {
    fn named(&self) -> Named {
        let BlockKey { campaign, channel, .. } = self.key();
        Named { campaign, channel, ordinal: self.ordinal, attempt: self.due.attempt }
    }

    /// Whether it is that attempt, and may still be answered in time.
    fn is(&self, named: Named) -> bool {
        let this = self.named();
        !self.timed_out && (this == named || Named { attempt: Named::ANY, ..this } == named)
    }
}

impl Doubt {
    pub(crate) fn is(&self, named: Named) -> bool {
        self.is_of(named) && self.attempt == named.attempt
    }

    /// Whether it is an attempt of that dispatch.
    fn is_of(&self, named: Named) -> bool {
        let Named { campaign, channel, ordinal, .. } = named;
        (self.key.campaign, self.key.channel, self.ordinal) == (campaign, channel, ordinal)
    }
}
