//! smtp.md 6.6: BDAT, and servers that do not take it as they should.

use bealert_wire::smtp::{CloseReason, Event, Lesson, Mode, Phase};

use crate::scripted::{MINUTE, Session, outcomes};

fn lessons(events: &[Event]) -> Vec<Lesson> {
    events
        .iter()
        .filter_map(|event| if let Event::Learnt(lesson) = event { Some(*lesson) } else { None })
        .collect()
}

#[test]
fn point_06_a_refused_recipient_and_its_chunk_in_one_write_as_postfix_and_exim_answer_it() {
    for refusal in ["554 5.5.1 no valid recipients", "503 valid RCPT command must precede BDAT"] {
        let mut session = Session::in_mode(Mode::Bdat);
        // the transaction is over for both, so the next MAIL is taken
        let mut nobody = false;
        session.server.rule = Box::new(move |line| match line {
            "RCPT TO:<user2@example.org>" => {
                nobody = true;
                Some("550 5.1.1 no such user".to_owned())
            }
            line if line.starts_with("BDAT") => std::mem::take(&mut nobody).then(|| refusal.to_owned()),
            _ => None,
        });
        let events = session.send(0..6);
        let want: Vec<_> =
            (0..6).map(|token| (token, if token == 2 { "refused" } else { "accepted" })).collect();
        let mut told = outcomes(&events);
        told.sort_unstable();
        assert_eq!(told, want);
        assert_eq!(events.len(), 6, "one event each: {events:?}");
        assert_eq!(session.client.mode(), Mode::Bdat);
    }
}

#[test]
fn point_06_no_message_behind_a_refused_chunk_is_taken_from_the_sender_before_it() {
    for deep in [true, false] {
        let mut session = Session::in_mode(Mode::Bdat)
            .rule(|line| line.contains("<user2@").then(|| "550 5.1.1 no such user".to_owned()));
        session.server.keeps_sender = true;
        // all in one window, or each when the one before is answered
        let mut told = if deep { outcomes(&session.send(0..6)) } else { vec![] };
        for token in (0..6).filter(|_| !deep) {
            told.extend(outcomes(&session.send(token..token + 1)));
        }
        let want: Vec<_> =
            (0..6).map(|token| (token, if token == 2 { "refused" } else { "accepted" })).collect();
        assert_eq!(told, want);
        for taken in &session.server.taken {
            let token =
                taken.recipients[0].strip_prefix("user").unwrap().replace("example.org", "alert.example");
            assert_eq!(taken.sender, format!("bounce+{token}"));
        }
    }
}

#[test]
fn point_06_a_server_that_takes_a_refused_chunk_for_commands_is_not_believed_any_more() {
    let mut session = Session::at_full_depth()
        .rule(|line| line.contains("user2@").then(|| "550 5.1.1 no such user".to_owned()));
    session.server.chunks_as_commands = true;
    let events = session.send(0..6);
    assert_eq!(outcomes(&events), [(0, "accepted"), (1, "accepted"), (2, "refused")]);
    assert_eq!(lessons(&events), [Lesson::TooFast { mode: Mode::Bdat }]);
    assert_eq!(session.client.learnt().ceiling, Mode::Joined);
    // it did take some of those that follow: they are uncertain, and none is sent again as if it were not
    let taken: Vec<&str> = session.server.taken.iter().map(|taken| taken.recipients[0].as_str()).collect();
    assert!(taken.contains(&"user3@example.org"));
    let events = session.disconnect();
    assert_eq!(outcomes(&events), [(3, "lost"), (4, "lost"), (5, "lost")]);
    assert_eq!(events.last(), Some(&Event::Closed { why: CloseReason::BdatBroken }));
}

#[test]
fn point_06_the_text_of_a_refused_chunk_answered_while_nothing_is_asked_teaches_the_same() {
    let mut session = Session::in_mode(Mode::Bdat)
        .rule(|line| line.contains("user0@").then(|| "550 5.1.1 no such user".to_owned()));
    session.server.chunks_as_commands = true;
    let events = session.send(0..3);
    assert_eq!(outcomes(&events), [(0, "refused")]);
    assert_eq!(lessons(&events), [Lesson::TooFast { mode: Mode::Bdat }]);
    assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::BdatBroken }]);
}

#[test]
fn point_06_the_window_opens_when_the_server_has_shown_that_it_bears_it() {
    let mut session = Session::in_mode(Mode::Bdat);
    for room in [1, 2, 16] {
        assert_eq!(session.client.room(), room);
        session.send(u64::from(room)..u64::from(room) + 1);
    }
    let config = bealert_wire::smtp::ClientConfig { window: 1, ..crate::scripted::config(Mode::Bdat) };
    let mut narrow = Session::ready(config, crate::scripted::Server::offering(crate::scripted::ALL));
    narrow.send(0..5);
    assert_eq!(narrow.client.room(), 1);
}

#[test]
fn point_06_a_server_that_does_not_know_bdat_after_all_teaches_the_rung_below() {
    for code in [500, 502, 503] {
        let mut session = Session::in_mode(Mode::Bdat)
            .rule(move |line| line.starts_with("BDAT").then(|| format!("{code} 5.5.1 what?")));
        let events = session.send(0..3);
        assert_eq!(outcomes(&events), [(0, "unsent")], "it said that it did not take it");
        assert_eq!(lessons(&events), [Lesson::TooFast { mode: Mode::Bdat }]);
        // it went alone, so there is nothing that could be in doubt
        assert_eq!(outcomes(&session.disconnect()), []);
    }
}

#[test]
fn point_06_a_message_that_is_refused_for_what_it_is_refuses_no_rung() {
    let mut session = Session::in_mode(Mode::Bdat)
        .rule(|line| line.starts_with("BDAT").then(|| "554 5.7.1 spam".to_owned()));
    let events = session.send(0..3);
    assert!(matches!(events[0], Event::Refused { token: 0, phase: Phase::Dot, .. }));
    assert_eq!(outcomes(&events), [(0, "refused"), (1, "refused"), (2, "refused")]);
    assert_eq!(session.client.mode(), Mode::Bdat);
}

#[test]
fn point_06_a_chunk_that_is_never_answered_teaches_too() {
    let mut session = Session::in_mode(Mode::Bdat);
    session.submit(1);
    session.up();
    session.client.receive(session.now, b"250 Ok\r\n250 Ok\r\n");
    session.server.output.clear();
    assert_eq!(session.wait(10 * MINUTE), [Event::TimedOut { token: 1, recipient: 0 }]);
    let events = session.wait(MINUTE);
    assert_eq!(lessons(&events), [Lesson::TooFast { mode: Mode::Bdat }]);
    assert_eq!(outcomes(&session.disconnect()), [(1, "lost")]);
}

#[test]
fn what_was_learnt_is_kept_to_by_the_next_connection() {
    let mut config = crate::scripted::config(Mode::Bdat);
    config.learnt.take(Lesson::TooFast { mode: Mode::Bdat });
    let session = Session::ready(config, crate::scripted::Server::offering(crate::scripted::ALL));
    assert_eq!(session.client.mode(), Mode::Joined);
}
