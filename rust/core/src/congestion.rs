//! The pace that a far end bears, found from its answers where nobody told us its limit.
//!
//! A far end that is asked for too much says so (ESME_RTHROTTLED, ESME_RMSGQFUL) and takes nothing of what
//! it says that to. Between two such answers it was empty-handed at both ends, so what it took in between,
//! divided by the time, is its limit, whatever burst it allows. That makes the search short: start below
//! any far end's limit and multiply, measure at the first refusals, go on just below what was measured,
//! then probe upwards slowly, and faster the longer nothing is refused.
//!
//! A limit of ours stays the upper bound: this one is applied beside it. It belongs to a gateway, outlives
//! its sessions and is shared by them (SMPP 5.0 §2.9 asks the sender to slow down, and leaves it the how).

mod accident;
mod measure;

use crate::limit::Limiter;
use accident::Accidents;
use measure::{Measure, Recent};

/// Where the search starts, in units per second: a tenth of a second of it is what SMSCs with a limit of
/// 1,000/s take at once.
const START: f64 = 1_000.0;

/// Above this the search was in vain: no account is limited to so much.
const FREE: f64 = 128_000.0;

/// The slowest pace: slower far ends are asked in vain now and then.
const LEAST: f64 = 1.0;

/// What may go at one moment after a rest, as a share of a second: a few turns of a timer of a millisecond.
const BURST_S: f64 = 0.005;

/// A message that goes late by so much, as timers do, does not make the next one late.
const SLACK_US: u64 = 2_000;

/// The shortest time between two steps of the search.
const START_STEP_US: u64 = 5_000;

/// A far end whose round trip is longer than this gets fewer and larger steps.
const LONG_STEP_US: u64 = 25_000;

/// The shortest time between two steps of a known pace.
const STEP_US: u64 = 100_000;

/// Where a pace settles below the measured limit.
const BELOW: f64 = 0.98;

/// Where it begins after a refusal, so that the far end gains a reserve for unevenness on the way.
const RESERVE: f64 = 0.92;

/// A measurement is trusted if the pace was at least this share of it all the while; otherwise the limit is
/// taken to be this share of the pace that was refused.
const SETTLED: f64 = 0.9;
const PASSED: f64 = 0.9;

/// What is left of a pace that was refused where nothing could be measured.
const FALLS_MOST: f64 = 1.0 / 16.0;
const FALLS_LEAST: f64 = 0.5;

/// Probing begins with this share of the pace per unit of time, and doubles each unit, up to doubling.
const PROBE: f64 = 0.01;

/// A unit of probing is the time of so many messages, and of so many round trips, within bounds: a slow far
/// end is probed less often.
const PROBE_UNITS: f64 = 100.0;
const PROBE_ROUND_TRIPS: f64 = 5.0;
const PROBE_LEAST_S: f64 = 1.0;
const PROBE_MOST_S: f64 = 4.0;

/// A refusal alone among so many answers is an accident (one recipient's queue was full).
const ALONE: u32 = 200;

/// The shortest pause after refusals, so that it can be measured what was taken.
const PAUSE_LEAST_US: u64 = 10_000;

/// The longest pause for the answers of what was on its way.
const PAUSE_MOST_US: u64 = 1_000_000;

/// Pauses of a far end that takes nothing: they double from the first to the longest.
const BLOCKED_FIRST_US: u64 = 100_000;
const BLOCKED_LONGEST_US: u64 = 5_000_000;

/// The load that a far end with congestion_state is kept at: 80 to 90 is its best (SMPP 5.0 §4.8.4.18).
const LOAD_LOW: u8 = 80;
const LOAD_HIGH: u8 = 90;
const LOAD_BEST: f64 = 85.0;

/// The most that one word about the load changes, and how long it keeps the pace from being probed.
const LOAD_STEP: f64 = 1.25;
const LOAD_HOLDS_US: u64 = 1_000_000;

/// What a refusal for too much meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttle {
    /// Nothing new: it was on its way before the pace fell, or stands alone.
    Known,
    /// The pace falls.
    Slower,
    /// Nothing was taken since the last pause: so many pauses in a row.
    Blocked(u32),
}

/// The learned pace of one gateway.
#[derive(Debug)]
pub struct Congestion {
    phase: Phase,
    /// Without a rate while there is no pace to keep.
    limiter: Limiter,
    /// The pace at the end of the last pause.
    settled: f64,
    /// Nothing goes before.
    paused_until_us: u64,
    /// A pause whose end sets the pace.
    pausing: bool,
    /// Pauses in a row with nothing taken between them.
    blocked: u32,
    /// Taken since the last pause.
    taken: u32,
    /// Answers since the last refusal for too much.
    since_refusal: u32,
    /// Whether this pace was what held messages back in this step, and since when the step runs.
    bound: bool,
    step_us: u64,
    measure: Measure,
    accidents: Accidents,
    recent: Recent,
    /// Until then the far end's own word about its load decides, not probing.
    told_until_us: u64,
    next_word_us: u64,
    round_trip_us: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// No pace is kept.
    Free,
    /// Searching upwards.
    Start,
    /// Around a measured limit; probed upwards for so long.
    Known { limit: f64, probed_s: f64 },
}

