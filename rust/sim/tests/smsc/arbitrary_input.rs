use bealert_sim::smsc::{Faults, Limit, SimConfig, SmscSim};
use bealert_wire::smpp::BindMode;
use proptest::prelude::*;

use crate::joined::{Joined, MS, SECOND};

fn share() -> impl Strategy<Value = f64> {
    prop_oneof![3 => Just(0.0), 1 => 0.0..1.0, 1 => Just(1.0)]
}

fn faults() -> impl Strategy<Value = Faults> {
    let shares = (share(), share(), share(), share(), share(), share(), share());
    let delays = (0u64..50, 0u64..50, 1u32..20, proptest::option::of(1u64..100));
    (shares, delays, proptest::option::of(1u32..1_000)).prop_map(|(shares, delays, limit)| Faults {
        receipts: shares.0,
        failed: shares.1,
        early_receipts: shares.2,
        repeated_receipts: shares.3,
        silent: shares.4,
        swallowed: shares.5,
        queue_full: shares.6,
        response_us: delays.0 * MS,
        receipt_us: delays.1 * MS,
        unanswered_receipts: delays.2,
        reset_every: delays.3,
        limit: limit.map(|rate| Limit::per_second(f64::from(rate))),
        ..Faults::default()
    })
}

fn check_sums(joined: &Joined) {
    let books = *joined.smsc.books();
    assert_eq!(books.submits, books.accepted + books.throttled + books.rejected + books.swallowed);
    assert_eq!(books.accepted, books.unique + books.duplicates);
    assert_eq!(books.receipts, books.delivered + books.undelivered);
    let accepted: u32 = joined.smsc.messages().iter().map(|message| message.accepted).sum();
    assert_eq!(u64::from(accepted), books.accepted);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_books_balance_whatever_goes_wrong(
        faults in faults(),
        steps in proptest::collection::vec((0u8..8, 0u64..60), 1..60),
    ) {
        let mut joined = Joined::with(faults);
        joined.answer = |asked| Some(if asked % 7 == 3 { 0x64 } else { 0 });
        let mut caller = joined.bind(BindMode::Transceiver);
        for (kind, number) in steps {
            if kind == 7 {
                joined.smsc.reset_connections();
                joined.exchange();
            }
            let bound = joined.smsc.connections().contains(&joined.callers[caller].connection);
            if !bound {
                caller = joined.bind(BindMode::Transceiver);
            }
            match kind {
                0..5 => joined.send(caller, (0..number).filter(|number| number % u64::from(kind + 1) == 0)),
                5 => joined.wait(number * MS),
                6 => { joined.bind(BindMode::Receiver); }
                _ => {}
            }
            check_sums(&joined);
        }
        // every receipt comes through in the end
        joined.smsc.set_faults(joined.now, Faults::default());
        joined.answer = |_| Some(0);
        joined.bind(BindMode::Receiver);
        joined.wait(200 * SECOND);
        check_sums(&joined);
        let books = joined.smsc.books();
        prop_assert_eq!(books.receipts + books.without_receipt, books.accepted);
    }

    #[test]
    fn no_bytes_make_it_panic(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..20)) {
        let mut smsc = SmscSim::new(SimConfig::default());
        let connection = smsc.connect(0);
        for (at, piece) in pieces.iter().enumerate() {
            smsc.receive(at as u64, connection, piece);
            smsc.handle_timeout(at as u64);
        }
        smsc.disconnected(100, connection);
        smsc.receive(101, connection, b"late");
        prop_assert!(smsc.wants_close(connection) && smsc.outgoing(connection).is_empty());
    }
}
