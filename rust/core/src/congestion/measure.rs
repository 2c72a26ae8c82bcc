//! What a far end took, between two moments at which it had no room.

/// Taken messages that a measurement needs, so that one more or less is at most a tenth.
const ENOUGH: u32 = 10;

/// And the time it needs then.
const ENOUGH_US: u64 = 10_000;

/// After this even few are a measurement: the limit is low.
const LONG_US: u64 = 1_000_000;

/// Taken messages among those on their way that are a measurement by themselves, and the most recent one.
const ENOUGH_ON_THE_WAY: u32 = 20;

/// What left over less time than this left at once.
const SPREAD_US: u64 = 2_000;

/// Counts what is taken after a refusal. All times are those at which messages were handed out.
#[derive(Debug, Default)]
pub(super) struct Measure {
    /// A message that was refused, with nothing counted before it.
    since_us: Option<u64>,
    /// Taken after it.
    passed: u32,
    /// The last that was refused, and what had been taken then.
    last_us: u64,
    passed_at_last: u32,
    /// The refusal that began this pause, what had been taken then, and what has been refused since.
    pause_us: u64,
    passed_at_pause: u32,
    refused_since: u32,
}

/// What was taken per second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub(super) rate: f64,
    /// While more was there all the time; otherwise it is the least that could have been taken.
    pub(super) exact: bool,
}

impl Measure {
    #[inline]
    pub(super) fn passed(&mut self, handed_us: u64) {
        self.passed += u32::from(self.since_us.is_some_and(|since_us| handed_us > since_us));
    }

    pub(super) fn refused(&mut self, handed_us: u64) {
        self.refused_since += 1;
        if self.since_us.is_none() {
            self.begin(handed_us);
        } else if handed_us >= self.last_us {
            self.last_us = handed_us;
            self.passed_at_last = self.passed;
        }
    }

    /// A pause begins with this refusal. Where nothing was taken since the last one the far end was closed
    /// meanwhile, and what it took before says nothing of what it takes when it opens.
    pub(super) fn pause(&mut self, handed_us: u64, closed: bool) {
        if closed {
            self.begin(handed_us);
        }
        self.pause_us = handed_us;
        self.passed_at_pause = self.passed;
        self.refused_since = 0;
    }

    /// The share that was taken of what was on its way when the pause began, if that is not what left at once.
    pub(super) fn share_on_the_way(&self) -> Option<f64> {
        let passed = f64::from(self.passed - self.passed_at_pause) + 1.0;
        let spread = self.last_us.saturating_sub(self.pause_us) >= SPREAD_US;
        spread.then(|| passed / (passed + f64::from(self.refused_since)))
    }

    /// Taken per second, by what is known; the next measurement begins with the last refusal.
    pub(super) fn take(&mut self) -> Option<Taken> {
        let on_the_way = self.passed_at_last.saturating_sub(self.passed_at_pause);
        let way_us = self.last_us.saturating_sub(self.pause_us);
        let span_us = self.last_us.saturating_sub(self.since_us?);
        let all = self.passed_at_last;
        let exact = on_the_way >= ENOUGH_ON_THE_WAY && way_us > 0;
        let (passed, span_us) = if exact {
            (on_the_way, way_us)
        } else if (all >= ENOUGH && span_us >= ENOUGH_US) || (all > 0 && span_us >= LONG_US) {
            (all, span_us)
        } else {
            return None;
        };
        let rest = self.passed - self.passed_at_last;
        self.begin(self.last_us);
        self.passed = rest;
        // One may have come just before its turn: of few that is a lot.
        Some(Taken { rate: f64::from(passed + 1) * 1e6 / span_us as f64, exact })
    }

    fn begin(&mut self, handed_us: u64) {
        *self = Self { since_us: Some(handed_us), last_us: handed_us, ..Self::default() };
    }
}

/// The pace of late, where none is kept.
#[derive(Debug, Default)]
pub(super) struct Recent {
    since_us: u64,
    count: u32,
    before: f64,
}

/// Length of its window, and the shortest from which a rate is told.
const WINDOW_US: u64 = 50_000;
const TELLING_US: u64 = 5_000;

impl Recent {
    #[inline]
    pub(super) fn count(&mut self, now_us: u64) {
        let passed_us = now_us.saturating_sub(self.since_us);
        if passed_us >= WINDOW_US {
            self.before = f64::from(self.count) * 1e6 / passed_us as f64;
            self.since_us = now_us;
            self.count = 0;
        }
        self.count += 1;
    }

    pub(super) fn rate(&self, now_us: u64) -> f64 {
        let passed_us = now_us.saturating_sub(self.since_us).max(TELLING_US);
        self.before.max(f64::from(self.count) * 1e6 / passed_us as f64)
    }
}
