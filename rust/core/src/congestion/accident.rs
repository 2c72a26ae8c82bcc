//! Refusals that have nothing to do with the pace: the far end refuses one in so many, however slowly they come.
//!
//! A limit that is passed refuses less as the pace falls. Where the pace falls again and again, each time
//! below what was just taken, and the share of refusals stays, the pace is not the reason.

/// Falls in a row after which the pace is not the reason.
const FALLS: u32 = 4;

/// A fall counts if the pace was at most this much above what was measured before.
const NEAR: f64 = 1.02;

/// And if at least this share was refused since the last.
const SHARE_LEAST: f64 = 0.005;

/// So many are no accidents. Low, since twice that share is borne while it is held for accidents.
const TOO_MANY: f64 = 0.15;

/// How long what was found holds; then it is tried again.
const HOLDS_US: u64 = 60_000_000;

/// Answers after which the share of refusals is judged anew, and what it may be above twice the usual.
const WINDOW: u32 = 100;
const MORE: f64 = 0.05;

/// Tells refusals of the pace from others.
#[derive(Debug, Default)]
pub(super) struct Accidents {
    falls: u32,
    /// The pace before the first of those falls.
    before_falls: f64,
    /// Answers since the last fall, and during all of the falls.
    passed: u32,
    refused: u32,
    all_passed: u32,
    all_refused: u32,
    /// Until when refusals of this share are accidents.
    until_us: u64,
    share: f64,
    window: (u32, u32),
}

impl Accidents {
    #[inline]
    pub(super) fn passed(&mut self) {
        self.passed = self.passed.saturating_add(1);
        self.window.0 += u32::from(self.until_us > 0);
    }

    pub(super) fn refused(&mut self) {
        self.refused = self.refused.saturating_add(1);
        self.window.1 += u32::from(self.until_us > 0);
    }

    /// Whether a refusal is one of the usual ones.
    pub(super) fn usual(&mut self, now_us: u64) -> bool {
        if now_us >= self.until_us {
            self.until_us = 0;
            return false;
        }
        let (passed, refused) = self.window;
        if passed + refused < WINDOW {
            return true;
        }
        self.window = (0, 0);
        let share = f64::from(refused) / f64::from(passed + refused);
        if share <= 2.0 * self.share + MORE {
            return true;
        }
        self.until_us = 0;
        false
    }

    /// The pace is about to fall from this, after the limit was found to be that. Gives the pace to return
    /// to where it is not the reason.
    pub(super) fn fall(&mut self, now_us: u64, pace: f64, limit: Option<f64>) -> Option<f64> {
        let (passed, refused) = (std::mem::take(&mut self.passed), std::mem::take(&mut self.refused));
        let share = f64::from(refused) / f64::from((passed + refused).max(1));
        let near = limit.is_some_and(|limit| pace <= limit * NEAR);
        if !near || share < SHARE_LEAST || passed == 0 {
            self.falls = 0;
            return None;
        }
        if self.falls == 0 {
            (self.before_falls, self.all_passed, self.all_refused) = (pace, 0, 0);
        }
        self.falls += 1;
        self.all_passed = self.all_passed.saturating_add(passed);
        self.all_refused = self.all_refused.saturating_add(refused);
        if self.falls < FALLS {
            return None;
        }
        self.falls = 0;
        let share = f64::from(self.all_refused) / f64::from(self.all_passed + self.all_refused);
        if share >= TOO_MANY {
            return None;
        }
        (self.until_us, self.share, self.window) = (now_us + HOLDS_US, share, (0, 0));
        Some(self.before_falls)
    }
}
