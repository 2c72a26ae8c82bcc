//! The octets of SMPP 3.4 that both ends need.

use crate::number::digits;

pub const BIND_RECEIVER: u32 = 0x1;
pub const BIND_TRANSMITTER: u32 = 0x2;
pub const SUBMIT_SM: u32 = 0x4;
pub const DELIVER_SM: u32 = 0x5;
pub const UNBIND: u32 = 0x6;
pub const BIND_TRANSCEIVER: u32 = 0x9;
pub const ENQUIRE_LINK: u32 = 0x15;
pub const RESPONSE: u32 = 0x8000_0000;
pub const SUBMIT_SM_RESP: u32 = SUBMIT_SM | RESPONSE;
pub const DELIVER_SM_RESP: u32 = DELIVER_SM | RESPONSE;

pub const HEADER: usize = 16;
pub const ESME_ROK: u32 = 0;
pub const ESME_RINVCMDID: u32 = 0x3;
pub const ESME_RTHROTTLED: u32 = 0x58;

/// The largest PDU that either end sends; anything longer is no PDU.
const MAX_PDU: usize = 1 << 17;

/// The digits of a message id. The first id is [`FIRST_ID`], so that none begins with a zero.
pub const ID_DIGITS: usize = 10;
pub const FIRST_ID: u64 = 1_000_000_000;

#[derive(Debug, Clone, Copy)]
pub struct Header {
    pub command: u32,
    pub status: u32,
    pub sequence: u32,
}

/// A PDU: its header, its body and what follows.
type Split<'a> = (Header, &'a [u8], &'a [u8]);

/// The first whole PDU of `bytes`. `Err` where this is no SMPP.
pub fn split(bytes: &[u8]) -> Result<Option<Split<'_>>, ()> {
    let Some(head) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
    let word = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let length = word(0) as usize;
    if !(HEADER..=MAX_PDU).contains(&length) {
        return Err(());
    }
    if bytes.len() < length {
        return Ok(None);
    }
    let header = Header { command: word(4), status: word(8), sequence: word(12) };
    Ok(Some((header, &bytes[HEADER..length], &bytes[length..])))
}

#[inline]
pub fn put(out: &mut Vec<u8>, command: u32, status: u32, sequence: u32, body: &[u8]) {
    let mut head = [0; HEADER];
    head[..4].copy_from_slice(&((HEADER + body.len()) as u32).to_be_bytes());
    head[4..8].copy_from_slice(&command.to_be_bytes());
    head[8..12].copy_from_slice(&status.to_be_bytes());
    head[12..].copy_from_slice(&sequence.to_be_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(body);
}

/// What the far end looks at in a submit_sm (§4.4.1): both addresses whole, with TON, NPI and NUL.
#[derive(Debug, Clone, Copy)]
pub struct Submit<'a> {
    pub source: &'a [u8],
    pub destination: &'a [u8],
    pub wants_receipt: bool,
}

impl<'a> Submit<'a> {
    #[inline]
    pub fn read(body: &'a [u8]) -> Option<Self> {
        let rest = skip_text(body)?;
        let (source, rest) = address(rest)?;
        let (destination, rest) = address(rest)?;
        let rest = skip_text(skip_text(rest.get(3..)?)?)?;
        Some(Self { source, destination, wants_receipt: rest.first()? & 3 != 0 })
    }

    /// The destination without TON, NPI and NUL.
    pub fn number(&self) -> &'a [u8] {
        &self.destination[2..self.destination.len() - 1]
    }
}

#[inline]
fn skip_text(octets: &[u8]) -> Option<&[u8]> {
    let end = octets.iter().position(|octet| *octet == 0)?;
    Some(&octets[end + 1..])
}

#[inline]
fn address(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = 2 + octets.get(2..)?.iter().position(|octet| *octet == 0)? + 1;
    Some(octets.split_at(end))
}

/// A receipt as most SMSCs write it: text of Appendix B, and the TLVs of §5.3.2.12 and §5.3.2.35.
pub struct Receipt {
    /// Everything behind the addresses.
    tail: Vec<u8>,
    /// Where the id stands in it, twice.
    at: [usize; 2],
}

impl Receipt {
    pub fn new() -> Self {
        let text = b"id:0000000000 sub:001 dlvrd:001 submit date:2611240900 done date:2611240900 \
                     stat:DELIVRD err:000 text:Exercise: this text";
        // esm_class, protocol, priority, schedule, validity, registered, replace, coding, default message
        let mut tail = vec![0x04, 0, 0, 0, 0, 0, 0, 0, 0, text.len() as u8];
        let in_text = tail.len() + "id:".len();
        tail.extend_from_slice(text);
        tail.extend_from_slice(&[0x04, 0x27, 0, 1, 2, 0, 0x1E, 0, ID_DIGITS as u8 + 1]);
        let in_tlv = tail.len();
        tail.extend_from_slice(&[0; ID_DIGITS + 1]);
        Self { tail, at: [in_text, in_tlv] }
    }

    #[inline]
    pub fn put(&self, out: &mut Vec<u8>, sequence: u32, id: u64, source: &[u8], destination: &[u8]) {
        let start = out.len();
        put(out, DELIVER_SM, 0, sequence, &[0]);
        out.extend_from_slice(source);
        out.extend_from_slice(destination);
        let tail = out.len();
        out.extend_from_slice(&self.tail);
        for at in self.at {
            digits(id, &mut out[tail + at..tail + at + ID_DIGITS]);
        }
        let length = (out.len() - start) as u32;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }
}
