//! An SMSC that leaves half the window unanswered: the session drains, so that a new one frees the slots.

use bealert_wire::smpp::{CloseReason, Event, SubmitError, status};

use crate::pair::{GRACE, Pair, SECOND, TIMEOUT};

#[test]
fn half_the_window_held_drains_the_session() {
    let mut pair = Pair::bound(4);
    pair.submit(0).unwrap();
    pair.submit(1).unwrap();
    pair.now += SECOND;
    pair.submit(2).unwrap();
    let submits = pair.submits();
    assert_eq!(pair.wait(TIMEOUT - SECOND), [Event::TimedOut { token: 0 }, Event::TimedOut { token: 1 }]);
    assert_eq!((pair.esme.room(), pair.submit(9)), (0, Err(SubmitError::NotBound)));
    assert_eq!(pair.esme.outgoing(), b"", "no unbind while one may still be answered in time");

    pair.smsc.respond(pair.now, submits[2].0, status::ESME_ROK, "c");
    assert!(matches!(pair.esme_events()[..], [Event::Accepted { token: 2, late: false, .. }]));
    assert_eq!(pair.esme.poll_timeout(), Some(pair.now + GRACE), "late answers are waited for");
    pair.now += SECOND;
    pair.smsc.respond(pair.now, submits[1].0, status::ESME_ROK, "b");
    assert!(matches!(pair.esme_events()[..], [Event::Accepted { token: 1, late: true, .. }]));

    pair.wait(GRACE - SECOND);
    assert!(!pair.esme.outgoing().is_empty(), "unbinds now");
    pair.smsc_events();
    pair.esme_events();
    assert!(pair.esme.wants_close());
    assert_eq!(pair.disconnect(), [Event::Lost { token: 0 }, Event::Closed { why: CloseReason::Unanswered }]);
}

#[test]
fn a_window_of_one_drains_on_its_first_time_out() {
    let mut pair = Pair::bound(1);
    pair.submit(0).unwrap();
    pair.submits();
    assert_eq!(pair.wait(TIMEOUT), [Event::TimedOut { token: 0 }]);
    assert_eq!(pair.submit(1), Err(SubmitError::NotBound));
    pair.wait(GRACE);
    assert!(!pair.esme.outgoing().is_empty());
    pair.wait(TIMEOUT);
    assert!(pair.esme.wants_close(), "an unbind without an answer ends too");
    assert_eq!(pair.disconnect().len(), 2);
}
