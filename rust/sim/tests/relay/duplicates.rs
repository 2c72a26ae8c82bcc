//! What came twice is known by recipient and Message-ID.

use bealert_sim::relay::{Faults, RelayConfig};

use crate::caller::{Callers, group, message, with};

#[test]
fn a_message_that_comes_again_is_a_duplicate() {
    let mut callers = with(Faults::default());
    let (one, other) = (callers.call(), callers.call());
    callers.send(one, "a@b.example", 1);
    callers.send(one, "c@b.example", 1);
    callers.send(other, "a@b.example", 2);
    callers.send(other, "a@b.example", 1);
    let books = callers.relay.books();
    assert_eq!((books.messages, books.unique, books.duplicates), (4, 3, 1));
    assert_eq!(books.bytes, 4 * (message(1).len() as u64 - 3));
    assert_eq!(callers.relay.messages().len(), 4, "each time that it came");
}

#[test]
fn several_recipients_of_one_message_count_each() {
    let mut callers = with(Faults::default());
    let connection = callers.call();
    let group = "MAIL FROM:<s@a>\r\nRCPT TO:<a@b>\r\nRCPT TO:<c@b>\r\nDATA\r\n";
    callers.say(connection, group);
    callers.say(connection, message(1));
    callers.say(connection, "MAIL FROM:<s@a>\r\nRCPT TO:<a@b>\r\nRCPT TO:<d@b>\r\nDATA\r\n");
    callers.say(connection, message(1));
    let books = callers.relay.books();
    assert_eq!((books.messages, books.unique, books.duplicates), (4, 3, 1));
    let recipients: Vec<&str> =
        callers.relay.messages()[0].recipients.iter().map(|(who, _)| who.as_str()).collect();
    assert_eq!(recipients, ["a@b", "c@b"]);
}

#[test]
fn without_a_message_id_it_is_the_content_that_counts() {
    let mut callers = Callers::new(RelayConfig::default());
    let connection = callers.call();
    for body in ["x", "y", "x"] {
        callers.say(connection, group("a@b.example"));
        callers.say(connection, format!("Subject: {body}\r\n\r\nz\r\n.\r\n"));
    }
    let books = callers.relay.books();
    assert_eq!((books.unique, books.duplicates), (2, 1));
    assert!(callers.relay.messages().is_empty(), "nothing is kept unless told");
}

#[test]
fn what_may_not_stand_in_a_message_is_counted() {
    let mut callers = with(Faults::default());
    let connection = callers.call();
    for (body, malformed) in
        [("fine\r\n", 0), ("a\nb\r\n", 1), ("a\0b\r\n", 2), ("café\r\n", 3), ("a\rb\r\n", 4)]
    {
        callers.say(connection, group("a@b.example"));
        callers.say(connection, format!("{body}.\r\n"));
        assert_eq!(callers.relay.books().malformed, malformed, "{body:?}");
    }
    callers.say(connection, "MAIL FROM:<s@a> BODY=8BITMIME\r\nRCPT TO:<a@b>\r\nDATA\r\n");
    callers.say(connection, "café\r\n.\r\n");
    assert_eq!(callers.relay.books().malformed, 4, "declared, it may");
}
