//! The learned pace against token buckets, in virtual time.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const MS: u64 = 1_000;
const SECOND: u64 = 1_000_000;

/// A far end with a bucket of tokens, behind a window and a round trip.
struct FarEnd {
    congestion: Congestion,
    limiter: Limiter,
    now_us: u64,
    limit: f64,
    burst: f64,
    tokens: f64,
    filled_us: u64,
    window: usize,
    round_trip_us: u64,
    /// How late the loop wakes at most.
    late_us: u64,
    seed: u64,
    /// Refused for no reason.
    accidents_percent: u64,
    flying: VecDeque<(u64, bool)>,
    taken: u64,
    throttled: u64,
    slower: u64,
}

impl FarEnd {
    fn new(limit: f64, burst: f64, window: usize, round_trip_us: u64) -> Self {
        Self {
            congestion: Congestion::new(SECOND, false),
            limiter: Limiter::new(None),
            now_us: SECOND,
            limit,
            burst,
            tokens: burst,
            filled_us: SECOND,
            window,
            round_trip_us,
            late_us: MS,
            seed: 1,
            accidents_percent: 0,
            flying: VecDeque::new(),
            taken: 0,
            throttled: 0,
            slower: 0,
        }
    }

    fn chance(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % below.max(1)
    }

    fn arrives(&mut self) -> bool {
        let passed_s = (self.now_us - self.filled_us) as f64 / 1e6;
        self.filled_us = self.now_us;
        self.tokens = (self.tokens + passed_s * self.limit).min(self.burst.max(1.0));
        let taken = self.tokens >= 1.0 && self.chance(100) >= self.accidents_percent;
        self.tokens -= f64::from(u8::from(taken));
        taken
    }

    /// Sends as much as goes for a span; gives what was taken and what was throttled in it.
    fn run(&mut self, span_us: u64) -> (u64, u64) {
        let (end_us, before) = (self.now_us + span_us, (self.taken, self.throttled));
        while self.now_us < end_us {
            self.pass();
        }
        (self.taken - before.0, self.throttled - before.1)
    }

    fn pass(&mut self) {
        while let Some((handed_us, taken)) = self.flying.front().copied()
            && handed_us + self.round_trip_us <= self.now_us
        {
            self.flying.pop_front();
            if taken {
                self.congestion.passed(self.now_us, handed_us);
            } else if self.congestion.throttled(self.now_us, handed_us) != Throttle::Known {
                self.slower += 1;
            }
        }
        let mut next_us = self.now_us + SECOND;
        while self.flying.len() < self.window {
            let ready_us = self.congestion.ready_us(self.now_us).max(self.limiter.ready_us(self.now_us));
            if ready_us > self.now_us {
                next_us = ready_us;
                break;
            }
            self.congestion.take(self.now_us);
            self.limiter.take(self.now_us);
            let taken = self.arrives();
            self.taken += u64::from(taken);
            self.throttled += u64::from(!taken);
            self.flying.push_back((self.now_us, taken));
        }
        let answer_us = self.flying.front().map_or(u64::MAX, |(handed_us, _)| handed_us + self.round_trip_us);
        let late_us = self.chance(self.late_us);
        self.now_us = next_us.min(answer_us).max(self.now_us + 1) + late_us;
    }
}

/// Used share of the limit and throttled share of what was sent, in percent.
fn shares(far: &mut FarEnd, limit: f64, span_us: u64) -> (f64, f64) {
    let (taken, throttled) = far.run(span_us);
    let used = 100.0 * taken as f64 / (limit * span_us as f64 / 1e6);
    (used, 100.0 * throttled as f64 / (taken + throttled).max(1) as f64)
}

