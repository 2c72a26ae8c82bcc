//! smtp.md 6.11 to 6.14: what an error is about, and what a connection has to be given up for.

use std::cell::Cell;
use std::rc::Rc;

use bealert_wire::smtp::{ClientConfig, CloseReason, Event, Learnt, Lesson, Mode, Phase};

use crate::scripted::{ALL, Server, Session, config, outcomes};

const MODES: [Mode; 4] = [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat];

fn says(verb: &'static str, reply: &'static str) -> impl FnMut(&str) -> Option<String> {
    move |line| line.starts_with(verb).then(|| reply.to_owned())
}

#[test]
fn point_11_every_refusal_names_its_phase() {
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined] {
        for (verb, phase) in
            [("MAIL", Phase::Mail), ("RCPT", Phase::Rcpt), ("DATA", Phase::Data), (".", Phase::Dot)]
        {
            let mut session = Session::in_mode(mode).rule(says(verb, "550 5.7.0 no"));
            let events = session.send(0..2);
            assert_eq!(events.len(), 2, "{mode} {verb}: one event each");
            for event in events {
                let Event::Refused { phase: told, reply, .. } = event else { panic!("{event:?}") };
                assert_eq!((told, reply.code), (phase, 550), "{mode}");
            }
            session.server.rule = Box::new(|_| None);
            assert_eq!(outcomes(&session.send(3..4)), [(3, "accepted")], "{mode} {verb}: it goes on");
        }
    }
}

#[test]
fn point_12_a_4xx_is_told_as_such_and_costs_no_connection() {
    for mode in MODES {
        let mut tries = std::collections::HashSet::new();
        let grey = move |line: &str| {
            let first = line.starts_with("RCPT") && tries.insert(line.to_owned());
            first.then(|| "450 4.7.1 greylisted, come again".to_owned())
        };
        let mut session = Session::in_mode(mode).rule(grey);
        let events = session.send(0..3);
        for event in &events {
            let Event::Refused { phase: Phase::Rcpt, reply, .. } = event else { panic!("{event:?}") };
            assert!(reply.is_transient());
        }
        assert_eq!(outcomes(&session.send(0..3)).iter().filter(|(_, what)| *what == "accepted").count(), 3);
    }
}

#[test]
fn point_13_421_at_any_command_gives_back_what_was_not_past_its_body() {
    for mode in MODES {
        for verb in ["MAIL FROM:<bounce+2@", "RCPT TO:<user2@", "DATA"] {
            if mode == Mode::Bdat && verb == "DATA" {
                continue;
            }
            let mut datas = 0;
            let mut session = Session::in_mode(mode).rule(move |line| {
                datas += i32::from(line == "DATA");
                let now = line.starts_with(verb) && (verb != "DATA" || datas == 3);
                now.then(|| "421 4.7.0 too many messages on this connection".to_owned())
            });
            let mut events = session.send(0..5);
            assert!(session.client.wants_close());
            assert_eq!(session.client.room(), 0);
            events.extend(session.disconnect());
            let told = outcomes(&events);
            assert_eq!(told[..2], [(0, "accepted"), (1, "accepted")], "{mode} {verb}");
            assert!(told[2..].iter().all(|(_, what)| *what == "unsent"), "{mode} {verb}: {told:?}");
            assert!(events.contains(&Event::Learnt(Lesson::EndedAfter { messages: 2 })));
            let Some(Event::Closed { why: CloseReason::ServiceClosing { reply, taken: 2, greeting: false } }) =
                events.last()
            else {
                panic!("{events:?}")
            };
            assert_eq!(reply.code, 421);
        }
    }
}

#[test]
fn point_13_421_to_the_message_itself_says_that_it_was_not_taken() {
    for mode in MODES {
        let verb = if mode == Mode::Bdat { "BDAT" } else { "." };
        let mut session = Session::in_mode(mode).rule(says(verb, "421 4.3.0 shutting down"));
        let mut events = session.send(0..1);
        let [Event::Refused { token: 0, phase: Phase::Dot, reply, .. }] = events[..] else {
            panic!("{mode}: {events:?}")
        };
        assert_eq!(reply.code, 421);
        events = session.disconnect();
        assert!(matches!(events[..], [Event::Closed { why: CloseReason::ServiceClosing { .. } }]));
    }
}

