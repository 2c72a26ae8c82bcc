//! Malformed PDUs: the right answer, one fault each, and what else was in the read still counts.

use bealert_wire::smpp::{Body, CloseReason, Event, ProtocolFault, Smsc, SmscConfig, SmscEvent, status};

use crate::pair::{Pair, SECOND, esme_config};

fn pdu(command: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = (16 + body.len()) as u32;
    let mut out: Vec<u8> =
        [length, command, status, sequence].iter().flat_map(|word| word.to_be_bytes()).collect();
    out.extend_from_slice(body);
    out
}

/// What the ESME says and answers to these bytes.
fn told(pair: &mut Pair, bytes: &[u8]) -> (Vec<Event>, Vec<u8>) {
    pair.esme.receive(pair.now, bytes);
    let answer = pair.esme.outgoing().to_vec();
    pair.esme.wrote(answer.len());
    (std::iter::from_fn(|| pair.esme.poll_event()).collect(), answer)
}

#[test]
fn a_length_that_cannot_be_is_nacked_and_closes() {
    for length in [0u32, 4, 15, 70_001, 0x7FFF_FFFF, u32::MAX] {
        for cut in [1, 3, 100] {
            let mut pair = Pair::bound(4);
            pair.deliver(1, "a");
            let mut bytes = pair.smsc.outgoing().to_vec();
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(&pdu(0x15, 0, 9, b""));
            for piece in bytes.chunks(cut) {
                pair.esme.receive(pair.now, piece);
            }
            let events: Vec<Event> = std::iter::from_fn(|| pair.esme.poll_event()).collect();
            let what = ProtocolFault::BadLength { length };
            assert!(matches!(events[0], Event::Receipt { .. }));
            assert_eq!(events[1..], [Event::Fault { what }]);
            assert_eq!(pair.esme.outgoing(), pdu(0x8000_0000, status::ESME_RINVCMDLEN, 0, b""));
            assert!(pair.esme.wants_close());
            assert_eq!(pair.disconnect(), [Event::Closed { why: CloseReason::Violation }]);
        }
    }
}

#[test]
fn a_bad_length_behind_an_unbind_is_one_fault_too() {
    let mut pair = Pair::bound(4);
    let (events, answer) = told(&mut pair, &[pdu(6, 0, 9, b""), vec![0; 8]].concat());
    let what = ProtocolFault::BadLength { length: 0 };
    assert_eq!(events, [Event::Unbound, Event::Fault { what }]);
    let nack = pdu(0x8000_0000, status::ESME_RINVCMDLEN, 0, b"");
    assert_eq!(answer, [pdu(0x8000_0006, 0, 9, b""), nack].concat());
    let why = CloseReason::PeerUnbound;
    assert_eq!(pair.disconnect(), [Event::Closed { why }]);
}

#[test]
fn unknown_commands_are_nacked_and_unknown_responses_are_not() {
    let mut pair = Pair::bound(4);
    for command in [0x0u32, 0x0A, 0x1234, 0x7FFF_FFFF] {
        let (events, answer) = told(&mut pair, &pdu(command, 0, 77, b"body"));
        let what = ProtocolFault::UnknownCommand { command };
        assert_eq!(events, [Event::Fault { what }]);
        assert_eq!(answer, pdu(0x8000_0000, status::ESME_RINVCMDID, 77, b""));
    }
    let (events, answer) = told(&mut pair, &pdu(0x8000_1234, 0, 77, b""));
    assert_eq!((events.len(), answer.len()), (1, 0));
    // query_sm is a command, though not one an SMSC may send
    let (events, answer) = told(&mut pair, &pdu(0x03, 0, 78, b""));
    assert_eq!((events.len(), answer), (1, pdu(0x8000_0000, status::ESME_RINVCMDID, 78, b"")));
    // alert_notification is never answered, and no fault
    assert_eq!(told(&mut pair, &pdu(0x102, 0, 79, b"")), (vec![], vec![]));
    assert!(!pair.esme.wants_close());
}

