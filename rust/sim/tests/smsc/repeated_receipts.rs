use bealert_sim::smsc::Faults;
use bealert_wire::smpp::{BindMode, ReceiptForm};

use crate::joined::{Joined, MS};

#[test]
fn each_receipt_comes_twice_and_counts_once() {
    for receipt_us in [0, 5 * MS] {
        let mut joined = Joined::with(Faults { repeated_receipts: 1.0, receipt_us, ..Faults::default() });
        let caller = joined.bind(BindMode::Transceiver);
        joined.send(caller, 0..50);
        joined.wait(10 * MS);
        let mut ids: Vec<u32> =
            joined.receipts(caller).iter().map(|receipt| receipt.id.parse().unwrap()).collect();
        ids.sort_unstable();
        assert!(ids.iter().copied().eq((1..=50).flat_map(|id| [id, id])), "{ids:?}");
        let books = joined.smsc.books();
        assert_eq!((books.receipts, books.delivered, books.repeated_receipts), (50, 50, 50));
    }
}

#[test]
fn every_form_tells_the_same() {
    for receipt_form in [ReceiptForm::TextAndTlvs, ReceiptForm::Text, ReceiptForm::Tlvs] {
        let mut joined = Joined::with(Faults { receipt_form, failed: 1.0, ..Faults::default() });
        let caller = joined.bind(BindMode::Transceiver);
        joined.send(caller, [5]);
        let [receipt] = joined.receipts(caller)[..] else { panic!() };
        assert_eq!((receipt.id.as_str(), receipt.state.word()), ("1", "UNDELIV"));
        assert_eq!((receipt.code.as_str(), receipt.source.as_str()), ("001", "32470000005"));
    }
}
