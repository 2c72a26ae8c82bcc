//! smtp.md 6.1: the waits of RFC 5321 §4.5.3.2, and what each means for the message.

use bealert_wire::smtp::{CloseReason, Event, Mode, Phase, ProtocolFault, Timeouts};

use crate::scripted::{ALL, MINUTE, SECOND, Server, Session, config, outcomes};

/// What the client does at the end of a wait for a server that stays silent from `verb` on.
fn silence_at(mode: Mode, verb: &'static str, wait_us: u64) -> (Session, Vec<Event>) {
    let mut session = Session::in_mode(mode);
    session.queue.push_back(1);
    while session.server.heard.iter().all(|line| !line.starts_with(verb)) {
        session.submit_all();
        session.up();
        if session.server.heard.iter().all(|line| !line.starts_with(verb)) {
            session.down();
        } else if mode != Mode::Lockstep {
            // what answers the commands before it does come
            let replies = String::from_utf8(std::mem::take(&mut session.server.output)).unwrap();
            let before = session.server.verbs().iter().position(|heard| *heard == verb).unwrap();
            let replies: String = replies.lines().take(before).map(|line| format!("{line}\r\n")).collect();
            session.client.receive(session.now, replies.as_bytes());
        }
    }
    session.server.output.clear();
    assert_eq!(session.client.poll_timeout(), Some(session.now + wait_us), "{mode} {verb}");
    assert_eq!(session.wait(wait_us - 1), []);
    let events = session.wait(1);
    (session, events)
}

#[test]
fn point_01_each_phase_has_the_time_of_the_standard() {
    for mode in [Mode::Lockstep, Mode::Pipelined] {
        for (verb, phase, minutes) in
            [("MAIL", Phase::Mail, 5), ("RCPT", Phase::Rcpt, 5), ("DATA", Phase::Data, 2)]
        {
            let (mut session, events) = silence_at(mode, verb, minutes * MINUTE);
            assert_eq!(events, []);
            assert!(session.client.wants_close());
            let why = CloseReason::TimedOut { phase };
            let unsent = Event::Unsent { token: 1, recipient: 0 };
            assert_eq!(session.disconnect(), [unsent, Event::Closed { why }], "{mode} {verb}");
        }
    }
}

#[test]
fn point_01_the_dot_has_ten_minutes_and_a_late_reply_still_counts() {
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined] {
        let mut session = Session::in_mode(mode).rule(|line| (line == ".").then(|| "250 late".to_owned()));
        session.queue.push_back(1);
        while !session.server.heard.iter().any(|line| line == ".") {
            session.submit_all();
            session.down();
            session.up();
        }
        assert_eq!(session.client.poll_timeout(), Some(session.now + 10 * MINUTE));
        assert_eq!(session.wait(10 * MINUTE - 1), []);
        assert_eq!(session.wait(1), [Event::TimedOut { token: 1, recipient: 0 }]);
        assert_eq!((session.client.room(), session.client.in_flight()), (0, 1));
        assert!(!session.client.wants_close(), "it may still come");

        let mut late = session;
        late.now += SECOND;
        let events = late.run();
        assert_eq!(outcomes(&events), [(1, "accepted")], "{mode}");
        assert!(late.client.wants_close());
        let why = CloseReason::TimedOut { phase: Phase::Dot };
        assert_eq!(late.disconnect(), [Event::Closed { why }]);
    }
}

#[test]
fn point_01_after_its_grace_a_message_without_a_reply_is_uncertain() {
    let (mut session, events) = silence_at(Mode::Lockstep, ".", 10 * MINUTE);
    assert_eq!(events, [Event::TimedOut { token: 1, recipient: 0 }]);
    let grace_us = session.client.poll_timeout().unwrap() - session.now;
    assert_eq!(session.wait(grace_us), []);
    assert!(session.client.wants_close());
    let why = CloseReason::TimedOut { phase: Phase::Dot };
    assert_eq!(session.disconnect(), [Event::Lost { token: 1, recipient: 0 }, Event::Closed { why }]);
}

#[test]
fn the_greeting_and_what_follows_have_five_minutes() {
    let mut session = Session::new(config(Mode::Joined), Server::offering(ALL));
    assert_eq!(session.client.poll_timeout(), Some(session.now + 5 * MINUTE));
    session.down();
    session.up();
    session.server.output.clear();
    assert_eq!(session.client.poll_timeout(), Some(session.now + 5 * MINUTE));
    session.wait(5 * MINUTE);
    let why = CloseReason::TimedOut { phase: Phase::Ehlo };
    assert_eq!(session.disconnect(), [Event::Closed { why }]);
}

#[test]
fn a_transport_that_takes_nothing_is_given_up_and_nothing_is_uncertain() {
    let mut session = Session::at_full_depth();
    session.submit(1);
    session.submit(2);
    let first = session.client.outgoing().len() / 2;
    session.client.wrote(first);
    assert_eq!(session.client.poll_timeout(), Some(session.now + 3 * MINUTE));
    session.wait(2 * MINUTE);
    session.client.wrote(1);
    session.now += MINUTE;
    assert_eq!(session.wait(0), [], "it moved");
    session.wait(3 * MINUTE);
    assert!(session.client.wants_close());
    assert_eq!(session.client.outgoing(), b"");
    let why = CloseReason::Stalled;
    let events = session.disconnect();
    assert_eq!(events[1..], [Event::Unsent { token: 2, recipient: 0 }, Event::Closed { why }]);
    assert_eq!(outcomes(&events)[0], (1, "lost"));
}

#[test]
fn a_slow_transport_does_not_eat_the_time_of_the_server() {
    let timeouts = Timeouts { dot_us: MINUTE, ..Timeouts::default() };
    let config = bealert_wire::smtp::ClientConfig { timeouts, ..config(Mode::Pipelined) };
    let mut session = Session::ready(config, Server::offering(ALL));
    session.submit(1);
    session.up();
    session.down();
    for _ in 0..4 {
        session.client.wrote(1);
        assert_eq!(session.wait(2 * MINUTE), [], "still writing");
    }
    session.up();
    session.server.output.clear();
    assert_eq!(session.wait(MINUTE), [], "the wait begins when all is written");
    assert_eq!(session.wait(MINUTE), [Event::TimedOut { token: 1, recipient: 0 }]);
}

#[test]
fn a_reply_before_its_command_is_no_reply() {
    let mut session = Session::in_mode(Mode::Lockstep);
    session.submit(1);
    session.client.receive(session.now, b"250 2.1.0 before MAIL is written\r\n");
    session.note();
    let [Event::Fault { what: ProtocolFault::Unexpected(_) }] = session.events[..] else {
        panic!("{:?}", session.events)
    };
    session.events.clear();
    let why = CloseReason::Violation;
    assert_eq!(session.disconnect(), [Event::Unsent { token: 1, recipient: 0 }, Event::Closed { why }]);
}
