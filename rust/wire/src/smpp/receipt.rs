//! Receipts: what became of a message, told by TLVs, by text, or by both (SMPP 3.4 §5.2.12, appendix B).

use arrayvec::{ArrayString, ArrayVec};

use super::address::MAX_ADDRESS_CHARS;
use super::field::text;
use super::message::{ESM_INTERMEDIATE, ESM_KIND, ESM_RECEIPT, ESM_UDHI, ShortMessage};
use super::pdu::MAX_MESSAGE_ID_CHARS;
use super::tlv::{Tlvs, tag};

/// The id an SMSC gave a message: opaque, compared as it is (SMPP 3.4 §5.2.23).
pub type MessageId = ArrayString<MAX_MESSAGE_ID_CHARS>;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The id of the message. Empty where the SMSC named none.
    pub id: MessageId,
    /// Its state.
    pub state: ReceiptState,
    /// The error of the network as the SMSC writes it, perhaps empty: `err` of the text, or the number of
    /// network_error_code in three digits. Of a delivery that TLVs tell, the text is not asked.
    pub code: ArrayString<8>,
    /// The recipient's number as the SMSC gives it.
    pub source: ArrayString<MAX_ADDRESS_CHARS>,
}

/// The states of a message (SMPP 3.4 §5.2.28).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptState {
    /// Not final: under way, or an intermediate notification of whatever kind.
    Enroute,
    /// On the handset.
    Delivered,
    /// Its validity ended first.
    Expired,
    /// Deleted at the SMSC.
    Deleted,
    /// Cannot be delivered.
    Undeliverable,
    /// Accepted on behalf of the recipient.
    Accepted,
    /// The SMSC does not know, or wrote something we do not understand.
    Unknown,
    /// Rejected by the SMSC or the network.
    Rejected,
}

impl Receipt {
    /// The receipt in a deliver_sm, if it carries one.
    ///
    /// A TLV counts more than the text. Where neither names the id or the state, it is empty or unknown: the
    /// message was a receipt all the same, and is to be answered as one.
    pub fn find(message: &ShortMessage<'_>) -> Option<Self> {
        let kind = message.esm_class & ESM_KIND;
        let tlvs = TlvPart::read(message.tlvs);
        // Some SMSCs forget esm_class. No message of a person carries both of these.
        let forgotten = kind == 0 && tlvs.id.is_some() && tlvs.state.is_some();
        if kind != ESM_RECEIPT && kind != ESM_INTERMEDIATE && !forgotten {
            return None;
        }
        let narrow: ArrayVec<u8, TEXT_OCTETS>;
        let octets = match message.data_coding {
            // the text has nothing to add
            _ if tlvs.is_complete() => b"",
            // UCS-2: these texts are ASCII, every second octet is zero
            8 => {
                narrow = low_octets(message.body());
                &narrow[..]
            }
            _ => message.body(),
        };
        let told = TextPart::read(without_header(message.esm_class, octets));
        let state = match kind {
            ESM_INTERMEDIATE => ReceiptState::Enroute,
            _ => tlvs.state.or(told.state).unwrap_or(ReceiptState::Unknown),
        };
        let code = match tlvs.code {
            Some(number) => three_digits(number),
            None => text(told.code),
        };
        Some(Self { id: text(tlvs.id.unwrap_or(told.id)), state, code, source: text(message.source) })
    }
}

impl ReceiptState {
    /// Each of them.
    pub const ALL: [Self; 8] = [
        Self::Enroute,
        Self::Delivered,
        Self::Expired,
        Self::Deleted,
        Self::Undeliverable,
        Self::Accepted,
        Self::Unknown,
        Self::Rejected,
    ];

