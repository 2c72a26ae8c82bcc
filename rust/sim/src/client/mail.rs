//! What a session hears from its mail relay, and what the dispatcher is told of it.

use bealert_core::dispatch::{Answer, Dispatcher};
use bealert_core::retry::Refusal;
use bealert_wire::smtp::{EnhancedCode, Event, Phase, Reply};

use super::brief::brief;
use super::hear::Origin;

/// What of an event is left for the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeardMail {
    /// Nothing: the dispatcher was told.
    Told,
    /// The relay has taken a message: it works, and this is how long it took.
    Accepted {
        /// From submit to reply.
        took_us: u32,
    },
    /// The relay has refused a message.
    Refused {
        /// From submit to reply.
        took_us: u32,
        /// With this reply code.
        code: u16,
    },
    /// The event is about no message of ours.
    NotAMessage,
}

/// Tells the dispatcher what an event means for a message.
#[inline]
pub fn hear_mail(now_us: u64, dispatcher: &mut Dispatcher, _origin: Origin, event: &Event) -> HeardMail {
    match event {
        Event::Accepted { token, reply, took_us, .. } => {
            dispatcher.answered(now_us, *token, Answer::Accepted { remote: queue_id(&reply.text) });
            HeardMail::Accepted { took_us: *took_us }
        }
        Event::Refused { token, phase, reply, took_us, .. } => {
            let detail = brief::<96>(format_args!("{reply}"));
            let answer = Answer::Refused { refusal: refusal(*phase, reply), detail: &detail };
            dispatcher.answered(now_us, *token, answer);
            HeardMail::Refused { took_us: *took_us, code: reply.code }
        }
        Event::TimedOut { token, .. } => answered(now_us, dispatcher, *token, Answer::TimedOut),
        Event::Lost { token, .. } => answered(now_us, dispatcher, *token, Answer::Lost),
        Event::Unsent { token, .. } => answered(now_us, dispatcher, *token, Answer::Unsent),
        _ => HeardMail::NotAMessage,
    }
}

fn answered(now_us: u64, dispatcher: &mut Dispatcher, token: u64, answer: Answer<'_>) -> HeardMail {
    dispatcher.answered(now_us, token, answer);
    HeardMail::Told
}

/// Whom and what a refusal is about (RFC 5321 §4.2.1, §4.5.4.1; RFC 3463).
fn refusal(phase: Phase, reply: &Reply) -> Refusal {
    let asks_for_less = match (reply.code, reply.enhanced) {
        // Cloud relays say so of an account that is over its rate; Postfix of a client that is.
        (454, _) | (450, Some(EnhancedCode(4, 7, 0))) => true,
        // Its queue or its disk is full (4.3.1), or it takes nothing now (4.3.2).
        (_, Some(EnhancedCode(4, 3, 1 | 2))) => true,
        _ => false,
    };
    match (reply.is_permanent(), phase) {
        (false, _) if asks_for_less => Refusal::Throttled,
        (false, _) => Refusal::ForNow,
        // The sender or the account, and nothing that the person could help.
        (true, Phase::Mail) => Refusal::Gateway,
        (true, _) => Refusal::ForGood,
    }
}

/// Under which name the relay keeps a message, where it says so the way most do (`queued as ID`, `id=ID`);
/// otherwise what it said.
fn queue_id(text: &str) -> &str {
    let named = ["queued as ", "id="].iter().find_map(|mark| text.split_once(mark));
    let id = named.and_then(|(_, rest)| rest.split_ascii_whitespace().next()).unwrap_or(text);
    let mut end = id.len().min(MOST_REMOTE_OCTETS);
    while !id.is_char_boundary(end) {
        end -= 1;
    }
    &id[..end]
}

/// What the journal keeps of an answer that is no queue id.
const MOST_REMOTE_OCTETS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, enhanced: (u8, u16, u16)) -> Reply {
        Reply::new(code, Some(EnhancedCode(enhanced.0, enhanced.1, enhanced.2)), "words")
    }

    #[test]
    fn the_queue_id_is_found_where_relays_put_it() {
        assert_eq!(queue_id("Ok: queued as 4XyZ12"), "4XyZ12");
        assert_eq!(queue_id("OK id=1vNabc-000001-2x"), "1vNabc-000001-2x");
        assert_eq!(queue_id("Message accepted"), "Message accepted");
        assert_eq!(queue_id(&"é".repeat(64)).len(), 64);
    }

    #[test]
    fn greylisting_is_for_now_and_a_rate_is_the_gateways() {
        assert_eq!(refusal(Phase::Rcpt, &reply(450, (4, 7, 1))), Refusal::ForNow);
        assert_eq!(refusal(Phase::Dot, &reply(451, (4, 7, 1))), Refusal::ForNow);
        assert_eq!(refusal(Phase::Mail, &reply(454, (4, 7, 0))), Refusal::Throttled);
        assert_eq!(refusal(Phase::Mail, &reply(452, (4, 3, 1))), Refusal::Throttled);
    }

    #[test]
    fn nobody_is_failed_for_a_sender_that_the_relay_does_not_take() {
        assert_eq!(refusal(Phase::Mail, &reply(550, (5, 7, 1))), Refusal::Gateway);
        assert_eq!(refusal(Phase::Rcpt, &reply(550, (5, 1, 1))), Refusal::ForGood);
        assert_eq!(refusal(Phase::Dot, &reply(554, (5, 7, 1))), Refusal::ForGood);
    }
}
