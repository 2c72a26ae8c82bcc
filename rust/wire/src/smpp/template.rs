//! A submit_sm written once per campaign and sender, and patched per recipient.

use thiserror::Error;

use super::address::{Address, MAX_ADDRESS_CHARS, NPI_ISDN, TON_INTERNATIONAL};
use super::bind::VERSION_3_4;
use super::command::Command;
use super::field::put_c_string;
use super::message::{ESM_UDHI, MAX_SERVICE_TYPE_CHARS, MAX_SHORT_MESSAGE_OCTETS};
use super::pdu::{HEADER_OCTETS, begin, finish};
use super::time::{Time, TimeError};
use super::tlv::{self, tag};

/// The most octets of one message: what a message_payload TLV can carry (SMPP 3.4 §5.3.2.32).
pub const MAX_BODY_OCTETS: usize = 65_535;

/// What all messages of one campaign and sender have in common.
#[derive(Debug, Clone)]
pub struct SubmitOptions {
    /// The service of the SMSC to use; empty for its default.
    pub service_type: String,
    /// Who it is from.
    pub source: Address,
    /// Type of number of the recipients.
    pub destination_ton: u8,
    /// Numbering plan of the recipients.
    pub destination_npi: u8,
    /// Protocol identifier (3GPP TS 23.040 §9.2.3.9).
    pub protocol_id: u8,
    /// 0 to 3, the highest; 3 for alerts (SMPP 3.4 §5.2.14).
    pub priority: u8,
    /// How long the SMSC may try; `None` leaves it to the SMSC.
    pub validity: Option<Time>,
    /// Whether a final receipt is asked for (SMPP 3.4 §5.2.17).
    pub receipts: bool,
    /// Whether it takes the place of an earlier one to the same recipient, as far as the SMSC can.
    pub replace_if_present: bool,
}

impl SubmitOptions {
    /// A message from `source` to international numbers, normal priority, with receipts.
    pub fn new(source: Address) -> Self {
        Self {
            service_type: String::new(),
            source,
            destination_ton: TON_INTERNATIONAL,
            destination_npi: NPI_ISDN,
            protocol_id: 0,
            priority: 0,
            validity: None,
            receipts: true,
            replace_if_present: false,
        }
    }
}

/// One message to one recipient.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The number, digits without `+`.
    pub destination: &'a str,
    /// The text as encoded, its user data header in front where there is one.
    pub body: &'a [u8],
    /// Whether `body` begins with a user data header.
    pub udhi: bool,
    /// The alphabet: 0 for the SMSC's default, 8 for UCS-2 (SMPP 3.4 §5.2.19).
    pub data_coding: u8,
}

/// The PDU before and behind the recipient's number, ready to be copied.
#[derive(Debug, Clone)]
pub struct SubmitTemplate {
    /// From service_type to dest_addr_npi.
    head: Vec<u8>,
    /// From esm_class to sm_default_msg_id.
    tail: Vec<u8>,
}

/// Why a template cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// A service_type has at most 5 characters.
    #[error("service_type has more than 5 characters")]
    ServiceType,
    /// Priorities are 0 to 3.
    #[error("priority {0} is not 0 to 3")]
    Priority(u8),
    /// The validity has no form in SMPP.
    #[error("validity: {0}")]
    Validity(#[from] TimeError),
}

/// Why a message was not taken. Nothing of it was queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SubmitError {
    /// The session is not bound to send, or takes nothing more.
    #[error("the session takes no messages now")]
    NotBound,
    /// Every slot of the window is taken.
    #[error("the window is full")]
    Full,
    /// The number is empty, too long, or not digits only.
    #[error("the number is not 1 to 20 digits")]
    Destination,
    /// The body is longer than a PDU, or than this far end, can carry.
    #[error("the message is too long for this far end")]
    TooLong,
}

impl SubmitTemplate {
    /// Writes what all messages have in common.
    pub fn new(options: &SubmitOptions) -> Result<Self, TemplateError> {
        if options.service_type.len() > MAX_SERVICE_TYPE_CHARS {
            return Err(TemplateError::ServiceType);
        }
        if options.priority > 3 {
            return Err(TemplateError::Priority(options.priority));
        }
        let mut head = Vec::new();
        put_c_string(&mut head, options.service_type.as_bytes());
        head.extend_from_slice(&[options.source.ton, options.source.npi]);
        put_c_string(&mut head, options.source.text.as_bytes());
        head.extend_from_slice(&[options.destination_ton, options.destination_npi]);

        let mut tail = vec![0, options.protocol_id, options.priority];
        put_c_string(&mut tail, b"");
        let validity = options.validity.map(Time::to_text).transpose()?.unwrap_or_default();
        put_c_string(&mut tail, validity.as_bytes());
        let (receipts, replace) = (u8::from(options.receipts), u8::from(options.replace_if_present));
        tail.extend_from_slice(&[receipts, replace, 0, 0]);
        Ok(Self { head, tail })
    }

