//! Ending in order, from either side.

use bealert_wire::smpp::{CloseReason, Event, SmscEvent, SubmitError, status};

use crate::pair::{Pair, SECOND, TIMEOUT};

#[test]
fn unbind_drains_the_window_and_answers_receipts_first() {
    let mut pair = Pair::bound(4);
    pair.submit(1).unwrap();
    pair.submit(2).unwrap();
    let submits = pair.submits();
    pair.deliver(9, "early");
    let [Event::Receipt { reply, .. }] = pair.esme_events()[..] else { panic!("no receipt") };

    pair.esme.unbind(pair.now);
    assert_eq!((pair.esme.room(), pair.submit(3)), (0, Err(SubmitError::NotBound)));
    assert_eq!(pair.esme.outgoing(), b"");
    for (at, id) in [(0, "a"), (1, "b")] {
        pair.smsc.respond(pair.now, submits[at].0, status::ESME_ROK, id);
    }
    assert_eq!(pair.esme_events().len(), 2);
    assert_eq!(pair.esme.outgoing(), b"", "a receipt is still owed its answer");
    pair.esme.answer(pair.now, reply, status::ESME_ROK);
    assert_eq!(pair.smsc_events(), [SmscEvent::Answered { token: 9, status: 0 }, SmscEvent::Unbound]);
    assert!(pair.smsc.wants_close() && !pair.esme.wants_close());
    assert_eq!(pair.esme_events(), []);
    assert!(pair.esme.wants_close());
    assert_eq!(pair.disconnect(), [Event::Closed { why: CloseReason::Requested }]);
    pair.smsc.disconnected(pair.now);
    assert_eq!(pair.smsc.poll_event(), Some(SmscEvent::Closed { why: CloseReason::PeerUnbound }));
}

#[test]
fn an_idle_session_unbinds_at_once_and_does_not_wait_for_ever() {
    let mut pair = Pair::bound(4);
    pair.esme.unbind(pair.now);
    assert_eq!(pair.esme.outgoing()[4..8], [0, 0, 0, 6]);
    assert_eq!(pair.esme.poll_timeout(), Some(pair.now + TIMEOUT));
    pair.wait(TIMEOUT);
    assert!(pair.esme.wants_close());
    assert_eq!(pair.disconnect(), [Event::Closed { why: CloseReason::Requested }]);
}

#[test]
fn draining_does_not_wait_for_ever_for_answers_or_for_our_own() {
    let mut pair = Pair::bound(4);
    pair.submit(1).unwrap();
    pair.submits();
    pair.deliver(9, "never answered");
    pair.esme_events();
    pair.now += SECOND;
    pair.esme.unbind(pair.now);
    assert_eq!(pair.wait(TIMEOUT - SECOND), [Event::TimedOut { token: 1 }]);
    assert_eq!(pair.esme.poll_timeout(), Some(pair.now + SECOND));
    pair.wait(SECOND);
    assert_eq!(pair.esme.outgoing()[4..8], [0, 0, 0, 6]);
}

#[test]
fn the_smsc_unbinds() {
    let mut pair = Pair::bound(4);
    pair.submit(1).unwrap();
    let submits = pair.submits();
    pair.smsc.respond(pair.now, submits[0].0, status::ESME_ROK, "a");
    pair.submit(2).unwrap();
    pair.submits();
    pair.smsc.unbind(pair.now);
    let events = pair.esme_events();
    assert!(matches!(events[..], [Event::Accepted { token: 1, .. }, Event::Unbound]), "{events:?}");
    assert!(pair.esme.wants_close());
    assert!(!pair.esme.outgoing().is_empty(), "the answer goes out before the close");
    pair.smsc_events();
    assert!(pair.smsc.wants_close());
    assert_eq!(
        pair.disconnect(),
        [Event::Lost { token: 2 }, Event::Closed { why: CloseReason::PeerUnbound }]
    );
}

#[test]
fn unbind_before_the_bind_is_answered_just_closes() {
    let mut pair = Pair::connected(crate::pair::esme_config(4));
    pair.esme.unbind(pair.now);
    assert!(pair.esme.wants_close());
    let grace = pair.esme.poll_timeout().unwrap();
    pair.esme.handle_timeout(grace);
    assert_eq!(pair.esme.outgoing(), b"", "a transport that takes nothing is not waited for");
    assert_eq!(pair.disconnect(), [Event::Closed { why: CloseReason::Requested }]);
}
