//! A full window holds up submits and nothing else.

use bealert_wire::smpp::{Body, Event, SmscEvent, SubmitError, status};

use crate::pair::{Pair, RECEIPTS, receipt};

#[test]
fn answers_to_receipts_and_enquiries_leave_past_a_full_window() {
    let mut pair = Pair::bound(3);
    for token in 0..3 {
        pair.submit(token).unwrap();
    }
    pair.submits();
    assert_eq!(pair.submit(3), Err(SubmitError::Full));
    for round in 0..10 {
        a_round_of_receipts(&mut pair, round);
    }
    let mut enquiry = Vec::new();
    Body::EnquireLink.encode(0, 4_711, &mut enquiry);
    pair.esme.receive(pair.now, &enquiry);
    let answer = [0, 0, 0, 16, 0x80, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0x12, 0x67];
    assert_eq!(pair.esme.outgoing(), answer);
}

fn a_round_of_receipts(pair: &mut Pair, round: u64) {
    for at in 0..u64::from(RECEIPTS) {
        pair.deliver(round * 1_000 + at, "r");
    }
    let replies: Vec<_> = pair
        .esme_events()
        .into_iter()
        .map(|event| match event {
            Event::Receipt { reply, .. } => reply,
            other => panic!("{other:?}"),
        })
        .collect();
    for reply in replies {
        pair.esme.answer(pair.now, reply, status::ESME_ROK);
    }
    let answered = pair.smsc_events();
    assert_eq!(answered.len(), RECEIPTS as usize);
    assert!(answered.iter().all(|event| matches!(event, SmscEvent::Answered { status: 0, .. })));
}

#[test]
fn the_window_of_receipts_is_bounded_too() {
    let mut pair = Pair::bound(3);
    for token in 0..u64::from(RECEIPTS) {
        pair.deliver(token, "r");
    }
    assert_eq!(pair.smsc.deliver(pair.now, 1_000, &receipt("r")), Err(SubmitError::Full));
    assert_eq!((pair.smsc.room(), pair.smsc.unanswered()), (0, RECEIPTS));
}

#[test]
fn a_far_end_that_sends_without_reading_is_given_up() {
    let mut pair = Pair::bound(3);
    let mut enquiries = Vec::new();
    for sequence in 1..=4_096 {
        Body::EnquireLink.encode(0, sequence, &mut enquiries);
    }
    for _ in 0..256 {
        pair.esme.receive(pair.now, &enquiries);
    }
    assert!(pair.esme.wants_close());
    assert_eq!(pair.esme.outgoing(), b"");
}
