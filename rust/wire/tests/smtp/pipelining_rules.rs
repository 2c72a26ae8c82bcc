//! smtp.md 6.3: RFC 2920 §3.1. EHLO, DATA, QUIT, STARTTLS and AUTH end a group, every reply is matched, and a client
//! reads while it writes.

use bealert_wire::smtp::{CloseReason, Event, Mode, ProtocolFault};

use crate::scripted::{ALL, Server, Session, config, outcomes};

#[test]
fn point_03_a_command_that_must_be_last_in_its_group_is() {
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat] {
        let mut session = Session::new(config(mode), Server::offering(ALL));
        session.queue.extend(0..5);
        session.run();
        session.client.quit(session.now);
        session.run();
        for write in &session.writes {
            let lines: Vec<&str> = write.lines().collect();
            for line in &lines[..lines.len() - 1] {
                let word = line.split(' ').next().unwrap();
                assert!(!["EHLO", "DATA", "QUIT", "STARTTLS", "AUTH"].contains(&word), "{write:?}");
            }
        }
        assert_eq!(session.writes.last().map(String::as_str), Some("QUIT\r\n"));
    }
}

#[test]
fn point_03_every_reply_is_matched_however_the_stream_is_cut() {
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat] {
        let refuse = |line: &str| match line {
            line if line.starts_with("RCPT TO:<user3@") => Some("550-5.1.1 no\r\n550 5.1.1 such user".into()),
            line if line.starts_with("RCPT TO:<user5@") => Some("450 4.2.0 greylisted".into()),
            _ => None,
        };
        let mut session = Session::in_mode(mode).rule(refuse);
        session.queue.extend(0..8);
        loop {
            session.submit_all();
            if !session.up() {
                break;
            }
            for octet in std::mem::take(&mut session.server.output) {
                session.client.receive(session.now, &[octet]);
                session.note();
                session.submit_all();
            }
        }
        let want: Vec<_> = (0..8)
            .map(|token| (token, if [3, 5].contains(&token) { "refused" } else { "accepted" }))
            .collect();
        assert_eq!(outcomes(&session.events), want, "{mode}");
        assert_eq!(session.server.taken.len(), 6);
    }
}

#[test]
fn point_03_replies_are_read_while_a_long_message_is_still_being_written() {
    // The commands of the second message stand behind the first body; the transport takes a few octets at a time.
    let mut session = Session::in_mode(Mode::Joined);
    session.queue.extend(0..4);
    loop {
        session.submit_all();
        let some = session.client.outgoing().len().min(7);
        if some == 0 && !session.down() {
            break;
        }
        let octets = session.client.outgoing()[..some].to_vec();
        session.client.wrote(some);
        session.server.hear(&octets);
        session.down();
    }
    assert_eq!(outcomes(&session.events).len(), 4);
    assert_eq!(session.server.taken.len(), 4);
}

#[test]
fn point_03_a_reply_too_many_ends_the_session_before_a_body_goes_to_the_wrong_message() {
    // after MAIL the server says two replies: everything from there on is one off
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined] {
        let twice = |line: &str| line.starts_with("MAIL").then(|| "250 2.1.0 Ok\r\n250 2.1.0 Ok".to_owned());
        let mut session = Session::in_mode(mode).rule(twice);
        let events = session.send(1..2);
        assert!(events.iter().any(|event| matches!(event, Event::Fault { .. })), "{mode}: {events:?}");
        assert!(session.client.wants_close());
        let events = session.disconnect();
        assert_eq!(outcomes(&events), [(1, "unsent")]);
        assert_eq!(events.last(), Some(&Event::Closed { why: CloseReason::Violation }));
        assert!(session.server.taken.is_empty());
    }
}

#[test]
fn point_03_a_stale_reply_between_two_messages_ends_the_session() {
    let mut session = Session::in_mode(Mode::Pipelined);
    assert_eq!(outcomes(&session.send(0..1)), [(0, "accepted")]);
    session.client.receive(session.now, b"250 2.0.0 Ok: queued again\r\n");
    session.note();
    let [Event::Fault { what: ProtocolFault::Unexpected(reply) }] = session.events[..] else {
        panic!("{:?}", session.events)
    };
    assert_eq!(reply.code, 250);
    assert_eq!((session.client.room(), session.client.wants_close()), (0, true));
}
