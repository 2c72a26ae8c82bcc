//! A connection of a simulated SMSC.

use std::collections::VecDeque;

use bealert_wire::smpp::{MAX_WINDOW, Smsc, SmscConfig};

use super::config::SimConfig;
use super::intake::Response;

/// A connection.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) session: Smsc,
    /// Known once it is bound.
    pub(super) account: Option<u32>,
    /// Responses that wait until every receipt is answered.
    pub(super) held: VecDeque<Response>,
    /// It is to break: nothing goes in or out.
    pub(super) reset: bool,
}

impl Line {
    pub(super) fn new(now_us: u64, config: &SimConfig) -> Self {
        let mut session = Smsc::new(SmscConfig {
            system_id: config.name.clone(),
            window: config.faults.unanswered_receipts.clamp(1, MAX_WINDOW),
            response_timeout_us: config.faults.receipt_timeout_us,
            ..SmscConfig::default()
        });
        session.connected(now_us);
        Self { session, account: None, held: VecDeque::new(), reset: false }
    }

    /// Whether it takes a receipt, when so many may be unanswered.
    pub(super) fn has_room(&self, unanswered: u32) -> bool {
        self.session.unanswered() < unanswered && self.session.room() > 0
    }

    /// When its session wants to be told that time has passed.
    pub(super) fn timeout_us(&self) -> Option<u64> {
        if self.reset { None } else { self.session.poll_timeout() }
    }
}
