//! Servers that answer what they should not: wrong replies in wrong places, and what is still true then.

use bealert_wire::smtp::{CloseReason, Event, Lesson, Mode, Phase, ProtocolFault};

use crate::scripted::{Session, outcomes};

const DATA_MODES: [Mode; 3] = [Mode::Lockstep, Mode::Pipelined, Mode::Joined];

fn says(verb: &'static str, reply: &'static str) -> impl FnMut(&str) -> Option<String> {
    move |line| line.starts_with(verb).then(|| reply.to_owned())
}

/// The faults told, and why the session ended.
fn fault(events: &[Event]) -> Option<ProtocolFault> {
    events.iter().find_map(|event| if let Event::Fault { what } = event { Some(*what) } else { None })
}

#[test]
fn a_yes_to_data_is_no_go_on_and_not_one_octet_of_the_message_leaves() {
    for mode in DATA_MODES {
        let mut session = Session::in_mode(mode).rule(says("DATA", "250 2.0.0 Ok"));
        let events = session.send(0..2);
        assert!(
            matches!(fault(&events), Some(ProtocolFault::OutOfStep { phase: Phase::Data, .. })),
            "{mode}"
        );
        assert!(session.writes.iter().all(|write| !write.contains("Message-ID")), "{mode}");
        let told: Vec<_> = outcomes(&session.disconnect());
        assert!(told.iter().all(|(_, what)| *what == "unsent") && !told.is_empty(), "{mode}: {told:?}");
    }
}

#[test]
fn go_on_to_a_chunk_leaves_it_uncertain_and_what_is_behind_it_too() {
    let mut session = Session::at_full_depth().rule(says("BDAT", "354 go on"));
    let events = session.send(0..3);
    assert!(matches!(fault(&events), Some(ProtocolFault::OutOfStep { phase: Phase::Dot, .. })), "{events:?}");
    assert_eq!(outcomes(&events), []);
    assert_eq!(outcomes(&session.disconnect()), [(0, "lost"), (1, "lost"), (2, "lost")]);
}

#[test]
fn go_on_said_twice_puts_no_message_in_doubt_that_has_not_left() {
    for mode in DATA_MODES {
        let mut session = Session::in_mode(mode).rule(says("DATA", "354 go on\r\n354 go on"));
        let events = session.send(0..1);
        assert!(matches!(fault(&events), Some(ProtocolFault::OutOfStep { phase: Phase::Dot, .. })), "{mode}");
        assert_eq!(outcomes(&session.disconnect()), [(0, "unsent")], "{mode}");
    }
}

#[test]
fn go_on_to_mail_and_rcpt_is_nothing_that_can_be_followed() {
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined] {
        for (verb, phase) in [("MAIL", Phase::Mail), ("RCPT", Phase::Rcpt)] {
            let mut session = Session::in_mode(mode).rule(says(verb, "354 go on"));
            let Some(ProtocolFault::OutOfStep { phase: told, .. }) = fault(&session.send(0..1)) else {
                panic!("{mode} {verb}")
            };
            assert_eq!(told, phase);
            assert_eq!(outcomes(&session.disconnect()), [(0, "unsent")]);
        }
    }
}

#[test]
fn who_refuses_the_sender_and_takes_the_recipient_gets_no_empty_message_for_them() {
    // 354 for nobody is answered by the dot alone (RFC 2920 §3.1), but here there is somebody
    for mode in [Mode::Pipelined, Mode::Joined] {
        let mut session = Session::in_mode(mode).rule(|line| match line {
            mail if mail.starts_with("MAIL FROM:<bounce+0@") => Some("550 5.7.1 not you".to_owned()),
            "RCPT TO:<user0@example.org>" => Some("250 2.1.5 Ok".to_owned()),
            "DATA" => Some("354 go on".to_owned()),
            _ => None,
        });
        let mut events = session.send(0..2);
        assert!(session.server.taken.is_empty() && session.client.wants_close(), "{mode}");
        assert!(!session.server.heard.contains(&".".to_owned()), "{mode}: {:?}", session.server.heard);
        events.extend(session.disconnect());
        assert!(matches!(events[0], Event::Refused { token: 0, phase: Phase::Mail, .. }), "{events:?}");
        assert_eq!(outcomes(&events)[1..].iter().filter(|(_, what)| *what != "unsent").count(), 0);
    }
}

