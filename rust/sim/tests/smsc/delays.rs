use bealert_sim::smsc::Faults;
use bealert_wire::smpp::{BindMode, Event};

use crate::joined::{Joined, MS, SECOND};

fn times(joined: &Joined, caller: usize, receipts: bool) -> Vec<u64> {
    let heard = joined.callers[caller].heard.iter();
    let wanted = heard.filter(|(_, event)| match event {
        Event::Receipt { .. } => receipts,
        Event::Accepted { .. } => !receipts,
        _ => false,
    });
    wanted.map(|&(at, _)| at - SECOND).collect()
}

#[test]
fn without_delays_response_and_receipt_come_in_the_same_pass() {
    let mut joined = Joined::with(Faults::default());
    let caller = joined.bind(BindMode::Transceiver);
    joined.submit(caller, 1);
    let up = joined.callers[caller].esme.outgoing().to_vec();
    joined.callers[caller].esme.wrote(up.len());
    let connection = joined.callers[caller].connection;
    joined.smsc.receive(joined.now, connection, &up);
    let down = joined.smsc.outgoing(connection).to_vec();
    joined.callers[caller].esme.receive(joined.now, &down);
    let events: Vec<_> = std::iter::from_fn(|| joined.callers[caller].esme.poll_event()).collect();
    assert!(matches!(events[..], [Event::Accepted { .. }, Event::Receipt { .. }]), "{events:?}");
}

#[test]
fn responses_and_receipts_come_when_their_time_is_up() {
    let mut joined = Joined::with(Faults { response_us: 20 * MS, receipt_us: 50 * MS, ..Faults::default() });
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, 0..3);
    joined.wait(10 * MS);
    joined.send(caller, 3..5);
    assert_eq!(times(&joined, caller, false), []);
    joined.wait(200 * MS);
    assert_eq!(times(&joined, caller, false), [20 * MS, 20 * MS, 20 * MS, 30 * MS, 30 * MS]);
    assert_eq!(times(&joined, caller, true), [70 * MS, 70 * MS, 70 * MS, 80 * MS, 80 * MS]);
}

#[test]
fn refusals_take_their_time_too() {
    let mut joined = Joined::with(Faults { response_us: 20 * MS, queue_full: 1.0, ..Faults::default() });
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, [1]);
    assert_eq!(joined.rejected(caller), []);
    joined.wait(20 * MS);
    assert_eq!(joined.rejected(caller), [(1, 0x14)]);
    assert_eq!(joined.smsc.books().throttled, 1);
}

#[test]
fn a_shorter_delay_does_not_wait_for_the_longer_ones_before() {
    let mut joined = Joined::with(Faults { response_us: SECOND, ..Faults::default() });
    let caller = joined.bind(BindMode::Transmitter);
    joined.send(caller, [1]);
    joined.smsc.set_faults(joined.now, Faults { response_us: 5 * MS, ..Faults::default() });
    joined.send(caller, [2]);
    joined.wait(2 * SECOND);
    assert_eq!(joined.accepted(caller), [2, 1]);
    assert_eq!(times(&joined, caller, false), [5 * MS, SECOND]);
}