#[test]
fn point_13_421_as_greeting_or_while_idle_teaches_no_cap() {
    let mut server = Server::offering(ALL);
    server.output = b"421 4.7.0 too many connections from you\r\n".to_vec();
    let mut session = Session::new(config(Mode::Joined), server);
    assert_eq!(session.run(), []);
    let events = session.disconnect();
    let [Event::Closed { why: CloseReason::ServiceClosing { taken: 0, greeting: true, .. } }] = events[..]
    else {
        panic!("{events:?}")
    };

    let mut session = Session::in_mode(Mode::Joined);
    session.send(0..3);
    session.server.output = b"421 4.4.2 timeout\r\n".to_vec();
    assert_eq!(session.run(), []);
    let events = session.disconnect();
    assert!(matches!(events[..], [Event::Closed { why: CloseReason::ServiceClosing { taken: 3, .. } }]));
}

#[test]
fn point_13_a_cap_that_shows_itself_twice_is_kept_to() {
    let mut learnt = config(Mode::Joined).learnt;
    for _ in 0..2 {
        let config = ClientConfig { learnt, ..config(Mode::Joined) };
        let mut messages = 0;
        let mut session = Session::ready(config, Server::offering(ALL)).rule(move |line| {
            messages += i32::from(line.starts_with("MAIL"));
            (messages > 5).then(|| "421 4.7.0 enough".to_owned())
        });
        session.send(0..9);
        session.disconnect();
        learnt = session.client.learnt();
    }
    assert_eq!(learnt.messages_per_connection, Some(5));
    let config = ClientConfig { learnt, ..config(Mode::Joined) };
    let mut session = Session::ready(config, Server::offering(ALL));
    let told = outcomes(&session.send(0..9));
    assert_eq!(told, (0..5).map(|token| (token, "accepted")).collect::<Vec<_>>());
    assert_eq!(session.server.heard.last().map(String::as_str), Some("QUIT"));
    assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::MessageCap }]);
}

/// Connections to a relay, one after the other, that end after `cap` messages where there is one; how many messages
/// each was given and how many came back unsent.
fn kept_to(learnt: &mut Learnt, connections: usize, cap: Option<u64>) -> Vec<(usize, usize)> {
    let mut given = Vec::new();
    for _ in 0..connections {
        let config = ClientConfig { learnt: *learnt, ..config(Mode::Joined) };
        let mut messages = 0;
        let mut session = Session::ready(config, Server::offering(ALL)).rule(move |line| {
            messages += u64::from(line.starts_with("MAIL"));
            cap.filter(|cap| messages > *cap).map(|_| "421 4.7.0 enough".to_owned())
        });
        let mut events = session.send(0..40);
        events.extend(session.disconnect());
        let told = outcomes(&events);
        given.push((told.len(), told.iter().filter(|(_, what)| *what == "unsent").count()));
        *learnt = session.client.learnt();
    }
    given
}

#[test]
fn point_13_a_cap_that_was_none_is_given_up_and_a_true_one_seldom_asked() {
    // A restart ended two connections at the same count.
    let mut learnt = Learnt::default();
    for _ in 0..2 {
        learnt.take(Lesson::EndedAfter { messages: 1 });
    }
    let given = kept_to(&mut learnt, 100, None);
    assert_eq!(given[0], (1, 0));
    assert_eq!(given[99], (40, 0), "{given:?}");

    let mut learnt = Learnt::default();
    let given = kept_to(&mut learnt, 120, Some(5));
    let beyond = given[2..].iter().filter(|(_, unsent)| *unsent > 0).count();
    assert_eq!(beyond, 3, "after 16 connections, after 32 more, and after 64 more: {given:?}");
    assert_eq!(learnt.messages_per_connection, Some(5));
}

