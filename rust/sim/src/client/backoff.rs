//! When to connect again: at once after a working session, then ever more slowly, never in step.

/// Least wait after the first try: whoever restarts is found soon, and a port that nobody listens at
/// is not hammered.
const LEAST_US: u64 = 100_000;

/// A wait is this part of the outage so far. However long a far end was away, it is found before the
/// outage has grown by an eighth; and an outage of an hour costs some hundred tries.
const PART: u64 = 8;

/// Wait after a refusal that another try will not change, such as a wrong password: accounts get
/// locked by those who hammer.
const FATAL_US: u64 = 60_000_000;

/// A session that lived this long has shown that its far end works, even if nothing was sent.
pub const WORKED_US: u64 = 5_000_000;

/// The waits between tries to connect.
#[derive(Debug, Clone)]
pub struct Backoff {
    max_us: u64,
    /// When the session was lost that had worked.
    since_us: Option<u64>,
    random: u64,
}

impl Backoff {
    /// `seed` makes sessions that lose their far end together come back one by one.
    pub fn new(max_us: u64, seed: u64) -> Self {
        Self { max_us: max_us.max(1), since_us: None, random: seed | 1 }
    }

    /// The session has shown that the far end works: the next loss is followed by a try at once.
    pub fn worked(&mut self) {
        self.since_us = None;
    }

    /// How long to wait after a loss or a try that failed now.
    pub fn wait_us(&mut self, now_us: u64) -> u64 {
        let Some(since_us) = self.since_us else {
            self.since_us = Some(now_us);
            return 0;
        };
        let outage_us = now_us.saturating_sub(since_us);
        self.jittered((outage_us / PART).max(LEAST_US).min(self.max_us))
    }

    /// How long to wait after a refusal for good.
    pub fn fatal_us(&mut self, now_us: u64) -> u64 {
        self.since_us.get_or_insert(now_us);
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

    const SECOND_US: u64 = 1_000_000;

    /// When it tries, if every try fails at once.
    fn tries(max_us: u64, seed: u64, until_us: u64) -> Vec<u64> {
        let mut backoff = Backoff::new(max_us, seed);
        let mut now_us = 5 * SECOND_US;
        let begin_us = now_us;
        let mut tries = Vec::new();
        while now_us < begin_us + until_us {
            now_us += backoff.wait_us(now_us);
            tries.push(now_us - begin_us);
        }
        tries
    }

    #[test]
    fn at_once_and_then_before_the_outage_has_grown_by_an_eighth() {
        let tries = tries(30 * SECOND_US, 7, 3_600 * SECOND_US);
        assert_eq!(tries[0], 0);
        for pair in tries.windows(2) {
            let (outage_us, wait_us) = (pair[0], pair[1] - pair[0]);
            let longest_us = (outage_us / 8).clamp(LEAST_US, 30 * SECOND_US);
            assert!((longest_us / 2..=longest_us).contains(&wait_us), "{wait_us} after {outage_us}");
        }
        assert!(tries.len() < 300, "{} tries in an hour", tries.len());
    }

    #[test]
    fn never_longer_than_configured_and_at_once_again_after_a_working_session() {
        let mut backoff = Backoff::new(50_000, 9);
        assert_eq!(backoff.wait_us(0), 0);
        assert!((25_000..=50_000).contains(&backoff.wait_us(3_600 * SECOND_US)));
        backoff.worked();
        assert_eq!(backoff.wait_us(3_601 * SECOND_US), 0);
    }

    #[test]
    fn a_wrong_password_is_not_hammered() {
        let mut backoff = Backoff::new(SECOND_US, 9);
        assert!(backoff.fatal_us(0) >= FATAL_US);
        assert!(backoff.wait_us(1) > 0);
    }

    #[test]
    fn two_sessions_do_not_come_back_together() {
        assert_ne!(tries(60 * SECOND_US, 1, SECOND_US), tries(60 * SECOND_US, 3, SECOND_US));
    }
}
