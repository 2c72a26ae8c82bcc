//! Keep-alive: an enquiry after silence, any sign of life, and a half-open peer.

use bealert_wire::smpp::{CloseReason, EsmeConfig, Event};

use crate::pair::{Pair, SECOND, TIMEOUT, esme_config};

const INTERVAL: u64 = 30 * SECOND;
const ENQUIRE_LINK: [u8; 4] = [0, 0, 0, 0x15];

fn pair() -> Pair {
    Pair::bound_with(EsmeConfig { enquire_interval_us: INTERVAL, ..esme_config(4) })
}

#[test]
fn an_answered_enquiry_keeps_the_session() {
    let mut pair = pair();
    for _ in 0..3 {
        assert_eq!(pair.esme.poll_timeout(), Some(pair.now + INTERVAL));
        pair.wait(INTERVAL - 1);
        assert_eq!(pair.esme.outgoing(), b"");
        pair.wait(1);
        assert_eq!(pair.esme.outgoing()[4..8], ENQUIRE_LINK);
        assert_eq!(pair.esme.poll_timeout(), Some(pair.now + TIMEOUT));
        assert_eq!(pair.smsc_events(), [], "the SMSC answers by itself");
        pair.now += SECOND;
        assert_eq!(pair.esme_events(), []);
    }
    assert!(!pair.esme.wants_close());
}

#[test]
fn a_half_open_peer_is_closed() {
    let mut pair = pair();
    pair.submit(1).unwrap();
    pair.submits();
    pair.wait(TIMEOUT);
    pair.wait(INTERVAL - TIMEOUT);
    pair.wait(TIMEOUT);
    assert!(pair.esme.wants_close());
    assert_eq!(pair.esme.outgoing(), b"");
    assert!(matches!(pair.disconnect()[..], [Event::Lost { token: 1 }, Event::Closed { .. }]));
}

#[test]
fn an_unanswered_enquiry_alone_is_silence() {
    let mut pair = pair();
    pair.wait(INTERVAL);
    pair.wait(TIMEOUT - 1);
    assert!(!pair.esme.wants_close());
    pair.wait(1);
    assert_eq!(pair.disconnect(), [Event::Closed { why: CloseReason::Silent }]);
}

#[test]
fn any_pdu_counts_as_life() {
    let mut pair = pair();
    pair.wait(INTERVAL);
    pair.smsc_events();
    let answer = pair.smsc.outgoing().len();
    pair.smsc.wrote(answer); // lost on the way
    pair.now += TIMEOUT - 1;
    pair.deliver(1, "a");
    pair.esme_events();
    pair.wait(1);
    assert!(!pair.esme.wants_close());
    assert_eq!(pair.esme.poll_timeout(), Some(pair.now - 1 + INTERVAL));
}

#[test]
fn a_peer_that_does_not_know_enquire_link_is_alive() {
    let mut pair = pair();
    pair.wait(INTERVAL);
    let number = pair.esme.outgoing()[12..16].to_vec();
    let nack = [&[0, 0, 0, 16, 0x80, 0, 0, 0, 0, 0, 0, 3][..], &number].concat();
    pair.esme.receive(pair.now, &nack);
    pair.wait(TIMEOUT);
    assert!(!pair.esme.wants_close());
}
