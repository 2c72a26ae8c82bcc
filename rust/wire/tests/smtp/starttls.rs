//! smtp.md 6.15: TLS on the same connection (RFC 3207), and from the first octet (RFC 8314).

use bealert_wire::smtp::{ClientConfig, CloseReason, Event, Mode, ProtocolFault, TlsMode};

use crate::scripted::{ALL, MINUTE, Server, Session, config, outcomes};

fn session(tls: TlsMode, offers: &[&str]) -> Session {
    Session::new(ClientConfig { tls, ..config(Mode::Joined) }, Server::offering(offers))
}

fn with_tls() -> Vec<&'static str> {
    ALL.iter().copied().chain(["STARTTLS"]).collect()
}

#[test]
fn point_15_what_was_said_in_plain_is_forgotten_and_ehlo_said_again() {
    for tls in [TlsMode::Required, TlsMode::Opportunistic] {
        let mut session = session(tls, &with_tls());
        session.queue.push_back(1);
        assert_eq!(session.run(), []);
        assert_eq!(session.server.heard, ["EHLO client.example", "STARTTLS"]);
        assert_eq!(session.writes[1], "STARTTLS\r\n", "alone in its group");
        assert!(session.client.wants_tls());
        assert_eq!((session.client.room(), session.client.outgoing()), (0, &b""[..]));

        // inside TLS it offers less
        session.server.offers = vec!["SIZE 1000".to_owned()];
        session.client.tls_started(session.now);
        assert!(!session.client.wants_tls());
        let events = session.run();
        let Event::Ready(ready) = &events[0] else { panic!("{events:?}") };
        assert!(ready.tls && !ready.extensions.pipelining && !ready.extensions.starttls);
        assert_eq!((ready.extensions.size, ready.mode), (Some(1_000), Mode::Lockstep));
        assert_eq!(outcomes(&events), [(1, "accepted")]);
        assert_eq!(session.server.verbs()[..4], ["EHLO", "STARTTLS", "EHLO", "MAIL"]);
    }
}

#[test]
fn point_15_plain_text_behind_the_reply_is_dropped_and_counted() {
    // CVE-2011-0411: somebody on the way adds replies, to be believed once TLS is there
    for injected in ["250-PIPELINING\r\n250 AUTH PLAIN\r\n", "250", "\0"] {
        let mut session = session(TlsMode::Required, &with_tls());
        session.down();
        session.up();
        session.down();
        session.up();
        let reply = format!("220 Ready\r\n{injected}");
        session.client.receive(session.now, reply.as_bytes());
        session.note();
        assert_eq!(session.events, [Event::Fault { what: ProtocolFault::PlainText }], "{injected:?}");
        session.client.receive(session.now, b"250 more of it\r\n");
        assert_eq!(session.client.poll_event(), None, "told once");
        session.events.clear();
        session.server.output.clear();
        session.client.tls_started(session.now);
        assert_eq!(session.client.outgoing(), b"EHLO client.example\r\n");
        let events = session.run();
        assert!(matches!(&events[..], [Event::Ready(ready)] if ready.tls), "{events:?}");
    }
}

#[test]
fn point_15_required_never_falls_back() {
    let mut session_ = session(TlsMode::Required, ALL);
    assert_eq!(session_.run(), [Event::TlsRefused { reply: None }]);
    assert_eq!(session_.server.heard, ["EHLO client.example", "QUIT"], "nothing else is said in plain");
    assert_eq!(session_.disconnect(), [Event::Closed { why: CloseReason::TlsNotOffered }]);

    for refusal in ["454 4.7.0 TLS not available", "501 5.5.4 syntax", "502 what"] {
        let mut session = session(TlsMode::Required, &with_tls());
        session.server.rule = Box::new(move |line| (line == "STARTTLS").then(|| refusal.to_owned()));
        let events = session.run();
        assert!(matches!(events[..], [Event::TlsRefused { reply: Some(_) }]), "{events:?}");
        assert_eq!(session.server.verbs(), ["EHLO", "STARTTLS", "QUIT"]);
        let events = session.disconnect();
        assert!(matches!(events[..], [Event::Closed { why: CloseReason::TlsRefused { .. } }]));
    }

    // a server that knows HELO only cannot offer it
    let mut session = session(TlsMode::Required, &with_tls());
    session.server.rule = Box::new(|line| line.starts_with("EHLO").then(|| "502 unknown".to_owned()));
    assert_eq!(session.run(), [Event::TlsRefused { reply: None }]);
    assert_eq!(session.server.verbs(), ["EHLO", "HELO", "QUIT"]);
}

#[test]
fn point_15_opportunistic_goes_on_in_plain_where_there_is_no_tls() {
    for refusal in [None, Some("454 4.7.0 TLS not available")] {
        let offers = if refusal.is_some() { with_tls() } else { ALL.to_vec() };
        let mut session = session(TlsMode::Opportunistic, &offers);
        session.server.rule =
            Box::new(move |line| (line == "STARTTLS").then_some(refusal?).map(str::to_owned));
        session.queue.push_back(1);
        let events = session.run();
        assert!(matches!(&events[0], Event::Ready(ready) if !ready.tls));
        assert_eq!(outcomes(&events), [(1, "accepted")]);
    }
}

#[test]
fn point_15_none_does_not_ask_and_implicit_does_not_have_to() {
    for (tls, inside) in [(TlsMode::None, false), (TlsMode::Implicit, true)] {
        let mut session = session(tls, &with_tls());
        let events = session.run();
        assert!(matches!(&events[..], [Event::Ready(ready)] if ready.tls == inside));
        assert_eq!(session.server.heard, ["EHLO client.example"]);
    }
}

#[test]
fn tls_that_does_not_come_about_is_given_up() {
    let mut session = session(TlsMode::Required, &with_tls());
    session.run();
    assert_eq!(session.client.poll_timeout(), Some(session.now + 5 * MINUTE));
    session.wait(5 * MINUTE);
    assert!(session.client.wants_close() && !session.client.wants_tls());
}
