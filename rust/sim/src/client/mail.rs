//! What a session hears from its mail relay, and what the dispatcher is told of it.

use bealert_core::dispatch::{Answer, Dispatcher};
use bealert_core::retry::Refusal;
use bealert_wire::smtp::{EnhancedCode, Event, Phase, Reply};

use super::breaker::Breaker;
use super::brief::brief;

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

/// Tells the dispatcher what an event means for a message. `breaker` is that of the relay.
#[inline]
pub fn hear_mail(
    now_us: u64,
    dispatcher: &mut Dispatcher,
    breaker: &mut Breaker,
    event: &Event,
) -> HeardMail {
    match event {
        Event::Accepted { token, reply, took_us, .. } => {
            breaker.taken();
            dispatcher.answered(now_us, *token, Answer::Accepted { remote: queue_id(&reply.text) });
            HeardMail::Accepted { took_us: *took_us }
        }
        Event::Refused { token, phase, reply, took_us, .. } => {
            let detail = brief::<96>(format_args!("{reply}"));
            let refusal = match refusal(*phase, reply) {
                Refusal::ForGood if breaker.refused(reply) => Refusal::Gateway,
                refusal => refusal,
            };
            let answer = Answer::Refused { refusal, detail: &detail };
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
    if reply.is_permanent() { for_good(phase, reply) } else { for_now(phase, reply) }
}

fn for_now(phase: Phase, reply: &Reply) -> Refusal {
    match (reply.code, reply.enhanced) {
        // The connection, or everything it asks for (RFC 5321 §3.8); the account, or TLS (RFC 4954 §6, RFC 3207 §4).
        (421 | 454, _) => Refusal::Throttled,
        // Greylisting, by whatever code, comes right for this message alone (RFC 6647 §2.1).
        (_, Some(EnhancedCode(4, 7, 1))) => Refusal::ForNow,
        // Its queue or its disk is full, or it takes nothing now; its policy has enough of us for the moment.
        (_, Some(EnhancedCode(4, 3, 1 | 2) | EnhancedCode(4, 7, _))) => Refusal::Throttled,
        // The message or an address in it, whatever command it was said to.
        (_, Some(EnhancedCode(4, 3, 4) | EnhancedCode(4, 1 | 2 | 6, _))) => Refusal::ForNow,
        // Said before the person was named: it is not about the person.
        _ if phase == Phase::Mail => Refusal::Throttled,
        _ => Refusal::ForNow,
    }
}

fn for_good(phase: Phase, reply: &Reply) -> Refusal {
    match (reply.code, reply.enhanced) {
        // Who we are (RFC 4954 §6), or whom the message is from (RFC 3463: X.1.7, X.1.8), also where a relay
        // says so only to RCPT.
        (530 | 534 | 535 | 538, _) | (_, Some(EnhancedCode(5, 1, 7 | 8) | EnhancedCode(5, 7, 8))) => {
            Refusal::Gateway
        }
        // The message is too large, or can't be converted.
        (552, _) | (_, Some(EnhancedCode(5, 3, 4) | EnhancedCode(5, 6, _))) => Refusal::ForGood,
        // The sender or the account, and nothing that the person could help.
        _ if phase == Phase::Mail => Refusal::Gateway,
        _ => Refusal::ForGood,
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
        assert_eq!(refusal(Phase::Mail, &Reply::new(421, None, "too many")), Refusal::Throttled);
        assert_eq!(refusal(Phase::Mail, &Reply::new(451, None, "later")), Refusal::Throttled);
        assert_eq!(refusal(Phase::Mail, &reply(452, (4, 3, 4))), Refusal::ForNow);
        assert_eq!(refusal(Phase::Rcpt, &Reply::new(450, None, "later")), Refusal::ForNow);
        assert_eq!(refusal(Phase::Rcpt, &reply(452, (4, 2, 2))), Refusal::ForNow);
    }

    #[test]
    fn nobody_is_failed_for_a_sender_that_the_relay_does_not_take() {
        assert_eq!(refusal(Phase::Mail, &reply(550, (5, 7, 1))), Refusal::Gateway);
        assert_eq!(refusal(Phase::Rcpt, &reply(550, (5, 1, 1))), Refusal::ForGood);
        assert_eq!(refusal(Phase::Dot, &reply(554, (5, 7, 1))), Refusal::ForGood);
        // Postfix judges the sender only when it hears the recipient.
        assert_eq!(refusal(Phase::Rcpt, &reply(550, (5, 1, 8))), Refusal::Gateway);
        assert_eq!(refusal(Phase::Rcpt, &reply(530, (5, 7, 0))), Refusal::Gateway);
        assert_eq!(refusal(Phase::Mail, &reply(552, (5, 3, 4))), Refusal::ForGood);
        assert_eq!(refusal(Phase::Mail, &reply(550, (5, 6, 7))), Refusal::ForGood);
    }
}
