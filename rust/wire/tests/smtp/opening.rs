//! The first words of a connection: greetings and answers to EHLO that are not as they should be.

use bealert_wire::smtp::{CloseReason, Event, Mode, Ready};

use crate::scripted::{ALL, Server, Session, config, outcomes};

/// A session with a server that says this to EHLO, and then what a good one does.
fn saying(ehlo: &'static str) -> Session {
    let mut session = Session::new(config(Mode::Bdat), Server::offering(ALL));
    session.server.rule = Box::new(move |line| line.starts_with("EHLO").then(|| ehlo.to_owned()));
    session.queue.extend(0..2);
    session
}

fn ready(events: &[Event]) -> &Ready {
    let Some(Event::Ready(ready)) = events.first() else { panic!("{events:?}") };
    ready
}

#[test]
fn who_does_not_know_ehlo_is_greeted_as_in_the_last_century_and_asked_for_nothing() {
    for refusal in ["500 5.5.1 what?", "502 not implemented", "504 no", "550-no such\r\n550 thing"] {
        let mut session = saying(refusal);
        let events = session.run();
        let ready = ready(&events);
        assert!(ready.helo && ready.mode == Mode::Lockstep && ready.extensions == Default::default());
        assert_eq!(outcomes(&events), [(0, "accepted"), (1, "accepted")], "{refusal}");
        assert_eq!(session.server.heard[1], "HELO client.example");
        assert_eq!(session.server.heard[2], "MAIL FROM:<bounce+0@alert.example>", "no parameter");
    }
}

#[test]
fn what_a_refusal_of_ehlo_lists_is_no_offer() {
    let mut session = saying("550-no\r\n550-PIPELINING\r\n550 CHUNKING");
    assert_eq!(ready(&session.run()).extensions, Default::default());
}

#[test]
fn who_says_not_now_is_left_and_nobody_is_sent_to() {
    for refusal in ["450 4.3.2 busy", "454 4.7.0 later", "354 go on"] {
        let mut session = saying(refusal);
        let events = session.run();
        assert_eq!(outcomes(&events), []);
        assert_eq!(session.server.verbs(), ["EHLO", "QUIT"], "{refusal}");
        assert!(matches!(session.disconnect()[..], [Event::Closed { why: CloseReason::NotServed { .. } }]));
    }
}

#[test]
fn a_greeting_that_is_no_welcome_is_followed_by_quit() {
    for greeting in
        ["554 5.3.2 no mail here", "521 5.3.2 this host takes none", "450 4.3.2 busy", "354 go on"]
    {
        let mut server = Server::offering(ALL);
        server.output = format!("{greeting}\r\n").into_bytes();
        let mut session = Session::new(config(Mode::Joined), server);
        session.queue.extend(0..2);
        assert_eq!(session.run(), [], "{greeting}");
        assert_eq!(session.server.heard, ["QUIT"]);
        assert!(matches!(session.disconnect()[..], [Event::Closed { why: CloseReason::NotServed { .. } }]));
    }
}

#[test]
fn a_greeting_of_many_lines_with_octets_above_ascii_is_a_greeting() {
    let mut server = Server::offering(ALL);
    server.output = b"220-relay.example ESMTP\r\n220-\xff\xfe no spam\r\n220 \r\n".to_vec();
    let mut session = Session::new(config(Mode::Joined), server);
    session.queue.extend(0..2);
    let events = session.run();
    assert_eq!(ready(&events).greeting.code, 220);
    assert_eq!(outcomes(&events), [(0, "accepted"), (1, "accepted")]);
}

#[test]
fn junk_between_the_offers_is_passed_over_and_the_offers_stand() {
    let mut session = saying(
        "250-relay.example PIPELINING is not offered here\r\n250-\r\n250- \r\n250-X\u{e9}\u{0}\u{7f}\r\n\
         250-SIZE 1e9 -5\r\n250-SIZE\r\n250-AUTH\r\n250-AUTH=\r\n250-LIMITS MAILMAX RCPTMAX= =3 MAILMAX=0 X=y\r\n\
         250-DELIVERBY never\r\n250-PIPELINING-NOT\r\n250-=\r\n250-  dsn  \r\n250-8BITMIME 7BITMIME\r\n\
         250-pipelining\r\n250 chunking LAST",
    );
    let events = session.run();
    let offered = ready(&events).extensions;
    assert!(offered.pipelining && offered.chunking && offered.dsn && offered.eight_bit_mime);
    assert!(!offered.auth.any() && !offered.starttls && !offered.smtp_utf8);
    assert_eq!((offered.size, offered.limits), (Some(0), Default::default()), "no limit that can be read");
    assert_eq!(offered.deliver_by.and_then(|offer| offer.least_s), None);
    assert_eq!(outcomes(&events), [(0, "accepted"), (1, "accepted")]);
}

#[test]
fn what_stands_in_the_line_that_names_the_server_is_no_offer() {
    let mut session = saying("250 PIPELINING");
    let events = session.run();
    assert_eq!((ready(&events).extensions, ready(&events).mode), (Default::default(), Mode::Lockstep));
}
