//! Servers that offer PIPELINING and do not follow (smtp.md 4.4): the client steps down, and nothing is lost.

use std::rc::Rc;

use bealert_wire::smtp::{ClientConfig, Event, Lesson, Mode};

use crate::scripted::{ALL, Server, Session, config, outcomes};

/// Sends `count` messages, handing in again what comes back unsent. What became of each, and the lessons.
fn send_again(session: &mut Session, count: u64) -> (Vec<(u64, &'static str)>, Vec<Lesson>) {
    let (mut told, mut lessons) = (Vec::new(), Vec::new());
    session.queue.extend(0..count);
    for _ in 0..10 {
        for event in session.run() {
            match event {
                Event::Unsent { token, .. } => session.queue.push_back(token),
                Event::Learnt(lesson) => lessons.push(lesson),
                event => told.extend(outcomes(&[event])),
            }
        }
    }
    told.sort_unstable();
    (told, lessons)
}

#[test]
fn haraka_answers_503_to_what_was_joined_to_a_body_and_gets_groups_alone_from_then_on() {
    let mut session = Session::in_mode(Mode::Joined);
    // 250 for the body, then 503 for the MAIL, RCPT and DATA that came with it
    let write = Rc::clone(&session.server.write);
    let mut dot = 0;
    session.server.rule = Box::new(move |line| {
        if line == "." {
            dot = write.get();
            return None;
        }
        (write.get() == dot).then(|| "503 5.5.1 not now".to_owned())
    });
    let (told, lessons) = send_again(&mut session, 6);
    assert_eq!(lessons, [Lesson::TooFast { mode: Mode::Joined }]);
    assert_eq!((session.client.mode(), session.client.learnt().ceiling), (Mode::Pipelined, Mode::Pipelined));
    assert_eq!(told, (0..6).map(|token| (token, "accepted")).collect::<Vec<_>>());
    assert_eq!(session.server.taken.len(), 6, "each once");
}

#[test]
fn a_server_that_forgets_what_comes_with_mail_is_spoken_to_step_by_step() {
    for verb in ["RCPT", "DATA"] {
        let mut session = Session::in_mode(Mode::Pipelined);
        let mut refusals = 1;
        session.server.rule = Box::new(move |line| {
            let now = line.starts_with(verb) && refusals > 0;
            refusals -= i32::from(now);
            now.then(|| "503 5.5.1 bad sequence of commands".to_owned())
        });
        let (told, lessons) = send_again(&mut session, 3);
        assert_eq!(lessons, [Lesson::TooFast { mode: Mode::Pipelined }], "{verb}");
        assert_eq!(told, [(0, "accepted"), (1, "accepted"), (2, "accepted")]);
        assert_eq!((session.client.mode(), session.server.taken.len()), (Mode::Lockstep, 3));
    }
}

#[test]
fn a_server_that_says_503_in_lock_step_too_gets_groups_again() {
    let refusing = |line: &str| line.starts_with("RCPT").then(|| "503 5.5.1 log in first".to_owned());
    let mut session = Session::in_mode(Mode::Pipelined).rule(refusing);
    let (told, lessons) = send_again(&mut session, 2);
    assert_eq!(told, [(0, "refused"), (1, "refused")], "each is refused in the end");
    let mode = Mode::Pipelined;
    assert_eq!(lessons, [Lesson::TooFast { mode }, Lesson::Bears { mode }]);
    let learnt = session.client.learnt();
    assert_eq!(learnt.ceiling, Mode::Pipelined);
    // and it is not taken for haste again
    let config = ClientConfig { learnt, ..config(Mode::Pipelined) };
    let mut session = Session::ready(config, Server::offering(ALL)).rule(refusing);
    let (told, lessons) = send_again(&mut session, 2);
    assert_eq!((told, lessons), (vec![(0, "refused"), (1, "refused")], vec![]));
    assert_eq!(session.client.mode(), Mode::Pipelined);
}

#[test]
fn in_lock_step_503_is_a_refusal_like_any_other() {
    let mut session = Session::in_mode(Mode::Lockstep)
        .rule(|line| line.starts_with("RCPT").then(|| "503 5.5.1 log in first".to_owned()));
    let (told, lessons) = send_again(&mut session, 2);
    assert_eq!((told, lessons), (vec![(0, "refused"), (1, "refused")], vec![]));
}

#[test]
fn a_rung_falls_once_however_many_messages_stumble() {
    let mut session = Session::in_mode(Mode::Joined);
    session.submit(0);
    session.submit(1);
    session.up();
    session.down();
    session.up();
    session.server.output = b"250 Ok\r\n503 no\r\n503 no\r\n503 no\r\n".to_vec();
    session.down();
    let lessons = session.events.iter().filter(|event| matches!(event, Event::Learnt(_))).count();
    assert_eq!((lessons, session.client.mode(), session.client.room()), (1, Mode::Pipelined, 1));
}
