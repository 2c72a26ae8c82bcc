//! A ledger that takes nothing: said while it lasts, wherever somebody looks.
//!
//! The journal can't tell of it before it is written again, since its sequence has no gaps: the notice
//! `ledger_stalled` comes in its place then. Until then the log, the metrics and every look at a
//! campaign say so.

use bealert_core::ledger::NoticeCode;
use bealert_core::model::GatewayId;

use super::{Loop, STALL_US};

impl Loop {
    /// Says that a commit takes too long.
    pub(super) fn look_at_ledger(&mut self, now_us: u64) {
        if self.stall_due_us().is_some_and(|due_us| due_us <= now_us) {
            let seconds = STALL_US / 1_000_000;
            let text = format!(
                "the ledger has not been written for {seconds} s, sending stops until it is: the disk stalls"
            );
            self.shared.log.error("ledger", text.clone());
            self.stalled(now_us, &text);
        }
    }

    /// When a commit that is under way takes too long.
    pub(super) fn stall_due_us(&self) -> Option<u64> {
        let begun = self.in_flight.as_ref().filter(|_| self.stalled_us.is_none())?;
        Some(begun.since_us + STALL_US)
    }

    /// The ledger takes nothing, for the reason that `text` gives; the newest one is shown.
    pub(super) fn stalled(&mut self, now_us: u64, text: &str) {
        self.shared.set_stalled(Some(text));
        if self.stalled_us.is_none() {
            self.stalled_us = Some(now_us);
            self.reading.stalls += 1;
            self.dispatcher.notice(now_us, None, GatewayId::NONE, NoticeCode::LedgerStalled, text);
        }
        self.everybody_looks();
    }

    /// A batch is durable.
    pub(super) fn ledger_goes_on(&mut self, now_us: u64) {
        if let Some(since_us) = self.stalled_us.take() {
            let seconds = now_us.saturating_sub(since_us) as f64 / 1e6;
            self.shared.log.info("ledger", format!("the ledger is written again, after {seconds:.1} s"));
            self.shared.set_stalled(None);
            self.everybody_looks();
        }
    }

    /// Whoever watches a campaign is to see it, though nothing of it has moved.
    fn everybody_looks(&mut self) {
        self.moved.extend(self.durable.keys());
        self.tell_us = 0;
    }
}