impl Congestion {
    /// Of a gateway of which nothing is known; `limited` where its limit is configured, so that there is
    /// nothing to search for until it refuses all the same.
    pub fn new(now_us: u64, limited: bool) -> Self {
        let phase = if limited { Phase::Free } else { Phase::Start };
        let rate = (!limited).then_some(START);
        let mut limiter = Limiter::with_burst(rate, BURST_S, SLACK_US);
        limiter.start_charged(now_us, 0);
        Self {
            phase,
            limiter,
            settled: f64::MAX,
            paused_until_us: 0,
            pausing: false,
            blocked: 0,
            taken: 0,
            since_refusal: ALONE,
            bound: false,
            step_us: now_us,
            measure: Measure::default(),
            accidents: Accidents::default(),
            recent: Recent::default(),
            told_until_us: 0,
            next_word_us: 0,
            round_trip_us: 0,
        }
    }

    /// Units per second that the far end was found to take, once it has refused some for being too many.
    pub fn learned(&self) -> Option<f64> {
        matches!(self.phase, Phase::Known { .. }).then(|| self.limiter.rate()).flatten()
    }

    /// Units per second at which it is being sent now, if any pace is kept.
    pub fn rate(&self) -> Option<f64> {
        self.limiter.rate()
    }

    /// Whether messages are held back after a refusal.
    pub fn paused(&self, now_us: u64) -> bool {
        now_us < self.paused_until_us
    }

    /// When the next unit may go: now, or later. To be asked when one waits.
    #[inline]
    pub fn ready_us(&mut self, now_us: u64) -> u64 {
        if self.phase == Phase::Free && !self.pausing {
            return now_us;
        }
        if now_us < self.paused_until_us {
            return self.paused_until_us;
        }
        if self.pausing {
            self.resume(now_us);
        }
        let ready_us = self.limiter.ready_us(now_us);
        self.bound |= ready_us > now_us;
        ready_us
    }

    /// A unit goes now, as [`Self::ready_us`] allowed.
    #[inline]
    pub fn take(&mut self, now_us: u64) {
        self.recent.count(now_us);
        self.limiter.take(now_us);
    }

    /// The far end had room for what was handed out then: it took it, or refused it for a reason of its own.
    #[inline]
    pub fn passed(&mut self, now_us: u64, handed_us: u64) {
        self.taken = self.taken.saturating_add(1);
        self.since_refusal = self.since_refusal.saturating_add(1);
        self.blocked = 0;
        self.accidents.passed();
        self.measure.passed(handed_us);
        self.round_trip_us = now_us.saturating_sub(handed_us);
        self.step(now_us, handed_us);
    }

    /// The far end had no room for what was handed out then.
    pub fn throttled(&mut self, now_us: u64, handed_us: u64) -> Throttle {
        let alone = std::mem::take(&mut self.since_refusal) >= ALONE;
        self.round_trip_us = now_us.saturating_sub(handed_us);
        self.measure.refused(handed_us);
        self.accidents.refused();
        if self.pausing || handed_us < self.paused_until_us {
            return Throttle::Known;
        }
        if self.accidents.usual(now_us) {
            return Throttle::Known;
        }
        if let Phase::Known { limit, .. } = self.phase {
            self.phase = Phase::Known { limit, probed_s: 0.0 };
        }
        if alone {
            return Throttle::Known;
        }
        let blocked = std::mem::take(&mut self.taken) == 0 && self.paused_until_us > 0;
        self.blocked = if blocked { self.blocked + 1 } else { 0 };
        self.measure.pause(handed_us, blocked);
        self.paused_until_us = now_us + self.pause_us();
        self.pausing = true;
        if blocked { Throttle::Blocked(self.blocked) } else { Throttle::Slower }
    }

    /// The far end tells its load in percent with a response (congestion_state, SMPP 5.0 §4.8.4.18): it is
    /// kept between 80 and 90.
    pub fn told(&mut self, now_us: u64, load: u8) {
        self.told_until_us = now_us + LOAD_HOLDS_US;
        if now_us < self.next_word_us || self.pausing {
            return;
        }
        let low = load < LOAD_LOW;
        if (LOAD_LOW..LOAD_HIGH).contains(&load) || (low && !(self.learned().is_some() && self.bound)) {
            return;
        }
        let factor = (LOAD_BEST / f64::from(load.max(1))).clamp(1.0 / LOAD_STEP, LOAD_STEP);
        let rate = match self.phase {
            Phase::Known { .. } => self.limiter.rate().unwrap_or(START),
            Phase::Free | Phase::Start => self.recent.rate(now_us),
        };
        self.settle(now_us, rate * factor, rate * factor);
        self.bound = false;
        // What it says next of messages that left before says nothing new.
        self.next_word_us = now_us + STEP_US.max(self.round_trip_us);
    }

