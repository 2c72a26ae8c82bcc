//! Replies that travel, and messages that are worked on.

use bealert_sim::relay::Faults;

use crate::caller::{MS, group, message, with};

#[test]
fn replies_travel_while_more_is_worked_on() {
    let mut callers = with(Faults { latency_us: 20 * MS, ..Faults::default() });
    let connection = callers.connect();
    callers.say(connection, "EHLO a.example\r\n");
    callers.wait(20 * MS);
    assert_eq!(callers.read(connection), [220, 250]);
    // a group on its way every 5 ms: each reply comes 20 ms after what it answers
    assert_eq!(callers.say(connection, group("a@b.example")), []);
    callers.wait(5 * MS);
    assert_eq!(callers.say(connection, message(1)), []);
    callers.wait(15 * MS);
    assert_eq!(callers.read(connection), [250, 250, 354]);
    callers.wait(5 * MS - 1);
    assert_eq!(callers.read(connection), []);
    callers.wait(1);
    assert_eq!(callers.read(connection), [250]);
    assert_eq!(callers.relay.books().messages, 1);
}

#[test]
fn a_latency_that_ends_lets_nothing_overtake() {
    let mut callers = with(Faults { latency_us: 20 * MS, ..Faults::default() });
    let connection = callers.connect();
    callers.say(connection, "EHLO a.example\r\n");
    callers.relay.set_faults(Faults::default());
    assert_eq!(callers.say(connection, "NOOP\r\n"), []);
    callers.wait(20 * MS);
    assert_eq!(callers.read(connection), [220, 250, 250]);
    assert_eq!(callers.say(connection, "NOOP\r\n"), [250]);
}

#[test]
fn a_quit_is_answered_before_the_end() {
    let mut callers = with(Faults { latency_us: 20 * MS, ..Faults::default() });
    let connection = callers.call();
    callers.say(connection, "QUIT\r\n");
    assert!(!callers.relay.wants_close(connection));
    callers.wait(20 * MS);
    assert_eq!(callers.read(connection), [220, 250, 221]);
    assert!(callers.is_over(connection));
}

#[test]
fn work_on_a_message_holds_up_its_connection_alone() {
    let mut callers = with(Faults { work_us: 10 * MS, ..Faults::default() });
    let (one, other) = (callers.call(), callers.call());
    callers.say(one, group("a@b.example"));
    assert_eq!(callers.say(one, message(1) + &group("b@b.example")), []);
    assert_eq!(callers.say(other, group("c@b.example")), [250, 250, 354]);
    callers.wait(10 * MS);
    assert_eq!(callers.read(one), [250, 250, 250, 354]);
}

#[test]
fn replies_one_by_one_for_drivers_that_write_so() {
    let mut callers = with(Faults { one_by_one: true, ..Faults::default() });
    let connection = callers.call();
    callers.relay.receive(callers.now, connection, group("a@b.example").as_bytes());
    for reply in
        [&b"250 2.1.0 Ok\r\n"[..], b"250 2.1.5 Ok\r\n", b"354 End data with <CR><LF>.<CR><LF>\r\n", b""]
    {
        assert_eq!(callers.relay.outgoing(connection), reply);
        callers.relay.wrote(callers.now, connection, reply.len());
    }
}
