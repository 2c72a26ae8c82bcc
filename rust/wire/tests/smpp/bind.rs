//! Binding: taken, refused, unanswered, too early, twice.

use bealert_wire::smpp::{
    BindMode, CloseReason, EsmeConfig, Event, ProtocolFault, SmscEvent, SubmitError, status,
};

use crate::pair::{Pair, SECOND, esme_config};

#[test]
fn the_smsc_sees_who_binds_and_the_esme_who_answers() {
    for mode in [BindMode::Transmitter, BindMode::Receiver, BindMode::Transceiver] {
        let mut pair = Pair::connected(EsmeConfig { bind: mode, ..esme_config(4) });
        assert_eq!(pair.submit(1), Err(SubmitError::NotBound));
        let events = pair.smsc_events();
        let [SmscEvent::Bind { reply, system_id, password, mode: seen, version }] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(
            (system_id.as_str(), password.expose(), *seen, *version),
            ("bealert", "secret", mode, 0x34)
        );
        assert!(!format!("{events:?}").contains("secret"));
        pair.smsc.accept(pair.now, *reply);
        assert_eq!(pair.esme_events(), [Event::Bound { smsc: "SMSC".into(), version: 0x34 }]);
        assert_eq!(pair.esme.room(), if mode == BindMode::Receiver { 0 } else { 4 });
        assert_eq!(pair.smsc.room() > 0, mode != BindMode::Transmitter);
    }
}

#[test]
fn a_refusal_closes_both_ends() {
    let mut pair = Pair::connected(esme_config(4));
    let [SmscEvent::Bind { reply, .. }] = pair.smsc_events()[..] else { panic!("no bind") };
    pair.smsc.refuse(pair.now, reply, status::ESME_RINVPASWD);
    assert_eq!(pair.esme_events(), [Event::BindRefused { status: status::ESME_RINVPASWD }]);
    assert!(pair.esme.wants_close() && pair.smsc.wants_close());
    let why = CloseReason::BindRefused { status: status::ESME_RINVPASWD };
    assert_eq!(pair.disconnect(), [Event::Closed { why }]);
    assert!(!pair.esme.wants_close());
}

#[test]
fn a_bind_that_nobody_answers_is_given_up() {
    let mut pair = Pair::connected(esme_config(4));
    let deadline = pair.esme.poll_timeout().unwrap();
    assert_eq!(deadline, pair.now + 10 * SECOND);
    assert_eq!(pair.wait(10 * SECOND), []);
    assert!(pair.esme.wants_close());
    assert_eq!(pair.esme.outgoing(), b"", "a dead transport is not waited for");
    assert_eq!(pair.disconnect(), [Event::Closed { why: CloseReason::BindTimedOut }]);
}

#[test]
fn an_esme_that_does_not_bind_is_given_up() {
    let mut pair = Pair::connected(esme_config(4));
    let deadline = pair.smsc.poll_timeout().unwrap();
    pair.smsc.handle_timeout(deadline);
    assert!(pair.smsc.wants_close());
    pair.smsc.disconnected(deadline);
    assert_eq!(pair.smsc.poll_event(), Some(SmscEvent::Closed { why: CloseReason::BindTimedOut }));
}

#[test]
fn a_request_before_the_bind_is_refused() {
    let mut other = Pair::bound(4);
    other.submit(1).unwrap();
    let submit = other.esme.outgoing().to_vec();
    let mut pair = Pair::connected(esme_config(4));
    pair.smsc.receive(pair.now, &submit);
    let what = ProtocolFault::UnexpectedRequest { command: 4 };
    assert_eq!(pair.smsc.poll_event(), Some(SmscEvent::Fault { what }));
    assert_eq!(pair.smsc.outgoing()[4..12], [0x80, 0, 0, 4, 0, 0, 0, 4]);
}

#[test]
fn a_second_bind_is_refused() {
    let mut pair = Pair::bound(4);
    let mut again = Pair::connected(esme_config(4));
    let bind = again.esme.outgoing().to_vec();
    again.esme.wrote(bind.len());
    pair.smsc.receive(pair.now, &bind);
    assert_eq!(pair.smsc.outgoing()[4..12], [0x80, 0, 0, 9, 0, 0, 0, 5]);
    assert!(!pair.smsc.wants_close());
}

#[test]
fn what_stands_behind_the_bind_response_in_the_same_read_counts() {
    let mut pair = Pair::connected(esme_config(4));
    let [SmscEvent::Bind { reply, .. }] = pair.smsc_events()[..] else { panic!("no bind") };
    pair.smsc.accept(pair.now, reply);
    pair.deliver(1, "a");
    let events = pair.esme_events();
    assert!(matches!(events[..], [Event::Bound { .. }, Event::Receipt { .. }]), "{events:?}");
}
