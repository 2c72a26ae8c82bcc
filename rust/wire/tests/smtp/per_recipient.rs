//! smtp.md 6.5: the truth about each recipient.

use bealert_wire::smtp::{Envelope, Event, Mode, Phase};

use crate::scripted::{Session, message, outcomes};

const FOUR: [&str; 4] = ["a@example.org", "b@example.org", "c@example.org", "d@example.org"];

fn send_to_four(session: &mut Session) -> Vec<Event> {
    let envelope = Envelope::new("s@alert.example", &FOUR);
    session.client.submit(session.now, 9, &envelope, &message(9)).unwrap();
    session.run()
}

/// (recipient, what became of it)
fn by_recipient(events: &[Event]) -> Vec<(u16, &'static str)> {
    let one = |event: &Event| match event {
        Event::Accepted { recipient, .. } => Some((*recipient, "accepted")),
        Event::Refused { recipient, .. } => Some((*recipient, "refused")),
        Event::Lost { recipient, .. } => Some((*recipient, "lost")),
        Event::Unsent { recipient, .. } => Some((*recipient, "unsent")),
        _ => None,
    };
    let mut all: Vec<_> = events.iter().filter_map(one).collect();
    all.sort_unstable();
    all
}

const MODES: [Mode; 4] = [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat];

#[test]
fn point_05_one_refused_recipient_fails_no_other_and_the_connection_stays() {
    for mode in MODES {
        let mut session = Session::in_mode(mode)
            .rule(|line| line.contains("b@example").then(|| "550 5.1.1 no such user".to_owned()));
        let events = send_to_four(&mut session);
        assert_eq!(
            by_recipient(&events),
            [(0, "accepted"), (1, "refused"), (2, "accepted"), (3, "accepted")],
            "{mode}"
        );
        assert_eq!(session.server.taken[0].recipients, ["a@example.org", "c@example.org", "d@example.org"]);
        assert_eq!(outcomes(&session.send(1..2)), [(1, "accepted")], "the next one goes the same way");
    }
}

#[test]
fn point_05_the_reply_to_the_dot_is_for_the_accepted_ones_only() {
    for mode in MODES {
        let mut session = Session::in_mode(mode).rule(|line| match line {
            line if line.contains("<c@example") => Some("550 5.1.1 no such user".to_owned()),
            line if line == "." || line.starts_with("BDAT") => Some("452 4.3.1 no space".to_owned()),
            _ => None,
        });
        let events = send_to_four(&mut session);
        let phases: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Refused { recipient, phase, reply, .. } => Some((*recipient, *phase, reply.code)),
                _ => None,
            })
            .collect();
        let dot = |recipient| (recipient, Phase::Dot, 452);
        assert_eq!(phases, [(2, Phase::Rcpt, 550), dot(0), dot(1), dot(3)], "{mode}");
    }
}

#[test]
fn point_05_452_or_552_after_an_accepted_recipient_means_too_many_and_the_rest_goes_again() {
    for code in [452, 552] {
        for mode in MODES {
            let mut session = Session::in_mode(mode).rule(move |line| {
                let late = line.contains("<c@example") || line.contains("<d@example");
                late.then(|| format!("{code} too many recipients"))
            });
            let events = send_to_four(&mut session);
            assert_eq!(
                by_recipient(&events),
                [(0, "accepted"), (1, "accepted"), (2, "unsent"), (3, "unsent")],
                "{mode}"
            );
        }
    }
    // said to the first one it is about that one
    let mut session = Session::in_mode(Mode::Joined)
        .rule(|line| line.starts_with("RCPT").then(|| "452 4.2.2 over quota".to_owned()));
    assert_eq!(outcomes(&session.send(0..1)), [(0, "refused")]);
}

#[test]
fn point_05_a_connection_that_is_lost_leaves_those_not_refused_uncertain() {
    let mut session = Session::in_mode(Mode::Pipelined)
        .rule(|line| line.contains("<b@example").then(|| "550 no".to_owned()));
    let envelope = Envelope::new("s@alert.example", &FOUR);
    session.client.submit(session.now, 9, &envelope, &message(9)).unwrap();
    session.up();
    session.down();
    session.up();
    let refused = by_recipient(&std::mem::take(&mut session.events));
    assert_eq!(refused, [(1, "refused")]);
    assert_eq!(by_recipient(&session.disconnect()), [(0, "lost"), (2, "lost"), (3, "lost")]);
}
