//! smtp.md 6.4: every recipient was refused, and what the server says to DATA is no second refusal.

use bealert_wire::smtp::{Event, Mode, Phase};

use crate::scripted::{Session, outcomes};

fn refusing_first(mode: Mode, data: Option<&'static str>) -> (Session, Vec<Event>) {
    let mut first = true;
    let mut session = Session::in_mode(mode).rule(move |line| match line {
        "RCPT TO:<user0@example.org>" => Some("550 5.1.1 no such user".to_owned()),
        "DATA" => std::mem::take(&mut first).then_some(data?).map(str::to_owned),
        _ => None,
    });
    let events = session.send(0..4);
    (session, events)
}

#[test]
fn point_04_354_for_nobody_gets_the_dot_alone() {
    for mode in [Mode::Pipelined, Mode::Joined] {
        // as smtp-sink does it
        let (session, events) = refusing_first(mode, Some("354 go on"));
        assert_eq!(outcomes(&events), [(0, "refused"), (1, "accepted"), (2, "accepted"), (3, "accepted")]);
        assert_eq!(session.server.taken.len(), 3, "{mode}");
        let second = &session.writes[1];
        assert!(second.starts_with(".\r\n") && !second.contains("Message-ID: <0"), "{mode}: {second:?}");
        assert!(!session.server.verbs().contains(&"RSET"));
    }
}

#[test]
fn point_04_the_503_or_554_that_follows_is_no_second_error_and_rset_ends_the_transaction() {
    for mode in [Mode::Pipelined, Mode::Joined] {
        for data in ["503 5.5.1 need RCPT", "554 5.5.1 no valid recipients"] {
            let (session, events) = refusing_first(mode, Some(data));
            let [Event::Refused { token: 0, phase: Phase::Rcpt, reply, .. }, rest @ ..] = &events[..] else {
                panic!("{mode}: {events:?}")
            };
            assert_eq!(reply.code, 550);
            assert_eq!(outcomes(rest), [(1, "accepted"), (2, "accepted"), (3, "accepted")]);
            // the server of the test, as Postfix, answers a MAIL inside a transaction with 503
            assert!(session.writes[1].starts_with("RSET\r\nMAIL"), "{:?}", session.writes[1]);
            assert_eq!(session.server.verbs().iter().filter(|verb| **verb == "RSET").count(), 1);
        }
    }
}

#[test]
fn in_lock_step_data_is_not_even_said() {
    let (session, events) = refusing_first(Mode::Lockstep, None);
    assert_eq!(outcomes(&events), [(0, "refused"), (1, "accepted"), (2, "accepted"), (3, "accepted")]);
    assert_eq!(session.server.verbs()[..5], ["MAIL", "RCPT", "RSET", "MAIL", "RCPT"]);
}

#[test]
fn after_a_refused_sender_nothing_has_to_be_ended() {
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat] {
        let mut session = Session::in_mode(mode).rule(|line| {
            line.starts_with("MAIL FROM:<bounce+0@").then(|| "550 5.7.1 not from you".to_owned())
        });
        let events = session.send(0..3);
        let [Event::Refused { token: 0, phase: Phase::Mail, .. }, ..] = events[..] else {
            panic!("{mode}: {events:?}")
        };
        assert_eq!(outcomes(&events)[1..], [(1, "accepted"), (2, "accepted")], "{mode}");
        assert!(mode == Mode::Bdat || !session.server.verbs().contains(&"RSET"));
    }
}
