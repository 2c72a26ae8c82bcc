//! Messages: in, out as far as the replies allow, and what became of each recipient.

use super::super::body::{DOT, normalise, stuff};
use super::super::envelope::{Content, Envelope, SubmitError};
use super::super::event::{Event, Phase};
use super::super::fault::CloseReason;
use super::super::learnt::Lesson;
use super::super::mode::Mode;
use super::super::reply::Reply;
use super::command::{judge, write_mail, write_number, write_rcpt};
use super::ring::{Recipient, Released, Transaction, What};
use super::{Client, Stage};

/// What ends a transaction of which nothing is to come (RFC 5321 §4.1.1.5). It takes the place of the end of the
/// message that is not sent; so does [`DOT`].
const RSET: &[u8] = b"RSET\r\n";

/// The least octets of a message, so that with its dot it is as long as [`RSET`].
const LEAST_OCTETS: usize = RSET.len() - DOT.len();

/// Bad sequence of commands: what a server says that does not follow when commands come before its replies.
const BAD_SEQUENCE: u16 = 503;

impl Client {
    /// Queues one message. Its outcome comes as an [`Event`] with this token, for each recipient.
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
        let buffer = self.out.buffer();
        let base = buffer.len();
        let place = |buffer: &Vec<u8>| start + (buffer.len() - base) as u64;
        // If the chunk ahead is refused, some servers end its transaction (Postfix) and some do not (Exim, which
        // would take this message from the sender of that one): RFC 3030 §2 has RSET for it.
        let unclear = chunk && (self.suspect || !self.ring.transactions.is_empty());
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
        let seven_bit = !envelope.utf8 && envelope.body == super::super::envelope::BodyKind::SevenBit;
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

    /// The message whose replies are coming in.
    fn current(&mut self) -> &mut Transaction {
        self.ring.transactions.front_mut().expect("its replies are waited for")
    }

    /// A server that does not know RSET where it should have read on behind a chunk answers the text of that chunk.
    #[inline]
    pub(super) fn take_rset(&mut self, reply: Reply) {
        let suspect = std::mem::take(&mut self.suspect);
        match reply.is_positive() {
            true => {}
            false if suspect => self.bdat_broken(),
            false => self.out_of_step(Phase::Rset, reply),
        }
    }

    #[inline]
    pub(super) fn take_mail(&mut self, now_us: u64, reply: Reply) {
        let current = self.current();
        if reply.is_positive() {
            current.begun = true;
            if current.stepwise {
                self.let_out_recipient(0);
            }
            return;
        }
        if reply.is_intermediate() {
            return self.out_of_step(Phase::Mail, reply);
        }
        current.spoiled = true;
        let stepwise = current.stepwise;
        if current.joined && !current.chunk && reply.code == BAD_SEQUENCE {
            // Offers PIPELINING, and yet takes no command before it has answered the dot.
            self.learn(Lesson::TooFast { mode: Mode::Joined });
            self.settle(|token, recipient| Event::Unsent { token, recipient });
        } else {
            self.refuse(now_us, Phase::Mail, reply);
        }
        if stepwise {
            self.abandon();
        }
    }

    #[inline]
    pub(super) fn take_rcpt(&mut self, now_us: u64, reply: Reply) {
        if reply.is_intermediate() {
            return self.out_of_step(Phase::Rcpt, reply);
        }
        let current = self.current();
        let recipient = current.answered;
        current.answered += 1;
        if reply.is_positive() {
            current.accepted += 1;
        } else if !current.spoiled {
            self.refuse_recipient(now_us, recipient, reply);
        }
        let current = self.current();
        let all = current.answered == current.recipients;
        current.spoiled |= all && current.accepted == 0;
        if current.stepwise {
            match (all, current.spoiled) {
                (false, _) => self.let_out_recipient(recipient + 1),
                (true, true) => self.abandon(),
                (true, false) => {
                    let end = self.current().data_end;
                    self.open_to = end;
                    self.ring.expect(What::Data, end);
                }
            }
        }
    }

    fn refuse_recipient(&mut self, now_us: u64, recipient: u16, reply: Reply) {
        let current = *self.current();
        let token = current.token;
        let early = !current.stepwise && !current.chunk && current.accepted == 0;
        let event = if reply.code == BAD_SEQUENCE && early {
            self.learn(Lesson::TooFast { mode: Mode::Pipelined });
            Event::Unsent { token, recipient }
        } else if matches!(reply.code, 452 | 552) && current.accepted > 0 {
            // Too many for one transaction: those that are left go with another (RFC 5321 §4.5.3.1.10).
            Event::Unsent { token, recipient }
        } else {
            self.refused += 1;
            let took_us = took_us(now_us, current.submitted_us);
            Event::Refused { token, recipient, phase: Phase::Rcpt, reply, took_us }
        };
        self.tell(recipient, event);
    }

