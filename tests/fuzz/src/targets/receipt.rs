//! What an SMSC writes into a receipt: its text is vendor-specific, and its parameters may contradict it.

use arbitrary::Unstructured;
use bealert_wire::smpp::{
    Body, Command, DeliverReceipt, ESM_RECEIPT, Header, MessageResp, Receipt, ReceiptForm, ReceiptState,
    ShortMessage, tlv,
};

use crate::peer::{NOW_US, busy_smsc, pdu, receipt};

/// The octets: esm_class, alphabet, a form and a state, the octets of parameters, the text.
pub(crate) fn read(octets: &[u8]) -> bool {
    let mut input = Unstructured::new(octets);
    let Ok((esm_class, data_coding, pick, length)) = input.arbitrary::<(u8, u8, u8, u8)>() else {
        return false;
    };
    let parameters = input.bytes(usize::from(length).min(input.len())).unwrap_or_default();
    let text = input.take_rest();
    let tlvs = tlv::Tlvs::parse(parameters).unwrap_or_default();
    let message =
        ShortMessage { esm_class, data_coding, short_message: text, tlvs, ..ShortMessage::default() };
    let found = Receipt::find(&message);
    // A receipt is one whatever its text says; that is up to its class.
    let marked = ShortMessage { esm_class: ESM_RECEIPT, ..message };
    let understood = Receipt::find(&marked).expect("esm_class says so");
    if let Ok(id) = str::from_utf8(text) {
        written(id, pick);
    }
    found.is_some() && !understood.id.is_empty()
}

/// A receipt that we write is understood, whatever the id: whole where it is one that an SMSC may give.
fn written(id: &str, pick: u8) {
    let form = [ReceiptForm::TextAndTlvs, ReceiptForm::Text, ReceiptForm::Tlvs][usize::from(pick) % 3];
    let state = ReceiptState::ALL[usize::from(pick) / 3 % ReceiptState::ALL.len()];
    let mut smsc = busy_smsc();
    smsc.receive(NOW_US, &pdu(&Body::DeliverSmResp(MessageResp::default()), 0, 1));
    let given = DeliverReceipt { state, ..receipt(id, form) };
    smsc.deliver(NOW_US, 9, &given).expect("one was answered");
    let (_, body) = Header::split(smsc.outgoing()).expect("a PDU has a header");
    let Ok(Body::DeliverSm(message)) = Body::decode(Command::DeliverSm, body) else {
        panic!("no deliver_sm")
    };
    let read = Receipt::find(&message).expect("a receipt is one");
    assert_eq!(read.source.as_str(), given.source);
    if !id.is_empty() && id.bytes().all(|octet| octet.is_ascii_alphanumeric()) {
        assert_eq!(read.id.as_str(), &id[..id.len().min(64)], "{form:?}");
        // A longer one leaves the text of a receipt no room for its state.
        assert!(read.state == state || id.len() > 64);
    }
}
