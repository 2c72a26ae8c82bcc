//! Tells a relay that is set up wrong from people who can't be reached: both say 5yz.

use bealert_wire::smtp::{EnhancedCode, Reply};

/// People whom one reply may fail before the relay has taken anybody: the rest of them is not failed, and the
/// relay is given nothing for a while. Enough for the odd refusal of a message, few for a town.
const MOST_FAILED: u32 = 10;

/// The same where the reply is about the person's own address or mailbox (RFC 3463: X.1 and X.2). An old list
/// has runs of dead addresses; so many in a row, and nobody between them, and it is the relay that knows nobody.
const MOST_UNKNOWN: u32 = 100;

/// Replies that are counted apart. A relay says few things to everybody.
const MOST_REPLIES: usize = 16;

/// What a relay refused for good since it last took a message; shared by its connections.
#[derive(Debug, Default)]
pub struct Breaker {
    runs: Vec<Run>,
    /// People failed since then by replies that nobody remembers.
    before: u32,
}

#[derive(Debug)]
struct Run {
    code: u16,
    enhanced: Option<EnhancedCode>,
    count: u32,
}

impl Breaker {
    /// That of a relay which had failed so many people in a row when this process began: a restart is no reason to
    /// fail as many again.
    pub fn remembering(failed: u32) -> Self {
        Self { before: failed, ..Self::default() }
    }

    /// The relay has taken a message: what it refuses is about people.
    #[inline]
    pub fn taken(&mut self) {
        self.before = 0;
        if !self.runs.is_empty() {
            self.runs.clear();
        }
    }

    /// The relay has refused a message for good. Whether it says the same to everybody: then nobody more is
    /// failed for it, until it takes a message.
    pub fn refused(&mut self, reply: &Reply) -> bool {
        let known = self.runs.iter().position(|run| (run.code, run.enhanced) == (reply.code, reply.enhanced));
        let at = known.unwrap_or_else(|| {
            if self.runs.len() == MOST_REPLIES {
                self.runs.remove(0);
            }
            self.runs.push(Run { code: reply.code, enhanced: reply.enhanced, count: 0 });
            self.runs.len() - 1
        });
        let run = &mut self.runs[at];
        run.count = run.count.saturating_add(1);
        let of_person = matches!(reply.enhanced, Some(EnhancedCode(5, 1 | 2, _)));
        run.count.saturating_add(self.before) > if of_person { MOST_UNKNOWN } else { MOST_FAILED }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, enhanced: Option<(u16, u16)>) -> Reply {
        Reply::new(code, enhanced.map(|(subject, detail)| EnhancedCode(5, subject, detail)), "no")
    }

    fn failed(breaker: &mut Breaker, reply: &Reply, times: u32) -> usize {
        (0..times).filter(|_| !breaker.refused(reply)).count()
    }

    #[test]
    fn a_burst_of_the_same_reply_fails_ten_people_and_no_more() {
        for enhanced in [None, Some((7, 1)), Some((4, 4)), Some((0, 0))] {
            let mut breaker = Breaker::default();
            assert_eq!(failed(&mut breaker, &reply(554, enhanced), 1_000_000), 10);
        }
    }

    #[test]
    fn a_restart_fails_nobody_more_for_the_same_wall() {
        let mut breaker = Breaker::remembering(7);
        assert_eq!(failed(&mut breaker, &reply(554, None), 1_000), 3);
        let mut breaker = Breaker::remembering(10);
        assert_eq!(failed(&mut breaker, &reply(554, None), 1_000), 0);
        assert_eq!(failed(&mut breaker, &reply(550, Some((1, 1))), 1_000), 90);
        breaker.taken();
        assert_eq!(failed(&mut breaker, &reply(554, None), 1_000), 10);
    }

    #[test]
    fn unknown_people_are_failed_unless_nobody_is_known() {
        let mut breaker = Breaker::default();
        let unknown = reply(550, Some((1, 1)));
        for _ in 0..100 {
            assert_eq!(failed(&mut breaker, &unknown, 90), 90);
            breaker.taken();
        }
        assert_eq!(failed(&mut breaker, &unknown, 1_000), 100);
    }

    #[test]
    fn another_reply_between_them_does_not_hide_a_burst() {
        let mut breaker = Breaker::default();
        let (policy, unknown) = (reply(554, Some((7, 1))), reply(550, Some((1, 1))));
        let failed: usize =
            (0..50).map(|_| failed(&mut breaker, &policy, 1) + failed(&mut breaker, &unknown, 1)).sum();
        assert_eq!(failed, 10 + 50);
        breaker.taken();
        assert!(!breaker.refused(&policy));
    }

    #[test]
    fn whatever_a_relay_says_takes_little_memory() {
        let mut breaker = Breaker::default();
        for code in 500..600 {
            assert!(!breaker.refused(&reply(code, None)));
        }
        assert_eq!(breaker.runs.len(), MOST_REPLIES);
    }
}
