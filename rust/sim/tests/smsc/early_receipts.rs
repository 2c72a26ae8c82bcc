use bealert_sim::smsc::Faults;
use bealert_wire::smpp::{BindMode, Event};

use crate::joined::{Joined, MS};

/// "r" for each receipt, "a" for each response, as they were heard.
fn order(joined: &Joined, caller: usize) -> String {
    let letter = |event: &Event| match event {
        Event::Receipt { .. } => Some('r'),
        Event::Accepted { .. } => Some('a'),
        _ => None,
    };
    joined.pick(caller, letter).into_iter().collect()
}

#[test]
fn every_receipt_comes_before_its_response() {
    for response_us in [0, 20 * MS] {
        let mut joined = Joined::with(Faults { early_receipts: 1.0, response_us, ..Faults::default() });
        let caller = joined.bind(BindMode::Transceiver);
        joined.send(caller, 0..2);
        joined.wait(50 * MS);
        assert_eq!(order(&joined, caller), if response_us == 0 { "rara" } else { "rraa" });
        assert_eq!((joined.smsc.books().early_receipts, joined.smsc.books().receipts), (2, 2));
    }
}

#[test]
fn a_share_of_them() {
    let mut joined = Joined::with(Faults { early_receipts: 0.2, ..Faults::default() });
    let caller = joined.bind(BindMode::Transceiver);
    for token in 0..1_000 {
        joined.send(caller, [token]);
    }
    let books = joined.smsc.books();
    assert!((150..250).contains(&books.early_receipts), "{books:?}");
    assert_eq!(books.receipts, 1_000);
}
