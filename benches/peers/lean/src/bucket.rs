//! A token bucket, as SMSCs limit an account with.

/// Lets `per_second` through, and `burst` at once.
#[derive(Debug)]
pub struct Bucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled_ns: u64,
}

impl Bucket {
    pub fn new(per_second: u32, burst: u32) -> Self {
        let burst = f64::from(burst.max(1));
        Self { per_second: f64::from(per_second), burst, tokens: burst, filled_ns: 0 }
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
