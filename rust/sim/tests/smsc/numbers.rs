use bealert_sim::smsc::{Fate, Faults, NumberPattern, NumberRule};
use bealert_wire::smpp::{BindMode, ReceiptState, status};

use crate::joined::Joined;

fn rules(rules: &[(&str, Fate, Option<u32>)]) -> Faults {
    let rule = |&(suffix, fate, times): &(&str, Fate, Option<u32>)| NumberRule {
        pattern: NumberPattern::Suffix(suffix.into()),
        fate,
        times,
    };
    Faults { numbers: rules.iter().map(rule).collect(), ..Faults::default() }
}

#[test]
fn each_number_has_its_fate() {
    let mut joined = Joined::with(rules(&[
        ("1", Fate::Refuse(status::ESME_RINVDSTADR), None),
        ("2", Fate::Receipt(ReceiptState::Expired), None),
        ("3", Fate::NoReceipt, None),
        ("4", Fate::Silent, None),
        ("5", Fate::Swallow, None),
        ("6", Fate::Refuse(status::ESME_RMSGQFUL), None),
    ]));
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, 0..=6);
    assert_eq!(joined.accepted(caller), [0, 2, 3]);
    assert_eq!(joined.rejected(caller), [(1, status::ESME_RINVDSTADR), (6, status::ESME_RMSGQFUL)]);
    let receipts: Vec<_> = joined.receipts(caller);
    let told: Vec<_> = receipts.iter().map(|receipt| (&receipt.source[10..], receipt.state)).collect();
    use ReceiptState::{Delivered, Expired};
    assert_eq!(told, [("0", Delivered), ("2", Expired), ("4", Delivered)]);
    let books = joined.smsc.books();
    assert_eq!((books.accepted, books.rejected, books.throttled, books.swallowed), (4, 1, 1, 1));
    assert_eq!((books.silent, books.without_receipt, books.undelivered), (1, 1, 1));
}

#[test]
fn a_prefix_and_the_first_rule_that_fits() {
    let prefix = NumberRule {
        pattern: NumberPattern::Prefix("3247000".into()),
        fate: Fate::Refuse(0x401),
        times: None,
    };
    let mut faults = rules(&[("7", Fate::NoReceipt, None)]);
    faults.numbers.push(prefix);
    let mut joined = Joined::with(faults);
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, [7, 8, 20_008]);
    assert_eq!(joined.rejected(caller), [(8, 0x401)]);
    assert_eq!(joined.accepted(caller), [7, 20_008]);
}

#[test]
fn a_rule_with_a_count_ends_for_each_number_by_itself() {
    let faults = rules(&[("1", Fate::Refuse(status::ESME_RSYSERR), Some(2))]);
    let mut joined = Joined::with(faults.clone());
    let caller = joined.bind(BindMode::Transceiver);
    for _ in 0..3 {
        joined.send(caller, [1, 11]);
    }
    assert_eq!(joined.rejected(caller).len(), 4);
    assert_eq!(joined.accepted(caller), [1, 11]);
    // other faults of the same rules go on counting, new rules begin anew
    joined.smsc.set_faults(joined.now, Faults { response_us: 0, failed: 0.5, ..faults });
    joined.send(caller, [1]);
    assert_eq!(joined.accepted(caller), [1, 11, 1]);
    joined.smsc.set_faults(joined.now, rules(&[("01", Fate::Refuse(status::ESME_RSYSERR), Some(1))]));
    joined.send(caller, [1, 1]);
    assert_eq!(joined.rejected(caller).len(), 5);
}
