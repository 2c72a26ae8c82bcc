//! What the server says, matched to what was asked.

use super::super::event::{Event, Phase};
use super::super::fault::{CloseReason, ProtocolFault};
use super::super::learnt::Lesson;
use super::super::reply::Reply;
use super::refusals::PUNISHED_US;
use super::ring::What;
use super::{Client, Stage};

/// The code with which a server ends a connection, whatever was asked (RFC 5321 §3.8).
const SERVICE_CLOSING: u16 = 421;

impl Client {
    /// What one read returned, cut anywhere; inside TLS what was decrypted.
    pub fn receive(&mut self, now_us: u64, mut bytes: &[u8]) {
        self.look_at_transport(now_us);
        while self.closing.is_none() && !matches!(self.stage, Stage::Idle | Stage::Ended) {
            if self.stage == Stage::TlsPending {
                if !bytes.is_empty() || self.replies.is_partial() {
                    self.replies.clear();
                    if !std::mem::replace(&mut self.plain_told, true) {
                        self.fault(ProtocolFault::PlainText);
                    }
                }
                return;
            }
            let first = self.ring.expected.front().copied();
            if let Some(first) = first.filter(|first| first.end <= self.out.written())
                && let Some(digit) = first.what.plain()
                && self.replies.next_plain(&mut bytes, digit)
            {
                self.answered(now_us, first.what);
                self.take_plain(first);
                continue;
            }
            let hello = first.is_some_and(|first| first.what == What::Ehlo);
            let lines = &mut self.hello;
            let next = self.replies.next(&mut bytes, |line| {
                if hello {
                    lines.line(line);
                }
            });
            match next {
                Ok(Some(reply)) => self.take(now_us, reply),
                Ok(None) => break,
                Err(problem) => {
                    self.fault(ProtocolFault::Unreadable(problem));
                    self.abort(CloseReason::Violation);
                }
            }
        }
        self.step(now_us);
    }

    /// One reply: to the first thing that was asked and not answered.
    #[inline]
    fn take(&mut self, now_us: u64, reply: Reply) {
        let first = self.ring.expected.front().copied();
        if reply.code == SERVICE_CLOSING {
            return self.service_closing(first, reply);
        }
        let Some(first) = first.filter(|first| first.end <= self.out.written() || first.what == What::Dot)
        else {
            if self.suspect {
                return self.bdat_broken();
            }
            self.fault(ProtocolFault::Unexpected(reply));
            return self.abort(CloseReason::Violation);
        };
        self.answered(now_us, first.what);
        let nobody = self.ring.transactions.front().is_some_and(|current| current.spoiled);
        self.refusals.reply(&reply, nobody && matches!(first.what, What::Data | What::Dot));
        match first.what {
            What::Greeting => self.take_greeting(now_us, reply),
            What::Ehlo => self.take_ehlo(now_us, reply),
            What::Helo => self.take_helo(now_us, reply),
            What::StartTls => self.take_starttls(now_us, reply),
            What::Auth(prompt) => self.take_auth(now_us, prompt, reply),
            What::Mail => self.take_mail(now_us, reply),
            What::Rcpt => self.take_rcpt(now_us, reply),
            What::Data => self.take_data(now_us, reply),
            What::Dot => self.take_dot(now_us, reply, first.end),
            What::Rset => self.take_rset(reply, first.end),
            What::Quit => self.left(),
        }
    }

    /// The first thing that was asked is answered: the next one is waited for from now on.
    #[inline]
    fn answered(&mut self, now_us: u64, what: What) {
        // The time for a whole message is its own.
        if self.refusals.are_risked() && what != What::Dot && now_us >= self.since_us + PUNISHED_US {
            self.note_punishment();
            self.leave(CloseReason::ManyRefused);
        }
        self.ring.expected.pop_front();
        self.since_us = now_us;
        self.slow = false;
    }

    /// Notes what the relay has taught. A rung that failed is left at once.
    pub(super) fn learn(&mut self, lesson: Lesson) {
        if let Lesson::TooFast { mode } = lesson {
            if self.mode < mode {
                return;
            }
            self.mode = mode.below();
        }
        self.config.learnt.take(lesson);
        self.events.push_back(Event::Learnt(lesson));
    }

    fn fault(&mut self, what: ProtocolFault) {
        self.events.push_back(Event::Fault { what });
    }

    /// A reply that cannot answer this: from here on none can be trusted to answer what it seems to.
    pub(super) fn out_of_step(&mut self, phase: Phase, reply: Reply) {
        self.fault(ProtocolFault::OutOfStep { phase, reply });
        self.abort(CloseReason::Violation);
    }
}
