//! What a session hears from its far end, and what the dispatcher is told of it.

use bealert_core::dispatch::{Answer, Dispatcher, Receipt as FinalReceipt};
use bealert_core::model::GatewayId;
use bealert_core::outcome::Step;
use bealert_core::retry::Refusal;
use bealert_wire::smpp::{Event, Receipt, ReceiptState, Reply, Status, StatusClass, class};

use super::brief::brief;
use super::replies::Replies;

/// Which session of which gateway speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Its gateway.
    pub gateway: GatewayId,
    /// Its number within the gateway.
    pub session: u16,
}

/// What of an event is left for the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Nothing: the dispatcher was told.
    Told,
    /// The far end has answered a message: it works, and this is how long it took.
    Answered {
        /// From submit to response.
        took_us: u32,
    },
    /// There is nothing to make durable: it is to be answered at once, with success.
    AnswerNow(Reply),
    /// The event is about no message of ours.
    NotAMessage,
}

/// Tells the dispatcher what an event means for a message. A receipt whose answer waits for a commit
/// is kept in `replies`, under the name that the dispatcher will answer it by.
#[inline]
pub fn hear(
    now_us: u64,
    dispatcher: &mut Dispatcher,
    origin: Origin,
    replies: &mut Replies<Reply>,
    event: &Event,
) -> Heard {
    match event {
        Event::Accepted { token, id, took_us, .. } => {
            dispatcher.answered(now_us, *token, Answer::Accepted { remote: id });
            Heard::Answered { took_us: *took_us }
        }
        Event::Rejected { token, status, took_us, .. } => {
            let detail = brief::<64>(format_args!("{}", Status(*status)));
            let answer = Answer::Refused { refusal: refusal(*status), detail: &detail };
            dispatcher.answered(now_us, *token, answer);
            Heard::Answered { took_us: *took_us }
        }
        Event::Congestion { load } => {
            dispatcher.congestion_state(now_us, origin.gateway, *load);
            Heard::Told
        }
        Event::TimedOut { token } => answered(now_us, dispatcher, *token, Answer::TimedOut),
        Event::Lost { token } => answered(now_us, dispatcher, *token, Answer::Lost),
        Event::Unsent { token } => answered(now_us, dispatcher, *token, Answer::Unsent),
        Event::Receipt { reply, receipt } => {
            hear_receipt(now_us, dispatcher, origin, replies, *reply, receipt)
        }
        _ => Heard::NotAMessage,
    }
}

fn answered(now_us: u64, dispatcher: &mut Dispatcher, token: u64, answer: Answer<'_>) -> Heard {
    dispatcher.answered(now_us, token, answer);
    Heard::Told
}

fn hear_receipt(
    now_us: u64,
    dispatcher: &mut Dispatcher,
    origin: Origin,
    replies: &mut Replies<Reply>,
    reply: Reply,
    receipt: &Receipt,
) -> Heard {
    let step = match receipt.state {
        ReceiptState::Delivered => Step::Delivered,
        ReceiptState::Expired
        | ReceiptState::Deleted
        | ReceiptState::Undeliverable
        | ReceiptState::Rejected => Step::Failed,
        // Not final: nothing to make durable, so it is answered at once.
        ReceiptState::Enroute | ReceiptState::Accepted | ReceiptState::Unknown => {
            return Heard::AnswerNow(reply);
        }
    };
    let detail = match step {
        Step::Delivered => Default::default(),
        _ if receipt.code.is_empty() => brief::<64>(format_args!("{}", receipt.state.word())),
        _ => brief::<64>(format_args!("{} {}", receipt.state.word(), receipt.code)),
    };
    let told = FinalReceipt { remote: &receipt.id, address: &receipt.source, step, detail: &detail };
    let name = replies.keep(reply);
    dispatcher.receipt(now_us, origin.gateway, origin.session, name, told);
    Heard::Told
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
