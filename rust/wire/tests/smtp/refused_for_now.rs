//! smtp.md 6.12 and 6.14: a relay that asks everybody to come again keeps its connections, unless it punishes for it.

use std::cell::Cell;
use std::rc::Rc;

use bealert_wire::smtp::{ClientConfig, CloseReason, Event, Lesson, Mode};

use crate::scripted::{ALL, SECOND, Server, Session, config, outcomes};

const MODES: [Mode; 4] = [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat];

/// Says no for now to every recipient, and no to what follows from it.
fn grey(line: &str) -> Option<String> {
    let reply = match line.get(..4)? {
        "RCPT" => "450 4.7.1 come again",
        "DATA" => "554 5.5.1 no valid recipients",
        _ => return None,
    };
    Some(reply.to_owned())
}

#[test]
fn each_connection_bears_twice_as_many_as_the_one_before() {
    for mode in MODES {
        let mut learnt = config(mode).learnt;
        let (mut told, mut connections) = (0, 0);
        while told < 1_000 {
            let config = ClientConfig { learnt, ..config(mode) };
            let mut session = Session::ready(config, Server::offering(ALL)).rule(grey);
            let events = session.send(told..1_000);
            assert!(outcomes(&events).iter().all(|(_, what)| *what == "refused"), "{mode}");
            told += outcomes(&events).len() as u64;
            connections += 1;
            if told < 1_000 {
                assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::ManyRefused }]);
            }
            learnt = session.client.learnt();
        }
        assert!(connections <= 9, "{mode}: {connections}");
    }
}

#[test]
fn point_14_a_relay_that_slows_down_for_it_does_so_once() {
    // With BDAT a window of them is on its way before the first is refused.
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined] {
        let mut learnt = config(mode).learnt;
        let mut most = Vec::new();
        for connection in 0..6 {
            let errors = Rc::new(Cell::new(0));
            let seen = Rc::clone(&errors);
            let config = ClientConfig { learnt, ..config(mode) };
            let mut session = Session::ready(config, Server::offering(ALL)).rule(move |line| {
                let reply = grey(line)?;
                seen.set(seen.get() + 1);
                Some(reply)
            });
            // As Postfix does: each reply after the tenth error comes a second later.
            session.queue.extend(0..40);
            loop {
                session.submit_all();
                let up = session.up();
                if errors.get() > 10 && !session.server.output.is_empty() {
                    session.now += SECOND;
                }
                if !up && !session.down() {
                    break;
                }
            }
            let punished = |event: &Event| matches!(event, Event::Learnt(Lesson::PunishesRefusals { .. }));
            assert_eq!(session.events.iter().any(punished), connection == 1, "{mode} {connection}");
            most.push(errors.get());
            learnt = session.client.learnt();
        }
        // What was on its way already is not called back.
        assert!((11..=16).contains(&most.remove(1)), "{mode}: {most:?}");
        assert!(most.iter().all(|errors| *errors <= 10), "{mode}: {most:?}");
    }
}

#[test]
fn point_14_a_relay_that_hangs_up_for_it_is_not_asked_so_much_again() {
    for word in ["421 4.7.0 too many errors", ""] {
        let mut learnt = config(Mode::Joined).learnt;
        for _ in 0..8 {
            let mut errors = 0;
            let config = ClientConfig { learnt, ..config(Mode::Joined) };
            let mut session = Session::ready(config, Server::offering(ALL)).rule(move |line| {
                let reply = grey(line)?;
                errors += 1;
                Some(if errors > 40 && !word.is_empty() { word.to_owned() } else { reply })
            });
            if word.is_empty() {
                session.send(0..20);
            } else {
                session.send(0..200);
            }
            session.disconnect();
            learnt = session.client.learnt();
        }
        assert_eq!(learnt.refusals_per_connection, 32, "{word}");
    }
}

#[test]
fn what_is_refused_for_good_between_them_is_counted_by_itself() {
    let mut learnt = config(Mode::Pipelined).learnt;
    learnt.refusals_per_connection = 1_000;
    let config = ClientConfig { learnt, ..config(Mode::Pipelined) };
    let mut recipients = 0;
    let mut session = Session::ready(config, Server::offering(ALL)).rule(move |line| {
        recipients += i32::from(line.starts_with("RCPT"));
        let reply = grey(line)?;
        Some(if line.starts_with("RCPT") && recipients % 4 == 0 {
            "550 5.1.1 who?".to_owned()
        } else {
            reply
        })
    });
    let told = outcomes(&session.send(0..200)).len();
    assert!((16..=32).contains(&told), "{told}: eight errors about people who are gone");
}