#[test]
fn replies_behind_quit_are_not_heard() {
    for extra in ["", "250 2.0.0 Ok\r\n", "421 4.4.2 bye\r\n", "garbage\r\n", "250-"] {
        let mut session = Session::in_mode(Mode::Joined);
        session.send(0..3);
        session.client.quit(session.now);
        assert!(session.up());
        session.server.output.extend_from_slice(extra.as_bytes());
        session.down();
        assert!(session.client.wants_close());
        session.client.receive(session.now, b"250 2.0.0 one more\r\n");
        session.note();
        let why = CloseReason::Requested;
        assert_eq!(session.disconnect(), [Event::Closed { why }], "{extra:?}");
    }
}

#[test]
fn a_421_that_crosses_our_quit_is_no_fault() {
    let mut session = Session::in_mode(Mode::Joined);
    session.send(0..1);
    session.client.quit(session.now);
    session.client.receive(session.now, b"421 4.4.2 idle for too long\r\n");
    session.note();
    assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::Requested }]);
}

#[test]
fn a_line_of_100_kb_and_thousands_of_lines_end_the_session_and_what_was_out_is_uncertain() {
    let line = format!("250 2.0.0 {}\r\n", "x".repeat(100_000));
    let lines = "250-2.0.0 as I said\r\n".repeat(5_000);
    for flood in [line, lines] {
        for mode in DATA_MODES {
            let text = flood.clone();
            let mut session = Session::in_mode(mode).rule(move |line| (line == ".").then(|| text.clone()));
            let events = session.send(0..1);
            assert!(matches!(fault(&events), Some(ProtocolFault::Unreadable(_))), "{mode}");
            assert_eq!(outcomes(&session.disconnect()), [(0, "lost")]);
        }
    }
}

#[test]
fn codes_that_differ_within_a_reply_end_the_session_wherever_it_comes() {
    for mode in DATA_MODES {
        for (verb, what) in [("MAIL", "unsent"), ("RCPT", "unsent"), ("DATA", "unsent"), (".", "lost")] {
            let mut session = Session::in_mode(mode).rule(says(verb, "250-2.0.0 yes\r\n550 5.0.0 no"));
            let events = session.send(0..1);
            assert!(matches!(fault(&events), Some(ProtocolFault::Unreadable(_))), "{mode} {verb}");
            assert_eq!(outcomes(&session.disconnect()), [(0, what)], "{mode} {verb}");
        }
    }
}

#[test]
fn half_a_reply_is_no_reply_however_long_it_takes_and_counts_when_it_is_whole() {
    for mode in DATA_MODES {
        let mut session = Session::in_mode(mode);
        session.server.rule = Box::new(says(".", "250-2.0.0 queued\r\n250 2.0.0 as 4bXk"));
        session.submit(0);
        while !session.server.heard.contains(&".".to_owned()) {
            session.up();
            if !session.server.heard.contains(&".".to_owned()) {
                session.down();
            }
        }
        let reply = std::mem::take(&mut session.server.output);
        for piece in reply.chunks(5) {
            assert_eq!(session.wait(20 * crate::scripted::SECOND), [], "{mode}");
            session.client.receive(session.now, piece);
        }
        session.note();
        let [Event::Accepted { reply, .. }] = &session.events[..] else { panic!("{:?}", session.events) };
        assert_eq!(reply.to_string(), "250 2.0.0 queued as 4bXk");
    }
}

