//! A server that refuses, hangs up and contradicts itself wherever it likes, over a transport that takes and gives
//! a few octets at a time and may be lost: whatever is told of a message is true.

use std::collections::{HashMap, VecDeque};

use bealert_wire::smtp::{ClientConfig, Event, Mode};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::scripted::{ALL, Server, Session, config, outcomes};

const MODES: [Mode; 4] = [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat];

/// What it says instead of what a good server would; most of the time that. A yes to what it has refused is not among
/// them: of a server that takes from nobody a message for somebody nothing true can be told.
const REPLIES: [&str; 12] = [
    "550 5.1.1 no such user",
    "450 4.7.1 greylisted",
    "452 4.5.3 too many recipients",
    "552 5.3.4 too big",
    "503 5.5.1 bad sequence",
    "500 5.5.2 what",
    "554 5.7.1 spam",
    "451 4.3.0 later",
    "354 go on",
    "421 4.7.0 enough",
    "550-5.1.1 no\r\n550 5.1.1 such user",
    "garbage",
];

/// Commands that are answered well between two that are not, and what those get.
type Whims = Vec<(u8, usize)>;

fn server(whims: Whims, offers: &[&str]) -> Server {
    let mut server = Server::offering(offers);
    let mut whims = VecDeque::from(whims);
    server.rule = Box::new(move |line| {
        if line.starts_with("EHLO") || line.starts_with("QUIT") {
            return None;
        }
        let (left, _) = whims.front_mut()?;
        if *left > 0 {
            *left -= 1;
            return None;
        }
        whims.pop_front().map(|(_, reply)| REPLIES[reply % REPLIES.len()].to_owned())
    });
    server
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn what_is_told_of_a_message_is_true(
        mode in 0usize..4,
        whims in vec((0u8..14, 0usize..12), 0..8),
        write in prop_oneof![Just(usize::MAX), 1usize..400],
        read in prop_oneof![Just(usize::MAX), 1usize..40],
        lost_after in prop_oneof![2 => Just(usize::MAX), 1 => 0usize..4_000],
        pipelining in prop::bool::weighted(0.9),
        reads_refused_chunks in prop::bool::weighted(0.2),
        window in 1u16..20,
    ) {
        let offers = if pipelining { ALL } else { &ALL[1..] };
        let config = ClientConfig { window, messages_per_connection: Some(9), ..config(MODES[mode]) };
        let mut session = Session::new(config, server(whims, offers));
        session.server.chunks_as_commands = reads_refused_chunks;
        session.server.keeps_sender = !reads_refused_chunks;
        session.queue.extend(0..12);
        let mut left = lost_after;
        loop {
            session.submit_all();
            let some = session.client.outgoing().len().min(write).min(left);
            let octets = session.client.outgoing()[..some].to_vec();
            session.client.wrote(some);
            session.server.hear(&octets);
            left -= some;
            let back = session.server.output.len().min(read);
            let replies: Vec<u8> = session.server.output.drain(..back).collect();
            session.client.receive(session.now, &replies);
            session.note();
            if left == 0 || session.client.wants_close() || (some == 0 && back == 0) {
                break;
            }
        }
        session.client.disconnected(session.now);
        session.note();

        let mut told = HashMap::new();
        for (token, what) in outcomes(&session.events) {
            prop_assert_eq!(told.insert(token, what), None, "one end each");
        }
        prop_assert_eq!(told.len(), 12 - session.queue.len());
        let closed = matches!(session.events.last(), Some(Event::Closed { .. }));
        prop_assert!(closed);
        for token in 0..12 {
            let of_it = |taken: &&crate::scripted::Taken| taken.recipients == [format!("user{token}@example.org")];
            let taken: Vec<_> = session.server.taken.iter().filter(of_it).collect();
            prop_assert!(taken.len() <= 1);
            match told.get(&token) {
                Some(&"accepted") => prop_assert_eq!(taken.len(), 1, "{}", token),
                Some(&"lost") => {}
                what => prop_assert_eq!(taken.len(), 0, "{} {:?} {:?}", token, what, session.server.heard),
            }
            // nobody's message is taken from another's sender
            for taken in taken.iter().filter(|_| told.get(&token) == Some(&"accepted")) {
                prop_assert_eq!(&taken.sender, &format!("bounce+{token}@alert.example"));
            }
        }
    }
}
