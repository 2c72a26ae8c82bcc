//! Whole PDUs: header, and the bodies of every command a sending session meets (SMPP 3.4 §4).
//!
//! Decoding borrows from the bytes it reads and allocates nothing; encoding appends to a buffer.

use super::bind::{Bind, BindResp};
use super::command::{BindMode, Command};
use super::field::{DecodeError, Field, Problem, Reader, put_c_string};
use super::message::{DataSm, ShortMessage};
use super::tlv::Tlvs;

/// The octets of a header: command_length, command_id, command_status, sequence_number (SMPP 3.4 §3.2).
pub const HEADER_OCTETS: usize = 16;

/// The highest sequence number; the next one is 1 (SMPP 3.4 §5.1.4).
pub const MAX_SEQUENCE: u32 = 0x7FFF_FFFF;

/// The longest message_id, NUL not counted (SMPP 3.4 §5.2.23).
pub const MAX_MESSAGE_ID_CHARS: usize = 64;

/// The header of a PDU without its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The command id, known to this crate or not.
    pub command: u32,
    /// The status of a response; 0 in a request.
    pub status: u32,
    /// The number that joins a response to its request.
    pub sequence: u32,
}

impl Header {
    /// Splits one framed PDU into its header and its body.
    pub fn split(pdu: &[u8]) -> Result<(Self, &[u8]), DecodeError> {
        let (head, body) = pdu
            .split_first_chunk::<HEADER_OCTETS>()
            .ok_or(DecodeError { field: Field::Header, problem: Problem::Truncated })?;
        let word = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        Ok((Self { command: word(4), status: word(8), sequence: word(12) }, body))
    }
}

