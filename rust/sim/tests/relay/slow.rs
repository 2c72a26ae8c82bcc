//! A relay that reads slowly, or not at all.

use bealert_sim::relay::Faults;

use crate::caller::{MS, SECOND, with};

#[test]
fn it_reads_so_many_octets_a_second() {
    let mut callers = with(Faults { read_per_second: Some(1_000), ..Faults::default() });
    let connection = callers.call();
    let mut read = 0;
    while callers.now < 11 * SECOND {
        read += callers.relay.room(callers.now, connection);
        let next = callers.relay.poll_timeout().unwrap();
        assert!(next > callers.now);
        callers.wait((next - callers.now).min(100 * MS));
    }
    assert!((9_000..=10_000).contains(&read), "{read}");
}

#[test]
fn deaf_it_reads_nothing() {
    let mut callers = with(Faults { deaf: true, ..Faults::default() });
    let connection = callers.call();
    assert_eq!(callers.relay.room(callers.now, connection), 0);
    callers.relay.set_faults(Faults::default());
    assert!(callers.relay.room(callers.now, connection) > 100_000);
}
