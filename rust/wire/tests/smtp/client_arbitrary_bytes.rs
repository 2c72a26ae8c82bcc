//! Whatever a server sends: no panic, the same whichever way it is cut, every message accounted for once.

use bealert_wire::smtp::{Event, Extensions, Mode, Replies};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::scripted::{Session, outcome};

/// Replies that a server might give, in any order, and some that none would.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        "250 Ok\r\n",
        "250 Ok\r\n",
        "250 Ok\r\n",
        "250-a\r\n250 b\r\n",
        "354 go on\r\n",
        "354 go on\r\n",
        "550 5.1.1 no\r\n",
        "450 4.7.1 grey\r\n",
        "421 4.7.0 bye\r\n",
        "452 4.5.3 many\r\n",
        "503 5.5.1 what\r\n",
        "500\r\n",
        "220 hi\r\n",
        "221 bye\r\n",
        "334 \r\n",
        "235 ok\r\n",
        "250-open",
        "x\r\n",
        "250 \n",
        "\r\n",
    ]);
    let lines = vec(line, 0..30).prop_map(|lines| lines.concat().into_bytes());
    prop_oneof![8 => lines, 1 => vec(any::<u8>(), 0..100)]
}

fn after(mode: Mode, bytes: &[u8], cut: usize) -> (Vec<Event>, u64) {
    let mut session = Session::in_mode(mode);
    let mut given = 0;
    for piece in bytes.chunks(cut) {
        // one octet of a read, or all of it: messages go in at the same places
        for octet in piece {
            while session.client.room() > 0 && given < 6 {
                session.submit(given);
                given += 1;
            }
            session.client.wrote(session.client.outgoing().len());
            session.client.receive(session.now, std::slice::from_ref(octet));
        }
    }
    session.note();
    session.events.extend(session.client.poll_event());
    session.client.disconnected(session.now);
    session.note();
    (session.events, given)
}

fn whole(mode: Mode, bytes: &[u8]) -> Vec<Event> {
    let mut session = Session::in_mode(mode);
    session.queue.extend(0..6);
    session.submit_all();
    session.client.wrote(session.client.outgoing().len());
    session.client.receive(session.now, bytes);
    session.client.handle_timeout(session.now + 1);
    session.note();
    session.client.disconnected(session.now);
    session.note();
    session.events
}

const MODES: [Mode; 4] = [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_client_survives_and_accounts_for_every_message(bytes in hostile(), mode in 0usize..4) {
        let (events, given) = after(MODES[mode], &bytes, 7);
        let mut tokens: Vec<u64> = events.iter().filter_map(outcome).map(|(token, _)| token).collect();
        tokens.sort_unstable();
        prop_assert_eq!(tokens, (0..given).collect::<Vec<_>>());
        let closed = matches!(events.last(), Some(Event::Closed { .. }));
        prop_assert!(closed);
        prop_assert!(events.len() <= given as usize + 6, "{:?}", events);
        let events = whole(MODES[mode], &bytes);
        let closed = matches!(events.last(), Some(Event::Closed { .. }));
        prop_assert!(closed);
    }

    #[test]
    fn what_was_never_asked_for_never_goes_out(bytes in hostile(), mode in 0usize..3) {
        // whatever the server says, no body is written before it says to go on
        let mut session = Session::in_mode(MODES[mode]);
        let mut asked = 0;
        for (token, octets) in (0..).zip(bytes.split_inclusive(|octet| *octet == b'\n')) {
            session.queue.extend((session.queue.is_empty()).then_some(token));
            session.submit_all();
            let out = String::from_utf8(session.client.outgoing().to_vec()).unwrap();
            session.client.wrote(out.len());
            let bodies = out.matches("Message-ID: <").count();
            prop_assert!(bodies <= asked, "{} {}", out, asked);
            asked = usize::from(octets.starts_with(b"3"));
            session.client.receive(session.now, octets);
        }
    }

    #[test]
    fn extensions_are_read_whatever_a_line_holds_and_come_back_as_they_are_said(
        lines in vec(vec(any::<u8>(), 0..60), 0..10),
        known in vec(prop::sample::select(vec![
            "PIPELINING", "SIZE", "SIZE 0", "SIZE 1000", "8bitmime", "SMTPUTF8", "DSN", "CHUNKING", "STARTTLS",
            "AUTH PLAIN LOGIN XOAUTH2", "AUTH=LOGIN", "LIMITS MAILMAX=5 RCPTMAX=7", "LIMITS MAILMAX=0",
            "MT-PRIORITY", "DELIVERBY 5", "DELIVERBY", "REQUIRETLS", "ENHANCEDSTATUSCODES",
        ]), 0..8),
    ) {
        let mut extensions = Extensions::default();
        lines.iter().for_each(|line| extensions.read_line(line));
        known.iter().for_each(|line| extensions.read_line(line.as_bytes()));
        extensions.auth.other = false; // has no name to come back by
        let mut again = Extensions::default();
        extensions.lines().iter().for_each(|line| again.read_line(line.as_bytes()));
        prop_assert_eq!(again, extensions);
    }

    #[test]
    fn replies_are_the_same_however_they_are_cut(bytes in hostile(), cut in 1usize..20) {
        let read = |cut: usize| {
            let mut replies = Replies::default();
            let mut all = Vec::new();
            for mut piece in bytes.chunks(cut) {
                loop {
                    match replies.next(&mut piece, |_| {}) {
                        Ok(Some(reply)) => all.push(reply),
                        Ok(None) => break,
                        Err(problem) => return (all, Some(problem)),
                    }
                }
            }
            (all, None)
        };
        prop_assert_eq!(read(cut), read(usize::MAX));
    }
}