#[test]
fn an_unknown_limit_is_used_and_hardly_passed() {
    for (round_trip_us, late_us) in
        [(200, 1), (200, 2 * MS), (MS, MS), (5 * MS, MS), (20 * MS, MS), (50 * MS, MS)]
    {
        let mut far = FarEnd { late_us, ..FarEnd::new(1_000.0, 100.0, 100, round_trip_us) };
        let (_, throttled) = shares(&mut far, 1_000.0, 10 * SECOND);
        assert!(throttled < 1.0, "{throttled} % of ten seconds throttled at {round_trip_us} us");
        for _ in 0..20 {
            let (used, throttled) = shares(&mut far, 1_000.0, SECOND);
            assert!(used >= 90.0, "{used} % used at {round_trip_us} us");
            assert!(throttled < 3.0, "{throttled} % of a second throttled at {round_trip_us} us");
        }
    }
}

#[test]
fn five_seconds_are_enough() {
    for round_trip_us in [200, 5 * MS, 50 * MS] {
        let mut far = FarEnd::new(1_000.0, 100.0, 100, round_trip_us);
        far.run(5 * SECOND);
        let (used, _) = shares(&mut far, 1_000.0, SECOND);
        assert!(used >= 95.0, "{used} % used after five seconds at {round_trip_us} us");
    }
}

#[test]
fn limits_of_any_size_are_found() {
    for (limit, burst, least) in [
        (5.0, 1.0, 60.0),
        (20.0, 2.0, 65.0),
        (100.0, 10.0, 65.0),
        (300.0, 30.0, 80.0),
        (1_000.0, 10.0, 90.0),
        (1_000.0, 1_000.0, 90.0),
        (10_000.0, 1_000.0, 90.0),
        (50_000.0, 5_000.0, 90.0),
    ] {
        for round_trip_us in [200, 2 * MS] {
            let mut far = FarEnd::new(limit, burst, 1_000, round_trip_us);
            far.run(10 * SECOND);
            let (used, throttled) = shares(&mut far, limit, 20 * SECOND);
            assert!(used >= least, "{used} % of {limit}/s used");
            assert!(throttled < 1.5, "{throttled} % throttled at {limit}/s");
        }
    }
}

#[test]
fn a_limit_that_falls_is_followed_at_once() {
    for round_trip_us in [200, 20 * MS] {
        let mut far = FarEnd::new(1_000.0, 100.0, 100, round_trip_us);
        far.run(10 * SECOND);
        (far.limit, far.burst) = (300.0, 30.0);
        let (_, throttled) = far.run(2 * SECOND);
        assert!(throttled < 100, "{throttled} throttled");
        let (used, throttled) = shares(&mut far, 300.0, 10 * SECOND);
        assert!(used > 85.0 && throttled < 1.5, "{used} % used, {throttled} % throttled");
    }
}

#[test]
fn a_limit_that_rises_is_found_and_one_that_ends_is_forgotten() {
    let mut far = FarEnd { late_us: 1, ..FarEnd::new(300.0, 30.0, 1_000, 500) };
    far.run(10 * SECOND);
    assert!(far.congestion.learned().is_some_and(|rate| rate < 400.0));
    (far.limit, far.burst) = (2_000.0, 200.0);
    far.run(20 * SECOND);
    let (used, throttled) = shares(&mut far, 2_000.0, 10 * SECOND);
    assert!(used >= 90.0 && throttled < 1.0, "{used} % used, {throttled} % throttled");
    (far.limit, far.burst) = (1e9, 1e9);
    far.run(30 * SECOND);
    assert_eq!(far.congestion.learned(), None);
    assert_eq!(far.congestion.rate(), None);
}

#[test]
fn a_far_end_without_a_limit_is_soon_sent_all_it_takes() {
    let mut far = FarEnd::new(1e9, 1e9, 100, 200);
    far.run(100 * MS);
    assert_eq!(far.congestion.rate(), None);
    // And over a long way its window is soon full: 98 % of window by round trip in ten seconds.
    let mut far = FarEnd::new(1e9, 1e9, 1_000, 50 * MS);
    let (taken, _) = far.run(10 * SECOND);
    assert!(taken as f64 > 0.97 * 200_000.0, "{taken}");
}