#[test]
fn point_13_what_the_server_says_in_limits_and_what_is_configured_caps_too() {
    let mut offers = ALL.to_vec();
    offers.push("LIMITS MAILMAX=3 RCPTMAX=2");
    for (configured, cap) in [(None, 3), (Some(2), 2), (Some(8), 3)] {
        for mode in MODES {
            let config = ClientConfig { messages_per_connection: configured, ..config(mode) };
            let mut session = Session::ready(config, Server::offering(&offers));
            assert_eq!(outcomes(&session.send(0..9)).len(), cap, "{mode}");
            assert_eq!(session.server.verbs().last(), Some(&"QUIT"));
        }
    }
}

#[test]
fn point_14_a_connection_that_met_eight_refused_recipients_is_left() {
    for mode in MODES {
        // every second one, so that messages are taken between them
        let mut session = Session::in_mode(mode).rule(|line| {
            let digit = line.strip_prefix("RCPT TO:<user")?.split('@').next()?.parse::<u64>().ok()?;
            digit.is_multiple_of(2).then(|| "550 5.1.1 no such user".to_owned())
        });
        let events = session.send(0..80);
        let refused = outcomes(&events).iter().filter(|(_, what)| *what == "refused").count();
        // those that are on their way by then are finished
        let most = if mode == Mode::Bdat { 8 + 8 } else { 9 };
        assert!((8..=most).contains(&refused), "{mode}: {refused}");
        assert_eq!(session.server.verbs().last(), Some(&"QUIT"));
        assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::ManyRefused }]);
    }
}

#[test]
fn point_14_a_connection_is_left_before_ten_errors_follow_each_other() {
    // where nobody is taken DATA is refused as well, and Postfix counts both
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined] {
        let errors = Rc::new(Cell::new(0));
        let seen = Rc::clone(&errors);
        let mut session = Session::in_mode(mode).rule(move |line| {
            let refusal = match line.get(..4)? {
                "RCPT" => "550 5.1.1 no such user",
                "DATA" => "554 5.5.1 no valid recipients",
                _ => return None,
            };
            seen.set(seen.get() + 1);
            Some(refusal.to_owned())
        });
        let told = outcomes(&session.send(0..40));
        assert!((4..=9).contains(&told.len()) && told.iter().all(|(_, what)| *what == "refused"), "{mode}");
        assert!((8..=10).contains(&errors.get()), "{mode}: {}", errors.get());
        assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::ManyRefused }]);
    }
}

#[test]
fn point_14_no_noop_and_no_rset_while_all_goes_well() {
    // with BDAT a transaction may be open behind a chunk that nobody knows yet to be refused: see `bdat`
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined] {
        let mut session = Session::in_mode(mode);
        session.send(0..200);
        let others =
            session.server.verbs().into_iter().filter(|verb| ["NOOP", "RSET", "VRFY"].contains(verb));
        assert_eq!(others.count(), 0, "{mode}");
    }
}

#[test]
fn a_message_that_is_refused_in_the_middle_is_refused_and_the_rest_of_it_never_becomes_commands() {
    let mut session = Session::in_mode(Mode::Joined);
    session.submit(0);
    session.submit(1);
    session.up();
    session.down();
    let half = session.client.outgoing().len() / 4;
    session.client.wrote(half);
    session.client.receive(session.now, b"552 5.3.4 too big\r\n");
    session.note();
    assert_eq!(outcomes(&std::mem::take(&mut session.events)), [(0, "refused")]);
    assert_eq!((session.client.outgoing(), session.client.wants_close()), (&b""[..], true));
    let events = session.disconnect();
    assert_eq!(outcomes(&events), [(1, "unsent")]);
    assert_eq!(events.last(), Some(&Event::Closed { why: CloseReason::EarlyReply }));
}

#[test]
fn a_server_that_says_it_has_what_was_not_all_written_leaves_it_uncertain() {
    let mut session = Session::in_mode(Mode::Joined);
    session.submit(0);
    session.up();
    session.down();
    session.client.wrote(3);
    session.client.receive(session.now, b"250 Ok\r\n");
    session.note();
    assert!(matches!(session.events[..], [Event::Fault { .. }]));
    session.events.clear();
    assert_eq!(outcomes(&session.disconnect()), [(0, "lost")]);
}
