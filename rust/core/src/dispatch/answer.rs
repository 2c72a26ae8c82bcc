//! What became of a handed-out part, and what follows from it.

use super::flight::Flight;
use super::record::Said;
use super::{Answer, Dispatcher};
use crate::congestion::Throttle;
use crate::ledger::NoticeCode;
use crate::model::{BlockKey, CampaignState, Policy};
use crate::outcome::{State, Step};
use crate::queue::{Due, Intent, Slice};
use crate::retry::{RESENDS, Refusal};

/// So long without a refusal for too much, the next one is news.
const QUIET_US: u64 = 60_000_000;

/// Refusals for now in a row, with nothing taken between them, after which another gateway is preferred.
const UNFIT_REFUSALS: u32 = 50;

/// Pauses in a row, with nothing taken between them, after which another gateway is preferred: about three
/// seconds.
const UNFIT_PAUSES: u32 = 6;

impl Dispatcher {
    /// Says what became of a handed-out part. `TimedOut` leaves the part in flight: its answer may
    /// still come, and it is not sent again before `Lost`.
    pub fn answered(&mut self, now_us: u64, token: u64, answer: Answer<'_>) {
        if answer == Answer::TimedOut {
            return self.timed_out(now_us, token);
        }
        let Some(flight) = self.flights.remove(token) else { return };
        let campaign = flight.key().campaign;
        if let Some(campaign) = self.campaigns.get_mut(&campaign) {
            campaign.flying -= 1;
        }
        if let Some(gateway) = self.gateway_mut(flight.gateway) {
            gateway.counters.in_flight -= 1;
        }
        let mut back = false;
        match answer {
            Answer::Accepted { remote } => self.accepted(now_us, &flight, remote),
            Answer::Refused { refusal: Refusal::Throttled, detail } => {
                self.throttle(now_us, &flight, detail);
                back = self.came_back(now_us, &flight, detail);
            }
            Answer::Refused { refusal: Refusal::Gateway, detail } => {
                back = self.refused_by_gateway(now_us, &flight, detail);
            }
            Answer::Refused { refusal, detail } => self.refused(now_us, &flight, refusal, detail),
            Answer::Lost if flight.timed_out => self.send_again(now_us, &flight, true),
            Answer::Lost => {
                self.doubt(now_us, &flight, "connection lost");
                self.send_again(now_us, &flight, true);
            }
            Answer::Unsent => back = self.came_back(now_us, &flight, "not written"),
            Answer::TimedOut => {}
        }
        self.judge_hold(now_us, &flight, token, answer);
        // A message at the head of its lane still needs its block.
        if !back {
            self.leave_block(flight.key());
        }
        self.check_end(now_us, campaign);
    }

    fn timed_out(&mut self, now_us: u64, token: u64) {
        let Some(flight) = self.flights.time_out(token) else { return };
        self.doubt(now_us, &flight, "no response in time");
        self.probe_failed(now_us, flight.gateway, token, true);
    }

    /// What an answer says of a gateway that is on hold.
    fn judge_hold(&mut self, now_us: u64, flight: &Flight, token: u64, answer: Answer<'_>) {
        let Flight { gateway, handed_us, .. } = *flight;
        match answer {
            Answer::Accepted { .. } => self.end_hold(now_us, gateway),
            Answer::Refused { refusal: Refusal::Gateway, .. } => {}
            // What is refused as it is handed out never saw the far end.
            Answer::Refused { refusal: Refusal::ForGood, .. } if now_us > handed_us => {
                self.end_hold(now_us, gateway);
            }
            Answer::Refused { .. } | Answer::TimedOut => self.probe_failed(now_us, gateway, token, true),
            Answer::Lost | Answer::Unsent => self.probe_failed(now_us, gateway, token, false),
        }
    }

    fn accepted(&mut self, now_us: u64, flight: &Flight, remote: &str) {
        if let Some(gateway) = self.gateway_mut(flight.gateway) {
            gateway.counters.accepted += 1;
            gateway.congestion.passed(now_us, flight.handed_us);
            gateway.refusals = 0;
        }
        self.end_unfit(now_us, flight.gateway);
        // A receipt may have settled a late one before its answer came.
        if flight.timed_out && !self.settle_doubt(flight) {
            return;
        }
        self.record(now_us, flight.said(now_us, Step::Accepted, remote, ""));
        self.expect_receipt(now_us, flight, remote);
    }

