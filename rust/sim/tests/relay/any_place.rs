//! Rules: any reply, none, or an end, in any place of the dialogue.

use bealert_sim::relay::{AddressPattern, Fate, Phase, RelayConfig, Rule};
use bealert_wire::smtp::{EnhancedCode, Reply};

use crate::caller::{Callers, SECOND, message, with, with_rule};

fn reply(code: u16) -> Fate {
    Fate::Reply(Reply::new(code, Some(EnhancedCode((code / 100) as u8, 3, 0)), "so it is"))
}

/// The codes that a client sees of one message, up to the first no.
fn seen(rule: Rule) -> (Vec<u16>, Callers, bool) {
    let mut callers = with_rule(rule);
    let connection = callers.connect();
    let mut seen = callers.read(connection);
    for line in [
        "EHLO a.example\r\n",
        "MAIL FROM:<s@a.example>\r\n",
        "RCPT TO:<r@b.example>\r\n",
        "DATA\r\n",
        &message(1),
    ] {
        if seen.last().is_none_or(|&code| code >= 400) {
            break;
        }
        seen.extend(callers.say(connection, line));
    }
    let over = callers.relay.wants_close(connection);
    (seen, callers, over)
}

const WAY: [u16; 6] = [220, 250, 250, 250, 354, 250];
const PLACES: [Phase; 6] = [Phase::Greeting, Phase::Ehlo, Phase::Mail, Phase::Rcpt, Phase::Data, Phase::Dot];

#[test]
fn a_no_in_every_place() {
    for (place, phase) in PLACES.into_iter().enumerate() {
        for code in [421, 451, 550] {
            let (codes, callers, over) = seen(Rule::always(phase, reply(code)));
            assert_eq!(codes, [&WAY[..place], &[code]].concat(), "{phase:?}");
            assert_eq!(over, code == 421, "{phase:?} {code}");
            let books = callers.relay.books();
            assert_eq!((books.messages, books.hung_up), (0, u64::from(code == 421)));
            if place >= 2 {
                let wanted = if code == 550 { (0, 1) } else { (1, 0) };
                assert_eq!((books.deferred, books.refused), wanted, "{phase:?} {code}");
            }
        }
    }
}

#[test]
fn silence_in_every_place_takes_the_message_only_at_the_dot() {
    for (place, phase) in PLACES.into_iter().enumerate() {
        for (fate, taken) in [(Fate::Silent, true), (Fate::Swallow, false)] {
            let (codes, mut callers, over) = seen(Rule::always(phase, fate));
            assert_eq!((&codes[..], over), (&WAY[..place], false), "{phase:?}");
            assert_eq!(callers.relay.books().messages, u64::from(taken && phase == Phase::Dot));
            callers.wait(3_600 * SECOND);
            assert!(
                callers
                    .relay
                    .connections()
                    .iter()
                    .all(|&connection| callers.relay.outgoing(connection).is_empty())
            );
        }
    }
}

#[test]
fn an_end_in_every_place_before_or_after_what_was_asked() {
    for (place, phase) in PLACES.into_iter().enumerate() {
        for (fate, taken) in [(Fate::Reset, false), (Fate::ResetAfter, true)] {
            let (codes, callers, over) = seen(Rule::always(phase, fate));
            assert_eq!((&codes[..], over), (&WAY[..place], true), "{phase:?}");
            assert_eq!(callers.relay.books().messages, u64::from(taken && phase == Phase::Dot));
            assert_eq!(callers.relay.books().resets, 1);
        }
    }
}

#[test]
fn octets_that_are_no_reply() {
    let (codes, callers, _) = seen(Rule::always(Phase::Dot, Fate::Garble(b"\x00\xFFwhat\r\n".to_vec())));
    assert_eq!(codes, [220, 250, 250, 250, 354, 0]);
    assert_eq!((callers.relay.books().garbled, callers.relay.books().messages), (1, 1));
}

#[test]
fn rules_about_some_recipients_only() {
    let suffix = |suffix: &str| AddressPattern::Suffix(suffix.into());
    let mut callers = with(bealert_sim::relay::Faults {
        rules: vec![
            Rule::of(Phase::Rcpt, suffix("@full.example"), reply(452)),
            Rule { times: Some(2), ..Rule::of(Phase::Dot, suffix("@busy.example"), reply(451)) },
            Rule::of(Phase::Mail, AddressPattern::Prefix("spam".into()), reply(550)),
        ],
        ..Default::default()
    });
    let connection = callers.call();
    assert_eq!(callers.send(connection, "a@full.example", 1), [250, 452, 554]);
    for codes in [[250, 250, 354, 451], [250, 250, 354, 451], [250, 250, 354, 250]] {
        assert_eq!(callers.send(connection, "a@busy.example", 2), codes);
    }
    assert_eq!(callers.send(connection, "b@busy.example", 3), [250, 250, 354, 451], "each on its own");
    assert_eq!(callers.send(connection, "a@other.example", 4), [250, 250, 354, 250]);
    assert_eq!(callers.say(connection, "MAIL FROM:<spam@a.example>\r\n"), [550]);
    assert_eq!(callers.relay.books().unique, 2);
}

#[test]
fn a_rule_for_all_counts_all() {
    let mut callers = with_rule(Rule { times: Some(1), ..Rule::always(Phase::Mail, reply(421)) });
    let connection = callers.call();
    assert_eq!(callers.say(connection, "MAIL FROM:<>\r\n"), [421]);
    let connection = callers.call();
    assert_eq!(callers.say(connection, "MAIL FROM:<>\r\n"), [250]);
}

#[test]
fn quirks_of_the_protocol_are_those_of_the_server() {
    let mut config = RelayConfig::default();
    config.quirks.refuses_joined = true;
    let mut callers = Callers::new(config);
    let connection = callers.call();
    let joined = message(1) + &crate::caller::group("b@c.example");
    callers.say(connection, crate::caller::group("a@c.example"));
    assert_eq!(callers.say(connection, joined), [250, 503, 503, 503]);
}
