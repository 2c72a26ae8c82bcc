//! The clocks.

use rustix::time::{ClockId, clock_gettime};

/// The clock that every process of a machine shares.
pub fn now_ns() -> u64 {
    ns(ClockId::Monotonic)
}

/// CPU time of this process.
pub fn used_ns() -> u64 {
    ns(ClockId::ProcessCPUTime)
}

fn ns(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
