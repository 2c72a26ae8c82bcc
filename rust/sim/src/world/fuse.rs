//! Where the process dies: between any two calls of its driver.

/// The process has died; whoever was at work stops where it stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crash;

/// Counts the calls of the driver, and blows at one of them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fuse {
    pub(super) calls: u64,
    pub(super) blows_at: Option<u64>,
}

impl Fuse {
    /// Between two calls.
    pub(super) fn point(&mut self) -> Result<(), Crash> {
        self.calls += 1;
        if self.blows_at.is_some_and(|at| self.calls >= at) {
            self.blows_at = None;
            return Err(Crash);
        }
        Ok(())
    }
}
