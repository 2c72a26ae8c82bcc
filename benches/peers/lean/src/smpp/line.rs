//! One connection of the far end.

use std::collections::VecDeque;
use std::io;
use std::net::TcpStream;

use super::desk::Desk;
use super::options::Sink;
use super::pdu::{self, ESME_RINVCMDID, ESME_ROK, ESME_RTHROTTLED, ID_DIGITS, RESPONSE, Submit};
use crate::number::digits;
use crate::port::{Next, Port};

/// One read: more than a window of a thousand with its answers to receipts.
const READ_OCTETS: usize = 512 << 10;

pub struct Line {
    port: Port,
    /// Answers that wait for their time, oldest first: all take as long.
    late: VecDeque<Late>,
    /// Receipts that wait for the answers to others.
    held: VecDeque<Owed>,
    unanswered: u32,
    sequence: u32,
    taken: u32,
}

struct Late {
    due_ns: u64,
    sequence: u32,
    id: Option<u64>,
    owed: Option<Owed>,
}

/// A receipt, with the addresses of the message it is about.
struct Owed {
    id: u64,
    source: Box<[u8]>,
    destination: Box<[u8]>,
}

impl crate::sink::Line for Line {
    type Options = Sink;
    type Desk = Desk;

    fn new(stream: TcpStream, _: &mut Desk) -> io::Result<Self> {
        Ok(Self {
            port: Port::new(stream, READ_OCTETS)?,
            late: VecDeque::new(),
            held: VecDeque::new(),
            unanswered: 0,
            sequence: 0,
            taken: 0,
        })
    }

    fn port(&self) -> &Port {
        &self.port
    }

    fn into_port(self) -> Port {
        self.port
    }

    fn due_ns(&self) -> Option<u64> {
        self.late.front().map(|late| late.due_ns)
    }

    fn read(&mut self, now_ns: u64, desk: &mut Desk) -> Next {
        let (input, there) = match self.port.read() {
            Ok(Some(read)) => read,
            Ok(None) => return Next::Stays,
            Err(next) => return next,
        };
        let mut rest = &input[there.clone()];
        let next = loop {
            match pdu::split(rest) {
                Ok(Some((header, body, after))) => {
                    rest = after;
                    match self.take(now_ns, desk, header, body) {
                        Next::Stays => {}
                        other => break other,
                    }
                }
                Ok(None) => break Next::Stays,
                Err(()) => break Next::Closes,
            }
        };
        let unused = there.end - rest.len()..there.end;
        self.port.give_back(input, unused);
        next
    }

    fn handle_timeout(&mut self, now_ns: u64, desk: &mut Desk) {
        while self.late.front().is_some_and(|late| late.due_ns <= now_ns) {
            let Some(late) = self.late.pop_front() else { break };
            self.answer(late.sequence, late.id);
            self.held.extend(late.owed);
        }
        self.let_go(desk);
    }

    fn flush(&mut self) -> Next {
        self.port.flush()
    }
}

impl Line {
    fn take(&mut self, now_ns: u64, desk: &mut Desk, header: pdu::Header, body: &[u8]) -> Next {
        let sequence = header.sequence;
        match header.command {
            pdu::SUBMIT_SM => return self.submit(now_ns, desk, sequence, body),
            pdu::DELIVER_SM_RESP => {
                desk.answered += 1;
                self.unanswered = self.unanswered.saturating_sub(1);
                self.let_go(desk);
            }
            pdu::BIND_RECEIVER | pdu::BIND_TRANSMITTER | pdu::BIND_TRANSCEIVER => {
                // the system_id, and the version that both speak from now on (§5.3.2.25)
                pdu::put(
                    &mut self.port.out,
                    header.command | RESPONSE,
                    ESME_ROK,
                    sequence,
                    b"lean\0\x02\x10\0\x01\x34",
                );
            }
            pdu::ENQUIRE_LINK | pdu::UNBIND => {
                pdu::put(&mut self.port.out, header.command | RESPONSE, ESME_ROK, sequence, &[]);
            }
            other if other & RESPONSE == 0 => {
                pdu::put(&mut self.port.out, RESPONSE, ESME_RINVCMDID, sequence, &[])
            }
            _ => {}
        }
        Next::Stays
    }

    #[inline]
    fn submit(&mut self, now_ns: u64, desk: &mut Desk, sequence: u32, body: &[u8]) -> Next {
        let Some(submit) = Submit::read(body) else { return Next::Closes };
        let id = desk.take(now_ns, &submit);
        self.taken += 1;
        if desk.options.far_end.reset_every > 0 && self.taken >= desk.options.far_end.reset_every {
            // what it took is in its books, the answers that were not written yet are lost
            desk.arrivals.reset(now_ns);
            return Next::Resets;
        }
        let wants_receipt = submit.wants_receipt && !desk.options.silent_receipts;
        if desk.options.far_end.latency_ms > 0 {
            let due_ns = now_ns + desk.options.far_end.latency_ms * 1_000_000;
            let owed = id.filter(|_| wants_receipt).map(|id| Owed::of(id, &submit));
            self.late.push_back(Late { due_ns, sequence, id, owed });
            return Next::Stays;
        }
        self.answer(sequence, id);
        if let Some(id) = id.filter(|_| wants_receipt) {
            if self.may_send(desk) {
                self.receipt(desk, id, submit.destination, submit.source);
            } else {
                self.held.push_back(Owed::of(id, &submit));
            }
        }
        Next::Stays
    }

    #[inline]
    fn answer(&mut self, sequence: u32, id: Option<u64>) {
        match id {
            Some(id) => {
                let mut body = [0; ID_DIGITS + 1];
                digits(id, &mut body[..ID_DIGITS]);
                pdu::put(&mut self.port.out, pdu::SUBMIT_SM_RESP, ESME_ROK, sequence, &body);
            }
            None => pdu::put(&mut self.port.out, pdu::SUBMIT_SM_RESP, ESME_RTHROTTLED, sequence, &[]),
        }
    }

    fn may_send(&self, desk: &Desk) -> bool {
        desk.options.unanswered_receipts == 0 || self.unanswered < desk.options.unanswered_receipts
    }

    fn let_go(&mut self, desk: &mut Desk) {
        while self.may_send(desk) {
            let Some(owed) = self.held.pop_front() else { break };
            self.receipt(desk, owed.id, &owed.destination, &owed.source);
        }
    }

    #[inline]
    fn receipt(&mut self, desk: &mut Desk, id: u64, source: &[u8], destination: &[u8]) {
        self.sequence = (self.sequence & 0x7FFF_FFFF) % 0x7FFF_FFFF + 1;
        self.unanswered += 1;
        desk.receipts += 1;
        desk.receipt.put(&mut self.port.out, self.sequence, id, source, destination);
    }
}

impl Owed {
    fn of(id: u64, submit: &Submit<'_>) -> Self {
        Self { id, source: submit.source.into(), destination: submit.destination.into() }
    }
}
