//! A withheld response: the request times out, keeps its slot, and a late response still counts.

use bealert_wire::smpp::{CloseReason, Event, ProtocolFault, status};

use crate::pair::{GRACE, Pair, SECOND, TIMEOUT};

#[test]
fn a_withheld_response_times_out_and_counts_when_it_comes() {
    let mut pair = Pair::bound(10);
    pair.submit(1).unwrap();
    pair.submit(2).unwrap();
    let submits = pair.submits();
    pair.smsc.respond(pair.now, submits[1].0, status::ESME_ROK, "b");
    pair.esme_events();
    assert_eq!(pair.esme.poll_timeout(), Some(pair.now + TIMEOUT));
    assert_eq!(pair.wait(TIMEOUT - 1), []);
    assert_eq!(pair.wait(1), [Event::TimedOut { token: 1 }]);
    assert_eq!(pair.wait(1), [], "once");
    assert_eq!((pair.esme.room(), pair.esme.in_flight()), (9, 1), "its slot is kept");

    pair.now += SECOND;
    pair.smsc.respond(pair.now, submits[0].0, status::ESME_ROK, "a");
    let id = "a".try_into().unwrap();
    let took_us = (TIMEOUT + SECOND + 1) as u32;
    assert_eq!(pair.esme_events(), [Event::Accepted { token: 1, id, took_us, late: true }]);
    assert_eq!(pair.esme.room(), 10);
    assert_eq!(pair.esme.poll_timeout(), None, "nothing is waited for");
    assert_eq!(pair.disconnect(), [Event::Closed { why: CloseReason::Dropped }]);
}

#[test]
fn a_late_refusal_counts_too() {
    let mut pair = Pair::bound(10);
    pair.submit(1).unwrap();
    let submits = pair.submits();
    pair.wait(TIMEOUT);
    pair.smsc.respond(pair.now, submits[0].0, status::ESME_RINVDSTADR, "");
    let events = pair.esme_events();
    assert!(matches!(events[..], [Event::Rejected { token: 1, status: 0x0B, late: true, .. }]), "{events:?}");
}

#[test]
fn a_session_with_nothing_else_to_do_ends_after_the_grace() {
    let mut pair = Pair::bound(10);
    pair.submit(1).unwrap();
    pair.submits();
    assert_eq!(pair.wait(TIMEOUT), [Event::TimedOut { token: 1 }]);
    assert_eq!(pair.esme.poll_timeout(), Some(pair.now + GRACE));
    pair.wait(GRACE);
    assert_eq!(pair.esme.room(), 0);
    pair.smsc_events();
    assert_eq!(pair.esme_events(), []);
    assert!(pair.esme.wants_close());
    assert_eq!(pair.disconnect(), [Event::Lost { token: 1 }, Event::Closed { why: CloseReason::Unanswered }]);
}

#[test]
fn a_submit_puts_the_grace_off() {
    let mut pair = Pair::bound(10);
    pair.submit(1).unwrap();
    pair.submits();
    pair.wait(TIMEOUT);
    pair.now += GRACE - 1;
    pair.submit(2).unwrap();
    let submits = pair.submits();
    pair.smsc.respond(pair.now, submits[0].0, status::ESME_ROK, "b");
    pair.esme_events();
    pair.wait(1);
    assert_eq!(pair.esme.room(), 9, "still open");
    pair.wait(GRACE);
    assert_eq!(pair.esme.room(), 0);
}

#[test]
fn a_second_response_is_a_fault_and_nothing_more() {
    let mut pair = Pair::bound(10);
    pair.submit(1).unwrap();
    let submits = pair.submits();
    pair.smsc.respond(pair.now, submits[0].0, status::ESME_ROK, "a");
    pair.smsc.respond(pair.now, submits[0].0, status::ESME_ROK, "a");
    let what = ProtocolFault::UnexpectedResponse { command: 0x8000_0004, sequence: 2 };
    assert_eq!(pair.esme_events()[1..], [Event::Fault { what }]);
    assert_eq!(pair.esme.room(), 10);
}
