//! Receipts: before the response, in every form, through every command that carries them.

use bealert_wire::smpp::{
    Body, DataSm, DeliverReceipt, Event, ReceiptForm, ReceiptState, ShortMessage, SmscEvent, status, tlv,
};

use crate::pair::{Pair, receipt};

#[test]
fn a_receipt_before_its_response_is_told_first() {
    let mut pair = Pair::bound(4);
    pair.submit(1).unwrap();
    let submits = pair.submits();
    pair.deliver(77, "a1");
    pair.smsc.respond(pair.now, submits[0].0, status::ESME_ROK, "a1");
    let events = pair.esme_events();
    let [Event::Receipt { reply, receipt }, Event::Accepted { token: 1, id, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((receipt.id, receipt.state), (*id, ReceiptState::Delivered));
    assert_eq!(pair.smsc.unanswered(), 1);
    pair.esme.answer(pair.now, *reply, status::ESME_ROK);
    assert_eq!(pair.esme.outgoing().len(), 17, "deliver_sm_resp with an empty message_id");
    assert_eq!(pair.smsc_events(), [SmscEvent::Answered { token: 77, status: 0 }]);
    assert_eq!(pair.smsc.unanswered(), 0);
}

#[test]
fn every_form_and_state_comes_across() {
    let mut pair = Pair::bound(4);
    for form in [ReceiptForm::TextAndTlvs, ReceiptForm::Text, ReceiptForm::Tlvs] {
        for state in ReceiptState::ALL {
            let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
            let text = "\u{20ac} and a text that is longer than what is repeated";
            let sent = DeliverReceipt { form, state, code: "034", text, ..receipt(id) };
            pair.smsc.deliver(pair.now, 1, &sent).unwrap();
            let events = pair.esme_events();
            let [Event::Receipt { reply, receipt }] = &events[..] else { panic!("{events:?}") };
            assert_eq!((receipt.id.as_str(), receipt.state, receipt.code.as_str()), (id, state, "034"));
            assert_eq!(receipt.source.as_str(), "32470000001");
            pair.esme.answer(pair.now, *reply, status::ESME_RX_T_APPN);
            assert_eq!(pair.smsc_events(), [SmscEvent::Answered { token: 1, status: 0x64 }]);
        }
    }
}

#[test]
fn a_receipt_in_data_sm_is_answered_as_one() {
    let mut pair = Pair::bound(4);
    let mut octets = Vec::new();
    tlv::put(&mut octets, tlv::tag::MESSAGE_PAYLOAD, b"id:9 stat:DELIVRD err:000");
    let tlvs = tlv::Tlvs::parse(&octets).unwrap();
    let mut pdu = Vec::new();
    Body::DataSm(DataSm { source: b"32470000001", esm_class: 4, tlvs, ..DataSm::default() })
        .encode(0, 55, &mut pdu);
    pair.esme.receive(pair.now, &pdu);
    let Some(Event::Receipt { reply, receipt }) = pair.esme.poll_event() else { panic!("no receipt") };
    assert_eq!(receipt.id.as_str(), "9");
    pair.esme.answer(pair.now, reply, status::ESME_ROK);
    assert_eq!(pair.esme.outgoing()[4..16], [0x80, 0, 1, 3, 0, 0, 0, 0, 0, 0, 0, 55]);
}

#[test]
fn a_message_of_a_person_is_told_apart() {
    let mut pair = Pair::bound(4);
    let message = ShortMessage {
        source: b"32470123456",
        destination: b"8585",
        short_message: b"STOP",
        ..ShortMessage::default()
    };
    pair.smsc.deliver_message(pair.now, 5, &message).unwrap();
    let events = pair.esme_events();
    let [Event::Message { reply, source, destination }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((source.as_str(), destination.as_str()), ("32470123456", "8585"));
    pair.esme.answer(pair.now, *reply, status::ESME_ROK);
    assert_eq!(pair.smsc_events(), [SmscEvent::Answered { token: 5, status: 0 }]);
}
