//! A connection breaks at any octet of the dialogue, and the books say what was taken before.

use bealert_sim::relay::{Cut, Faults, RelayConfig};

use crate::caller::{Callers, group, message, with};

fn dialogue() -> String {
    format!("EHLO a.example\r\n{}{}", group("a@b.example"), message(1))
}

/// Sends group by group, as a client that waits, until the connection breaks.
fn run(cut: Cut) -> (Callers, Vec<u8>) {
    let mut callers = with(Faults { cut: Some(cut), ..Faults::default() });
    let connection = callers.connect();
    let mut said = callers.read_octets(connection);
    for part in ["EHLO a.example\r\n".to_owned(), group("a@b.example"), message(1)] {
        callers.relay.receive(callers.now, connection, part.as_bytes());
        said.extend(callers.read_octets(connection));
    }
    assert_eq!(callers.is_broken(connection), callers.relay.books().resets == 1);
    (callers, said)
}

#[test]
fn after_any_octet_that_it_read() {
    let whole = dialogue().len() as u64;
    for octets in 0..=whole {
        let (callers, said) = run(Cut { received: Some(octets), ..Cut::default() });
        let books = callers.relay.books();
        assert_eq!(books.resets, 1, "at {octets}");
        assert_eq!(books.messages, u64::from(octets == whole), "the last octet of the dot makes it whole");
        assert!(!said.ends_with(b"250 2.0.0 Ok\r\n"), "a reply to it is not heard");
    }
    let (callers, said) = run(Cut { received: Some(whole + 1), ..Cut::default() });
    assert!(said.ends_with(b"250 2.0.0 Ok\r\n") && callers.relay.books().resets == 0);
}

#[test]
fn after_any_octet_that_it_wrote() {
    let (_, all) = run(Cut::default());
    assert!(all.ends_with(b"250 2.0.0 Ok\r\n"));
    for octets in 1..all.len() {
        let (callers, said) = run(Cut { sent: Some(octets as u64), ..Cut::default() });
        assert_eq!(said, &all[..octets]);
        assert_eq!(callers.relay.books().resets, 1, "at {octets}");
        let reply_to_message = all.len() - "250 2.0.0 Ok\r\n".len();
        assert_eq!(callers.relay.books().messages, u64::from(octets > reply_to_message), "at {octets}");
    }
}

#[test]
fn so_many_connections_and_no_more() {
    let cut = Some(Cut { received: Some(5), times: Some(2), ..Cut::default() });
    let mut callers =
        Callers::new(RelayConfig { faults: Faults { cut, ..Faults::default() }, ..RelayConfig::default() });
    for broken in [true, true, false, false] {
        let connection = callers.call();
        assert_eq!(callers.is_broken(connection), broken);
    }
}

#[test]
fn every_so_many_messages() {
    let mut callers = with(Faults { reset_every: Some(3), ..Faults::default() });
    for id in 1..=9u64 {
        let connection = callers.call();
        let codes = callers.send(connection, "a@b.example", id);
        assert_eq!(codes.len(), if id % 3 == 0 { 3 } else { 4 }, "taken, and its reply unsent");
        assert_eq!(callers.is_broken(connection), id % 3 == 0);
    }
    assert_eq!((callers.relay.books().unique, callers.relay.books().resets), (9, 3));
}

#[test]
fn all_at_once() {
    let mut callers = with(Faults::default());
    let connections = [callers.call(), callers.call(), callers.call()];
    assert_eq!(callers.relay.reset_connections(), 3);
    assert!(connections.iter().all(|&connection| callers.is_broken(connection)));
    assert_eq!(callers.relay.reset_connections(), 0);
    callers.relay.receive(callers.now, connections[0], b"NOOP\r\n");
    assert!(callers.relay.outgoing(connections[0]).is_empty());
}
