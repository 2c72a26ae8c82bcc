use bealert_sim::smsc::{Faults, SimConfig};
use bealert_wire::smpp::{BindMode, CloseReason, Event, status};

use crate::joined::Joined;

fn closed(joined: &Joined, caller: usize) -> Option<CloseReason> {
    joined.pick(caller, |event| if let Event::Closed { why } = event { Some(*why) } else { None }).pop()
}

#[test]
fn any_account_binds_unless_one_is_named() {
    let mut joined = Joined::new(SimConfig::default());
    joined.bind_as("whoever", "", BindMode::Transceiver);
    joined.bind_as("", "x", BindMode::Receiver);
    assert_eq!(joined.smsc.books().binds, 2);

    let (system_id, password) = (Some("bealert".into()), Some("secret".into()));
    let mut joined = Joined::new(SimConfig { system_id, password, ..SimConfig::default() });
    let wrong_id = joined.bind_as("other", "secret", BindMode::Transceiver);
    let wrong_password = joined.bind_as("bealert", "Secret", BindMode::Transceiver);
    let right = joined.bind_as("bealert", "secret", BindMode::Transceiver);
    for (caller, status) in [(wrong_id, status::ESME_RINVSYSID), (wrong_password, status::ESME_RINVPASWD)] {
        assert_eq!(closed(&joined, caller), Some(CloseReason::BindRefused { status }));
    }
    assert_eq!(closed(&joined, right), None);
    assert_eq!((joined.smsc.books().binds, joined.smsc.books().refused_binds), (1, 2));
}

#[test]
fn binds_can_be_refused_and_taken_again() {
    let refuse_binds = Some(status::ESME_RSYSERR);
    let mut joined = Joined::with(Faults { refuse_binds, ..Faults::default() });
    let first = joined.bind(BindMode::Transceiver);
    assert_eq!(closed(&joined, first), Some(CloseReason::BindRefused { status: status::ESME_RSYSERR }));
    joined.smsc.set_faults(joined.now, Faults::default());
    let second = joined.bind(BindMode::Transceiver);
    joined.send(second, 0..3);
    assert_eq!(joined.accepted(second), [0, 1, 2]);
}

#[test]
fn two_simulators_give_the_same_ids_unless_told_otherwise() {
    let ids = |config| {
        let mut joined = Joined::new(config);
        let caller = joined.bind(BindMode::Transmitter);
        joined.send(caller, 0..2);
        joined.pick(caller, |event| match event {
            Event::Accepted { id, .. } => Some(id.to_string()),
            _ => None,
        })
    };
    assert_eq!(ids(SimConfig::default()), ["1", "2"]);
    assert_eq!(ids(SimConfig { seed: 9, ..SimConfig::default() }), ["1", "2"]);
    assert_eq!(
        ids(SimConfig { id_prefix: "b-".into(), id_start: 41, ..SimConfig::default() }),
        ["b-41", "b-42"]
    );
    let long = ids(SimConfig { id_prefix: "x".repeat(99), id_start: u64::MAX - 1, ..SimConfig::default() });
    assert_eq!(long[0].len(), 60);
}
