use bealert_sim::smsc::Faults;
use bealert_wire::smpp::{BindMode, Event};

use crate::joined::Joined;

fn lost(joined: &Joined, caller: usize) -> Vec<u64> {
    joined.pick(caller, |event| if let Event::Lost { token } = event { Some(*token) } else { None })
}

#[test]
fn the_connection_breaks_with_the_responses_of_the_last_read() {
    let mut joined = Joined::with(Faults { reset_every: Some(30), ..Faults::default() });
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, 0..20);
    assert_eq!(joined.accepted(caller).len(), 20);
    joined.send(caller, 20..60);
    assert_eq!(joined.accepted(caller).len(), 20);
    assert_eq!(lost(&joined, caller), (20..60).collect::<Vec<_>>());
    let books = joined.smsc.books();
    // those before the break were taken though nobody was told, those behind it were never seen
    assert_eq!((books.submits, books.accepted, books.resets), (30, 30, 1));
}

#[test]
fn sending_again_ends_with_every_message_and_the_books_name_the_duplicates() {
    const MESSAGES: u64 = 2_000;
    let mut joined = Joined::with(Faults { reset_every: Some(333), ..Faults::default() });
    let mut open: Vec<u64> = (0..MESSAGES).collect();
    while !open.is_empty() {
        let caller = joined.bind(BindMode::Transceiver);
        for chunk in open.chunks(50) {
            if joined.smsc.wants_close(joined.callers[caller].connection) {
                break;
            }
            joined.send(caller, chunk.iter().copied());
        }
        let accepted = joined.accepted(caller);
        open.retain(|token| !accepted.contains(token));
    }
    let books = *joined.smsc.books();
    assert_eq!(books.unique, MESSAGES);
    assert_eq!(books.duplicates, books.accepted - MESSAGES);
    assert!(books.duplicates > 0 && books.resets >= 6, "{books:?}");
    assert_eq!(books.receipts, books.accepted);
    let twice = joined.smsc.messages().iter().map(|message| u64::from(message.accepted) - 1).sum::<u64>();
    assert_eq!(twice, books.duplicates);
}

#[test]
fn all_connections_break_on_command() {
    let mut joined = Joined::with(Faults::default());
    for mode in [BindMode::Transceiver, BindMode::Receiver] {
        joined.bind(mode);
    }
    assert_eq!(joined.smsc.reset_connections(), 2);
    assert_eq!(joined.smsc.reset_connections(), 0);
    assert!(joined.smsc.connections().iter().all(|&connection| joined.smsc.is_reset(connection)));
    joined.exchange();
    assert_eq!(joined.smsc.connections(), []);
    assert_eq!(joined.smsc.books().resets, 2);
}
