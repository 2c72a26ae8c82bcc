//! When the connections of a relay are made: none for nothing, few for few messages, and one at a time to a
//! relay that is down, or whose connections are lost before they carry anything.

use super::Backoff;

/// How long a relay that refused one connection more is not asked for it again: others may have had their
/// share of it, and end.
const CAP_US: u64 = 60_000_000;

/// Decides for the sessions of one relay, which come and go with the work.
#[derive(Debug)]
pub struct Openings {
    backoff: Backoff,
    /// No connection is made before.
    next_us: u64,
    cap: Option<Cap>,
    /// A connection failed, and none has worked since: coming up alone shows nothing, for a relay may let everybody
    /// in and take messages of nobody.
    in_doubt: bool,
}

/// What a relay was found to allow.
#[derive(Debug, Clone, Copy)]
struct Cap {
    connections: usize,
    until_us: u64,
}

/// How the sessions stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Connections there are or that are being made.
    pub open: usize,
    /// Sessions without one.
    pub resting: usize,
    /// The last connection that was made could send.
    pub up: bool,
    /// Messages that may go and for which the open connections have no room.
    pub waiting: usize,
}

impl Openings {
    /// Waits between tries grow up to `max_us`; `seed` makes relays that are lost together come back one by one.
    pub fn new(max_us: u64, seed: u64) -> Self {
        Self { backoff: Backoff::new(max_us, seed), next_us: 0, cap: None, in_doubt: false }
    }

    /// How many connections are wanted, now or at [`Openings::timeout`].
    pub fn wanted(&self, now_us: u64, standing: Standing) -> usize {
        let Standing { open, resting, up, waiting } = standing;
        if !up || self.in_doubt {
            return usize::from(open == 0).min(resting);
        }
        let cap = self.cap.filter(|cap| cap.until_us > now_us).map_or(usize::MAX, |cap| cap.connections);
        resting.min(waiting).min(cap.saturating_sub(open))
    }

    /// Whether what is wanted may be opened now.
    pub fn may_open(&self, now_us: u64) -> bool {
        now_us >= self.next_us
    }

    /// When what is wanted may be opened.
    pub fn next_us(&self) -> u64 {
        self.next_us
    }

    /// A connection has carried a message, or lived for a while.
    pub fn worked(&mut self) {
        self.backoff.worked();
        self.in_doubt = false;
    }

    /// A connection could not be made, or was lost before its time. After a refusal for good another try will
    /// not change much.
    pub fn failed(&mut self, now_us: u64, for_good: bool) {
        let wait_us = if for_good { self.backoff.fatal_us(now_us) } else { self.backoff.wait_us(now_us) };
        self.next_us = self.next_us.max(now_us + wait_us);
        self.in_doubt = true;
    }

    /// The relay wants no more connections than these.
    pub fn crowded(&mut self, now_us: u64, connections: usize) {
        self.cap = Some(Cap { connections: connections.max(1), until_us: now_us + CAP_US });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_US: u64 = 1_000_000;

    fn up(open: usize, resting: usize, waiting: usize) -> Standing {
        Standing { open, resting, up: true, waiting }
    }

    #[test]
    fn as_many_as_there_is_work_for_and_none_for_nothing() {
        let openings = Openings::new(SECOND_US, 7);
        assert_eq!(openings.wanted(0, up(0, 8, 0)), 0);
        assert_eq!(openings.wanted(0, up(0, 8, 3)), 3);
        assert_eq!(openings.wanted(0, up(5, 3, 100)), 3);
    }

    #[test]
    fn one_at_a_time_while_the_relay_is_down() {
        let mut openings = Openings::new(30 * SECOND_US, 7);
        let down = |open| Standing { open, resting: 8 - open, up: false, waiting: 1_000 };
        assert_eq!((openings.wanted(0, down(0)), openings.wanted(0, down(1))), (1, 0));
        openings.failed(SECOND_US, false);
        assert!(openings.may_open(SECOND_US), "the first time at once");
        openings.failed(SECOND_US, false);
        assert!(!openings.may_open(SECOND_US));
        assert!(openings.may_open(openings.next_us()));
        openings.failed(SECOND_US, true);
        assert!(!openings.may_open(30 * SECOND_US), "an account is not locked by asking again");
    }

    #[test]
    fn one_at_a_time_until_one_has_worked() {
        let mut openings = Openings::new(30 * SECOND_US, 7);
        openings.failed(0, false);
        assert_eq!((openings.wanted(0, up(0, 8, 100)), openings.wanted(0, up(1, 7, 100))), (1, 0));
        openings.worked();
        assert_eq!(openings.wanted(0, up(1, 7, 100)), 7);
    }

    #[test]
    fn no_more_than_the_relay_allows_until_it_is_asked_again() {
        let mut openings = Openings::new(SECOND_US, 7);
        openings.crowded(0, 3);
        assert_eq!(openings.wanted(1, up(3, 5, 100)), 0);
        assert_eq!(openings.wanted(1, up(1, 7, 100)), 2);
        assert_eq!(openings.wanted(CAP_US, up(3, 5, 100)), 5);
        openings.crowded(0, 0);
        assert_eq!(openings.wanted(1, up(0, 8, 9)), 1, "one is always tried");
    }
}
