//! A ledger that takes nothing: what waits for it in memory has a bound, and then nothing more comes in.

use bealert_core::dispatch::{Action, Dispatcher, HELD_ROWS, Next, Receipt};
use bealert_core::outcome::Step;

use crate::stage::{GATEWAY, NOW_US, dispatcher, launch};

/// Receipts that were refused for now since the last call, and those that were answered well.
fn replies(dispatcher: &mut Dispatcher) -> (usize, usize) {
    let (mut refused, mut kept) = (0, 0);
    while let Some(action) = dispatcher.poll_action() {
        match action {
            Action::Reply { ok: true, .. } => kept += 1,
            Action::Reply { ok: false, .. } => refused += 1,
            _ => {}
        }
    }
    (refused, kept)
}

fn receipts(dispatcher: &mut Dispatcher, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let remote = format!("unknown-{number}");
        let receipt = Receipt { remote: &remote, address: "32470", step: Step::Delivered, detail: "" };
        dispatcher.receipt(NOW_US, GATEWAY, 0, number as u64, receipt);
    }
}

#[test]
fn beyond_the_bound_receipts_are_refused_and_nothing_is_handed_out() {
    let mut dispatcher = dispatcher();
    launch(&mut dispatcher, 100);
    let (first, _) = dispatcher.take_batch(NOW_US).unwrap();
    dispatcher.committed(NOW_US, first);
    assert!(matches!(dispatcher.next(NOW_US, GATEWAY), Next::Send(_)), "something is reserved");
    receipts(&mut dispatcher, 0..1);
    let (stuck, _) = dispatcher.take_batch(NOW_US + 10_000).unwrap();

    // Each is kept for an answer to come, until too many are: a far end may invent ids without end.
    let mut number = 1;
    while dispatcher.held_rows() < HELD_ROWS {
        receipts(&mut dispatcher, number..number + 1);
        number += 1;
    }
    assert!(number <= HELD_ROWS + 1);
    assert_eq!(replies(&mut dispatcher), (0, 0), "all of them wait for the ledger");
    assert_eq!(dispatcher.next(NOW_US, GATEWAY), Next::Idle);
    let held = dispatcher.held_rows();
    receipts(&mut dispatcher, number..number + 500);
    assert_eq!((replies(&mut dispatcher), dispatcher.held_rows()), ((500, 0), held));

    dispatcher.committed(NOW_US + 20_000, stuck);
    assert_eq!(replies(&mut dispatcher), (0, 1));
    let (next, batch) = dispatcher.take_batch(NOW_US + 20_000).unwrap();
    assert!(batch.parked.len() + batch.unparked.len() >= held);
    assert!(matches!(dispatcher.next(NOW_US + 20_000, GATEWAY), Next::Send(_)), "it goes on");
    dispatcher.committed(NOW_US + 30_000, next);
    assert_eq!(replies(&mut dispatcher).1, number - 1);
}