    /// The word for this state in the text of a receipt (SMPP 3.4 appendix B).
    pub fn word(self) -> &'static str {
        match self {
            Self::Enroute => "ENROUTE",
            Self::Delivered => "DELIVRD",
            Self::Expired => "EXPIRED",
            Self::Deleted => "DELETED",
            Self::Undeliverable => "UNDELIV",
            Self::Accepted => "ACCEPTD",
            Self::Unknown => "UNKNOWN",
            Self::Rejected => "REJECTD",
        }
    }

    /// The value of message_state (SMPP 3.4 §5.2.28).
    pub fn number(self) -> u8 {
        match self {
            Self::Enroute => 1,
            Self::Delivered => 2,
            Self::Expired => 3,
            Self::Deleted => 4,
            Self::Undeliverable => 5,
            Self::Accepted => 6,
            Self::Unknown => 7,
            Self::Rejected => 8,
        }
    }

    /// The state with this number; 0 (scheduled) and 9 (skipped) are of SMPP 5.0 §4.7.15.
    fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 | 1 => Self::Enroute,
            2 => Self::Delivered,
            3 => Self::Expired,
            4 => Self::Deleted,
            5 => Self::Undeliverable,
            6 => Self::Accepted,
            7 => Self::Unknown,
            8 | 9 => Self::Rejected,
            _ => return None,
        })
    }

    /// The state a word stands for. Vendors write it whole, cut or in lower case, so five letters decide.
    fn from_word(word: &[u8]) -> Option<Self> {
        const WORDS: [(&[u8], ReceiptState); 11] = [
            (b"DELIV", ReceiptState::Delivered),
            (b"UNDEL", ReceiptState::Undeliverable),
            (b"EXPIR", ReceiptState::Expired),
            (b"REJEC", ReceiptState::Rejected),
            (b"DELET", ReceiptState::Deleted),
            (b"ACCEP", ReceiptState::Accepted),
            (b"ENROU", ReceiptState::Enroute),
            (b"UNKNO", ReceiptState::Unknown),
            (b"FAILE", ReceiptState::Undeliverable),
            (b"SCHED", ReceiptState::Enroute),
            (b"SKIPP", ReceiptState::Rejected),
        ];
        let start = word.get(..5)?;
        WORDS.iter().find(|(letters, _)| letters.eq_ignore_ascii_case(start)).map(|&(_, state)| state)
    }
}

/// The octets of a UCS-2 receipt looked at: id, state and error stand in the first line of it.
const TEXT_OCTETS: usize = 255;

#[derive(Default)]
struct TlvPart<'a> {
    id: Option<&'a [u8]>,
    state: Option<ReceiptState>,
    code: Option<u16>,
}

impl<'a> TlvPart<'a> {
    /// Whether the text has nothing to add: of a delivery there is no error to tell.
    fn is_complete(&self) -> bool {
        let has_code = self.code.is_some() || self.state == Some(ReceiptState::Delivered);
        self.id.is_some() && self.state.is_some() && has_code
    }

    fn read(tlvs: Tlvs<'a>) -> Self {
        let mut part = Self::default();
        for (found, value) in tlvs.iter() {
            match found {
                tag::RECEIPTED_MESSAGE_ID if part.id.is_none() => {
                    // a C-octet string, though not every SMSC ends it
                    let end = value.iter().position(|&octet| octet == 0).unwrap_or(value.len());
                    part.id = Some(&value[..end]).filter(|id| !id.is_empty());
                }
                tag::MESSAGE_STATE if part.state.is_none() => {
                    part.state = value.first().and_then(|&number| ReceiptState::from_number(number));
                }
                tag::NETWORK_ERROR_CODE if part.code.is_none() => {
                    part.code = value.get(1..3).map(|code| u16::from_be_bytes([code[0], code[1]]));
                }
                _ => {}
            }
        }
        part
    }
}

#[derive(Default)]
struct TextPart<'a> {
    id: &'a [u8],
    state: Option<ReceiptState>,
    code: &'a [u8],
}