#[test]
fn a_configured_limit_needs_no_search_and_stays_the_bound() {
    let mut far = FarEnd::new(1_000.0, 100.0, 100, MS);
    far.congestion = Congestion::new(far.now_us, true);
    far.limiter = Limiter::new(Some(500.0));
    let (taken, throttled) = far.run(10 * SECOND);
    assert!((4_950..=5_010).contains(&taken), "{taken}");
    assert_eq!((throttled, far.congestion.rate()), (0, None));
    // The far end takes less than was agreed.
    (far.limit, far.burst) = (200.0, 20.0);
    far.run(5 * SECOND);
    let (used, throttled) = shares(&mut far, 200.0, 10 * SECOND);
    assert!(used > 85.0 && throttled < 1.5, "{used} % used, {throttled} % throttled");
    // And more: no more is sent than was agreed.
    (far.limit, far.burst) = (1e9, 1e9);
    far.run(20 * SECOND);
    let (taken, _) = far.run(10 * SECOND);
    assert!((4_900..=5_010).contains(&taken), "{taken}");
}

#[test]
fn a_window_of_refusals_counts_once() {
    let mut congestion = Congestion::new(0, true);
    for at in 0..100 {
        assert_eq!(congestion.ready_us(at), at);
        congestion.take(at);
    }
    let verdicts: Vec<_> = (0..100).map(|at| congestion.throttled(1_000 + at, at)).collect();
    assert_eq!(verdicts[0], Throttle::Known, "one alone is an accident");
    assert_eq!(verdicts[1], Throttle::Slower);
    assert!(verdicts[2..].iter().all(|verdict| *verdict == Throttle::Known));
}

#[test]
fn one_refusal_alone_changes_nothing() {
    let mut congestion = Congestion::new(0, true);
    let mut now_us = 0;
    for count in 0..10_000 {
        now_us = congestion.ready_us(now_us);
        congestion.take(now_us);
        let handed_us = now_us;
        now_us += 100;
        if count % 300 == 299 {
            assert_eq!(congestion.throttled(now_us, handed_us), Throttle::Known);
        } else {
            congestion.passed(now_us, handed_us);
        }
    }
    assert_eq!((congestion.rate(), congestion.paused(now_us)), (None, false));
}

#[test]
fn a_far_end_that_takes_nothing_is_asked_ever_more_rarely_and_comes_back() {
    let mut far = FarEnd::new(1_000.0, 100.0, 100, MS);
    far.run(10 * SECOND);
    (far.limit, far.burst, far.tokens) = (0.0, 0.0, 0.0);
    let mut blocked = 0;
    let (taken, throttled) = far.run(60 * SECOND);
    blocked = blocked.max(far.congestion.blocked);
    // One token at most was left.
    assert!(taken <= 1 && (10..150).contains(&throttled), "{taken} {throttled}");
    assert!(blocked >= 10, "{blocked}");
    (far.limit, far.burst) = (1_000.0, 100.0);
    far.run(10 * SECOND);
    let (used, _) = shares(&mut far, 1_000.0, 5 * SECOND);
    assert!(used >= 90.0, "{used}");
}

#[test]
fn refusals_that_the_pace_does_not_change_do_not_slow_it_down_for_ever() {
    for share in [2, 4, 10] {
        let mut far = FarEnd::new(1e9, 1e9, 20, 20 * MS);
        far.accidents_percent = share;
        far.run(10 * SECOND);
        let (taken, throttled) = far.run(30 * SECOND);
        assert!(taken > 9_000, "{taken} taken, {throttled} refused at {share} %");
    }
}

