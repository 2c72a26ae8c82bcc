//! The connection is lost at every octet of the dialogue, in every mode: each message ends in one way, what is
//! unsent was never taken, and what was taken is accepted or uncertain.

use std::collections::HashMap;

use bealert_wire::smtp::{Event, Mode};

use crate::scripted::{ALL, Server, Session, config, outcomes};

/// How many messages; more than any window but BDAT's.
const MESSAGES: u64 = 5;

fn rule(line: &str) -> Option<String> {
    match line {
        line if line.contains("<user1@") => Some("550 5.1.1 no such user".to_owned()),
        line if line.contains("<bounce+3@") => Some("451 4.3.0 later".to_owned()),
        _ => None,
    }
}

/// Runs until the client has written `up` octets or read `down` of them; then the connection is gone.
fn run(mode: Mode, up: usize, down: usize) -> (HashMap<u64, &'static str>, Session, bool) {
    let mut session = Session::new(config(mode), Server::offering(ALL)).rule(rule);
    session.queue.extend(0..MESSAGES);
    let (mut up, mut down) = (up, down);
    let cut = loop {
        session.submit_all();
        let octets = session.client.outgoing();
        let some = octets.len().min(up);
        let octets = octets[..some].to_vec();
        session.client.wrote(some);
        session.server.hear(&octets);
        up -= some;
        let replies = std::mem::take(&mut session.server.output);
        let some_back = replies.len().min(down);
        session.client.receive(session.now, &replies[..some_back]);
        down -= some_back;
        session.note();
        if up == 0 || down == 0 {
            break true;
        }
        if some == 0 && some_back == 0 && session.queue.is_empty() {
            break false;
        }
    };
    session.client.disconnected(session.now);
    session.note();
    let mut told = HashMap::new();
    for (token, what) in outcomes(&session.events) {
        assert_eq!(told.insert(token, what), None, "{mode}: one end each");
    }
    assert!(matches!(session.events.last(), Some(Event::Closed { .. })));
    (told, session, cut)
}

fn judge(mode: Mode, what: &str, told: &HashMap<u64, &'static str>, session: &Session) {
    let handed_in = MESSAGES - session.queue.len() as u64;
    assert_eq!(told.len() as u64, handed_in, "{mode} {what}: every message ends");
    for token in 0..MESSAGES {
        let taken = session
            .server
            .taken
            .iter()
            .filter(|taken| taken.recipients == [format!("user{token}@example.org")]);
        let taken = taken.count();
        assert!(taken <= 1);
        match told.get(&token) {
            Some(&"accepted") => assert_eq!(taken, 1, "{mode} {what} {token}"),
            Some(&"lost") => {}
            other => assert_eq!(taken, 0, "{mode} {what} {token}: {other:?}"),
        }
    }
}

#[test]
fn lost_at_every_octet_that_is_written_or_read() {
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat] {
        let (told, session, _) = run(mode, usize::MAX, usize::MAX);
        judge(mode, "whole", &told, &session);
        let want = [(0, "accepted"), (1, "refused"), (2, "accepted"), (3, "refused"), (4, "accepted")];
        assert_eq!(told, HashMap::from(want), "{mode}");
        let mut uncertain = 0;
        for at in 1.. {
            let (told, session, cut) = run(mode, at, usize::MAX);
            judge(mode, &format!("{at} written"), &told, &session);
            if !cut {
                break;
            }
            uncertain += told.values().filter(|what| **what == "lost").count();
        }
        for at in 1.. {
            let (told, session, cut) = run(mode, usize::MAX, at);
            judge(mode, &format!("{at} read"), &told, &session);
            if !cut {
                break;
            }
            uncertain += told.values().filter(|what| **what == "lost").count();
        }
        assert!(uncertain > 60, "{mode}: the cuts behind a message are there");
    }
}