impl<'a> TextPart<'a> {
    /// Reads `id:... sub:... dlvrd:... submit date:... done date:... stat:... err:... text:...`: any case, any
    /// order, fields missing, a blank behind the colon. What follows `text:` is the message and never read.
    fn read(octets: &'a [u8]) -> Self {
        let mut part = Self::default();
        let mut waiting: &[u8] = b"";
        let words = octets.split(|octet| matches!(octet, b' ' | b'\t' | b'\r' | b'\n' | 0));
        for word in words.filter(|word| !word.is_empty()) {
            let (key, value) = match word.iter().position(|&octet| octet == b':') {
                Some(colon) => (&word[..colon], &word[colon + 1..]),
                None => (waiting, word),
            };
            waiting = if value.is_empty() { key } else { b"" };
            if key.eq_ignore_ascii_case(b"text") {
                break;
            }
            if value.is_empty() {
                continue;
            }
            if key.eq_ignore_ascii_case(b"id") && part.id.is_empty() {
                part.id = value;
            } else if key.eq_ignore_ascii_case(b"stat") && part.state.is_none() {
                part.state = ReceiptState::from_word(value);
            } else if key.eq_ignore_ascii_case(b"err") && part.code.is_empty() {
                part.code = value;
            }
        }
        part
    }
}

fn low_octets(wide: &[u8]) -> ArrayVec<u8, TEXT_OCTETS> {
    wide.iter().skip(1).step_by(2).copied().take(TEXT_OCTETS).collect()
}

/// The text behind a user data header (3GPP TS 23.040 §9.2.3.24), which starts with its own length.
fn without_header(esm_class: u8, octets: &[u8]) -> &[u8] {
    match octets.first() {
        Some(&length) if esm_class & ESM_UDHI != 0 => {
            octets.get(usize::from(length) + 1..).unwrap_or_default()
        }
        _ => octets,
    }
}

