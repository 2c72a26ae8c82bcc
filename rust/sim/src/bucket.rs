//! How a far end limits its callers: a bucket that fills at a rate and is emptied message by message.

/// The most requests a far end takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// The rate at which the bucket fills.
    pub per_second: f64,
    /// What it holds: so many are taken at once after a silence.
    pub burst: u32,
}

impl Limit {
    /// A limit with the usual burst: a tenth of a second's worth, at least one.
    pub fn per_second(per_second: f64) -> Self {
        Self { per_second, burst: (per_second / 10.0).ceil().max(1.0) as u32 }
    }
}

/// A token bucket, full at the start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bucket {
    /// `None` until first asked.
    filled: Option<(u64, f64)>,
    /// What came of late, faded to the time it was last counted.
    came: (u64, f64),
}

/// After so long, what came counts for a third of what comes now.
const FADE_S: f64 = 0.1;

impl Bucket {
    /// Something came, whether or not it is taken.
    #[inline]
    pub(crate) fn count(&mut self, now_us: u64) {
        self.came = (now_us, self.came(now_us) + 1.0);
    }

    /// The load in percent, at most 100: what came of late by what may come.
    pub(crate) fn load(&self, now_us: u64, limit: Limit) -> u8 {
        (100.0 * self.came(now_us) / FADE_S / limit.per_second).min(100.0) as u8
    }

    fn came(&self, now_us: u64) -> f64 {
        let (since_us, count) = self.came;
        count * (-(now_us.saturating_sub(since_us) as f64) / 1e6 / FADE_S).exp()
    }

    /// Takes a token, if there is one. A lower burst than before empties the bucket down to it.
    #[inline]
    pub(crate) fn take(&mut self, now_us: u64, limit: Limit) -> bool {
        let full = f64::from(limit.burst.max(1));
        let (since_us, tokens) = self.filled.unwrap_or((now_us, full));
        let passed_s = now_us.saturating_sub(since_us) as f64 / 1e6;
        let tokens = (tokens + passed_s * limit.per_second).min(full);
        let taken = tokens >= 1.0;
        self.filled = Some((now_us.max(since_us), if taken { tokens - 1.0 } else { tokens }));
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_burst_then_the_rate() {
        let limit = Limit { per_second: 100.0, burst: 5 };
        let mut bucket = Bucket::default();
        let taken = (0..50).filter(|_| bucket.take(1_000, limit)).count();
        assert_eq!(taken, 5);
        let taken = (1..=1_000).filter(|ms| bucket.take(1_000 + ms * 1_000, limit)).count();
        assert!((99..=100).contains(&taken), "{taken}");
    }

    #[test]
    fn the_usual_burst_is_a_tenth_of_a_second() {
        assert_eq!(Limit::per_second(500.0).burst, 50);
        assert_eq!(Limit::per_second(0.5).burst, 1);
    }

    proptest! {
        #[test]
        fn never_more_than_rate_and_burst(
            gaps_us in proptest::collection::vec(0u64..20_000, 1..400),
            rate in 1u32..5_000,
            burst in 1u32..50,
        ) {
            let limit = Limit { per_second: f64::from(rate), burst };
            let mut bucket = Bucket::default();
            let mut now_us = 0;
            let mut taken = 0u32;
            for gap_us in gaps_us {
                now_us += gap_us;
                taken += u32::from(bucket.take(now_us, limit));
            }
            let allowed = f64::from(burst) + now_us as f64 / 1e6 * f64::from(rate);
            prop_assert!(f64::from(taken) <= allowed + 1e-6);
        }
    }
}