    fn refused(&mut self, now_us: u64, flight: &Flight, refusal: Refusal, detail: &str) {
        let salt = self.hash.hash(1, &flight.ordinal.to_le_bytes());
        let Some(gateway) = self.gateway_mut(flight.gateway) else { return };
        gateway.counters.refused += 1;
        // What is refused as it is handed out never saw the far end.
        if now_us > flight.handed_us {
            gateway.congestion.passed(now_us, flight.handed_us);
        }
        let for_now = refusal == Refusal::ForNow;
        gateway.refusals = if for_now { gateway.refusals + 1 } else { 0 };
        let unfit = gateway.refusals >= UNFIT_REFUSALS;
        let wait_us = gateway.spec.retry.wait_us(flight.due.attempt, salt);
        let state = self.part_state(flight.key(), flight.ordinal, flight.due.part);
        if flight.timed_out {
            return self.disproved(now_us, flight, detail);
        }
        let wait_us = wait_us.filter(|_| for_now);
        let stopped = self.campaigns.get(&flight.key().campaign).and_then(|campaign| campaign.stopped);
        let step = match (wait_us, stopped) {
            // Where an earlier attempt has settled the matter, this one changes nothing.
            _ if state != Some(State::Submitted) => Step::Disproved,
            (None, _) => Step::Failed,
            (Some(_), Some(stopped)) => stopped,
            (Some(_), None) => Step::Deferred,
        };
        self.record(now_us, flight.said(now_us, step, "", detail));
        if let Some(wait_us) = wait_us.filter(|_| step == Step::Deferred) {
            let due = Due { attempt: flight.due.attempt.saturating_add(1), resend: false, ..flight.due };
            self.schedule(now_us + wait_us, due);
        }
        if unfit {
            self.set_unfit(now_us, flight.gateway, detail);
        }
    }

    /// A late answer: it was uncertain, and is now known not to have been taken.
    fn disproved(&mut self, now_us: u64, flight: &Flight, why: &str) {
        if self.settle_doubt(flight) {
            self.record(now_us, flight.said(now_us, Step::Disproved, "", why));
        }
        self.send_again(now_us, flight, false);
    }

    /// The gateway is asked for too much: its pace falls. That is said once, until it has been quiet a while.
    fn throttle(&mut self, now_us: u64, flight: &Flight, detail: &str) {
        let Some(gateway) = self.gateway_mut(flight.gateway) else { return };
        gateway.counters.throttled += 1;
        let throttle = gateway.congestion.throttled(now_us, flight.handed_us);
        let last_us = gateway.throttled_us.replace(now_us);
        if throttle == Throttle::Blocked(UNFIT_PAUSES) {
            self.set_unfit(now_us, flight.gateway, detail);
        } else if last_us.is_none_or(|last_us| now_us >= last_us + QUIET_US) {
            let text = format!("{}: {detail}, it is sent what it is found to take", gateway.spec.name);
            self.notice(now_us, None, flight.gateway, NoticeCode::Throttled, &text);
        }
    }

    /// A message that certainly did not leave: back to the head of its lane, no attempt burnt.
    /// `false` where it can't go on from there and was put off instead.
    pub(crate) fn came_back(&mut self, now_us: u64, flight: &Flight, why: &str) -> bool {
        if flight.timed_out {
            self.disproved(now_us, flight, why);
            return false;
        }
        let Some(campaign) = self.campaigns.get(&flight.key().campaign) else { return false };
        // A row of its own names its gateway: through another one it goes under another row.
        let serves = |route: &usize| match self.routes[*route].serving {
            Some(serving) => flight.first || serving == flight.gateway,
            None => false,
        };
        match self.route_of(flight.key()).filter(serves) {
            Some(route) if campaign.may_send() && !self.closing => {
                let class = campaign.class();
                let intent = Intent { due: flight.due, batch: 0, first: flight.first };
                self.routes[route].lanes[class].returned.push_back(intent);
                true
            }
            _ => {
                self.put_off(now_us, flight.due, flight.ordinal, flight.units, why);
                false
            }
        }
    }