    /// As long as the answers of what is on its way take; longer each time where nothing is taken at all.
    fn pause_us(&self) -> u64 {
        if self.blocked == 0 {
            return self.round_trip_us.clamp(PAUSE_LEAST_US, PAUSE_MOST_US);
        }
        (BLOCKED_FIRST_US << (self.blocked - 1).min(16)).min(BLOCKED_LONGEST_US)
    }

    /// A pause is over: by now it is known what was taken of what was on its way.
    fn resume(&mut self, now_us: u64) {
        self.pausing = false;
        let before = match self.phase {
            Phase::Free => self.recent.rate(self.paused_until_us),
            Phase::Start | Phase::Known { .. } => self.limiter.rate().unwrap_or(START),
        };
        let known = if let Phase::Known { limit, .. } = self.phase { Some(limit) } else { None };
        if let Some(pace) = self.accidents.fall(now_us, before, known) {
            self.measure = Measure::default();
            return self.settle(now_us, pace, pace);
        }
        if self.blocked > 0 {
            let limit = known.unwrap_or(before);
            return self.settle(now_us, limit, (before / 2.0).max(limit / 8.0));
        }
        match self.measure.take() {
            Some(taken) => {
                // Where it was sent less than that at first, it may have been able to take more then.
                let least =
                    if self.settled < taken.rate * SETTLED && !taken.exact { before * PASSED } else { 0.0 };
                let limit = taken.rate.max(least);
                self.settle(now_us, limit, limit * RESERVE);
            }
            None => {
                let share = self.measure.share_on_the_way().unwrap_or(FALLS_LEAST);
                self.settle(now_us, before * FALLS_LEAST, before * share.clamp(FALLS_MOST, FALLS_LEAST));
            }
        }
    }

    fn settle(&mut self, now_us: u64, limit: f64, rate: f64) {
        self.phase = Phase::Known { limit: limit.max(LEAST), probed_s: 0.0 };
        self.settled = rate.max(LEAST);
        self.limiter.set_rate(Some(self.settled));
        self.step_us = now_us;
        self.bound = false;
    }

    /// Goes up where the pace of this step was used, its messages are answered, and none was refused.
    fn step(&mut self, now_us: u64, handed_us: u64) {
        let round_trips_us = (2 * self.round_trip_us).min(LONG_STEP_US);
        let least_us = if self.phase == Phase::Start { START_STEP_US.max(round_trips_us) } else { STEP_US };
        if self.phase == Phase::Free
            || self.pausing
            || handed_us < self.step_us
            || now_us < self.step_us + least_us
        {
            return;
        }
        // An idle time before this step is none of it.
        let took_us = (now_us - self.step_us).min(least_us + 2 * self.round_trip_us);
        self.step_us = now_us;
        if !std::mem::take(&mut self.bound) {
            return;
        }
        let rate = self.limiter.rate().unwrap_or(FREE);
        let rate = match self.phase {
            Phase::Free => return,
            Phase::Start => rate * if took_us < LONG_STEP_US { 2.0 } else { 4.0 },
            Phase::Known { limit, .. } if rate < limit * BELOW => approach(rate, limit * BELOW),
            Phase::Known { .. } if now_us < self.told_until_us => return,
            Phase::Known { limit, probed_s } => self.probe(rate, limit, probed_s, took_us),
        };
        if rate >= FREE {
            self.phase = Phase::Free;
            self.limiter.set_rate(None);
        } else {
            self.limiter.set_rate(Some(rate));
        }
    }

    fn probe(&mut self, rate: f64, limit: f64, probed_s: f64, took_us: u64) -> f64 {
        let slow_s = PROBE_ROUND_TRIPS * self.round_trip_us as f64 / 1e6;
        let unit_s = (PROBE_UNITS / rate).max(slow_s).clamp(PROBE_LEAST_S, PROBE_MOST_S);
        let took_s = took_us as f64 / 1e6;
        self.phase = Phase::Known { limit, probed_s: probed_s + took_s };
        let growth = (PROBE * (probed_s / unit_s).exp2()).min(1.0);
        rate * (1.0 + growth * took_s / unit_s)
    }
}

/// Half of what is missing, at most twice what there is.
fn approach(rate: f64, goal: f64) -> f64 {
    let near = goal - rate < goal * 0.005;
    if near { goal } else { (2.0 * rate).min(rate + (goal - rate) / 2.0) }
}

#[cfg(test)]
mod tests;
