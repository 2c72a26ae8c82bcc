//! What each reply means for the message it is about, and what became of each recipient.

use super::super::body::DOT;
use super::super::event::{Event, Phase};
use super::super::fault::CloseReason;
use super::super::learnt::Lesson;
use super::super::mode::Mode;
use super::super::reply::Reply;
use super::Client;
use super::ring::{Expected, Released, Transaction, What};

/// What ends a transaction of which nothing is to come (RFC 5321 §4.1.1.5). It takes the place of the end of the
/// message that is not sent; so does [`DOT`].
pub(super) const RSET: &[u8] = b"RSET\r\n";

/// Bad sequence of commands: what a server says that does not follow when commands come before its replies.
const BAD_SEQUENCE: u16 = 503;

impl Client {
    /// The message whose replies are coming in.
    fn current(&mut self) -> &mut Transaction {
        self.ring.transactions.front_mut().expect("its replies are waited for")
    }

    /// What was hoped for: nothing but its code is of interest.
    #[inline]
    pub(super) fn take_plain(&mut self, first: Expected) {
        match first.what {
            What::Mail => self.sender_taken(),
            What::Rcpt => self.recipient_taken(),
            What::Data => self.message_wanted(),
            _ => self.was_reset(first.end),
        }
    }

    /// In step; where commands go one by one, MAIL is the next.
    fn was_reset(&mut self, end: u64) {
        self.suspect = false;
        if let Some(&current) = self.ring.transactions.front()
            && current.stepwise
            && current.rset_end == Some(end)
        {
            self.open_to = current.mail_end;
            self.ring.expect(What::Mail, current.mail_end);
        }
    }

    /// The reply to a RSET that ends here. A server that does not know RSET where it should have read on behind a chunk
    /// answers the text of that chunk.
    #[inline]
    pub(super) fn take_rset(&mut self, reply: Reply, end: u64) {
        if reply.is_positive() {
            return self.was_reset(end);
        }
        let suspect = std::mem::take(&mut self.suspect);
        match self.ring.transactions.front().filter(|current| current.rset_end == Some(end)) {
            // Not before it has answered the chunk; it will say the same to what follows.
            Some(current) if !suspect && !current.stepwise && reply.code == BAD_SEQUENCE => {
                self.learn(Lesson::TooFast { mode: Mode::Bdat });
            }
            Some(_) => self.bdat_broken(),
            None => self.out_of_step(Phase::Rset, reply),
        }
    }

    #[inline]
    fn sender_taken(&mut self) {
        let current = self.current();
        current.begun = true;
        if current.stepwise {
            self.let_out_recipient(0);
        }
    }

