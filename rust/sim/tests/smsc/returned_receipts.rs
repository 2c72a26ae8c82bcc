use bealert_sim::smsc::Faults;
use bealert_wire::smpp::{BindMode, status};

use crate::joined::{Joined, MS, SECOND};

#[test]
fn an_error_brings_the_receipt_again_after_a_rest() {
    let mut joined = Joined::with(Faults { receipt_retry_us: 500 * MS, ..Faults::default() });
    joined.answer = |asked| Some(if asked < 3 { status::ESME_RX_T_APPN } else { 0 });
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, [1, 2]);
    assert_eq!((joined.receipts(caller).len(), joined.smsc.books().receipts), (2, 0));
    joined.wait(499 * MS);
    assert_eq!(joined.receipts(caller).len(), 2);
    joined.wait(MS);
    assert_eq!((joined.receipts(caller).len(), joined.smsc.books().receipts), (4, 1));
    joined.wait(500 * MS);
    let books = joined.smsc.books();
    assert_eq!((joined.receipts(caller).len(), books.receipts, books.returned_receipts), (5, 2, 3));
}

#[test]
fn unanswered_ones_come_again_on_a_later_bind_of_the_account() {
    for mode in [BindMode::Receiver, BindMode::Transceiver] {
        let mut joined = Joined::with(Faults { unanswered_receipts: 4, ..Faults::default() });
        joined.answer = |_| None;
        let first = joined.bind(BindMode::Transceiver);
        joined.send(first, 0..10);
        assert_eq!(joined.receipts(first).len(), 4);
        joined.cut(first);
        joined.answer = |_| Some(0);
        let stranger = joined.bind_as("other", "", BindMode::Transceiver);
        let sender = joined.bind(BindMode::Transmitter);
        let second = joined.bind(mode);
        assert_eq!([stranger, sender, second].map(|caller| joined.receipts(caller).len()), [0, 0, 10]);
        let books = joined.smsc.books();
        assert_eq!((books.receipts, books.returned_receipts), (10, 4));
    }
}

#[test]
fn they_go_to_another_connection_at_once() {
    let mut joined = Joined::with(Faults::default());
    joined.answer = |asked| (asked >= 10).then_some(0);
    let (first, second) = (joined.bind(BindMode::Transceiver), joined.bind(BindMode::Receiver));
    joined.send(first, 0..10);
    assert_eq!([first, second].map(|caller| joined.receipts(caller).len()), [5, 5]);
    joined.cut(second);
    assert_eq!((joined.receipts(first).len(), joined.smsc.books().receipts), (10, 5));
}

#[test]
fn one_that_is_not_answered_in_time_comes_again() {
    let mut joined = Joined::with(Faults { receipt_timeout_us: 2 * SECOND, ..Faults::default() });
    joined.answer = |asked| (asked >= 2).then_some(0);
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, [1, 2]);
    joined.wait(2 * SECOND - 1);
    assert_eq!(joined.receipts(caller).len(), 2);
    joined.wait(1);
    assert_eq!((joined.receipts(caller).len(), joined.smsc.books().receipts), (4, 2));
}

#[test]
fn one_due_while_nobody_is_bound_waits() {
    let mut joined = Joined::with(Faults { receipt_us: SECOND, ..Faults::default() });
    let first = joined.bind(BindMode::Transceiver);
    joined.send(first, [1]);
    joined.cut(first);
    joined.wait(5 * SECOND);
    let second = joined.bind(BindMode::Transceiver);
    assert_eq!((joined.receipts(second).len(), joined.smsc.books().receipts), (1, 1));
}
