//! The limiter of a gateway: GCRA, without a clock, evenly paced, its quota changeable at run time.
//!
//! The generic cell rate algorithm keeps one number, the theoretical arrival time of the next unit.
//! In every window it lets through at most rate x window + burst (I4).

/// The burst as a share of a second: what lets a timer of a millisecond keep a rate exactly.
const BURST_S: f64 = 0.020;

/// The pace as a share of the burst: who has to wait, waits for all units of that time and sends them
/// together. Half of it, so that a timer may be late; each unit alone would cost a wake-up of the
/// sender, and of everybody that its answer passes.
const PACE: f64 = 0.5;

/// Nanoseconds in a microsecond: intervals are kept in nanoseconds, or a fast rate could not be.
const NS: u64 = 1_000;

/// Lets units through at a rate, or all of them where there is none.
#[derive(Debug, Clone)]
pub struct Limiter {
    rate: Option<f64>,
    burst_s: f64,
    slack_ns: u64,
    interval_ns: u64,
    /// How far the arrival time may lie ahead of now: (burst - 1) intervals.
    tolerance_ns: u64,
    /// How long after the next unit the last one of those lies that go together.
    pace_ns: u64,
    arrival_ns: u64,
}

impl Limiter {
    /// A limiter for `rate` units per second that starts with its whole burst. `None`: no limit.
    ///
    /// The caller has refused rates of 0 and below.
    pub fn new(rate: Option<f64>) -> Self {
        Self::with_burst(rate, BURST_S, 0)
    }

    /// The same, with another burst, as a share of a second; one unit at least. A unit that went late by
    /// up to `slack_us` does not make the next one late, so that a slow rate is kept too where a timer
    /// is coarse; two units may be nearer to each other by as much.
    pub fn with_burst(rate: Option<f64>, burst_s: f64, slack_us: u64) -> Self {
        let mut limiter = Self {
            rate: None,
            burst_s,
            slack_ns: slack_us * NS,
            interval_ns: 0,
            tolerance_ns: 0,
            pace_ns: 0,
            arrival_ns: 0,
        };
        limiter.set_rate(rate);
        limiter
    }

    /// Changes the quota; what was taken stays taken.
    pub fn set_rate(&mut self, rate: Option<f64>) {
        self.rate = rate;
        // Rounded up: a limit is never passed by rounding.
        self.interval_ns = rate.map_or(0, |rate| (1e9 / rate).ceil() as u64);
        let burst = rate.map_or(1.0, |rate| (rate * self.burst_s).floor().max(1.0));
        self.tolerance_ns = (self.interval_ns * (burst as u64 - 1)).max(self.slack_ns.min(self.interval_ns));
        let together = rate.map_or(1.0, |rate| (rate * self.burst_s * PACE).floor().max(1.0));
        self.pace_ns = self.interval_ns * (together as u64 - 1);
    }

    /// Units per second, if limited.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Units that may go at one moment after a rest.
    pub fn burst(&self) -> u64 {
        self.tolerance_ns.checked_div(self.interval_ns).map_or(1, |extra| extra + 1)
    }

    /// Takes one unit if it may go now.
    pub fn take(&mut self, now_us: u64) -> bool {
        if self.interval_ns == 0 {
            return true;
        }
        let now_ns = now_us * NS;
        if self.arrival_ns > now_ns + self.tolerance_ns {
            return false;
        }
        self.arrival_ns = self.arrival_ns.max(now_ns) + self.interval_ns;
        true
    }

    /// When the next unit may go: now, or later.
    pub fn ready_us(&self, now_us: u64) -> u64 {
        let at_ns = self.arrival_ns.saturating_sub(self.tolerance_ns);
        now_us.max(at_ns.div_ceil(NS))
    }

    /// When somebody who has to wait is to try again: at most half of the burst after the next unit may go.
    pub fn pace_us(&self, now_us: u64) -> u64 {
        let at_ns = (self.arrival_ns + self.pace_ns).saturating_sub(self.tolerance_ns);
        now_us.max(at_ns.div_ceil(NS))
    }