    #[inline]
    pub(super) fn take_mail(&mut self, now_us: u64, reply: Reply) {
        if reply.is_positive() {
            return self.sender_taken();
        }
        if reply.is_intermediate() {
            return self.out_of_step(Phase::Mail, reply);
        }
        let current = self.current();
        current.spoiled = true;
        let stepwise = current.stepwise;
        let too_fast = match *current {
            Transaction { chunk: true, joined: true, .. } => Some(Mode::Bdat),
            Transaction { joined: true, .. } => Some(Mode::Joined),
            Transaction { rset_end: Some(_), stepwise: false, .. } => Some(Mode::Pipelined),
            _ => None,
        };
        if let (Some(mode), BAD_SEQUENCE) = (too_fast, reply.code) {
            // Offers PIPELINING, and yet takes no command before it has answered what is ahead.
            self.learn(Lesson::TooFast { mode });
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
        if reply.is_positive() {
            return self.recipient_taken();
        }
        let current = self.current();
        if !current.spoiled {
            let recipient = current.answered;
            self.refuse_recipient(now_us, recipient, reply);
        }
        self.recipient_answered();
    }

    #[inline]
    fn recipient_taken(&mut self) {
        self.current().accepted += 1;
        self.recipient_answered();
    }

    #[inline]
    fn recipient_answered(&mut self) {
        let current = self.current();
        current.answered += 1;
        let (answered, all) = (current.answered, current.answered == current.recipients);
        current.spoiled |= all && current.accepted == 0;
        if !current.stepwise {
            return;
        }
        match (all, current.spoiled) {
            (false, _) => self.let_out_recipient(answered),
            (true, true) => self.abandon(),
            (true, false) => {
                let end = self.current().data_end;
                self.open_to = end;
                self.ring.expect(What::Data, end);
            }
        }
    }

    fn refuse_recipient(&mut self, now_us: u64, recipient: u16, reply: Reply) {
        let current = *self.current();
        let token = current.token;
        let event = if current.accepted == 0 && self.is_haste(reply) {
            Event::Unsent { token, recipient }
        } else if matches!(reply.code, 452 | 552) && current.accepted > 0 {
            // Too many for one transaction: those that are left go with another (RFC 5321 §4.5.3.1.10).
            Event::Unsent { token, recipient }
        } else {
            self.refusals.recipient(&reply);
            let took_us = took_us(now_us, current.submitted_us);
            Event::Refused { token, recipient, phase: Phase::Rcpt, reply, took_us }
        };
        self.tell(recipient, event);
    }

    /// Whether a command was refused for coming before the reply to the one ahead of it. A server that says the same
    /// to commands that did wait means something else by it, such as a login that it wants.
    fn is_haste(&mut self, reply: Reply) -> bool {
        let learnt = self.config.learnt;
        if reply.code != BAD_SEQUENCE || learnt.bears >= Mode::Pipelined {
            return false;
        }
        let current = self.current();
        if !current.stepwise {
            let mode = if current.chunk { Mode::Bdat } else { Mode::Pipelined };
            self.learn(Lesson::TooFast { mode });
            return true;
        }
        if learnt.ceiling == Mode::Lockstep && self.extensions.pipelining {
            self.learn(Lesson::Bears { mode: Mode::Pipelined });
        }
        false
    }

    #[inline]
    pub(super) fn take_data(&mut self, now_us: u64, reply: Reply) {
        if reply.is_positive() {
            return self.out_of_step(Phase::Data, reply);
        }
        if reply.is_intermediate() {
            return self.message_wanted();
        }
        let current = self.current();
        // After a refusal of every recipient this is no second one.
        if !current.spoiled {
            if self.is_haste(reply) {
                self.settle(|token, recipient| Event::Unsent { token, recipient });
            } else {
                self.refuse(now_us, Phase::Data, reply);
            }
        }
        self.abandon();
    }

    #[inline]
    fn message_wanted(&mut self) {
        let current = self.current();
        if current.spoiled && current.accepted > 0 {
            // It refused the sender, and yet it has somebody to send to: whatever it got now would reach them.
            return self.abort(CloseReason::Violation);
        }
        current.released = Released::Everything;
        let (end, spoiled) = (current.body_end, current.spoiled);
        if spoiled {
            // It waits for a message for nobody: only the dot (RFC 2920 §3.1).
            self.skip_to(end - DOT.len() as u64);
        }
        self.open_to = end;
        self.ring.expect(What::Dot, end);
    }

    #[inline]
    pub(super) fn take_dot(&mut self, now_us: u64, reply: Reply, end: u64) {
        self.late_until_us = None;
        let early = end > self.out.written();
        let current = self.current();
        let (chunk, spoiled) = (current.chunk, current.spoiled);
        if reply.is_intermediate() || (early && reply.is_positive()) {
            current.doubtful = reply.is_positive();
            return self.out_of_step(Phase::Dot, reply);
        }
        if reply.is_positive() {
            if !spoiled {
                self.taken += 1;
                self.refusals.taken();
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
    pub(super) fn bdat_broken(&mut self) {
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

/// A reply about the command and not about the message (RFC 5321 §4.2.2: 500 to 504).
fn is_misunderstood(reply: Reply) -> bool {
    (500..=504).contains(&reply.code)
}

pub(super) fn took_us(now_us: u64, submitted_us: u64) -> u32 {
    u32::try_from(now_us.saturating_sub(submitted_us)).unwrap_or(u32::MAX)
}
