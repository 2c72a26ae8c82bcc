//! Greylisting (RFC 6647): who is not known is asked to come again after a while.

use bealert_sim::relay::Faults;

use crate::caller::{SECOND, with};

#[test]
fn the_same_pair_is_taken_after_the_time() {
    let mut callers = with(Faults { greylist_us: Some(60 * SECOND), ..Faults::default() });
    let connection = callers.call();
    assert_eq!(callers.send(connection, "a@b.example", 1), [250, 450, 554]);
    callers.wait(59 * SECOND);
    assert_eq!(callers.send(connection, "a@b.example", 1), [250, 450, 554]);
    assert_eq!(callers.send(connection, "other@b.example", 2), [250, 450, 554]);
    callers.wait(SECOND);
    assert_eq!(callers.send(connection, "a@b.example", 1), [250, 250, 354, 250]);
    let books = callers.relay.books();
    assert_eq!((books.greylisted, books.deferred, books.unique), (3, 0, 1));
}

#[test]
fn another_sender_begins_anew() {
    let mut callers = with(Faults { greylist_us: Some(60 * SECOND), ..Faults::default() });
    let connection = callers.call();
    let ask = |callers: &mut crate::caller::Callers, sender: &str| {
        let codes = callers.say(connection, format!("MAIL FROM:<{sender}>\r\nRCPT TO:<a@b>\r\nRSET\r\n"));
        codes[1]
    };
    assert_eq!(ask(&mut callers, "one@a"), 450);
    callers.wait(60 * SECOND);
    assert_eq!((ask(&mut callers, "two@a"), ask(&mut callers, "one@a")), (450, 250));
}
