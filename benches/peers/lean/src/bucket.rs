//! A token bucket, as far ends limit an account with.

use crate::options::FarEnd;

/// Lets `per_second` through, and `burst` at once.
#[derive(Debug)]
pub struct Bucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled_ns: u64,
}

impl Bucket {
    /// What the command line asks for; `None` for no limit.
    pub fn of(far_end: &FarEnd) -> Option<Self> {
        let burst = f64::from(far_end.burst.max(1));
        let bucket = Self { per_second: f64::from(far_end.limit), burst, tokens: burst, filled_ns: 0 };
        (far_end.limit > 0).then_some(bucket)
    }

    pub fn take(&mut self, now_ns: u64) -> bool {
        let passed_s = now_ns.saturating_sub(self.filled_ns) as f64 / 1e9;
        self.tokens = (self.tokens + passed_s * self.per_second).min(self.burst);
        self.filled_ns = now_ns;
        let has = self.tokens >= 1.0;
        if has {
            self.tokens -= 1.0;
        }
        has
    }
}
