use bealert_sim::smsc::{Faults, SimConfig};
use bealert_wire::smpp::{BindMode, ReceiptState};
use std::collections::BTreeSet;

use crate::joined::Joined;

const MESSAGES: u64 = 5_000;

fn demo() -> Faults {
    // 96 % delivered, 3 % failed, 1 % without
    Faults { receipts: 0.99, failed: 3.0 / 99.0, ..Faults::default() }
}

/// The numbers whose receipts say undeliverable.
fn failed(seed: u64, tokens: impl IntoIterator<Item = u64>) -> BTreeSet<String> {
    let mut joined = Joined::new(SimConfig { seed, faults: demo(), ..SimConfig::default() });
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, tokens);
    let receipts = joined.receipts(caller).into_iter();
    let undeliverable = receipts.filter(|receipt| receipt.state == ReceiptState::Undeliverable);
    undeliverable.map(|receipt| receipt.source.to_string()).collect()
}

#[test]
fn shares_are_met_and_counted() {
    let mut joined = Joined::with(demo());
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, 0..MESSAGES);
    let books = *joined.smsc.books();
    assert_eq!((books.accepted, books.unique, books.duplicates), (MESSAGES, MESSAGES, 0));
    assert_eq!(books.receipts + books.without_receipt, MESSAGES);
    assert_eq!(books.receipts, books.delivered + books.undelivered);
    assert!((100..200).contains(&books.undelivered), "{books:?}");
    assert!((25..85).contains(&books.without_receipt), "{books:?}");
    let receipts = joined.receipts(caller);
    assert_eq!(receipts.len() as u64, books.receipts);
    let undeliverable = receipts.iter().filter(|receipt| receipt.state == ReceiptState::Undeliverable);
    assert_eq!(undeliverable.count() as u64, books.undelivered);
}

#[test]
fn the_seed_and_the_message_decide_not_the_order() {
    let forwards = failed(7, 0..MESSAGES);
    assert_eq!(failed(7, (0..MESSAGES).rev()), forwards);
    assert_ne!(failed(8, 0..MESSAGES), forwards);
}

#[test]
fn the_same_message_again_is_decided_anew() {
    let mut joined = Joined::with(Faults { failed: 0.5, ..Faults::default() });
    let caller = joined.bind(BindMode::Transceiver);
    for token in 0..100 {
        joined.submit_part(caller, token, "32470000001", b"again", false, 0);
    }
    joined.exchange();
    let books = joined.smsc.books();
    assert_eq!((books.unique, books.duplicates), (1, 99));
    assert!((20..80).contains(&books.undelivered), "{books:?}");
}