#[test]
fn the_words_of_a_reply_decide_nothing_and_a_code_of_another_class_is_words() {
    let cases = [
        ("RCPT", "251 2.1.5 user is elsewhere, will forward", "accepted"),
        ("RCPT", "252 2.1.5 cannot say, will try", "accepted"),
        ("RCPT", "250 5.1.1 no such user", "accepted"),
        ("RCPT", "550 2.1.5 Ok", "refused"),
        ("RCPT", "556 5.1.10 the domain takes no mail", "refused"),
        ("MAIL", "521 5.3.2 this host takes no mail", "refused"),
        ("MAIL", "552 5.3.4 too large by what was declared", "refused"),
        (".", "250 4.3.0 try again", "accepted"),
        (".", "550 5.7.1 spam", "refused"),
        (".", "552 5.2.2 over quota", "refused"),
        (".", "250 \u{0}\u{1b}[2J\u{ff}", "accepted"),
    ];
    for mode in DATA_MODES {
        for (verb, reply, what) in cases {
            let mut session = Session::in_mode(mode).rule(says(verb, reply));
            let events = session.send(0..1);
            assert_eq!(outcomes(&events), [(0, what)], "{mode} {verb} {reply}");
            if let Event::Accepted { reply, .. } | Event::Refused { reply, .. } = events[0] {
                assert!(reply.enhanced.is_none_or(|code| u16::from(code.0) == reply.code / 100));
            }
            session.server.rule = Box::new(|_| None);
            assert_eq!(outcomes(&session.send(1..2)), [(1, "accepted")], "{mode} {verb}: it goes on");
        }
    }
}

#[test]
fn an_unasked_421_behind_any_octet_of_a_dialogue_fails_nobody() {
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat] {
        for after in 1.. {
            let mut session = Session::in_mode(mode);
            session.queue.extend(0..3);
            let mut left = after;
            while left > 0 {
                session.submit_all();
                let some = session.client.outgoing().len().min(left);
                let octets = session.client.outgoing()[..some].to_vec();
                session.client.wrote(some);
                session.server.hear(&octets);
                left -= some;
                if !session.down() && some == 0 {
                    break;
                }
            }
            session.client.receive(session.now, b"421 4.3.2 shutting down\r\n");
            session.note();
            let mut events = std::mem::take(&mut session.events);
            assert!(!events.iter().any(|event| matches!(event, Event::Fault { .. })), "{mode} {after}");
            assert!(session.client.wants_close() && session.client.outgoing().is_empty());
            events.extend(session.disconnect());
            for (token, what) in outcomes(&events) {
                let taken = session
                    .server
                    .taken
                    .iter()
                    .filter(|taken| taken.recipients == [crate::scripted::recipient(token)]);
                let taken = taken.count();
                match what {
                    "accepted" => assert_eq!(taken, 1, "{mode} {after}"),
                    // it says for now, which fails nobody, and only of what it did not take
                    "refused" | "unsent" => assert_eq!(taken, 0, "{mode} {after}: {token} {what}"),
                    what => panic!("{mode} {after}: {token} {what}"),
                }
            }
            if left > 0 {
                break;
            }
        }
    }
}

#[test]
fn a_rset_that_is_refused_ends_the_connection_before_anything_else_is_said() {
    let mut session = Session::in_mode(Mode::Pipelined).rule(|line| match line {
        "RCPT TO:<user0@example.org>" => Some("550 5.1.1 no such user".to_owned()),
        "RSET" => Some("502 5.5.1 not implemented".to_owned()),
        _ => None,
    });
    let events = session.send(0..2);
    assert_eq!(outcomes(&events), [(0, "refused")]);
    assert!(
        matches!(fault(&events), Some(ProtocolFault::OutOfStep { phase: Phase::Rset, .. })),
        "{events:?}"
    );
    assert_eq!(outcomes(&session.disconnect()), [(1, "unsent")]);
    assert!(session.server.taken.is_empty());

    let mut session = Session::at_full_depth().rule(says("RSET", "500 5.5.2 what"));
    let events = session.send(0..2);
    assert!(events.contains(&Event::Learnt(Lesson::TooFast { mode: Mode::Bdat })), "{events:?}");
}
