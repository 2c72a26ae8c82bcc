//! A submit_sm as an SMSC keeps it.

use std::ops::Deref;

use arrayvec::{ArrayString, ArrayVec};

use super::address::MAX_ADDRESS_CHARS;
use super::field::text;
use super::message::{ESM_UDHI, ShortMessage};
use super::time::TimeText;

/// A message taken from an ESME, without anything allocated for an ordinary one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitSm {
    /// The sender.
    pub source: ArrayString<MAX_ADDRESS_CHARS>,
    /// Type of number of the sender.
    pub source_ton: u8,
    /// The recipient.
    pub destination: ArrayString<MAX_ADDRESS_CHARS>,
    /// Type of number of the recipient.
    pub destination_ton: u8,
    /// Kind and features of the message (SMPP 3.4 §5.2.12).
    pub esm_class: u8,
    /// Protocol identifier.
    pub protocol_id: u8,
    /// 0 to 3, the highest.
    pub priority: u8,
    /// How long to try, as [`Time::parse`](super::Time::parse) reads it; may be empty.
    pub validity: TimeText,
    /// Whether receipts are asked for (SMPP 3.4 §5.2.17).
    pub registered_delivery: u8,
    /// The alphabet.
    pub data_coding: u8,
    /// The message, its user data header in front where there is one.
    pub body: Octets,
}

impl SubmitSm {
    /// Whether [`Self::body`] begins with a user data header.
    pub fn udhi(&self) -> bool {
        self.esm_class & ESM_UDHI != 0
    }

    /// Whether a receipt of success is asked for: of any end, or of success only (SMPP 3.4 §5.2.17).
    pub fn wants_receipt(&self) -> bool {
        matches!(self.registered_delivery & 0x03, 1 | 3)
    }

    #[inline]
    pub(crate) fn read(message: &ShortMessage<'_>) -> Self {
        Self {
            source: text(message.source),
            source_ton: message.source_ton,
            destination: text(message.destination),
            destination_ton: message.destination_ton,
            esm_class: message.esm_class,
            protocol_id: message.protocol_id,
            priority: message.priority,
            validity: text(message.validity),
            registered_delivery: message.registered_delivery,
            data_coding: message.data_coding,
            body: Octets::from(message.body()),
        }
    }
}

/// The octets kept in place: a whole part in unpacked septets, the longest ordinary body.
const INLINE_OCTETS: usize = 160;

/// A message body, kept in place when it is an ordinary one.
#[derive(Clone, PartialEq, Eq)]
pub struct Octets(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Inline(ArrayVec<u8, INLINE_OCTETS>),
    Heap(Box<[u8]>),
}

impl From<&[u8]> for Octets {
    fn from(octets: &[u8]) -> Self {
        Self(match ArrayVec::try_from(octets) {
            Ok(inline) => Place::Inline(inline),
            Err(_) => Place::Heap(octets.into()),
        })
    }
}

impl Deref for Octets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Place::Inline(octets) => octets,
            Place::Heap(octets) => octets,
        }
    }
}

impl std::fmt::Debug for Octets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Octets({})", self.len())
    }
}
