//! Connections, messages on one of them, and messages by the second are capped where that was said.

use bealert_sim::relay::{Faults, Limit, Tarpit};

use crate::caller::{SECOND, with};

#[test]
fn too_many_connections_are_greeted_with_421() {
    let mut callers = with(Faults { max_connections: Some(2), ..Faults::default() });
    let (first, _second, third) = (callers.connect(), callers.connect(), callers.connect());
    assert_eq!(callers.read(third), [421]);
    assert!(callers.is_over(third));
    assert_eq!(callers.read(first), [220]);
    callers.relay.disconnected(callers.now, first);
    let fourth = callers.connect();
    assert_eq!(callers.read(fourth), [220]);
    let books = callers.relay.books();
    assert_eq!((books.connections, books.refused_connections, books.hung_up), (4, 1, 1));
}

#[test]
fn the_message_after_the_last_one_gets_421() {
    let mut callers = with(Faults { max_messages: Some(3), ..Faults::default() });
    let connection = callers.call();
    for id in 1..=3 {
        assert_eq!(callers.send(connection, "a@b.example", id), [250, 250, 354, 250]);
    }
    assert_eq!(callers.say(connection, "MAIL FROM:<>\r\n"), [421]);
    assert!(callers.is_over(connection));
    let books = callers.relay.books();
    assert_eq!((books.messages, books.throttled, books.deferred), (3, 1, 0));
}

#[test]
fn more_than_the_limit_is_throttled_and_may_come_later() {
    for (limit_hangs_up, code) in [(false, 454), (true, 421)] {
        let limit = Some(Limit { per_second: 10.0, burst: 2 });
        let mut callers = with(Faults { limit, limit_hangs_up, ..Faults::default() });
        let connection = callers.call();
        for id in 1..=2 {
            assert_eq!(callers.send(connection, "a@b.example", id), [250, 250, 354, 250]);
        }
        assert_eq!(callers.say(connection, "MAIL FROM:<>\r\n"), [code]);
        assert_eq!(callers.is_over(connection), limit_hangs_up);
        callers.wait(SECOND / 10);
        let connection = callers.call();
        assert_eq!(callers.send(connection, "a@b.example", 3), [250, 250, 354, 250]);
        assert_eq!((callers.relay.books().throttled, callers.relay.books().unique), (1, 3));
    }
}

#[test]
fn mistakes_make_it_slow_and_then_hang_up() {
    let tarpit = Some(Tarpit { after: 2, delay_us: SECOND, hang_up_at: Some(4) });
    let mut callers = with(Faults { refuse: 1.0, tarpit, ..Faults::default() });
    let connection = callers.call();
    callers.say(connection, "MAIL FROM:<>\r\n");
    assert_eq!(callers.say(connection, "RCPT TO:<a@b>\r\nRCPT TO:<c@b>\r\n"), [550, 550]);
    assert_eq!(callers.say(connection, "RCPT TO:<d@b>\r\nNOOP\r\n"), []);
    callers.wait(SECOND - 1);
    assert_eq!(callers.read(connection), []);
    callers.wait(1);
    assert_eq!(callers.read(connection), [550, 250]);
    callers.say(connection, "RCPT TO:<e@b>\r\n");
    callers.wait(SECOND);
    assert_eq!(callers.read(connection), [421]);
    assert!(callers.is_over(connection));
}
