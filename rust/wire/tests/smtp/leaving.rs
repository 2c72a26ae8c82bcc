//! smtp.md 6.22: idle connections, old ones, and how a session is left.

use bealert_wire::smtp::{ClientConfig, CloseReason, Event, Mode, SubmitError};

use crate::scripted::{ALL, MINUTE, SECOND, Server, Session, config, message, outcomes};

#[test]
fn point_22_an_idle_connection_is_left_before_the_server_would_and_no_noop_keeps_it() {
    let mut session = Session::in_mode(Mode::Joined);
    session.send(0..1);
    let at = session.client.poll_timeout().unwrap();
    assert!(at < session.now + 5 * MINUTE, "a server may close after 5 minutes");
    let idle_us = at - session.now;
    session.wait(idle_us);
    session.run();
    assert_eq!(session.server.verbs().last(), Some(&"QUIT"));
    assert!(session.client.wants_close());
    assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::Idle }]);
}

#[test]
fn point_22_a_421_or_an_end_that_waits_is_seen_before_the_connection_is_used_again() {
    let mut session = Session::in_mode(Mode::Joined);
    session.send(0..1);
    session.client.receive(session.now, b"421 4.4.2 idle for too long\r\n");
    assert_eq!(session.client.room(), 0);
    let envelope = bealert_wire::smtp::Envelope::new("s@alert.example", &["a@example.org"]);
    let refused = session.client.submit(session.now, 7, &envelope, &message(7));
    assert_eq!(refused, Err(SubmitError::NotReady));
}

#[test]
fn an_old_connection_is_left_once_its_messages_are_answered() {
    let config = ClientConfig { connection_age_us: Some(MINUTE), ..config(Mode::Joined) };
    let mut session = Session::ready(config, Server::offering(ALL));
    assert_eq!(session.client.poll_timeout(), Some(session.now + MINUTE));
    session.now += MINUTE - SECOND;
    session.submit(0);
    session.up();
    session.now += SECOND;
    session.queue.extend(1..4);
    let events = session.run();
    assert_eq!(outcomes(&events), [(0, "accepted"), (1, "accepted")], "those that it had by then");
    assert_eq!((session.queue.len(), session.client.wants_close()), (2, true));
    assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::Age }]);
}

#[test]
fn quit_finishes_what_was_handed_in() {
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat] {
        let mut session = Session::in_mode(mode);
        session.queue.extend(0..20);
        session.submit_all();
        let handed_in = 20 - session.queue.len() as u64;
        session.client.quit(session.now);
        assert_eq!(session.client.room(), 0);
        let events = session.run();
        let want: Vec<_> = (0..handed_in).map(|token| (token, "accepted")).collect();
        assert_eq!(outcomes(&events), want, "{mode}");
        assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::Requested }]);
        assert_eq!(session.client.poll_timeout(), None);
    }
}

#[test]
fn quit_is_not_waited_for_long_and_before_the_greeting_not_said() {
    let mut session = Session::in_mode(Mode::Joined);
    session.client.quit(session.now);
    session.up();
    assert!(!session.client.wants_close());
    let wait_us = session.client.poll_timeout().unwrap() - session.now;
    assert!(wait_us <= 10 * SECOND);
    session.wait(wait_us);
    assert!(session.client.wants_close());
    assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::Requested }]);

    let mut session = Session::new(config(Mode::Joined), Server::offering(ALL));
    session.client.quit(session.now);
    assert!(session.client.wants_close());
    assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::Requested }]);
}

#[test]
fn a_server_that_does_not_serve_is_left_with_what_it_said() {
    for greeting in ["554 5.7.1 you are not welcome", "450 4.3.0 later"] {
        let mut server = Server::offering(ALL);
        server.output = format!("{greeting}\r\n").into_bytes();
        let mut session = Session::new(config(Mode::Joined), server);
        assert_eq!(session.run(), []);
        let events = session.disconnect();
        let [Event::Closed { why: CloseReason::NotServed { reply } }] = events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(reply.to_string(), greeting);
    }
}

#[test]
fn a_server_of_before_ehlo_gets_helo_and_messages_step_by_step() {
    let mut session = Session::new(config(Mode::Bdat), Server::offering(ALL));
    session.server.rule = Box::new(|line| line.starts_with("EHLO").then(|| "500 unknown".to_owned()));
    session.queue.extend(0..2);
    let events = session.run();
    assert!(matches!(&events[0], Event::Ready(ready) if ready.helo && ready.mode == Mode::Lockstep));
    assert_eq!(outcomes(&events), [(0, "accepted"), (1, "accepted")]);
    assert_eq!(session.server.heard[1], "HELO client.example");
    assert_eq!(session.server.heard[2], "MAIL FROM:<bounce+0@alert.example>");
}

#[test]
fn the_connection_that_ends_by_itself_is_told_as_that() {
    let mut session = Session::in_mode(Mode::Joined);
    assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::Dropped }]);
    assert_eq!((session.client.room(), session.client.wants_close()), (0, false));
    session.client.receive(session.now, b"250 ghost\r\n");
    session.client.handle_timeout(session.now + MINUTE);
    assert_eq!(session.client.poll_event(), None);
}

#[test]
fn a_relay_that_never_said_anything_is_told_apart() {
    let mut session = Session::new(config(Mode::Joined), Server::offering(ALL));
    assert!(session.client.is_silent());
    assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::NotGreeted }]);

    for heard in ["220 relay.example", "220 relay.example ESMTP\r\n"] {
        let mut session = Session::new(config(Mode::Joined), Server::offering(ALL));
        session.client.receive(session.now, heard.as_bytes());
        assert!(!session.client.is_silent(), "{heard:?}");
        assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::Dropped }]);
    }
}
