//! How a message goes on each rung, and how many waits it costs (smtp.md 4.3).

use bealert_wire::smtp::{Event, Mode};

use crate::scripted::{ALL, Server, Session, config, outcomes, text};

const MODES: [Mode; 4] = [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat];

#[test]
fn every_message_arrives_as_it_was_in_every_mode() {
    for mode in MODES {
        let mut session = Session::in_mode(mode);
        assert_eq!(session.client.mode(), mode);
        let events = session.send(0..40);
        let want: Vec<_> = (0..40).map(|token| (token, "accepted")).collect();
        assert_eq!(outcomes(&events), want, "{mode}");
        assert_eq!(events.len(), 40);
        for (token, taken) in (0..).zip(&session.server.taken) {
            assert_eq!(taken.content, text(token), "{mode}");
            assert_eq!(taken.recipients, [format!("user{token}@example.org")]);
            assert_eq!(taken.sender, format!("bounce+{token}@alert.example"));
        }
        assert_eq!((session.client.in_flight(), session.client.outgoing()), (0, &b""[..]));
    }
}

#[test]
fn waits_per_message_are_four_two_one_and_a_sixteenth() {
    let writes = MODES.map(|mode| {
        let mut session = Session::in_mode(mode);
        session.send(0..64);
        session.writes.len()
    });
    // with BDAT two more before the window is open
    assert_eq!(writes, [64 * 4, 64 * 2, 64 + 1, 2 + 64 / 16]);
}

#[test]
fn a_group_and_a_body_joined_to_the_next_group_are_one_write_each() {
    let mut session = Session::in_mode(Mode::Joined);
    session.send(0..2);
    assert_eq!(session.writes.len(), 3);
    let verbs = |write: &String| {
        let line = |line: &str| line.split([' ', ':']).next().unwrap().to_owned();
        write
            .lines()
            .map(line)
            .filter(|word| word.chars().all(|c| c.is_ascii_uppercase() || c == '.'))
            .collect()
    };
    let verbs: Vec<Vec<String>> = session.writes.iter().map(verbs).collect();
    assert_eq!(verbs[0], ["MAIL", "RCPT", "DATA"]);
    assert_eq!(verbs[1][1..], [".", "MAIL", "RCPT", "DATA"]);
}

#[test]
fn the_rung_is_the_lowest_of_what_is_allowed_and_offered() {
    let without = |left_out: &str| {
        let offers: Vec<&str> = ALL.iter().copied().filter(|line| *line != left_out).collect();
        let session = Session::ready(config(Mode::Bdat), Server::offering(&offers));
        session.client.mode()
    };
    assert_eq!(without(""), Mode::Bdat);
    assert_eq!(without("CHUNKING"), Mode::Joined);
    assert_eq!(without("PIPELINING"), Mode::Lockstep);
    assert_eq!(Session::in_mode(Mode::Pipelined).client.mode(), Mode::Pipelined);
}

#[test]
fn chunks_hold_exactly_their_octets_and_no_stuffed_dot() {
    let mut session = Session::in_mode(Mode::Bdat);
    session.send(7..8);
    let octets = text(7).len();
    assert!(session.writes[0].contains(&format!("BDAT {octets} LAST\r\nMessage-ID")), "{:?}", session.writes);
    assert!(session.writes[0].ends_with("\r\n.7\r\n"));
}

#[test]
fn the_reply_and_its_time_come_with_the_outcome() {
    let mut session = Session::in_mode(Mode::Pipelined);
    session.submit(3);
    session.now += 5_000;
    let events = session.run();
    let [Event::Accepted { token: 3, recipient: 0, reply, took_us: 5_000 }] = events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(reply.to_string(), "250 2.0.0 Ok: queued as 4bXk");
}