#[test]
fn an_undecodable_request_gets_its_response_with_an_error() {
    let mut pair = Pair::bound(4);
    let mut good = Vec::new();
    Body::DeliverSm(Default::default()).encode(0, 5, &mut good);
    for (body, status) in [
        (&b""[..], status::ESME_RINVCMDLEN),
        (&good[16..good.len() - 1], status::ESME_RINVMSGLEN),
        (&[&good[16..good.len() - 1], &[10, b'x']].concat(), status::ESME_RINVMSGLEN),
        (&[&good[16..], &[0, 1, 0, 9]].concat(), status::ESME_RINVOPTPARSTREAM),
        (&[b"\0\x01\x01", &[b'1'; 30][..], &good[17..]].concat(), status::ESME_RINVSRCADR),
        (&[b"TOOLONG\0", &good[17..]].concat(), status::ESME_RINVSERTYP),
    ] {
        let (events, answer) = told(&mut pair, &pdu(5, 0, 5, body));
        assert!(matches!(events[..], [Event::Fault { what: ProtocolFault::Undecodable { command: 5, .. } }]));
        assert_eq!(answer, pdu(0x8000_0005, status, 5, b"\0"), "{body:?}");
    }
    let (events, _) = told(&mut pair, &good);
    assert!(matches!(events[..], [Event::Message { .. }]), "the session goes on");
}

#[test]
fn a_response_that_cannot_be_read_still_ends_its_request() {
    let mut pair = Pair::bound(4);
    pair.submit(0).unwrap();
    pair.submit(1).unwrap();
    pair.submits();
    let long = [&[b'i'; 80][..], b"\0"].concat();
    let (events, answer) = told(&mut pair, &pdu(0x8000_0004, 0, 2, &long));
    assert!(
        matches!(&events[..], [Event::Fault { .. }, Event::Accepted { token: 0, id, .. }] if id.len() == 64)
    );
    let (events, _) = told(&mut pair, &pdu(0x8000_0004, 8, 3, b"a\0\x04\x28\0\x09"));
    assert!(matches!(events[..], [Event::Fault { .. }, Event::Rejected { token: 1, status: 8, .. }]));
    assert_eq!((answer.len(), pair.esme.room()), (0, 4));
}

#[test]
fn a_nack_is_the_answer_to_what_it_names() {
    let mut pair = Pair::bound(4);
    pair.submit(0).unwrap();
    pair.submits();
    let (events, _) = told(&mut pair, &pdu(0x8000_0000, status::ESME_RINVCMDLEN, 2, b""));
    assert!(matches!(events[..], [Event::Rejected { token: 0, status: status::ESME_RINVCMDLEN, .. }]));
    let (events, _) = told(&mut pair, &pdu(0x8000_0000, status::ESME_RINVCMDLEN, 2, b""));
    assert!(matches!(events[..], [Event::Fault { what: ProtocolFault::Nacked { .. } }]));

    let mut pair = Pair::connected(esme_config(4));
    let (events, _) = told(&mut pair, &pdu(0x8000_0000, status::ESME_RINVCMDID, 1, b""));
    assert_eq!(events, [Event::BindRefused { status: status::ESME_RINVCMDID }]);
}

#[test]
fn requests_of_the_other_role_are_refused() {
    let mut pair = Pair::bound(4);
    let mut submit = Vec::new();
    Body::SubmitSm(Default::default()).encode(0, 5, &mut submit);
    let (events, answer) = told(&mut pair, &submit);
    assert_eq!(events, [Event::Fault { what: ProtocolFault::UnexpectedRequest { command: 4 } }]);
    assert_eq!(answer, pdu(0x8000_0004, status::ESME_RINVBNDSTS, 5, b""));

    let mut deliver = Vec::new();
    Body::DeliverSm(Default::default()).encode(0, 5, &mut deliver);
    pair.smsc.receive(pair.now, &deliver);
    assert!(matches!(pair.smsc.poll_event(), Some(SmscEvent::Fault { .. })));
    assert_eq!(pair.smsc.outgoing(), pdu(0x8000_0005, status::ESME_RINVBNDSTS, 5, b"\0"));
}

#[test]
fn the_smsc_answers_malformed_pdus_too() {
    let mut smsc = Smsc::new(SmscConfig::default());
    smsc.connected(SECOND);
    smsc.receive(SECOND, &pdu(4, 0, 1, b"\0\0\0"));
    smsc.receive(SECOND, &pdu(0x77, 0, 2, b""));
    smsc.receive(SECOND, &pdu(9, 0, 3, b"\0"));
    let expected = [
        pdu(0x8000_0004, status::ESME_RINVCMDLEN, 1, b""),
        pdu(0x8000_0000, status::ESME_RINVCMDID, 2, b""),
        pdu(0x8000_0009, status::ESME_RINVCMDLEN, 3, b""),
    ];
    assert_eq!(smsc.outgoing(), expected.concat());
    let faults =
        std::iter::from_fn(|| smsc.poll_event()).filter(|event| matches!(event, SmscEvent::Fault { .. }));
    assert_eq!(faults.count(), 3);
}
