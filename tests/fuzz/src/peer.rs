//! The far end of a session that is fuzzed: what it says before it begins to misbehave.

use bealert_wire::smpp::{
    Address, Bind, BindMode, BindResp, Body, DeliverReceipt, Esme, EsmeConfig, Event, Message, MessageResp,
    ReceiptForm, ReceiptState, Smsc, SmscConfig, SmscEvent, SubmitOptions, SubmitTemplate, VERSION_3_4,
};

/// When everything happens: sessions take the time as it is given.
pub(crate) const NOW_US: u64 = 1_000_000;

/// Long after every timer of a session.
pub(crate) const LATER_US: u64 = NOW_US + 3_600_000_000;

/// Requests that are under way when the far end begins.
pub(crate) const UNDER_WAY: u64 = 4;

/// A PDU as octets.
pub(crate) fn pdu(body: &Body<'_>, status: u32, sequence: u32) -> Vec<u8> {
    let mut octets = Vec::new();
    body.encode(status, sequence, &mut octets);
    octets
}

/// An ESME that waits for the answer to its bind.
pub(crate) fn binding_esme() -> Esme {
    let config =
        EsmeConfig { system_id: "bealert".into(), window: UNDER_WAY as u32, ..EsmeConfig::default() };
    let mut esme = Esme::new(config);
    esme.connected(NOW_US);
    esme
}

/// A bound ESME with [`UNDER_WAY`] submits, all written.
pub(crate) fn busy_esme() -> Esme {
    let mut esme = binding_esme();
    let response = BindResp { system_id: b"smsc", version: Some(VERSION_3_4) };
    esme.receive(NOW_US, &pdu(&Body::BindResp(BindMode::Transceiver, response), 0, 1));
    assert!(matches!(esme.poll_event(), Some(Event::Bound { .. })));
    let template = template();
    for token in 0..UNDER_WAY {
        let message =
            Message { destination: "32470000000", body: b"Blijf binnen.", udhi: false, data_coding: 0 };
        esme.submit(NOW_US, token, &template, &message).expect("the window has room");
    }
    esme.wrote(esme.outgoing().len());
    esme
}

/// A bound SMSC with [`UNDER_WAY`] receipts, all written.
pub(crate) fn busy_smsc() -> Smsc {
    let mut smsc = Smsc::new(SmscConfig { window: UNDER_WAY as u32, ..SmscConfig::default() });
    smsc.connected(NOW_US);
    smsc.receive(NOW_US, &pdu(&Body::Bind(BindMode::Transceiver, bind()), 0, 1));
    let Some(SmscEvent::Bind { reply, .. }) = smsc.poll_event() else { panic!("no bind") };
    smsc.accept(NOW_US, reply);
    for token in 0..UNDER_WAY {
        smsc.deliver(NOW_US, token, &receipt("1", ReceiptForm::TextAndTlvs)).expect("the window has room");
    }
    smsc.wrote(smsc.outgoing().len());
    smsc
}

pub(crate) fn bind() -> Bind<'static> {
    Bind {
        system_id: b"bealert",
        password: b"secret",
        system_type: b"",
        interface_version: VERSION_3_4,
        address_ton: 0,
        address_npi: 0,
        address_range: b"",
    }
}

pub(crate) fn receipt(id: &str, form: ReceiptForm) -> DeliverReceipt<'_> {
    DeliverReceipt {
        id,
        state: ReceiptState::Delivered,
        code: "000",
        source: "32470000001",
        destination: "BE-Alert",
        submitted_s: 1_709_208_000,
        done_s: 1_709_208_060,
        text: "Blijf binnen.",
        form,
    }
}

pub(crate) fn template() -> SubmitTemplate {
    let sender = Address::sender("BE-Alert").expect("a sender of 8 characters");
    SubmitTemplate::new(&SubmitOptions::new(sender)).expect("nothing in it is unusual")
}

/// What an SMSC says that does nothing wrong: an answer, a receipt, a question.
pub(crate) fn good_smsc(id: &str) -> Vec<u8> {
    let answer = pdu(&Body::SubmitSmResp(MessageResp::new(id.as_bytes())), 0, 2);
    [answer, delivered(id, ReceiptForm::Text), pdu(&Body::EnquireLink, 0, 9)].concat()
}

/// A receipt as a deliver_sm.
pub(crate) fn delivered(id: &str, form: ReceiptForm) -> Vec<u8> {
    let mut smsc = busy_smsc();
    smsc.receive(NOW_US, &pdu(&Body::DeliverSmResp(MessageResp::default()), 0, 1));
    smsc.deliver(NOW_US, 9, &receipt(id, form)).expect("one was answered");
    smsc.outgoing().to_vec()
}

/// What an ESME says that does nothing wrong: an answer, a message, a question.
pub(crate) fn good_esme() -> Vec<u8> {
    let mut esme = busy_esme();
    esme.receive(NOW_US, &pdu(&Body::SubmitSmResp(MessageResp::new(b"1")), 0, 2));
    let message = Message { destination: "32470000009", body: b"Bel 101.", udhi: false, data_coding: 0 };
    esme.submit(NOW_US, 9, &template(), &message).expect("one was answered");
    let answer = pdu(&Body::DeliverSmResp(MessageResp::default()), 0, 1);
    [answer, esme.outgoing().to_vec(), pdu(&Body::EnquireLink, 0, 9)].concat()
}
