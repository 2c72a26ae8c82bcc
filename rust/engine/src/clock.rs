//! The one clock of the engine: monotonic microseconds for everything that is driven by time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the count starts: above zero, so that nothing has to fear a time before it.
const START_US: u64 = 1_000_000;

/// Monotonic microseconds since the engine was opened, and the wall clock as it stood then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
    /// The wall clock at `origin`.
    wall_ms: i64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self::start_at(wall_ms())
    }

    /// With a wall clock that shows this now.
    pub(crate) fn start_at(wall_ms: i64) -> Self {
        Self { origin: Instant::now(), wall_ms }
    }

    /// With a wall clock that does not lie before what a ledger says has happened.
    pub(crate) fn not_before(self, at_ms: i64) -> Self {
        Self { wall_ms: self.wall_ms.max(at_ms), ..self }
    }

    /// The wall clock as every time in the ledger has it: read once, at open, and counted on from
    /// there. A step of the machine's clock neither ends a campaign nor lets it live on.
    pub(crate) fn wall_ms(self) -> i64 {
        self.wall_ms + self.origin.elapsed().as_millis() as i64
    }

    /// What [`Clock::wall_ms`] gave at a time of [`Clock::now_us`].
    pub(crate) fn wall_at_ms(self, now_us: u64) -> i64 {
        self.wall_ms + (now_us.saturating_sub(START_US) / 1_000) as i64
    }

    pub(crate) fn now_us(self) -> u64 {
        START_US + self.origin.elapsed().as_micros() as u64
    }

    pub(crate) fn instant(self, at_us: u64) -> Instant {
        self.origin + Duration::from_micros(at_us.saturating_sub(START_US))
    }
}

/// The machine's clock, in milliseconds since 1970: read at open, and to tell the age of a plan, whose
/// maker may be another process.
pub(crate) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_is_never_before_the_ledger_and_goes_on_from_there() {
        let clock = Clock::start_at(1_000).not_before(5_000);
        assert!((5_000..6_000).contains(&clock.wall_ms()));
        assert!((9_000..10_000).contains(&Clock::start_at(9_000).not_before(5_000).wall_ms()));
        let before_ms = clock.wall_ms();
        std::thread::sleep(Duration::from_millis(3));
        assert!(clock.wall_ms() >= before_ms + 3);
    }
}
