//! The bodies that carry a message: submit_sm and deliver_sm, which are one layout, and data_sm
//! (SMPP 3.4 §4.4.1, §4.6.1, §4.7.1).

use super::address::MAX_ADDRESS_CHARS;
use super::field::{DecodeError, Field, Problem, Reader, put_c_string};
use super::time::TIME_CHARS;
use super::tlv::{Tlvs, tag};

/// The longest short_message; 255 is no legal sm_length (SMPP 3.4 §5.2.21).
pub const MAX_SHORT_MESSAGE_OCTETS: usize = 254;

/// The longest service_type, NUL not counted (SMPP 3.4 §5.2.11).
pub const MAX_SERVICE_TYPE_CHARS: usize = 5;

/// The longest address in data_sm, NUL not counted (SMPP 3.4 §4.7.1).
const MAX_DATA_ADDRESS_CHARS: usize = 64;

/// The bits of esm_class that say what kind of message this is (SMPP 3.4 §5.2.12).
pub const ESM_KIND: u8 = 0x3C;
/// The kind of a receipt of the SMSC.
pub const ESM_RECEIPT: u8 = 0x04;
/// The kind of an intermediate notification, which is not final.
pub const ESM_INTERMEDIATE: u8 = 0x20;
/// The bit that says the message begins with a user data header.
pub const ESM_UDHI: u8 = 0x40;

/// The body of submit_sm or deliver_sm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)] // each field is the one of that name in SMPP 3.4 §4.4.1
pub struct ShortMessage<'a> {
    pub service_type: &'a [u8],
    pub source_ton: u8,
    pub source_npi: u8,
    pub source: &'a [u8],
    pub destination_ton: u8,
    pub destination_npi: u8,
    pub destination: &'a [u8],
    pub esm_class: u8,
    pub protocol_id: u8,
    pub priority: u8,
    pub schedule: &'a [u8],
    pub validity: &'a [u8],
    pub registered_delivery: u8,
    pub replace_if_present: u8,
    pub data_coding: u8,
    pub default_message_id: u8,
    pub short_message: &'a [u8],
    pub tlvs: Tlvs<'a>,
}

impl<'a> ShortMessage<'a> {
    /// The octets of the message: short_message, or message_payload where that is empty (§5.3.2.32).
    pub fn body(&self) -> &'a [u8] {
        match self.short_message {
            [] => self.tlvs.find(tag::MESSAGE_PAYLOAD).unwrap_or_default(),
            octets => octets,
        }
    }

    pub(crate) fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let mut message = Self {
            service_type: reader.c_string(MAX_SERVICE_TYPE_CHARS, Field::ServiceType)?,
            source_ton: reader.u8(Field::SourceAddress)?,
            source_npi: reader.u8(Field::SourceAddress)?,
            source: reader.c_string(MAX_ADDRESS_CHARS, Field::SourceAddress)?,
            destination_ton: reader.u8(Field::DestinationAddress)?,
            destination_npi: reader.u8(Field::DestinationAddress)?,
            destination: reader.c_string(MAX_ADDRESS_CHARS, Field::DestinationAddress)?,
            esm_class: reader.u8(Field::EsmClass)?,
            protocol_id: reader.u8(Field::Flags)?,
            priority: reader.u8(Field::Flags)?,
            schedule: reader.c_string(TIME_CHARS, Field::ScheduleTime)?,
            validity: reader.c_string(TIME_CHARS, Field::ValidityPeriod)?,
            registered_delivery: reader.u8(Field::Flags)?,
            replace_if_present: reader.u8(Field::Flags)?,
            data_coding: reader.u8(Field::Flags)?,
            default_message_id: reader.u8(Field::Flags)?,
            ..Self::default()
        };
        let length = usize::from(reader.u8(Field::MessageLength)?);
        if length > MAX_SHORT_MESSAGE_OCTETS {
            let problem = Problem::TooLong(MAX_SHORT_MESSAGE_OCTETS);
            return Err(DecodeError { field: Field::MessageLength, problem });
        }
        message.short_message = reader.octets(length, Field::MessageLength)?;
        message.tlvs = Tlvs::parse(reader.rest())?;
        Ok(message)
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_c_string(out, self.service_type);
        out.extend_from_slice(&[self.source_ton, self.source_npi]);
        put_c_string(out, self.source);
        out.extend_from_slice(&[self.destination_ton, self.destination_npi]);
        put_c_string(out, self.destination);
        out.extend_from_slice(&[self.esm_class, self.protocol_id, self.priority]);
        put_c_string(out, self.schedule);
        put_c_string(out, self.validity);
        out.extend_from_slice(&[
            self.registered_delivery,
            self.replace_if_present,
            self.data_coding,
            self.default_message_id,
        ]);
        let octets = &self.short_message[..self.short_message.len().min(MAX_SHORT_MESSAGE_OCTETS)];
        out.push(octets.len() as u8);
        out.extend_from_slice(octets);
        out.extend_from_slice(self.tlvs.as_octets());
    }
}

/// The body of data_sm, which some SMSCs send receipts in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)] // each field is the one of that name in SMPP 3.4 §4.7.1
pub struct DataSm<'a> {
    pub service_type: &'a [u8],
    pub source_ton: u8,
    pub source_npi: u8,
    pub source: &'a [u8],
    pub destination_ton: u8,
    pub destination_npi: u8,
    pub destination: &'a [u8],
    pub esm_class: u8,
    pub registered_delivery: u8,
    pub data_coding: u8,
    pub tlvs: Tlvs<'a>,
}

impl<'a> DataSm<'a> {
    /// The same message in the layout of deliver_sm, its text in message_payload.
    pub fn as_short_message(&self) -> ShortMessage<'a> {
        ShortMessage {
            service_type: self.service_type,
            source_ton: self.source_ton,
            source_npi: self.source_npi,
            source: self.source,
            destination_ton: self.destination_ton,
            destination_npi: self.destination_npi,
            destination: self.destination,
            esm_class: self.esm_class,
            registered_delivery: self.registered_delivery,
            data_coding: self.data_coding,
            tlvs: self.tlvs,
            ..ShortMessage::default()
        }
    }

    pub(crate) fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        Ok(Self {
            service_type: reader.c_string(MAX_SERVICE_TYPE_CHARS, Field::ServiceType)?,
            source_ton: reader.u8(Field::SourceAddress)?,
            source_npi: reader.u8(Field::SourceAddress)?,
            source: reader.c_string(MAX_DATA_ADDRESS_CHARS, Field::SourceAddress)?,
            destination_ton: reader.u8(Field::DestinationAddress)?,
            destination_npi: reader.u8(Field::DestinationAddress)?,
            destination: reader.c_string(MAX_DATA_ADDRESS_CHARS, Field::DestinationAddress)?,
            esm_class: reader.u8(Field::EsmClass)?,
            registered_delivery: reader.u8(Field::Flags)?,
            data_coding: reader.u8(Field::Flags)?,
            tlvs: Tlvs::parse(reader.rest())?,
        })
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_c_string(out, self.service_type);
        out.extend_from_slice(&[self.source_ton, self.source_npi]);
        put_c_string(out, self.source);
        out.extend_from_slice(&[self.destination_ton, self.destination_npi]);
        put_c_string(out, self.destination);
        out.extend_from_slice(&[self.esm_class, self.registered_delivery, self.data_coding]);
        out.extend_from_slice(self.tlvs.as_octets());
    }
}