fn three_digits(number: u16) -> ArrayString<8> {
    use std::fmt::Write;
    let mut out = ArrayString::new();
    write!(out, "{number:03}").expect("five digits fit eight characters");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::tlv;

    fn by_text(text: &[u8]) -> Receipt {
        let message = ShortMessage {
            esm_class: 0x04,
            source: b"32470123456",
            short_message: text,
            ..Default::default()
        };
        Receipt::find(&message).unwrap()
    }

    #[test]
    fn text_as_in_appendix_b() {
        let receipt = by_text(b"id:0e999F21 sub:001 dlvrd:001 submit date:2402291200 done date:2402291201 stat:DELIVRD err:000 text:id:7 stat:REJECTD");
        assert_eq!(
            (receipt.id.as_str(), receipt.state, receipt.code.as_str()),
            ("0e999F21", ReceiptState::Delivered, "000")
        );
        assert_eq!(receipt.source.as_str(), "32470123456");
    }

    #[test]
    fn text_as_vendors_write_it() {
        for (text, id, state, code) in [
            (&b"ID:9 Stat:UNDELIV Err:0B2"[..], "9", ReceiptState::Undeliverable, "0B2"),
            (b"id: 17 done date: 240229120000 stat: expired err: 069", "17", ReceiptState::Expired, "069"),
            (b"err:1 stat:Delivered id:abc-1", "abc-1", ReceiptState::Delivered, "1"),
            (b"id:5 stat:GONE", "5", ReceiptState::Unknown, ""),
            (b"id:5", "5", ReceiptState::Unknown, ""),
            (b"stat:DEL", "", ReceiptState::Unknown, ""),
            (b"id: stat:DELIVRD", "", ReceiptState::Delivered, ""),
            (b"", "", ReceiptState::Unknown, ""),
            (b"id:\xff\xfe stat:DELIVRD", "\u{ff}\u{fe}", ReceiptState::Delivered, ""),
            (b"Text: id:5 stat:DELIVRD", "", ReceiptState::Unknown, ""),
        ] {
            let receipt = by_text(text);
            assert_eq!(
                (receipt.id.as_str(), receipt.state, receipt.code.as_str()),
                (id, state, code),
                "{text:?}"
            );
        }
    }

    #[test]
    fn the_text_tells_the_error_that_tlvs_leave_out() {
        for (state, code) in [(5, "0B2"), (2, "")] {
            let mut octets = Vec::new();
            tlv::put(&mut octets, tag::MESSAGE_STATE, &[state]);
            tlv::put(&mut octets, tag::RECEIPTED_MESSAGE_ID, b"26\0");
            let tlvs = Tlvs::parse(&octets).unwrap();
            let text = b"id:7 stat:UNDELIV err:0B2";
            let message = ShortMessage { esm_class: 0x04, short_message: text, tlvs, ..Default::default() };
            let receipt = Receipt::find(&message).unwrap();
            assert_eq!((receipt.id.as_str(), receipt.code.as_str()), ("26", code));
        }
    }

    #[test]
    fn tlvs_count_more_than_text() {
        let mut octets = Vec::new();
        tlv::put(&mut octets, 0x1400, b"vendor");
        tlv::put(&mut octets, tag::MESSAGE_STATE, &[5]);
        tlv::put(&mut octets, tag::RECEIPTED_MESSAGE_ID, b"hex1A\0");
        tlv::put(&mut octets, tag::NETWORK_ERROR_CODE, &[3, 0, 27]);
        let tlvs = Tlvs::parse(&octets).unwrap();
        let text = b"id:26 stat:DELIVRD err:000";
        let message = ShortMessage { esm_class: 0x04, short_message: text, tlvs, ..Default::default() };
        let receipt = Receipt::find(&message).unwrap();
        assert_eq!(
            (receipt.id.as_str(), receipt.state, receipt.code.as_str()),
            ("hex1A", ReceiptState::Undeliverable, "027")
        );

        let forgotten = ShortMessage { esm_class: 0, ..message };
        assert_eq!(Receipt::find(&forgotten), Some(receipt));
        let intermediate = ShortMessage { esm_class: 0x20, ..message };
        assert_eq!(Receipt::find(&intermediate).unwrap().state, ReceiptState::Enroute);
        let acknowledgement = ShortMessage { esm_class: 0x08, ..message };
        assert_eq!(Receipt::find(&acknowledgement), None);
    }

    #[test]
    fn text_in_the_payload_in_ucs2_and_behind_a_header() {
        let mut octets = Vec::new();
        tlv::put(&mut octets, tag::MESSAGE_PAYLOAD, b"id:8 stat:REJECTD");
        let tlvs = Tlvs::parse(&octets).unwrap();
        let payload = ShortMessage { esm_class: 0x04, tlvs, ..Default::default() };
        assert_eq!(Receipt::find(&payload).unwrap().id.as_str(), "8");

        let wide: Vec<u8> = b"id:9 stat:DELIVRD".iter().flat_map(|&octet| [0, octet]).collect();
        let ucs2 =
            ShortMessage { esm_class: 0x04, data_coding: 8, short_message: &wide, ..Default::default() };
        let receipt = Receipt::find(&ucs2).unwrap();
        assert_eq!((receipt.id.as_str(), receipt.state), ("9", ReceiptState::Delivered));

        let headed = ShortMessage {
            esm_class: 0x44,
            short_message: b"\x02\x00\x00id:3 stat:DELIVRD",
            ..Default::default()
        };
        assert_eq!(Receipt::find(&headed).unwrap().id.as_str(), "3");
    }

    #[test]
    fn a_message_of_a_person_is_no_receipt() {
        let message = ShortMessage { short_message: b"id:1 stat:DELIVRD err:000", ..Default::default() };
        assert_eq!(Receipt::find(&message), None);
    }

    #[test]
    fn words_and_numbers_of_every_state_read_back() {
        for number in 1..=8 {
            let state = ReceiptState::from_number(number).unwrap();
            assert_eq!(state.number(), number);
            assert_eq!(ReceiptState::from_word(state.word().as_bytes()), Some(state));
        }
    }
}
