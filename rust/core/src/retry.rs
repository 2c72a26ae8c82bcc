//! What follows an attempt that did not succeed: try again when, or give up.

/// Times an uncertain attempt may be followed by another under the policy `resend`.
pub const RESENDS: u8 = 3;

/// Share of a back-off by which it is spread, so that a thousand refused do not return as one.
const SPREAD: u64 = 5;

/// A gateway's retry rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryRules {
    /// Attempts in all, the first included; `None`: until the campaign expires. The number of an
    /// attempt stops at 255, their count does not.
    pub attempts: Option<u8>,
    /// Wait before the second attempt.
    pub first_us: u64,
    /// Longest wait.
    pub max_us: u64,
}

impl Default for RetryRules {
    fn default() -> Self {
        Self { attempts: Some(3), first_us: 5_000_000, max_us: 300_000_000 }
    }
}

impl RetryRules {
    /// What a mail relay gets: until the campaign expires (RFC 5321 §4.5.4.1 asks to go on, and an alert
    /// is worth nothing after its expiry), first after the half minute that most greylisting outlasts in
    /// two tries, at most a quarter of an hour apart.
    pub const UNTIL_EXPIRY: RetryRules =
        RetryRules { attempts: None, first_us: 30_000_000, max_us: 900_000_000 };

    /// How long to wait after the failure of `attempt` (from 1 on), or `None` to give up. The wait
    /// doubles; `salt` spreads it by up to a fifth, the same way every time.
    pub fn wait_us(&self, attempt: u8, salt: u64) -> Option<u64> {
        if self.attempts.is_some_and(|attempts| attempt >= attempts) {
            return None;
        }
        let doublings = u32::from(attempt.saturating_sub(1)).min(32);
        let wait = self.first_us.saturating_mul(1 << doublings).min(self.max_us);
        let spread = wait / SPREAD;
        let mixed = (salt ^ u64::from(attempt)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        Some(wait + if spread == 0 { 0 } else { mixed % spread })
    }
}

/// What a far end's refusal means for the message and its gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The gateway is asked for too much: it pauses, the message returns to the head unburnt.
    Throttled,
    /// Refused for now: try this message again later.
    ForNow,
    /// Refused for good.
    ForGood,
    /// The far end refuses us, not the person (a sender or an account that it does not take): nobody is
    /// failed, no attempt is burnt, and the gateway is given nothing for a while.
    Gateway,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let rules = RetryRules { attempts: Some(5), first_us: 1_000_000, max_us: 3_000_000 };
        let waits: Vec<u64> = (1..5).map(|n| rules.wait_us(n, 7).unwrap() / 1_000_000).collect();
        assert_eq!(waits, [1, 2, 3, 3]);
        assert_eq!(rules.wait_us(5, 7), None);
        assert_eq!(rules.wait_us(255, 7), None);
    }

    #[test]
    fn without_a_number_it_never_gives_up() {
        let waits: Vec<u64> = (1..=255)
            .filter_map(|n| RetryRules::UNTIL_EXPIRY.wait_us(n, 7))
            .map(|us| us / 1_000_000)
            .collect();
        assert_eq!(waits.len(), 255);
        assert!(waits.iter().all(|s| (30..=1_080).contains(s)) && waits[254] >= 900, "{waits:?}");
    }

    #[test]
    fn equal_failures_do_not_return_as_one() {
        let rules = RetryRules::default();
        let waits: std::collections::BTreeSet<_> =
            (0..100).filter_map(|salt| rules.wait_us(1, salt)).collect();
        assert!(waits.len() > 90, "{}", waits.len());
    }
}