    /// Nobody knows whether it left.
    fn doubt(&mut self, now_us: u64, flight: &Flight, why: &str) {
        if let Some(gateway) = self.gateway_mut(flight.gateway) {
            gateway.counters.uncertain += 1;
        }
        let step = if self.will_resend(flight) { Step::Resend } else { Step::Uncertain };
        if self.record(now_us, flight.said(now_us, step, "", why)) {
            self.add_doubt(now_us, flight);
        }
    }

    fn will_resend(&self, flight: &Flight) -> bool {
        let Some(campaign) = self.campaigns.get(&flight.key().campaign) else { return false };
        campaign.row.policy == Policy::Resend
            && flight.due.resends < RESENDS
            && campaign.stopped.is_none()
            && self.part_state(flight.key(), flight.ordinal, flight.due.part) == Some(State::Submitted)
    }

    /// Plans the attempt that follows an uncertain or disproved one, if one is due. Only what follows
    /// an uncertain one counts as a resend.
    fn send_again(&mut self, now_us: u64, flight: &Flight, uncertain: bool) {
        if self.part_state(flight.key(), flight.ordinal, flight.due.part) == Some(State::Waiting) {
            let Due { attempt, resends, .. } = flight.due;
            let resends = resends + u8::from(uncertain);
            let due = Due { attempt: attempt.saturating_add(1), resends, resend: uncertain, ..flight.due };
            self.schedule(now_us, due);
        }
    }

    /// Queues a retry, or holds it where its campaign is paused.
    pub(crate) fn schedule(&mut self, at_us: u64, due: Due) {
        let Some(campaign) = self.campaigns.get_mut(&due.key.campaign) else { return };
        if campaign.row.state == CampaignState::Paused {
            campaign.held.push(due);
        } else if campaign.stopped.is_none() {
            self.waiting.push(std::cmp::Reverse((at_us, due)));
        }
    }

    /// Records that a part did not leave: deferred to later, or ended with its campaign.
    pub(crate) fn put_off(&mut self, now_us: u64, due: Due, ordinal: u32, units: u8, why: &str) {
        self.put_off_until(now_us, now_us, due, ordinal, units, why);
    }

    /// The same, to a time that is told.
    pub(crate) fn put_off_until(
        &mut self,
        now_us: u64,
        later_us: u64,
        due: Due,
        ordinal: u32,
        units: u8,
        why: &str,
    ) {
        let stopped = self.campaigns.get(&due.key.campaign).and_then(|campaign| campaign.stopped);
        let said = Said {
            key: due.key,
            ordinal,
            part: due.part,
            units,
            attempt: due.attempt,
            gateway: crate::model::GatewayId::NONE,
            step: stopped.unwrap_or(Step::Deferred),
            remote: "",
            took_us: 0,
            detail: why,
        };
        if self.part_state(due.key, ordinal, due.part).is_some_and(State::open) && self.record(now_us, said) {
            self.schedule(later_us, due);
        }
    }

    /// Puts off the parts of a begun message that were not handed out.
    pub(crate) fn put_off_rest(&mut self, now_us: u64, slice: &Slice) {
        let Some((ordinal, units, _)) = self.entry(slice.key, slice.next) else { return };
        if let Some(live) =
            self.campaigns.get_mut(&slice.key.campaign).and_then(|c| c.live(slice.key.channel))
        {
            live.units_left = live.units_left.saturating_sub(u64::from(units - slice.part));
        }
        for part in slice.part..units {
            let due = Due { key: slice.key, index: slice.next, part, attempt: 1, resends: 0, resend: false };
            self.put_off(now_us, due, ordinal, units, "the message was interrupted");
        }
    }

    pub(crate) fn route_of(&self, key: BlockKey) -> Option<usize> {
        let campaign = self.campaigns.get(&key.campaign)?;
        let block = campaign.block(key)?;
        campaign.routes.get(usize::from(block.meta.route)).copied()
    }
}

impl Flight {
    pub(crate) fn said<'a>(&self, now_us: u64, step: Step, remote: &'a str, detail: &'a str) -> Said<'a> {
        Said {
            key: self.due.key,
            ordinal: self.ordinal,
            part: self.due.part,
            units: self.units,
            attempt: self.due.attempt,
            gateway: self.gateway,
            step,
            remote,
            took_us: now_us.saturating_sub(self.handed_us),
            detail,
        }
    }
}