    /// Whether `message` can be sent to a far end that speaks `version`.
    ///
    /// More than 254 octets go into a message_payload TLV, which a peer before 3.4 does not know (§3.4).
    pub(crate) fn check(message: &Message<'_>, version: u8) -> Result<(), SubmitError> {
        let digits = message.destination.as_bytes();
        if !(1..=MAX_ADDRESS_CHARS).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
            return Err(SubmitError::Destination);
        }
        let limit = if version < VERSION_3_4 { MAX_SHORT_MESSAGE_OCTETS } else { MAX_BODY_OCTETS };
        if message.body.len() > limit {
            return Err(SubmitError::TooLong);
        }
        Ok(())
    }

    /// Appends the submit_sm for a message that passed [`Self::check`].
    pub(crate) fn encode(&self, sequence: u32, message: &Message<'_>, out: &mut Vec<u8>) {
        let most =
            HEADER_OCTETS + self.head.len() + MAX_ADDRESS_CHARS + self.tail.len() + message.body.len() + 6;
        out.reserve(most);
        let start = begin(out, Command::SubmitSm.id(), 0, sequence);
        out.extend_from_slice(&self.head);
        out.extend_from_slice(message.destination.as_bytes());
        out.push(0);
        let tail = out.len();
        out.extend_from_slice(&self.tail);
        if message.udhi {
            out[tail] |= ESM_UDHI;
        }
        let data_coding = out.len() - 2;
        out[data_coding] = message.data_coding;
        if message.body.len() <= MAX_SHORT_MESSAGE_OCTETS {
            out.push(message.body.len() as u8);
            out.extend_from_slice(message.body);
        } else {
            out.push(0);
            tlv::put(out, tag::MESSAGE_PAYLOAD, message.body);
        }
        finish(out, start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::pdu::{Body, Header};

    fn encoded(options: &SubmitOptions, message: &Message<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        SubmitTemplate::check(message, VERSION_3_4).unwrap();
        SubmitTemplate::new(options).unwrap().encode(9, message, &mut out);
        out
    }

    #[test]
    fn every_option_stands_in_its_field() {
        let mut options = SubmitOptions::new(Address::sender("BE-Alert").unwrap());
        options.service_type = "CMT".into();
        options.protocol_id = 0x41;
        options.priority = 3;
        options.validity = Some(Time::Relative(3_600));
        options.replace_if_present = true;
        let message = Message {
            destination: "32470123456",
            body: b"\x05\0\x03\x01\x02\x01hi",
            udhi: true,
            data_coding: 8,
        };
        let pdu = encoded(&options, &message);
        let (header, body) = Header::split(&pdu).unwrap();
        assert_eq!((header.command, header.status, header.sequence), (4, 0, 9));
        let Body::SubmitSm(sm) = Body::decode(Command::SubmitSm, body).unwrap() else {
            panic!("not a submit_sm")
        };
        assert_eq!(
            (sm.service_type, sm.source_ton, sm.source_npi, sm.source),
            (&b"CMT"[..], 5, 0, &b"BE-Alert"[..])
        );
        assert_eq!((sm.destination_ton, sm.destination_npi, sm.destination), (1, 1, &b"32470123456"[..]));
        assert_eq!((sm.esm_class, sm.protocol_id, sm.priority), (0x40, 0x41, 3));
        assert_eq!((sm.schedule, sm.validity), (&b""[..], &b"000000010000000R"[..]));
        assert_eq!((sm.registered_delivery, sm.replace_if_present, sm.data_coding), (1, 1, 8));
        assert_eq!((sm.default_message_id, sm.short_message), (0, message.body));
    }

    #[test]
    fn long_bodies_move_to_the_payload() {
        let options = SubmitOptions::new(Address::sender("8585").unwrap());
        for length in [0, 254, 255, MAX_BODY_OCTETS] {
            let text = vec![b'x'; length];
            let message = Message { destination: "1", body: &text, udhi: false, data_coding: 0 };
            let pdu = encoded(&options, &message);
            let (_, body) = Header::split(&pdu).unwrap();
            let Body::SubmitSm(sm) = Body::decode(Command::SubmitSm, body).unwrap() else {
                panic!("not a submit_sm")
            };
            assert_eq!(sm.short_message.is_empty(), length == 0 || length > 254);
            assert_eq!(sm.body(), text);
        }
    }

    #[test]
    fn refuses_what_the_protocol_or_the_peer_cannot_carry() {
        let long = vec![0; 255];
        let message = |destination, body| Message { destination, body, udhi: false, data_coding: 0 };
        for destination in ["", "+3247", "123456789012345678901", "12 3"] {
            let check = SubmitTemplate::check(&message(destination, b""), VERSION_3_4);
            assert_eq!(check, Err(SubmitError::Destination), "{destination}");
        }
        assert_eq!(SubmitTemplate::check(&message("1", &long), 0x33), Err(SubmitError::TooLong));
        assert_eq!(SubmitTemplate::check(&message("1", &long), 0x34), Ok(()));
        let mut options = SubmitOptions::new(Address::sender("8585").unwrap());
        options.priority = 4;
        assert_eq!(SubmitTemplate::new(&options).unwrap_err(), TemplateError::Priority(4));
    }
}
