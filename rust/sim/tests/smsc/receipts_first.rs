//! An SMSC that answers nothing until its own receipts are answered.

use bealert_sim::smsc::Faults;
use bealert_wire::smpp::{BindMode, Event};

use crate::joined::{Joined, SECOND};

#[test]
fn responses_wait_for_the_answers_to_receipts() {
    for allowed in [1, 2, 1_000] {
        let faults = Faults {
            receipts_first: true,
            early_receipts: 1.0,
            unanswered_receipts: allowed,
            ..Faults::default()
        };
        let mut joined = Joined::with(faults);
        joined.answer = |_| None;
        let caller = joined.bind(BindMode::Transceiver);
        joined.send(caller, 0..5);
        joined.wait(2 * SECOND);
        assert_eq!((joined.smsc.books().accepted, joined.accepted(caller)), (5, vec![]));
        joined.answer = |_| Some(0);
        let now = joined.now;
        let waiting = joined.pick(caller, |event| match event {
            Event::Receipt { reply, .. } => Some(*reply),
            _ => None,
        });
        assert_eq!(waiting.len(), allowed.min(5) as usize);
        let (last, others) = waiting.split_last().unwrap();
        for reply in others {
            joined.callers[caller].esme.answer(now, *reply, 0);
        }
        joined.exchange();
        assert_eq!(joined.accepted(caller), [] as [u64; 0], "one is left");
        joined.callers[caller].esme.answer(now, *last, 0);
        joined.exchange();
        assert_eq!((joined.accepted(caller), joined.smsc.books().receipts), ((0..5).collect(), 5));
    }
}

#[test]
fn without_receipts_nothing_waits() {
    let mut joined = Joined::with(Faults { receipts_first: true, receipts: 0.0, ..Faults::default() });
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, 0..5);
    assert_eq!(joined.accepted(caller).len(), 5);
}

#[test]
fn a_lost_connection_takes_what_waited_with_it() {
    let mut joined = Joined::with(Faults { receipts_first: true, early_receipts: 1.0, ..Faults::default() });
    joined.answer = |_| None;
    let first = joined.bind(BindMode::Transceiver);
    joined.send(first, 0..5);
    joined.cut(first);
    joined.answer = |_| Some(0);
    let second = joined.bind(BindMode::Transceiver);
    joined.send(second, [7]);
    assert_eq!((joined.accepted(second), joined.smsc.books().receipts), (vec![7], 6));
}