/// The body of a PDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body<'a> {
    /// bind_transmitter, bind_receiver or bind_transceiver.
    Bind(BindMode, Bind<'a>),
    /// The answer to a bind.
    BindResp(BindMode, BindResp<'a>),
    /// submit_sm (§4.4.1).
    SubmitSm(ShortMessage<'a>),
    /// submit_sm_resp (§4.4.2).
    SubmitSmResp(MessageResp<'a>),
    /// deliver_sm (§4.6.1), of the same layout as submit_sm.
    DeliverSm(ShortMessage<'a>),
    /// deliver_sm_resp (§4.6.2).
    DeliverSmResp(MessageResp<'a>),
    /// data_sm (§4.7.1).
    DataSm(DataSm<'a>),
    /// data_sm_resp (§4.7.2).
    DataSmResp(MessageResp<'a>),
    /// unbind (§4.2.1).
    Unbind,
    /// unbind_resp (§4.2.2).
    UnbindResp,
    /// enquire_link (§4.11.1).
    EnquireLink,
    /// enquire_link_resp (§4.11.2).
    EnquireLinkResp,
    /// generic_nack (§4.3.1).
    GenericNack,
    /// A command whose body this crate has no use for.
    Other(Command),
}

/// The body of the response to a message: its id, perhaps TLVs, perhaps nothing at all.
///
/// Error responses have no body (§4.4.2 note), but some SMSCs send one; and ESME_ROK comes without an id too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageResp<'a> {
    /// The id, empty where there is none.
    pub message_id: &'a [u8],
    /// Optional parameters.
    pub tlvs: Tlvs<'a>,
}

impl<'a> Body<'a> {
    /// Reads the body of a PDU with this command.
    pub fn decode(command: Command, body: &'a [u8]) -> Result<Self, DecodeError> {
        Ok(match command {
            Command::SubmitSmResp => Self::SubmitSmResp(MessageResp::decode(body)?),
            Command::DeliverSm => Self::DeliverSm(ShortMessage::decode(body)?),
            Command::SubmitSm => Self::SubmitSm(ShortMessage::decode(body)?),
            Command::DeliverSmResp => Self::DeliverSmResp(MessageResp::decode(body)?),
            Command::DataSm => Self::DataSm(DataSm::decode(body)?),
            Command::DataSmResp => Self::DataSmResp(MessageResp::decode(body)?),
            Command::BindTransmitter => Self::Bind(BindMode::Transmitter, Bind::decode(body)?),
            Command::BindReceiver => Self::Bind(BindMode::Receiver, Bind::decode(body)?),
            Command::BindTransceiver => Self::Bind(BindMode::Transceiver, Bind::decode(body)?),
            Command::BindTransmitterResp => Self::BindResp(BindMode::Transmitter, BindResp::decode(body)?),
            Command::BindReceiverResp => Self::BindResp(BindMode::Receiver, BindResp::decode(body)?),
            Command::BindTransceiverResp => Self::BindResp(BindMode::Transceiver, BindResp::decode(body)?),
            Command::Unbind => Self::Unbind,
            Command::UnbindResp => Self::UnbindResp,
            Command::EnquireLink => Self::EnquireLink,
            Command::EnquireLinkResp => Self::EnquireLinkResp,
            Command::GenericNack => Self::GenericNack,
            other => Self::Other(other),
        })
    }

    /// What can be told of a response whose body cannot be read: that it came, and the beginning of its id.
    pub(crate) fn salvage(command: Command, body: &'a [u8]) -> Self {
        let most = &body[..body.len().min(MAX_MESSAGE_ID_CHARS)];
        let id = most.split(|&octet| octet == 0).next().unwrap_or_default();
        match command {
            Command::SubmitSmResp => Self::SubmitSmResp(MessageResp::new(id)),
            Command::DeliverSmResp => Self::DeliverSmResp(MessageResp::new(id)),
            Command::DataSmResp => Self::DataSmResp(MessageResp::new(id)),
            Command::BindTransmitterResp => Self::BindResp(BindMode::Transmitter, BindResp::default()),
            Command::BindReceiverResp => Self::BindResp(BindMode::Receiver, BindResp::default()),
            Command::BindTransceiverResp => Self::BindResp(BindMode::Transceiver, BindResp::default()),
            other => Self::Other(other),
        }
    }

    /// The command this is the body of.
    pub fn command(&self) -> Command {
        match self {
            Self::Bind(mode, _) => mode.command(),
            Self::BindResp(mode, _) => mode.response(),
            Self::SubmitSm(_) => Command::SubmitSm,
            Self::SubmitSmResp(_) => Command::SubmitSmResp,
            Self::DeliverSm(_) => Command::DeliverSm,
            Self::DeliverSmResp(_) => Command::DeliverSmResp,
            Self::DataSm(_) => Command::DataSm,
            Self::DataSmResp(_) => Command::DataSmResp,
            Self::Unbind => Command::Unbind,
            Self::UnbindResp => Command::UnbindResp,
            Self::EnquireLink => Command::EnquireLink,
            Self::EnquireLinkResp => Command::EnquireLinkResp,
            Self::GenericNack => Command::GenericNack,
            Self::Other(command) => *command,
        }
    }

    /// Appends the whole PDU to `out`.
    pub fn encode(&self, status: u32, sequence: u32, out: &mut Vec<u8>) {
        let start = begin(out, self.command().id(), status, sequence);
        match self {
            Self::Bind(_, bind) => bind.encode(out),
            Self::BindResp(_, response) => response.encode(out),
            Self::SubmitSm(message) | Self::DeliverSm(message) => message.encode(out),
            Self::DataSm(message) => message.encode(out),
            Self::SubmitSmResp(response) | Self::DeliverSmResp(response) | Self::DataSmResp(response) => {
                put_c_string(out, response.message_id);
                out.extend_from_slice(response.tlvs.as_octets());
            }
            _ => {}
        }
        finish(out, start);
    }
}

impl<'a> MessageResp<'a> {
    /// A response with an id and no TLVs.
    pub fn new(message_id: &'a [u8]) -> Self {
        Self { message_id, tlvs: Tlvs::default() }
    }

    fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let message_id = reader.last_c_string(MAX_MESSAGE_ID_CHARS, Field::MessageId)?;
        Ok(Self { message_id, tlvs: Tlvs::parse(reader.rest())? })
    }
}

/// Appends a header with its length left open, for [`finish`] to fill in.
pub(crate) fn begin(out: &mut Vec<u8>, command: u32, status: u32, sequence: u32) -> usize {
    let start = out.len();
    let mut header = [0; HEADER_OCTETS];
    header[4..8].copy_from_slice(&command.to_be_bytes());
    header[8..12].copy_from_slice(&status.to_be_bytes());
    header[12..].copy_from_slice(&sequence.to_be_bytes());
    out.extend_from_slice(&header);
    start
}

/// Writes the length of the PDU that begins at `start` and ends at the end of `out`.
pub(crate) fn finish(out: &mut [u8], start: usize) {
    let length = u32::try_from(out.len() - start).expect("a PDU is far below 4 GiB");
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}
