//! What the journal tells of time, beside what the fold keeps.

use bealert_core::ledger::Outcome;
use bealert_core::outcome::Step;

/// Response times and the last outcome of one campaign: four octets per answer.
#[derive(Debug, Default)]
pub(super) struct Times {
    response_us: Vec<u32>,
    pub(super) last_outcome_at_ms: Option<i64>,
}

impl Times {
    pub(super) fn note(&mut self, outcome: &Outcome) {
        self.last_outcome_at_ms = self.last_outcome_at_ms.max(Some(outcome.at_ms));
        // Receipts took no time of a request, and what is uncertain has had no answer.
        let answered = matches!(outcome.step, Step::Accepted | Step::Deferred | Step::Failed);
        if answered && outcome.took_us > 0 {
            self.response_us.push(outcome.took_us);
        }
    }

    /// The median and the 99th percentile of the answers (nearest rank), in milliseconds.
    pub(super) fn response_ms(&mut self) -> Option<(f64, f64)> {
        let mut rank = |percent: usize| {
            let at = (self.response_us.len() * percent).div_ceil(100).checked_sub(1)?;
            let (_, value, _) = self.response_us.select_nth_unstable(at);
            Some(f64::from(*value) / 1_000.0)
        };
        rank(50).zip(rank(99))
    }
}
