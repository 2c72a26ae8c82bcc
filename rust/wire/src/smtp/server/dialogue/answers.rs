//! What the owner answers, and what follows of it.

use super::{Asked, Dialogue, Phase};
use crate::smtp::server::auth::token_refusal;
use crate::smtp::server::config::Protocol;
use crate::smtp::server::content::Unstuffer;
use crate::smtp::server::event::{Hello, ServerClosed};
use crate::smtp::server::transaction::Transaction;
use crate::smtp::{AuthMechanisms, EnhancedCode, Reply};

impl Dialogue {
    /// Yes. `end` is the place in the stream up to which octets came.
    #[inline]
    pub(in crate::smtp::server) fn accept(&mut self, now_us: u64, end: u64) {
        let Some(asked) = self.asked.take() else { return };
        match asked {
            Asked::Mail { .. } => self.say((250, "2.1.0", "Ok")),
            Asked::Rcpt => self.say((250, "2.1.5", "Ok")),
            Asked::Data => self.say_plain("354 End data with <CR><LF>.<CR><LF>"),
            Asked::Complete { .. } => self.say((250, "2.0.0", "Ok")),
            Asked::StartTls => self.say((220, "2.0.0", "Go ahead")),
            Asked::Credentials(_) => self.say((235, "2.7.0", "Authentication successful")),
            Asked::Connected => {
                let protocol = if self.config.protocol == Protocol::Lmtp { "LMTP" } else { "ESMTP" };
                let line = format!("220 {} {protocol}", self.config.name);
                self.say_plain(&line);
            }
            Asked::Hello(how) => self.say_hello(how),
        }
        self.follow(now_us, asked, end);
    }

    pub(in crate::smtp::server) fn answer(&mut self, now_us: u64, reply: &Reply, end: u64) {
        let Some(asked) = self.asked.take() else { return };
        let refused = reply.code >= 400;
        if let Asked::Credentials(mechanism) = asked
            && refused
            && reply.code != 421
            && let Some(told) = token_refusal(mechanism)
        {
            // it is told why first, and says nothing to it; then it is refused (RFC 7628 §3.2.3)
            self.say_plain(told);
            (self.exchange, self.phase) = (None, Phase::Refusal(*reply));
            return;
        }
        match asked {
            // these have no enhanced codes (RFC 2034 §4), but a refusal often does
            Asked::Connected | Asked::Hello(_) => reply.write(self.outbox.buffer()),
            _ => self.write(reply),
        }
        self.conclude(now_us, asked, reply, end);
    }

    pub(in crate::smtp::server) fn answer_with_octets(
        &mut self,
        now_us: u64,
        reply: &Reply,
        octets: &[u8],
        end: u64,
    ) {
        let Some(asked) = self.asked.take() else { return };
        self.outbox.buffer().extend_from_slice(octets);
        self.conclude(now_us, asked, reply, end);
    }

    pub(in crate::smtp::server) fn hang_up(&mut self, now_us: u64, reply: &Reply) {
        if self.closing.is_some() || matches!(self.phase, Phase::Idle | Phase::Ended) {
            return;
        }
        self.heard_us = now_us;
        self.asked = None;
        self.write(reply);
        self.close(ServerClosed::HungUp);
    }

    /// Writes a reply with an enhanced code where those are offered, and without where they are not.
    pub(super) fn write(&mut self, reply: &Reply) {
        let class = (reply.code / 100) as u8;
        let enhanced = match self.offers_enhanced() {
            true if matches!(class, 2 | 4 | 5) => reply.enhanced.or(Some(EnhancedCode(class, 0, 0))),
            _ => None,
        };
        Reply { enhanced, ..*reply }.write(self.outbox.buffer());
    }

    fn conclude(&mut self, now_us: u64, asked: Asked, reply: &Reply, end: u64) {
        if reply.code < 400 {
            return self.follow(now_us, asked, end);
        }
        self.heard_us = now_us;
        self.exchange = None;
        match asked {
            Asked::Connected => self.refused = true,
            Asked::Complete { recipient } => self.completed(recipient, end),
            _ => {}
        }
        if reply.code == 421 {
            self.close(ServerClosed::HungUp);
        }
    }

    /// What follows of a yes.
    #[inline]
    fn follow(&mut self, now_us: u64, asked: Asked, end: u64) {
        self.heard_us = now_us;
        match asked {
            Asked::Connected => {}
            Asked::Hello(how) => {
                // a new greeting ends what was begun (RFC 5321 §4.1.4)
                self.abandon();
                self.hello = Some(how);
            }
            Asked::StartTls => self.phase = Phase::StartingTls,
            Asked::Credentials(_) => (self.authenticated, self.exchange) = (true, None),
            Asked::Mail { utf8 } => self.transaction = Transaction::begin(utf8),
            Asked::Rcpt => self.transaction.recipients += 1,
            Asked::Data => self.phase = Phase::Data(Unstuffer::new()),
            Asked::Complete { recipient } => self.completed(recipient, end),
        }
    }

    #[inline]
    fn completed(&mut self, recipient: u32, end: u64) {
        let next = recipient + 1;
        if self.is_lmtp() && next < self.transaction.recipients {
            self.phase = Phase::Completing { recipient: next };
            return;
        }
        self.phase = Phase::Commands;
        let chunked = self.transaction.chunked;
        self.transaction.end();
        if self.config.quirks.refuses_joined && !chunked {
            self.stale_until = end;
        }
    }

    fn say_hello(&mut self, how: Hello) {
        let greeting = Reply::new(250, None, &self.config.name);
        if how == Hello::Helo {
            return greeting.write(self.outbox.buffer());
        }
        let mut offered = self.config.extensions;
        offered.starttls &= !self.encrypted;
        if !self.encrypted && !self.config.auth_in_plain {
            offered.auth = AuthMechanisms::default();
        }
        let lines = offered.lines();
        let lines = std::iter::once(greeting.text.as_bytes()).chain(lines.iter().map(|line| line.as_bytes()));
        greeting.write_lines(self.outbox.buffer(), lines);
    }
}
