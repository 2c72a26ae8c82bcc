//! Messages: in, and out as far as replies allow.
//!
//! What is handed in is written to the outgoing stream at once, commands and message one behind the other, and the
//! stream is let out piece by piece: a message is copied once, and a body and the commands behind it are one write.

use super::super::body::{DOT, normalise, stuff};
use super::super::envelope::{BodyKind, Content, Envelope, SubmitError};
use super::super::mode::Mode;
use super::command::{judge, most_octets, write_mail, write_number, write_rcpt};
use super::ring::{Recipient, Released, Transaction, What};
use super::transaction::RSET;
use super::{Client, MAX_WAITING_OCTETS, Stage};

/// The least octets of a message, so that with its dot it is as long as [`RSET`].
const LEAST_OCTETS: usize = RSET.len() - DOT.len();

impl Client {
    /// Queues one message. Its outcome comes as an [`Event`](super::Event) with this token, for each
    /// recipient.
    #[inline]
    pub fn submit<C: Content + ?Sized>(
        &mut self,
        now_us: u64,
        token: u64,
        envelope: &Envelope<'_>,
        content: &C,
    ) -> Result<(), SubmitError> {
        if self.room() == 0 {
            let full = self.stage == Stage::Ready && self.leaving.is_none() && self.closing.is_none();
            return Err(if full { SubmitError::Full } else { SubmitError::NotReady });
        }
        let as_is = content.dot_free();
        if !as_is {
            self.make_right(envelope, content)?;
        }
        let size = if as_is { content.size() } else { self.scratch.len() };
        if size < LEAST_OCTETS {
            return Err(SubmitError::Empty);
        }
        let judged = judge(&self.extensions, envelope, size as u64)?;
        self.look_at_transport(now_us);

        let chunk = self.mode == Mode::Bdat;
        let start = self.out.end();
        self.out.make_room(size + most_octets(envelope), MAX_WAITING_OCTETS);
        let buffer = self.out.buffer();
        let base = buffer.len();
        let place = |buffer: &Vec<u8>| start + (buffer.len() - base) as u64;
        // If the chunk ahead is refused, some servers end its transaction (Postfix) and some do not (Exim, which
        // would take this message from the sender of that one): RFC 3030 §2 has RSET for it.
        let unclear = self.suspect || self.ring.transactions.back().is_some_and(|ahead| ahead.chunk);
        let rset_end = unclear.then(|| {
            buffer.extend_from_slice(RSET);
            place(buffer)
        });
        write_mail(&self.extensions, envelope, judged, buffer);
        let mail_end = place(buffer);
        for recipient in envelope.recipients {
            write_rcpt(&self.extensions, envelope, recipient, buffer);
            self.ring.recipients.push_back(Recipient { end: place(buffer), told: false });
        }
        if !chunk {
            buffer.extend_from_slice(b"DATA\r\n");
        }
        let data_end = place(buffer);
        match (chunk, as_is) {
            (true, _) => write_chunk(buffer, size, |out| {
                if as_is {
                    content.write(out);
                } else {
                    out.extend_from_slice(&self.scratch);
                }
            }),
            (false, true) => {
                content.write(buffer);
                // Promised; if not so, the dot would be text, and what follows a part of the message.
                if !buffer.ends_with(b"\r\n") {
                    buffer.extend_from_slice(b"\r\n");
                }
            }
            (false, false) => stuff(&self.scratch, buffer),
        }
        if !chunk {
            buffer.extend_from_slice(DOT);
        }
        let recipients = envelope.recipients.len() as u16;
        self.ring.transactions.push_back(Transaction {
            token,
            submitted_us: now_us,
            rset_end,
            mail_end,
            data_end,
            body_end: place(self.out.buffer()),
            recipients,
            answered: 0,
            accepted: 0,
            open: recipients,
            released: Released::Nothing,
            stepwise: false,
            joined: false,
            chunk,
            begun: false,
            spoiled: false,
            doubtful: false,
        });
        self.begun += 1;
        self.step(now_us);
        Ok(())
    }

    /// Puts a message that promises nothing into `scratch`, with its line ends made right.
    fn make_right<C: Content + ?Sized>(
        &mut self,
        envelope: &Envelope<'_>,
        content: &C,
    ) -> Result<(), SubmitError> {
        let mut text = Vec::with_capacity(content.size());
        content.write(&mut text);
        self.scratch.clear();
        let seven_bit = !envelope.utf8 && envelope.body == BodyKind::SevenBit;
        normalise(&text, seven_bit, &mut self.scratch)
    }

    /// Lets out what is due of the first message that is not all out: its commands, if no body stands before them
    /// that is still waited for.
    #[inline]
    pub(super) fn advance(&mut self, now_us: u64) {
        let transactions = &self.ring.transactions;
        let mut index = transactions.len();
        while index > 0 && transactions[index - 1].released != Released::Everything {
            index -= 1;
        }
        while let Some(transaction) = self.ring.transactions.get(index) {
            let stepwise = self.mode == Mode::Lockstep;
            let behind = index > 0 && self.mode < Mode::Joined;
            if transaction.released != Released::Nothing
                || behind
                || (stepwise && !self.ring.expected.is_empty())
            {
                return;
            }
            if self.ring.expected.is_empty() {
                self.since_us = now_us;
            }
            self.begin(index, stepwise);
            index += 1;
        }
    }

    /// Lets out the commands of one message; with BDAT all of it.
    fn begin(&mut self, index: usize, stepwise: bool) {
        let first = self.ring.first_recipient(index);
        let transaction = &mut self.ring.transactions[index];
        transaction.stepwise = stepwise;
        transaction.joined = index > 0;
        transaction.released = if transaction.chunk { Released::Everything } else { Released::Commands };
        let transaction = *transaction;
        if let Some(end) = transaction.rset_end {
            self.ring.expect(What::Rset, end);
            self.open_to = end;
            if stepwise {
                return;
            }
        }
        self.ring.expect(What::Mail, transaction.mail_end);
        self.open_to = transaction.mail_end;
        if stepwise {
            return;
        }
        for at in first..first + usize::from(transaction.recipients) {
            let end = self.ring.recipients[at].end;
            self.ring.expect(What::Rcpt, end);
        }
        if transaction.chunk {
            self.ring.expect(What::Dot, transaction.body_end);
            self.open_to = transaction.body_end;
        } else {
            self.ring.expect(What::Data, transaction.data_end);
            self.open_to = transaction.data_end;
        }
    }
}

/// `BDAT n LAST` and the message: exactly so many octets, no dot (RFC 3030 §2).
#[inline]
fn write_chunk(buffer: &mut Vec<u8>, size: usize, write: impl Fn(&mut Vec<u8>)) {
    let start = buffer.len();
    let head = |buffer: &mut Vec<u8>, size: usize| {
        buffer.extend_from_slice(b"BDAT ");
        write_number(size as u64, buffer);
        buffer.extend_from_slice(b" LAST\r\n");
    };
    head(buffer, size);
    let content = buffer.len();
    write(buffer);
    let written = buffer.len() - content;
    if written != size {
        // It has not the size that it named: what it has counts, or the server would take text for commands.
        let octets = buffer.split_off(content);
        buffer.truncate(start);
        head(buffer, written);
        buffer.extend_from_slice(&octets);
    }
}
