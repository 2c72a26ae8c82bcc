//! Reading and writing the fields a PDU is made of: integers, C-octet strings and octets (SMPP 3.4 §3.1).

use thiserror::Error;

use super::status;

/// Where a PDU body could not be read, and what was wrong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{field}: {problem}")]
pub struct DecodeError {
    /// The field that could not be read.
    pub field: Field,
    /// What was wrong with it.
    pub problem: Problem,
}

impl DecodeError {
    /// The status that tells the peer what was wrong (SMPP 3.4 §5.1.3).
    pub fn status(self) -> u32 {
        match (self.field, self.problem) {
            (Field::MessageLength, _) => status::ESME_RINVMSGLEN,
            (_, Problem::Truncated) => status::ESME_RINVCMDLEN,
            (Field::SystemId, _) => status::ESME_RINVSYSID,
            (Field::Password, _) => status::ESME_RINVPASWD,
            (Field::SystemType, _) => status::ESME_RINVSYSTYP,
            (Field::ServiceType, _) => status::ESME_RINVSERTYP,
            (Field::SourceAddress, _) => status::ESME_RINVSRCADR,
            (Field::DestinationAddress, _) => status::ESME_RINVDSTADR,
            (Field::ScheduleTime, _) => status::ESME_RINVSCHED,
            (Field::ValidityPeriod, _) => status::ESME_RINVEXPIRY,
            (Field::Tlv, _) => status::ESME_RINVOPTPARSTREAM,
            _ => status::ESME_RSYSERR,
        }
    }
}

/// What can be wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Problem {
    /// The PDU ended inside the field.
    #[error("the PDU ends inside it")]
    Truncated,
    /// The string is longer than the protocol allows.
    #[error("longer than the {0} octets allowed")]
    TooLong(usize),
    /// The octets left over after the last field are no TLV.
    #[error("octets that are no TLV")]
    Stray,
}

/// The fields named in a [`DecodeError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[allow(missing_docs)] // each variant is the field of that name in SMPP 3.4 §5.2
pub enum Field {
    #[error("header")]
    Header,
    #[error("system_id")]
    SystemId,
    #[error("password")]
    Password,
    #[error("system_type")]
    SystemType,
    #[error("interface_version")]
    InterfaceVersion,
    #[error("address_range")]
    AddressRange,
    #[error("service_type")]
    ServiceType,
    #[error("source_addr")]
    SourceAddress,
    #[error("destination_addr")]
    DestinationAddress,
    #[error("esm_class")]
    EsmClass,
    #[error("schedule_delivery_time")]
    ScheduleTime,
    #[error("validity_period")]
    ValidityPeriod,
    #[error("flags")]
    Flags,
    #[error("sm_length")]
    MessageLength,
    #[error("message_id")]
    MessageId,
    #[error("optional parameter")]
    Tlv,
}

/// A cursor over the body of a PDU.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// What has not been read yet.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn u8(&mut self, field: Field) -> Result<u8, DecodeError> {
        let (&first, rest) = self.rest.split_first().ok_or(truncated(field))?;
        self.rest = rest;
        Ok(first)
    }

    pub(crate) fn octets(&mut self, length: usize, field: Field) -> Result<&'a [u8], DecodeError> {
        let (octets, rest) = self.rest.split_at_checked(length).ok_or(truncated(field))?;
        self.rest = rest;
        Ok(octets)
    }

    /// A C-octet string of at most `limit` octets before its NUL.
    pub(crate) fn c_string(&mut self, limit: usize, field: Field) -> Result<&'a [u8], DecodeError> {
        match self.rest.iter().take(limit + 1).position(|&octet| octet == 0) {
            Some(end) => {
                let string = &self.rest[..end];
                self.rest = &self.rest[end + 1..];
                Ok(string)
            }
            None if self.rest.len() > limit => Err(DecodeError { field, problem: Problem::TooLong(limit) }),
            None => Err(truncated(field)),
        }
    }

    /// The last C-octet string of a response. Peers leave out its NUL, or the whole field.
    pub(crate) fn last_c_string(&mut self, limit: usize, field: Field) -> Result<&'a [u8], DecodeError> {
        if self.rest.len() <= limit && !self.rest.contains(&0) {
            return self.octets(self.rest.len(), field);
        }
        self.c_string(limit, field)
    }
}

fn truncated(field: Field) -> DecodeError {
    DecodeError { field, problem: Problem::Truncated }
}

/// Appends `string` and its NUL. An inner NUL ends the string, so that what is written is always one field.
pub(crate) fn put_c_string(out: &mut Vec<u8>, string: &[u8]) {
    let end = string.iter().position(|&octet| octet == 0).unwrap_or(string.len());
    out.extend_from_slice(&string[..end]);
    out.push(0);
}

/// Octets of a peer as text: ASCII as it is, everything else as Latin-1, cut to what fits.
///
/// The fields read this way (message ids, addresses, system ids) are ASCII by SMPP 3.4 §3.1; a peer that sends
/// other octets must neither lose its message nor make two different values equal.
pub(crate) fn text<const CAP: usize>(octets: &[u8]) -> arrayvec::ArrayString<CAP> {
    let mut out = arrayvec::ArrayString::new();
    if let Ok(ascii) = str::from_utf8(octets)
        && octets.is_ascii()
        && octets.len() <= CAP
    {
        out.push_str(ascii);
        return out;
    }
    for &octet in octets {
        if out.try_push(char::from(octet)).is_err() {
            break;
        }
    }
    out
}
