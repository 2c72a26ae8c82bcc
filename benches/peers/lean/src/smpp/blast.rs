//! The raw client: a window kept full, responses matched by their sequence number.

use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use super::options::Blast;
use super::pdu::{self, ESME_ROK};
use crate::clock::{now_ns, used_ns};
use crate::number::{digits, number};

/// As `bealert bench`: numbers of +888, which no telephone network routes.
const FIRST_NUMBER: u64 = 88_810_000_000_000;
const NUMBER_DIGITS: usize = 14;
const TEXT: &[u8] = b"Exercise: this text measures a gateway, please do nothing. Number b000000000";
const TEXT_DIGITS: usize = 9;

/// One read: more than a window of a thousand with its receipts.
const READ_OCTETS: usize = 512 << 10;

/// Sends, and prints one line of JSON.
pub fn run(chosen: &Blast) -> io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, chosen.port))?;
    stream.set_nodelay(true)?;
    let mut out = Vec::with_capacity(READ_OCTETS);
    pdu::put(&mut out, pdu::BIND_TRANSCEIVER, 0, 1, b"bench\0bench\0\0\x34\0\0\0");
    stream.write_all(&out)?;
    out.clear();
    let mut client = Client::new(chosen);
    let mut input = vec![0; READ_OCTETS];
    let mut left = 0;
    let (mut began_ns, mut cpu_ns) = (now_ns(), used_ns());
    while !client.has_ended() {
        let read = stream.read(&mut input[left..])?;
        if read == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the far end has closed"));
        }
        let end = left + read;
        let mut rest = &input[..end];
        while let Some((header, body, after)) = pdu::split(rest).map_err(|()| odd("no SMPP"))? {
            rest = after;
            if header.command == pdu::BIND_TRANSCEIVER | pdu::RESPONSE {
                (began_ns, cpu_ns) = (now_ns(), used_ns());
                client.bound = true;
            } else {
                client.take(header, body, &mut out)?;
            }
        }
        left = rest.len();
        input.copy_within(end - left..end, 0);
        client.fill(&mut out);
        if !out.is_empty() {
            stream.write_all(&out)?;
            out.clear();
        }
    }
    let (elapsed_s, cpu_us) = ((now_ns() - began_ns) as f64 / 1e9, (used_ns() - cpu_ns) as f64 / 1e3);
    let count = chosen.count as f64;
    println!(
        "{{\"messages_per_second\": {:.1}, \"elapsed_s\": {elapsed_s:.3}, \"cpu_us_per_message\": {:.3}, \
         \"submitted\": {}, \"accepted\": {}, \"refused\": {}, \"delivered\": {}}}",
        count / elapsed_s,
        cpu_us / count,
        client.sent,
        client.answered - client.refused,
        client.refused,
        client.receipts,
    );
    Ok(())
}

struct Client {
    count: u64,
    bound: bool,
    receipts_asked: bool,
    /// One PDU, of which three numbers are patched.
    template: Vec<u8>,
    number_at: usize,
    text_at: usize,
    /// The sequence number in each slot; 0 for a free one.
    window: Vec<u32>,
    /// Messages that may leave before an answer comes.
    free: usize,
    sent: u64,
    answered: u64,
    refused: u64,
    receipts: u64,
    /// The first id that the far end gave; it numbers them without a gap.
    first_id: Option<u64>,
    /// Ids that a receipt has named.
    named: Vec<bool>,
}

impl Client {
    fn new(chosen: &Blast) -> Self {
        let mut body = b"\0\x05\0BE-Alert\0\x01\x01".to_vec();
        let number_at = pdu::HEADER + body.len();
        body.extend_from_slice(&[b'0'; NUMBER_DIGITS]);
        // esm_class, protocol, priority, schedule, validity, registered, replace, coding, default message
        body.extend_from_slice(&[0, 0, 0, 0, 0, 0, u8::from(chosen.receipts), 0, 0, 0, TEXT.len() as u8]);
        body.extend_from_slice(TEXT);
        let mut template = Vec::new();
        pdu::put(&mut template, pdu::SUBMIT_SM, 0, 0, &body);
        let text_at = template.len() - TEXT_DIGITS;
        Self {
            count: chosen.count,
            bound: false,
            receipts_asked: chosen.receipts,
            template,
            number_at,
            text_at,
            window: vec![0; (chosen.window as usize).next_power_of_two()],
            free: chosen.window as usize,
            sent: 0,
            answered: 0,
            refused: 0,
            receipts: 0,
            first_id: None,
            named: vec![false; if chosen.receipts { chosen.count as usize } else { 0 }],
        }
    }

    fn has_ended(&self) -> bool {
        self.answered == self.count && (!self.receipts_asked || self.receipts == self.count - self.refused)
    }

    #[inline]
    fn take(&mut self, header: pdu::Header, body: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        match header.command {
            pdu::SUBMIT_SM_RESP => {
                let mask = self.window.len() - 1;
                let slot = &mut self.window[header.sequence as usize & mask];
                if *slot != header.sequence || header.sequence == 0 {
                    return Err(odd("an answer to nothing"));
                }
                *slot = 0;
                self.answered += 1;
                self.free += 1;
                if header.status == ESME_ROK {
                    self.first_id.get_or_insert_with(|| number(body));
                } else {
                    self.refused += 1;
                }
            }
            pdu::DELIVER_SM => {
                self.receipt(body)?;
                pdu::put(out, pdu::DELIVER_SM_RESP, ESME_ROK, header.sequence, &[0]);
            }
            _ => {}
        }
        Ok(())
    }

    #[inline]
    fn receipt(&mut self, body: &[u8]) -> io::Result<()> {
        let (from, to) = (1 + 2 + NUMBER_DIGITS + 1, b"\x05\0BE-Alert\0".len());
        let text = body.get(from + to + 10..).and_then(|text| text.strip_prefix(b"id:"));
        let id = number(text.ok_or_else(|| odd("no receipt"))?);
        let at = self.first_id.and_then(|first| id.checked_sub(first)).unwrap_or(u64::MAX);
        match self.named.get_mut(at as usize) {
            Some(named) if !*named => *named = true,
            _ => return Err(odd("a receipt for nothing")),
        }
        self.receipts += 1;
        Ok(())
    }

    /// Fills the window.
    fn fill(&mut self, out: &mut Vec<u8>) {
        let mask = self.window.len() - 1;
        while self.bound && self.free > 0 && self.sent < self.count {
            let sequence = self.sent as u32 + 2;
            let slot = &mut self.window[sequence as usize & mask];
            if *slot != 0 {
                break;
            }
            *slot = sequence;
            let start = out.len();
            out.extend_from_slice(&self.template);
            let made = &mut out[start..];
            made[12..16].copy_from_slice(&sequence.to_be_bytes());
            digits(FIRST_NUMBER + self.sent, &mut made[self.number_at..self.number_at + NUMBER_DIGITS]);
            digits(self.sent, &mut made[self.text_at..]);
            self.sent += 1;
            self.free -= 1;
        }
    }
}

fn odd(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
