//! One connection over which receipts are handed to us.

use std::io;
use std::task::{Context, Poll};

use bealert_wire::smtp::{EnhancedCode, Reply, Server, ServerEvent};
use tokio::io::ReadBuf;

use super::letterbox::{self, Counts, MAX_MESSAGE_OCTETS};
use crate::fork::Descriptor;
use crate::mail::Verp;
use crate::session::Pass;
use crate::session::accepted::Accepted;

/// Recipients of a message that are remembered: a report has one.
const MAX_RECIPIENTS: usize = 100;

/// A connection, its session, and the message on its way in.
pub(super) struct Carrier {
    /// Before the socket: a number is struck off before it can be given to another file.
    _descriptor: Descriptor,
    pub(super) bearer: u16,
    stream: Accepted,
    pub(super) server: Server,
    content: Vec<u8>,
    recipients: Vec<String>,
    /// The recipient whose copy is asked about next (LMTP).
    asked: usize,
    pending: Option<Pending>,
    /// Tells the answers to this message from those to the one before.
    serial: u64,
    closing: bool,
}

/// A message that waits to be durable.
struct Pending {
    left: u32,
    ok: bool,
}

impl Carrier {
    pub(super) fn new(descriptor: Descriptor, bearer: u16, stream: Accepted, server: Server) -> Self {
        Self {
            _descriptor: descriptor,
            bearer,
            stream,
            server,
            content: Vec::new(),
            recipients: Vec::new(),
            asked: 0,
            pending: None,
            serial: 0,
            closing: false,
        }
    }

    /// Reads what there is, at most the buffer of a pass. Gives whether there may be more.
    ///
    /// # Errors
    /// It is gone.
    pub(super) fn read(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) -> io::Result<bool> {
        let room = self.server.room().min(pass.buffer.len());
        if room == 0 {
            return Ok(false);
        }
        let mut buffer = ReadBuf::new(&mut pass.buffer[..room]);
        match self.stream.poll_read(cx, &mut buffer) {
            Poll::Pending => Ok(false),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            Poll::Ready(Ok(())) => {
                self.server.receive(pass.now_us, buffer.filled());
                Ok(true)
            }
        }
    }

    /// Works on what was read, up to a message that has to become durable. Gives the octets of the messages that
    /// were read.
    pub(super) fn work(&mut self, pass: &mut Pass<'_>, verp: &Verp, counts: &mut Counts) -> usize {
        let mut octets = 0;
        while let Some(event) = self.server.poll_event() {
            match event {
                ServerEvent::Mail(_) => {
                    self.content.clear();
                    self.recipients.clear();
                    self.asked = 0;
                }
                ServerEvent::Rcpt(rcpt) if self.recipients.len() < MAX_RECIPIENTS => {
                    self.recipients.push(rcpt.recipient.to_owned());
                }
                ServerEvent::Content(piece) => {
                    let room = MAX_MESSAGE_OCTETS.saturating_sub(self.content.len());
                    self.content.extend_from_slice(&piece[..piece.len().min(room)]);
                    continue;
                }
                ServerEvent::Complete { .. } => {
                    octets += self.content.len().max(1);
                    if self.take_message(pass, verp, counts) {
                        continue;
                    }
                }
                ServerEvent::Abandoned | ServerEvent::Fault { .. } | ServerEvent::Closed { .. } => continue,
                _ => {}
            }
            self.server.accept(pass.now_us);
        }
        octets
    }

    /// Hands a whole message on. Gives whether its answer waits for a commit. What says nothing is thanked for, and
    /// never answered otherwise: there is nobody to answer (RFC 5321 §4.5.5).
    fn take_message(&mut self, pass: &mut Pass<'_>, verp: &Verp, counts: &mut Counts) -> bool {
        let known = |recipient: &&String| verp.verify(recipient).is_some();
        let of_token = self.recipients.iter().skip(self.asked).find(known);
        let recipient = of_token.or_else(|| self.recipients.get(self.asked)).map(String::as_str);
        let read = letterbox::open(&self.content, recipient, verp);
        counts.add(&read);
        self.asked += 1;
        self.serial += 1;
        let left = letterbox::tell(pass, self.bearer, self.serial, read.as_deref().unwrap_or_default());
        self.pending = (left > 0).then_some(Pending { left, ok: true });
        left > 0
    }

    /// One of the receipts of the message is durable, or could not be taken for now.
    pub(super) fn answer(&mut self, now_us: u64, reply: u64, ok: bool) {
        let Some(pending) = self.pending.as_mut().filter(|_| reply == self.serial) else { return };
        pending.left -= 1;
        pending.ok &= ok;
        if pending.left > 0 {
            return;
        }
        if pending.ok {
            self.server.accept(now_us);
        } else {
            let reply = Reply::new(451, Some(EnhancedCode(4, 3, 0)), "The ledger is behind, try again later");
            self.server.answer(now_us, &reply);
        }
        self.pending = None;
        if self.closing {
            self.hang_up(now_us);
        }
    }

    /// Hangs up, once what waits for a commit has its answer.
    pub(super) fn close(&mut self, now_us: u64) {
        self.closing = true;
        if self.pending.is_none() {
            self.hang_up(now_us);
        }
    }

    /// Writes what waits. Gives whether it goes on.
    ///
    /// # Errors
    /// It is gone.
    pub(super) fn write(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        while !self.server.outgoing().is_empty() {
            match self.stream.poll_write(cx, self.server.outgoing()) {
                Poll::Pending => return Ok(true),
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(wrote)) => self.server.wrote(wrote),
                Poll::Ready(Err(error)) => return Err(error),
            }
        }
        Ok(!self.server.wants_close())
    }

    fn hang_up(&mut self, now_us: u64) {
        self.server.hang_up(now_us, EnhancedCode(4, 3, 2), "Closing");
    }
}
