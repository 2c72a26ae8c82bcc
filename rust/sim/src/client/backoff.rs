//! When to connect again: at once after a working session, then ever more slowly, never in step.

/// Wait before the second try; it doubles up to the configured longest.
const FIRST_US: u64 = 250_000;

/// Wait after a refusal that another try will not change, such as a wrong password: accounts get
/// locked by those who hammer.
const FATAL_US: u64 = 60_000_000;

/// The waits between tries to connect.
#[derive(Debug, Clone)]
pub struct Backoff {
    max_us: u64,
    tries: u32,
    random: u64,
}

impl Backoff {
    /// `seed` makes sessions that lose their far end together come back one by one.
    pub fn new(max_us: u64, seed: u64) -> Self {
        Self { max_us: max_us.max(1), tries: 0, random: seed | 1 }
    }

    /// The session has shown that the far end works: the next loss is followed by a try at once.
    pub fn worked(&mut self) {
        self.tries = 0;
    }

    /// How long to wait now.
    pub fn wait_us(&mut self) -> u64 {
        self.tries += 1;
        if self.tries == 1 {
            return 0;
        }
        let doublings = (self.tries - 2).min(40);
        self.jittered(FIRST_US.saturating_mul(1 << doublings).min(self.max_us))
    }

    /// How long to wait after a refusal for good.
    pub fn fatal_us(&mut self) -> u64 {
        self.tries = self.tries.max(1) + 1;
        self.jittered(2 * FATAL_US)
    }

    /// Between half of `wait_us` and all of it.
    fn jittered(&mut self, wait_us: u64) -> u64 {
        // xorshift64: enough to spread, and nobody gains by guessing it.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        wait_us - self.random % (wait_us / 2 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_once_then_doubling_up_to_the_longest_with_jitter() {
        let mut backoff = Backoff::new(1_000_000, 7);
        assert_eq!(backoff.wait_us(), 0);
        for longest in [250_000, 500_000, 1_000_000, 1_000_000] {
            let wait = backoff.wait_us();
            assert!((longest / 2..=longest).contains(&wait), "{wait} of {longest}");
        }
        backoff.worked();
        assert_eq!(backoff.wait_us(), 0);
    }

    #[test]
    fn a_wrong_password_is_not_hammered() {
        let mut backoff = Backoff::new(1_000_000, 9);
        assert!(backoff.fatal_us() >= FATAL_US);
        assert!(backoff.wait_us() > 0);
    }

    #[test]
    fn two_sessions_do_not_come_back_together() {
        let waits = |seed| {
            let mut backoff = Backoff::new(60_000_000, seed);
            (0..8).map(|_| backoff.wait_us()).collect::<Vec<_>>()
        };
        assert_ne!(waits(1), waits(3));
    }
}