    /// Starts after a restart: `units` may have gone just before, and there is no burst. The unit
    /// that went last before it may have gone this moment.
    pub fn start_charged(&mut self, now_us: u64, units: u64) {
        let charged = now_us * NS + self.tolerance_ns + (units + 1) * self.interval_ns;
        self.arrival_ns = self.arrival_ns.max(charged);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sends as fast as the limiter allows, polled at the given steps; gives the times.
    fn times(limiter: &mut Limiter, from_us: u64, steps: &[u64]) -> Vec<u64> {
        let mut now = from_us;
        let mut sent = Vec::new();
        for step in steps {
            now += step;
            while limiter.take(now) {
                sent.push(now);
            }
        }
        sent
    }

    fn assert_never_over(sent: &[u64], rate: f64, burst: u64) {
        for (i, start) in sent.iter().enumerate() {
            for (count, end) in sent[i..].iter().enumerate() {
                let allowed = rate * (end - start) as f64 / 1e6 + burst as f64;
                assert!(count as f64 + 1.0 <= allowed + 1e-6, "{count} in {} us", end - start);
            }
        }
    }

    proptest! {
        #[test]
        fn no_window_is_over_quota(
            rate in 1.0f64..3_000.0,
            steps in prop::collection::vec(0u64..40_000, 1..60),
        ) {
            let mut limiter = Limiter::new(Some(rate));
            let sent = times(&mut limiter, 1_000_000, &steps);
            assert_never_over(&sent, rate, limiter.burst());
        }

        #[test]
        fn no_window_over_a_restart_is_over_quota(
            rate in 1.0f64..2_000.0,
            before in prop::collection::vec(0u64..20_000, 1..30),
            after in prop::collection::vec(0u64..20_000, 1..30),
        ) {
            let mut limiter = Limiter::new(Some(rate));
            let burst = limiter.burst();
            let mut sent = times(&mut limiter, 0, &before);
            let crash_us: u64 = before.iter().sum();
            let mut fresh = Limiter::new(Some(rate));
            fresh.start_charged(crash_us, 0);
            sent.extend(times(&mut fresh, crash_us, &after));
            assert_never_over(&sent, rate, burst);
        }

        #[test]
        fn it_waits_no_longer_than_it_must(rate in 1.0f64..100_000.0, n in 1usize..500) {
            let mut limiter = Limiter::new(Some(rate));
            let mut now = 5;
            for _ in 0..n {
                let at = limiter.ready_us(now);
                prop_assert!(at == now || !limiter.clone().take(at - 1));
                now = at;
                prop_assert!(limiter.take(now));
            }
            let least_us = (n as u64).saturating_sub(limiter.burst()) as f64 * 1e6 / rate;
            prop_assert!((now as f64) < least_us * 1.001 + n as f64 * 0.002 + 10.0);
        }
    }

    #[test]
    fn who_waits_loses_nothing_and_is_woken_rarely() {
        for rate in [3.0, 500.0, 700.0, 12_345.0, 400_000.0] {
            let mut limiter = Limiter::new(Some(rate));
            let (mut now, mut sent, mut wakes) = (1_000_000, 0u64, 0u64);
            while now < 61_000_000 {
                while limiter.take(now) {
                    sent += 1;
                }
                // A timer that is late by up to 10 ms.
                now = limiter.pace_us(now) + wakes * 7 % 10_000;
                wakes += 1;
            }
            let share = sent as f64 / (rate * 60.0);
            assert!((0.99..1.02).contains(&share), "{share} of {rate} per second");
            assert!(wakes <= 60 * 101, "{wakes} at {rate} per second");
        }
    }

    #[test]
    fn a_new_quota_holds_from_now_on() {
        let mut limiter = Limiter::new(Some(1_000.0));
        assert_eq!(limiter.burst(), 20);
        let sent = times(&mut limiter, 0, &[1_000; 1_000]);
        assert_eq!(sent.len(), 1_019);
        limiter.set_rate(Some(100.0));
        let sent = times(&mut limiter, 1_000_000, &[1_000; 1_000]);
        assert!((98..=101).contains(&sent.len()), "{}", sent.len());
    }

    #[test]
    fn without_a_rate_everything_goes() {
        let mut limiter = Limiter::new(None);
        assert!((0..1_000_000).all(|_| limiter.take(7)));
    }
}
