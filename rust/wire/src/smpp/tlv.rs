//! Optional parameters: tag, length, value (SMPP 3.4 §3.2.4, §5.3).

use super::field::{DecodeError, Field, Problem};

/// The tags this crate reads or writes (SMPP 3.4 §5.3.2; `CONGESTION_STATE` is SMPP 5.0 §4.8.4.18).
pub mod tag {
    /// The id the message had in its submit_sm_resp (§5.3.2.12).
    pub const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
    /// The interface version of the SMSC, in a bind response (§5.3.2.25).
    pub const SC_INTERFACE_VERSION: u16 = 0x0210;
    /// The error of the network, in a receipt (§5.3.2.31).
    pub const NETWORK_ERROR_CODE: u16 = 0x0423;
    /// A text that does not fit sm_length (§5.3.2.32).
    pub const MESSAGE_PAYLOAD: u16 = 0x0424;
    /// What became of the message, in a receipt (§5.3.2.35).
    pub const MESSAGE_STATE: u16 = 0x0427;
    /// How loaded the SMSC is.
    pub const CONGESTION_STATE: u16 = 0x0428;
}

/// The optional parameters of one PDU: in any order, repeated or unknown ones allowed (§3.2.4, §3.3).
///
/// Whole by construction: a value of this type was checked from end to end, so walking it cannot fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tlvs<'a> {
    octets: &'a [u8],
}

impl<'a> Tlvs<'a> {
    /// Takes what stands behind the last mandatory field of a PDU.
    pub fn parse(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let mut rest = octets;
        while !rest.is_empty() {
            rest = split(rest).ok_or(DecodeError { field: Field::Tlv, problem: Problem::Stray })?.2;
        }
        Ok(Self { octets })
    }

    /// The value of the first parameter with this tag.
    pub fn find(self, tag: u16) -> Option<&'a [u8]> {
        self.iter().find(|&(found, _)| found == tag).map(|(_, value)| value)
    }

    /// The load of the SMSC in percent (SMPP 5.0 §4.8.4.18), where it tells one that can be.
    #[inline]
    pub fn congestion(self) -> Option<u8> {
        if self.octets.is_empty() {
            return None;
        }
        match self.find(tag::CONGESTION_STATE) {
            Some(&[load @ 0..=100]) => Some(load),
            _ => None,
        }
    }

    /// All parameters as (tag, value), in the order they were sent.
    pub fn iter(self) -> impl Iterator<Item = (u16, &'a [u8])> {
        let mut rest = self.octets;
        std::iter::from_fn(move || {
            let (tag, value, tail) = split(rest)?;
            rest = tail;
            Some((tag, value))
        })
    }

    /// The parameters as they stand in the PDU.
    pub fn as_octets(self) -> &'a [u8] {
        self.octets
    }
}

/// Appends one parameter. A value over 65,535 octets has no encoding and is left out; none here comes near.
pub fn put(out: &mut Vec<u8>, tag: u16, value: &[u8]) {
    let Ok(length) = u16::try_from(value.len()) else {
        return;
    };
    out.extend_from_slice(&tag.to_be_bytes());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value);
}

fn split(octets: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (head, rest) = octets.split_first_chunk::<4>()?;
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let (value, rest) = rest.split_at_checked(length)?;
    Some((u16::from_be_bytes([head[0], head[1]]), value, rest))
}
