//! Receipts as an SMSC writes them (SMPP 3.4 §5.2.12, appendix B).

use super::address::{Address, NPI_ISDN, TON_INTERNATIONAL};
use super::message::{ESM_INTERMEDIATE, ESM_RECEIPT, MAX_SHORT_MESSAGE_OCTETS, ShortMessage};
use super::pdu::MAX_MESSAGE_ID_CHARS;
use super::receipt::ReceiptState;
use super::time::receipt_date;
use super::tlv::{self, Tlvs, tag};

/// The beginning of the message that a receipt repeats (SMPP 3.4 appendix B).
const REPEATED_CHARS: usize = 20;

/// What became of a message, for its sender.
#[derive(Debug, Clone, Copy)]
pub struct DeliverReceipt<'a> {
    /// The id from the submit_sm_resp.
    pub id: &'a str,
    /// What became of it. [`ReceiptState::Enroute`] goes out as an intermediate notification.
    pub state: ReceiptState,
    /// The error of the network, up to three digits; "000" for none.
    pub code: &'a str,
    /// The recipient of the message, who the receipt is from.
    pub source: &'a str,
    /// The sender of the message, who the receipt is for.
    pub destination: &'a str,
    /// When the message was submitted, in seconds since 1970 UTC.
    pub submitted_s: u64,
    /// When it reached its state, in seconds since 1970 UTC.
    pub done_s: u64,
    /// The message, of which the first 20 characters are repeated.
    pub text: &'a str,
    /// How to tell all this.
    pub form: ReceiptForm,
}

/// How a receipt tells its id, state and error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReceiptForm {
    /// In the text and in TLVs, as SMPP 3.4 wants it.
    #[default]
    TextAndTlvs,
    /// In the text only, as most SMSCs before it.
    Text,
    /// In TLVs only.
    Tlvs,
}

impl DeliverReceipt<'_> {
    /// Hands the receipt as a deliver_sm to `put`, using `scratch` for its parts.
    pub(crate) fn with<R>(&self, scratch: &mut Vec<u8>, put: impl FnOnce(&ShortMessage<'_>) -> R) -> R {
        scratch.clear();
        if self.form != ReceiptForm::Tlvs {
            self.write_text(scratch);
            scratch.truncate(MAX_SHORT_MESSAGE_OCTETS);
        }
        let text_octets = scratch.len();
        if self.form != ReceiptForm::Text {
            self.write_tlvs(scratch);
        }
        let (short_message, tlvs) = scratch.split_at(text_octets);
        let destination = Address::sender(self.destination).ok();
        let kind = if self.state == ReceiptState::Enroute { ESM_INTERMEDIATE } else { ESM_RECEIPT };
        put(&ShortMessage {
            source_ton: TON_INTERNATIONAL,
            source_npi: NPI_ISDN,
            source: self.source.as_bytes(),
            destination_ton: destination.map_or(0, |address| address.ton),
            destination_npi: destination.map_or(0, |address| address.npi),
            destination: self.destination.as_bytes(),
            esm_class: kind,
            short_message,
            tlvs: Tlvs::parse(tlvs).unwrap_or_default(),
            ..ShortMessage::default()
        })
    }

    fn write_text(&self, out: &mut Vec<u8>) {
        let delivered: &[u8] = if self.state == ReceiptState::Delivered { b"001" } else { b"000" };
        let end = self.text.char_indices().nth(REPEATED_CHARS).map_or(self.text.len(), |(at, _)| at);
        for part in [
            b"id:",
            self.id.as_bytes(),
            b" sub:001 dlvrd:",
            delivered,
            b" submit date:",
            receipt_date(self.submitted_s).as_bytes(),
            b" done date:",
            receipt_date(self.done_s).as_bytes(),
            b" stat:",
            self.state.word().as_bytes(),
            b" err:",
            self.code.as_bytes(),
            b" text:",
            &self.text.as_bytes()[..end],
        ] {
            out.extend_from_slice(part);
        }
    }

    fn write_tlvs(&self, out: &mut Vec<u8>) {
        // no SMSC gives a longer one (§5.2.23); the length of a longer one would not fit the octet raised below
        let id = &self.id.as_bytes()[..self.id.len().min(MAX_MESSAGE_ID_CHARS)];
        let start = out.len();
        tlv::put(out, tag::RECEIPTED_MESSAGE_ID, id);
        // the value is a C-octet string: one octet longer, and its NUL
        out.push(0);
        out[start + 3] += 1;
        tlv::put(out, tag::MESSAGE_STATE, &[self.state.number()]);
        if let Ok(number) = self.code.parse::<u16>() {
            let [high, low] = number.to_be_bytes();
            // network type 3: GSM (SMPP 3.4 §5.3.2.31)
            tlv::put(out, tag::NETWORK_ERROR_CODE, &[3, high, low]);
        }
    }
}
