//! The connection is lost at every octet of the dialogue, in every mode, in plain and with TLS: each recipient ends in
//! one way, what is unsent was never taken, and what was taken is accepted or uncertain.
//!
//! It is cut in three places: what the client has written, what of that has arrived (a kernel and TLS take octets that
//! never do), and what of the replies has come back.

use std::collections::BTreeMap;

use bealert_wire::smtp::{ClientConfig, Envelope, Event, Mode, TlsMode};

use crate::scripted::{ALL, Server, Session, config, message};

/// How many messages: with two recipients each, two that are refused, and one in the middle of a window of BDAT that
/// comes to nothing, so that a RSET is of use.
const MESSAGES: u64 = 7;

/// Each octet is cut at, and what it costs is the square of the dialogue.
const WINDOW: u16 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Written(usize),
    Arrived(usize),
    Read(usize),
    Nowhere,
}

fn rule(line: &str) -> Option<String> {
    match line {
        line if line.contains("<a3@") || line.contains("<b3@") => Some("550 5.1.1 no such user".to_owned()),
        line if line.contains("<a4@") => Some("451 4.2.1 later".to_owned()),
        line if line.contains("<bounce+5@") => Some("451 4.3.0 later".to_owned()),
        _ => None,
    }
}

fn recipients(token: u64) -> [String; 2] {
    [format!("a{token}@example.org"), format!("b{token}@example.org")]
}

type Told = BTreeMap<(u64, u16), &'static str>;

/// Runs until the cut; then the connection is gone.
fn run(mode: Mode, tls: TlsMode, cut: Cut) -> (Told, Session, bool) {
    let offers: Vec<&str> = ALL.iter().copied().chain(["STARTTLS"]).collect();
    let config = ClientConfig { tls, window: WINDOW, ..config(mode) };
    let mut session = Session::new(config, Server::offering(&offers)).rule(rule);
    let (mut write, mut arrive, mut read) = match cut {
        Cut::Written(octets) => (octets, usize::MAX, usize::MAX),
        Cut::Arrived(octets) => (usize::MAX, octets, usize::MAX),
        Cut::Read(octets) => (usize::MAX, usize::MAX, octets),
        Cut::Nowhere => (usize::MAX, usize::MAX, usize::MAX),
    };
    let mut next = 0;
    let cut = loop {
        while next < MESSAGES && session.client.room() > 0 {
            submit(&mut session, next);
            next += 1;
        }
        let some = session.client.outgoing().len().min(write);
        let octets = session.client.outgoing()[..some].to_vec();
        session.client.wrote(some);
        let arrived = some.min(arrive);
        session.server.hear(&octets[..arrived]);
        let replies = std::mem::take(&mut session.server.output);
        let back = replies.len().min(read);
        session.client.receive(session.now, &replies[..back]);
        (write, arrive, read) = (write - some, arrive - arrived, read - back);
        session.note();
        if session.client.wants_tls() {
            session.client.tls_started(session.now);
        }
        if write == 0 || arrive == 0 || read == 0 {
            break true;
        }
        if some == 0 && back == 0 && !session.client.wants_tls() && session.client.outgoing().is_empty() {
            break false;
        }
    };
    session.client.disconnected(session.now);
    session.note();
    let mut told = BTreeMap::new();
    for event in &session.events {
        if let Some((who, what)) = outcome(event) {
            assert_eq!(told.insert(who, what), None, "{mode}: one end each");
        }
    }
    assert!(matches!(session.events.last(), Some(Event::Closed { .. })));
    assert_eq!(told.len() as u64, 2 * next, "{mode} {cut}: each recipient ends");
    (told, session, cut)
}

fn submit(session: &mut Session, token: u64) {
    let to = recipients(token);
    let to = [to[0].as_str(), to[1].as_str()];
    let sender = format!("bounce+{token}@alert.example");
    session.client.submit(session.now, token, &Envelope::new(&sender, &to), &message(token)).unwrap();
}

fn outcome(event: &Event) -> Option<((u64, u16), &'static str)> {
    match event {
        Event::Accepted { token, recipient, .. } => Some(((*token, *recipient), "accepted")),
        Event::Refused { token, recipient, .. } => Some(((*token, *recipient), "refused")),
        Event::Lost { token, recipient } => Some(((*token, *recipient), "lost")),
        Event::Unsent { token, recipient } => Some(((*token, *recipient), "unsent")),
        _ => None,
    }
}

/// What was told is true. Gives how many are in doubt.
fn judge(what: &str, told: &Told, session: &Session) -> usize {
    for token in 0..MESSAGES {
        for (recipient, address) in (0..).zip(recipients(token)) {
            let taken =
                session.server.taken.iter().filter(|taken| taken.recipients.contains(&address)).count();
            assert!(taken <= 1, "{what} {address}: taken {taken} times");
            match told.get(&(token, recipient)) {
                Some(&"accepted") => assert_eq!(taken, 1, "{what} {address}: accepted"),
                Some(&"lost") => {}
                other => assert_eq!(taken, 0, "{what} {address}: {other:?}"),
            }
        }
    }
    told.values().filter(|what| **what == "lost").count()
}

#[test]
fn lost_at_every_octet_that_is_written_arrives_or_is_read() {
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat] {
        for tls in [TlsMode::None, TlsMode::Required] {
            // the opening is the same on every rung
            if tls == TlsMode::Required && mode < Mode::Joined {
                continue;
            }
            let (told, session, _) = run(mode, tls, Cut::Nowhere);
            assert_eq!(judge("whole", &told, &session), 0);
            let refused: Vec<_> =
                told.iter().filter(|(_, what)| **what != "accepted").map(|(who, _)| *who).collect();
            assert_eq!(refused, [(3, 0), (3, 1), (4, 0), (5, 0), (5, 1)], "{mode}");
            if mode == Mode::Bdat {
                assert!(session.server.verbs().contains(&"RSET"));
            }
            let (mut uncertain, mut most) = (0, 0);
            for cut in [Cut::Written as fn(usize) -> Cut, Cut::Arrived, Cut::Read] {
                for at in 1.. {
                    let (told, session, was_cut) = run(mode, tls, cut(at));
                    let doubts = judge(&format!("{mode} {tls:?} {:?}", cut(at)), &told, &session);
                    (uncertain, most) = (uncertain + doubts, most.max(doubts));
                    if !was_cut {
                        break;
                    }
                }
            }
            // each message of a window; otherwise the one whose body is out
            let deep = if mode == Mode::Bdat { 2 * usize::from(WINDOW) } else { 2 };
            assert_eq!(most, deep, "{mode}: in doubt at once");
            assert!(uncertain > 100, "{mode}: {uncertain}, the cuts behind a message are there");
        }
    }
}
