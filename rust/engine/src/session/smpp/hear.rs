//! What a session hears from its far end, and what the dispatcher is told of it.

use bealert_core::dispatch::{Answer, Receipt as FinalReceipt};
use bealert_core::outcome::Step;
use bealert_core::retry::Refusal;
use bealert_wire::smpp::{Event, Receipt, ReceiptState, Reply, Status, StatusClass, class};

use super::{Link, SmppSession};
use crate::session::{Change, Greeting, Pass};
use crate::text::brief;

impl SmppSession {
    /// Passes on what the pure session has to say.
    pub(super) fn tell(&mut self, pass: &mut Pass<'_>) {
        while let Link::Up { esme, .. } = &mut self.link
            && let Some(event) = esme.poll_event()
        {
            self.hear(pass, event);
        }
    }

    #[inline]
    pub(super) fn hear(&mut self, pass: &mut Pass<'_>, event: Event) {
        let now_us = pass.now_us;
        match event {
            Event::Accepted { token, id, took_us, .. } => {
                self.times.add(took_us);
                self.backoff.worked();
                pass.dispatcher.answered(now_us, token, Answer::Accepted { remote: &id });
            }
            Event::Rejected { token, status, took_us, .. } => {
                self.times.add(took_us);
                self.backoff.worked();
                let detail = brief::<64>(format_args!("{}", Status(status)));
                let answer = Answer::Refused { refusal: refusal(status), detail: &detail };
                pass.dispatcher.answered(now_us, token, answer);
            }
            Event::TimedOut { token } => pass.dispatcher.answered(now_us, token, Answer::TimedOut),
            Event::Lost { token } => pass.dispatcher.answered(now_us, token, Answer::Lost),
            Event::Unsent { token } => pass.dispatcher.answered(now_us, token, Answer::Unsent),
            Event::Receipt { reply, receipt } => self.hear_receipt(pass, reply, &receipt),
            other => self.hear_rarely(pass, other),
        }
    }

    fn hear_receipt(&mut self, pass: &mut Pass<'_>, reply: Reply, receipt: &Receipt) {
        let step = match receipt.state {
            ReceiptState::Delivered => Step::Delivered,
            ReceiptState::Expired
            | ReceiptState::Deleted
            | ReceiptState::Undeliverable
            | ReceiptState::Rejected => Step::Failed,
            // Not final: nothing to make durable, so it is answered at once.
            ReceiptState::Enroute | ReceiptState::Accepted | ReceiptState::Unknown => {
                return self.answer_now(pass.now_us, reply);
            }
        };
        let detail = match step {
            Step::Delivered => Default::default(),
            _ if receipt.code.is_empty() => brief::<64>(format_args!("{}", receipt.state.word())),
            _ => brief::<64>(format_args!("{} {}", receipt.state.word(), receipt.code)),
        };
        let told = FinalReceipt { remote: &receipt.id, address: &receipt.source, step, detail: &detail };
        let name = self.replies.keep(reply);
        pass.dispatcher.receipt(pass.now_us, self.gateway, self.number, name, told);
    }

    #[cold]
    fn hear_rarely(&mut self, pass: &mut Pass<'_>, event: Event) {
        let name = self.name();
        match event {
            Event::Bound { smsc, version } => {
                let round_trip_us = pass.now_us - self.connected_us;
                pass.log.info("gateway", format!("{name}: bound to {smsc:?}, version {version:#04x}"));
                self.greeting = Some(Greeting { smsc, version, round_trip_us });
                self.change = Some(Change::Up);
                pass.dispatcher.session_up(pass.now_us, self.gateway, self.number);
            }
            Event::Message { reply, source, destination } => {
                let text = format!("{name}: a message from {source} to {destination} was dropped");
                pass.log.info("gateway", text);
                self.answer_now(pass.now_us, reply);
            }
            Event::Fault { what } => pass.log.warning("gateway", format!("{name}: {what}")),
            Event::Unbound => pass.log.info("gateway", format!("{name}: the far end unbound")),
            Event::Closed { why } => pass.log.debug("gateway", format!("{name}: closed, {why}")),
            _ => {}
        }
    }
}

/// What a status means for the message.
fn refusal(status: u32) -> Refusal {
    match class(status) {
        StatusClass::Throttled => Refusal::Throttled,
        // What a far end says of the account is not about the person: an account that is put right
        // sends to everybody.
        StatusClass::Retry | StatusClass::BindFatal => Refusal::ForNow,
        StatusClass::Accepted | StatusClass::Permanent => Refusal::ForGood,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submit_that_is_refused_for_the_state_of_the_bind_is_no_fault_of_the_person() {
        for status in [0x04, 0x0D, 0x0E, 0x0F, 0x53, 0x05, 0x08] {
            assert_eq!(refusal(status), Refusal::ForNow, "{status:#x}");
        }
        for status in [0x0A, 0x0B, 0x65, 0x401] {
            assert_eq!(refusal(status), Refusal::ForGood, "{status:#x}");
        }
        assert_eq!(refusal(0x58), Refusal::Throttled);
    }
}
