//! How the loop ends: nothing more is handed out, sessions drain and unbind, the last batch commits.

use std::task::Context;

use super::Loop;

/// How long the last commits may take after the sessions have ended. A ledger that does not take them
/// by then is left as a crash would leave it.
const LAST_COMMIT_US: u64 = 5_000_000;

/// Quiet after the last answer, longer than a row waits to be flushed.
const QUIET_US: u64 = 10_000;

/// An end that has begun.
pub(crate) struct Ending {
    /// Until when sessions may drain.
    drain_until_us: u64,
    /// When the last session ended.
    drained_us: Option<u64>,
    /// No batch is being committed.
    idle: bool,
    over: bool,
}

impl Ending {
    pub(super) fn timeout(&self) -> u64 {
        let wait_us = if self.idle { QUIET_US } else { LAST_COMMIT_US };
        self.drained_us.map_or(self.drain_until_us, |at_us| at_us + wait_us)
    }
}

impl Loop {
    /// Begins the end, or shortens one that has begun.
    pub(super) fn begin_end(&mut self, now_us: u64, drain_us: u64) {
        let drain_until_us = now_us + drain_us;
        if let Some(ending) = &mut self.ending {
            ending.drain_until_us = ending.drain_until_us.min(drain_until_us);
            return;
        }
        self.shared.log.info("engine", "closing: sessions drain and unbind");
        self.ending = Some(Ending { drain_until_us, drained_us: None, idle: false, over: false });
        self.dispatcher.close(now_us);
        self.gateways.iter_mut().for_each(|gateway| gateway.close(now_us));
        self.inbound.iter_mut().for_each(|inbound| inbound.close(now_us));
    }

    /// Goes on with the end as far as it can.
    pub(super) fn end_step(&mut self, cx: &mut Context<'_>, now_us: u64) {
        let Some(ending) = &self.ending else { return };
        let (drained, late) = (ending.drained_us.is_some(), now_us >= ending.drain_until_us);
        if !drained {
            let unfinished = self.gateways.iter().filter(|gateway| !gateway.has_ended()).count();
            if unfinished > 0 && !late {
                return;
            }
            if unfinished > 0 {
                let text = "closing: not everything was answered in time, the rest is uncertain";
                self.shared.log.warning("engine", text);
                self.each(cx, now_us, |gateway, _, pass, _| {
                    gateway.drop_now(pass);
                    false
                });
            }
        }
        self.act(now_us);
        self.hand_batch(now_us);
        let idle = self.in_flight.is_none();
        let Some(ending) = &mut self.ending else { return };
        let since_us = *ending.drained_us.get_or_insert(now_us);
        ending.idle = idle;
        ending.over = now_us >= ending.timeout() && (idle || now_us >= since_us + LAST_COMMIT_US);
        if ending.over && !idle {
            let why = self.shared.stalled();
            let why = why.as_deref().unwrap_or("the last commit takes too long");
            self.shared.leave_unwritten(format!(
                "closed with rows that are not written ({why}); what they tell is uncertain, and is settled \
                 when the directory is opened again"
            ));
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| ending.over)
    }
}