    #[inline]
    pub(super) fn take_data(&mut self, now_us: u64, reply: Reply) {
        if reply.is_positive() {
            return self.out_of_step(Phase::Data, reply);
        }
        let current = self.current();
        if reply.is_intermediate() {
            current.released = Released::Everything;
            let (end, spoiled) = (current.body_end, current.spoiled);
            if spoiled {
                // It waits for a message for nobody: only the dot (RFC 2920 §3.1).
                self.skip_to(end - DOT.len() as u64);
            }
            self.open_to = end;
            self.ring.expect(What::Dot, end);
            return;
        }
        // After a refusal of every recipient this is no second one.
        if !current.spoiled {
            if reply.code == BAD_SEQUENCE && !current.stepwise {
                self.learn(Lesson::TooFast { mode: Mode::Pipelined });
                self.settle(|token, recipient| Event::Unsent { token, recipient });
            } else {
                self.refuse(now_us, Phase::Data, reply);
            }
        }
        self.abandon();
    }

    #[inline]
    pub(super) fn take_dot(&mut self, now_us: u64, reply: Reply, end: u64) {
        self.late_until_us = None;
        let early = end > self.out.written();
        let current = self.current();
        let (chunk, spoiled) = (current.chunk, current.spoiled);
        if reply.is_intermediate() || (early && reply.is_positive()) {
            current.doubtful = true;
            return self.out_of_step(Phase::Dot, reply);
        }
        if reply.is_positive() {
            if !spoiled {
                self.taken += 1;
                let took_us = took_us(now_us, self.current().submitted_us);
                self.settle(|token, recipient| Event::Accepted { token, recipient, reply, took_us });
            }
        } else if chunk && !spoiled && is_misunderstood(reply) {
            self.settle(|token, recipient| Event::Unsent { token, recipient });
            self.ring.pop();
            return self.bdat_broken();
        } else {
            self.suspect = chunk;
            self.refuse(now_us, Phase::Dot, reply);
        }
        self.ring.pop();
        if early {
            self.abort(CloseReason::EarlyReply);
        }
    }

    /// BDAT is not understood. What the server says from here on may answer text that it took for commands, so no
    /// more of it is believed.
    fn bdat_broken(&mut self) {
        self.learn(Lesson::TooFast { mode: Mode::Bdat });
        self.abort(CloseReason::BdatBroken);
    }

    fn let_out_recipient(&mut self, recipient: u16) {
        let end = self.ring.recipients[usize::from(recipient)].end;
        self.open_to = end;
        self.ring.expect(What::Rcpt, end);
    }

    /// The current message is over before its octets went out. A transaction that was begun is ended, so that the
    /// next MAIL is not one inside it.
    fn abandon(&mut self) {
        let current = *self.current();
        if current.begun {
            self.skip_to(current.body_end - RSET.len() as u64);
            self.out.overwrite(RSET);
            self.ring.expect(What::Rset, current.body_end);
        } else {
            self.skip_to(current.body_end);
        }
        self.open_to = current.body_end;
        self.ring.pop();
    }

    /// Leaves out what waits up to this place. All that was let out has gone, since it was answered.
    fn skip_to(&mut self, place: u64) {
        let waiting = place.saturating_sub(self.out.written());
        self.out.wrote(waiting as usize);
    }

    fn refuse(&mut self, now_us: u64, phase: Phase, reply: Reply) {
        let took_us = took_us(now_us, self.current().submitted_us);
        self.settle(|token, recipient| Event::Refused { token, recipient, phase, reply, took_us });
    }

    /// Tells of every recipient of the current message of which nothing final was told.
    #[inline]
    pub(super) fn settle(&mut self, event: impl Fn(u64, u16) -> Event) {
        let current = self.ring.transactions.front_mut().expect("its replies are waited for");
        current.open = 0;
        let (token, recipients) = (current.token, current.recipients);
        for at in 0..recipients {
            let recipient = &mut self.ring.recipients[usize::from(at)];
            if !std::mem::replace(&mut recipient.told, true) {
                self.events.push_back(event(token, at));
            }
        }
    }

    fn tell(&mut self, recipient: u16, event: Event) {
        self.ring.recipients[usize::from(recipient)].told = true;
        self.current().open -= 1;
        self.events.push_back(event);
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

/// A reply about the command and not about the message (RFC 5321 §4.2.2: 500 to 504).
fn is_misunderstood(reply: Reply) -> bool {
    (500..=504).contains(&reply.code)
}

pub(super) fn took_us(now_us: u64, submitted_us: u64) -> u32 {
    u32::try_from(now_us.saturating_sub(submitted_us)).unwrap_or(u32::MAX)
}
