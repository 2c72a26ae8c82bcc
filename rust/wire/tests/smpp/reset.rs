//! The connection is lost: what cannot have been sent is told from what may have been.

use bealert_wire::smpp::{CloseReason, Event, SmscEvent, status};

use crate::pair::{Pair, RECEIPTS, TIMEOUT};

#[test]
fn no_byte_written_is_unsent_and_any_byte_is_lost() {
    let mut pair = Pair::bound(10);
    let mut lengths = Vec::new();
    for token in 0..5 {
        let before = pair.esme.outgoing().len();
        pair.submit(token).unwrap();
        lengths.push(pair.esme.outgoing().len() - before);
    }
    pair.esme.wrote(lengths[0] + lengths[1] + 1);
    let lost = |token| Event::Lost { token };
    let unsent = |token| Event::Unsent { token };
    let why = CloseReason::Dropped;
    assert_eq!(pair.disconnect(), [lost(0), lost(1), lost(2), unsent(3), unsent(4), Event::Closed { why }]);
    assert_eq!((pair.esme.room(), pair.esme.outgoing(), pair.esme.poll_timeout()), (0, &b""[..], None));
    assert_eq!(pair.disconnect(), [], "once");
}

#[test]
fn a_boundary_between_two_messages_parts_them_exactly() {
    let mut pair = Pair::bound(10);
    pair.submit(0).unwrap();
    let length = pair.esme.outgoing().len();
    pair.submit(1).unwrap();
    pair.esme.wrote(length);
    assert_eq!(pair.disconnect()[..2], [Event::Lost { token: 0 }, Event::Unsent { token: 1 }]);
}

#[test]
fn answered_ones_are_no_longer_held() {
    let mut pair = Pair::bound(10);
    pair.submit(0).unwrap();
    pair.submit(1).unwrap();
    let submits = pair.submits();
    pair.smsc.respond(pair.now, submits[1].0, status::ESME_ROK, "b");
    pair.esme_events();
    let why = CloseReason::Dropped;
    assert_eq!(pair.disconnect(), [Event::Lost { token: 0 }, Event::Closed { why }]);
}

#[test]
fn a_stuck_transport_makes_nothing_uncertain() {
    let mut pair = Pair::bound(10);
    pair.submit(0).unwrap();
    pair.submit(1).unwrap();
    assert_eq!(pair.wait(TIMEOUT), [], "what never left did not time out");
    assert!(pair.esme.wants_close());
    assert_eq!(pair.esme.outgoing(), b"");
    let why = CloseReason::Stalled;
    assert_eq!(
        pair.disconnect(),
        [Event::Unsent { token: 0 }, Event::Unsent { token: 1 }, Event::Closed { why }]
    );
}

#[test]
fn the_smsc_counts_what_was_not_answered() {
    let mut pair = Pair::bound(10);
    pair.deliver(1, "a");
    pair.deliver(2, "b");
    let [Event::Receipt { reply, .. }, _] = pair.esme_events()[..] else { panic!("no receipts") };
    pair.esme.answer(pair.now, reply, status::ESME_ROK);
    assert_eq!(pair.smsc_events(), [SmscEvent::Answered { token: 1, status: 0 }]);
    pair.smsc.disconnected(pair.now);
    assert_eq!(pair.smsc.poll_event(), Some(SmscEvent::Unanswered { token: 2 }));
    assert_eq!(pair.smsc.poll_event(), Some(SmscEvent::Closed { why: CloseReason::Dropped }));
}

#[test]
fn a_receipt_that_is_not_answered_in_time_frees_its_slot() {
    let mut pair = Pair::bound(10);
    pair.deliver(1, "a");
    pair.esme_events();
    pair.smsc.handle_timeout(pair.now + TIMEOUT);
    assert_eq!(pair.smsc.poll_event(), Some(SmscEvent::Unanswered { token: 1 }));
    assert_eq!((pair.smsc.poll_event(), pair.smsc.unanswered()), (None, 0));
    assert_eq!(pair.smsc.room(), RECEIPTS);
}
