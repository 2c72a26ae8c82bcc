use bealert_sim::smsc::{Faults, Limit};
use bealert_wire::smpp::{BindMode, Event, status};

use crate::joined::{Joined, MS};

#[test]
fn what_is_over_the_limit_is_throttled() {
    let limit = Some(Limit { per_second: 100.0, burst: 10 });
    let mut joined = Joined::with(Faults { limit, ..Faults::default() });
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, 0..50);
    assert_eq!(joined.accepted(caller).len(), 10);
    assert!(joined.rejected(caller).iter().all(|&(_, status)| status == status::ESME_RTHROTTLED));
    for token in 50..150 {
        joined.wait(10 * MS);
        joined.send(caller, [token]);
    }
    let books = joined.smsc.books();
    assert_eq!((books.submits, books.accepted, books.throttled, books.rejected), (150, 110, 40, 0));
}

#[test]
fn the_limit_is_one_for_all_connections_of_an_account() {
    let limit = Some(Limit { per_second: 100.0, burst: 10 });
    let mut joined = Joined::with(Faults { limit, ..Faults::default() });
    let (first, second) = (joined.bind(BindMode::Transceiver), joined.bind(BindMode::Transmitter));
    let other = joined.bind_as("other", "", BindMode::Transceiver);
    for caller in [first, second, other] {
        joined.send(caller, 0..10);
    }
    assert_eq!([first, second, other].map(|caller| joined.accepted(caller).len()), [10, 0, 10]);
}

#[test]
fn no_more_receipts_are_unanswered_than_allowed() {
    let mut joined = Joined::with(Faults { unanswered_receipts: 10, ..Faults::default() });
    joined.answer = |_| None;
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, 0..100);
    assert_eq!((joined.accepted(caller).len(), joined.receipts(caller).len()), (100, 10));
    joined.smsc.set_faults(joined.now, Faults { unanswered_receipts: 3, ..Faults::default() });
    joined.exchange();
    assert_eq!(joined.receipts(caller).len(), 10);
}

#[test]
fn all_come_in_turn_when_they_are_answered() {
    let mut joined = Joined::with(Faults { unanswered_receipts: 1, ..Faults::default() });
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, 0..100);
    assert_eq!(joined.receipts(caller).len(), 100);
    assert_eq!(joined.smsc.books().receipts, 100);
}

#[test]
fn receipts_are_spread_over_the_connections() {
    let mut joined = Joined::with(Faults::default());
    let sender = joined.bind(BindMode::Transmitter);
    let receivers = [joined.bind(BindMode::Receiver), joined.bind(BindMode::Transceiver)];
    joined.send(sender, 0..20);
    assert_eq!(receivers.map(|caller| joined.receipts(caller).len()), [10, 10]);
    assert_eq!(joined.receipts(sender), []);
}

#[test]
fn the_load_is_told_with_every_answer_where_it_is_to_be() {
    let limit = Some(Limit { per_second: 100.0, burst: 10 });
    let mut joined = Joined::with(Faults { limit, tells_load: true, ..Faults::default() });
    let caller = joined.bind(BindMode::Transceiver);
    for token in 0..40 {
        joined.wait(20 * MS);
        joined.send(caller, [token]);
    }
    joined.send(caller, 40..60);
    let loads =
        joined.pick(caller, |event| if let Event::Congestion { load } = event { Some(*load) } else { None });
    assert_eq!(loads.len(), 60, "refusals tell it too");
    assert!((45..=65).contains(&loads[39]), "{} at half the limit", loads[39]);
    assert_eq!(loads[59], 100);
}
