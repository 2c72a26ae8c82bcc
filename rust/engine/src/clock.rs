//! The one clock of the engine: monotonic microseconds for everything that is driven by time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the count starts: above zero, so that nothing has to fear a time before it.
const START_US: u64 = 1_000_000;

/// Monotonic microseconds since the engine was opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    pub(crate) fn now_us(self) -> u64 {
        START_US + self.origin.elapsed().as_micros() as u64
    }

    pub(crate) fn instant(self, at_us: u64) -> Instant {
        self.origin + Duration::from_micros(at_us.saturating_sub(START_US))
    }
}

/// The wall clock, in milliseconds since 1970. Read at launch and open only.
pub(crate) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}