/// A far end whose load is what it is sent, by what it bears.
fn loaded(congestion: &mut Congestion, now_us: &mut u64, bears: f64, span_us: u64) -> f64 {
    let (end_us, round_trip_us) = (*now_us + span_us, 10 * MS);
    let mut flying = VecDeque::new();
    let (mut sent, mut load) = (0u64, 0.0f64);
    while *now_us < end_us {
        while flying.front().is_some_and(|handed_us| handed_us + round_trip_us <= *now_us) {
            let handed_us = flying.pop_front().unwrap_or(0);
            congestion.told(*now_us, load.min(100.0) as u8);
            congestion.passed(*now_us, handed_us);
        }
        let mut batch = 0.0;
        while flying.len() < 1_000 && congestion.ready_us(*now_us) <= *now_us {
            congestion.take(*now_us);
            flying.push_back(*now_us);
            sent += 1;
            batch += 1.0;
        }
        // Its load follows over some fifty milliseconds.
        load += (100.0 * batch * 1e6 / MS as f64 / bears - load) * 0.02;
        *now_us += MS;
    }
    sent as f64 * 1e6 / span_us as f64
}

#[test]
fn a_far_end_that_tells_its_load_is_kept_at_its_best() {
    let (mut congestion, mut now_us) = (Congestion::new(SECOND, false), SECOND);
    for bears in [1_000.0, 4_000.0, 700.0] {
        loaded(&mut congestion, &mut now_us, bears, 10 * SECOND);
        let rate = loaded(&mut congestion, &mut now_us, bears, 5 * SECOND);
        assert!((0.78 * bears..0.92 * bears).contains(&rate), "{rate}/s where {bears}/s is its all");
    }
}

proptest! {
    /// Whatever a far end answers: a pace is above its least, a pause ends, and nothing goes during it.
    #[test]
    fn any_answers_leave_a_pace_that_sends(
        limited: bool,
        steps in prop::collection::vec((0u64..200_000, 0u8..5, 0u8..=255), 1..400),
    ) {
        let mut congestion = Congestion::new(0, limited);
        let (mut now_us, mut handed): (u64, Vec<u64>) = (0, Vec::new());
        for (passed_us, what, load) in steps {
            now_us += passed_us;
            let ready_us = congestion.ready_us(now_us);
            prop_assert!(ready_us <= now_us + BLOCKED_LONGEST_US + SECOND, "{ready_us}");
            if ready_us == now_us {
                prop_assert!(!congestion.paused(now_us));
                congestion.take(now_us);
                handed.push(now_us);
            }
            match (what, handed.pop()) {
                (0 | 1, Some(at)) => congestion.passed(now_us, at),
                (2 | 3, Some(at)) => drop(congestion.throttled(now_us, at)),
                (_, at) => {
                    handed.extend(at);
                    congestion.told(now_us, load);
                }
            }
            if let Some(rate) = congestion.rate() {
                prop_assert!((LEAST..FREE).contains(&rate), "{rate}");
            }
        }
    }

    /// Any limit with any burst and way is used in the end, and hardly passed.
    #[test]
    fn any_bucket_is_used_and_hardly_passed(
        limit in 200.0f64..20_000.0, burst in 0.02f64..0.5, round_trip_us in 100u64..30_000, seed: u64,
    ) {
        let mut far = FarEnd::new(limit, limit * burst, 1_000, round_trip_us);
        far.seed = seed;
        far.run(20 * SECOND);
        let (used, throttled) = shares(&mut far, limit, 20 * SECOND);
        prop_assert!(used >= 80.0, "{used} % used");
        prop_assert!(throttled < 1.0, "{throttled} % throttled");
    }
}

/// The first refusals of a burst that is far passed are no accidents, however often the pace falls.
#[test]
fn a_search_that_goes_far_beyond_comes_back() {
    let limit = 309.2;
    let mut far = FarEnd { seed: 7_853_713_277_721_415_484, ..FarEnd::new(limit, limit * 0.229, 1_000, 135) };
    far.run(5 * SECOND);
    let (used, throttled) = shares(&mut far, limit, 10 * SECOND);
    assert!(used >= 90.0 && throttled < 1.0, "{used} % used, {throttled} % throttled");
}
