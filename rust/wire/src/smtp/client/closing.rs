//! Time that passes, and every way in which a session ends.

use super::super::event::{Event, Phase};
use super::super::fault::CloseReason;
use super::super::learnt::Lesson;
use super::super::mode::Mode;
use super::super::reply::Reply;
use super::ring::{Expected, Released, What};
use super::transaction::took_us;
use super::{Client, Stage};

/// How long the reply to QUIT is waited for: nothing depends on it.
const QUIT_US: u64 = 5_000_000;

/// How long a reply to a whole message is waited for after its time. Longer than a stall of a disk; the message is
/// uncertain after that.
const LATE_GRACE_US: u64 = 5_000_000;

impl Client {
    /// Time has passed. Hand in what was read before: a reply that is here beats its time-out.
    pub fn handle_timeout(&mut self, now_us: u64) {
        if self.closing.is_some() {
            return;
        }
        match self.stage {
            Stage::Idle | Stage::Ended => return,
            Stage::Quitting { why, deadline_us } => {
                if deadline_us <= now_us {
                    self.abort(why);
                }
                return;
            }
            Stage::TlsPending if self.tls_deadline_us() <= now_us => {
                return self.abort(CloseReason::TimedOut { phase: Phase::StartTls });
            }
            _ => {}
        }
        self.look_at_transport(now_us);
        let waits = !self.outgoing().is_empty();
        self.slow |= waits;
        if waits && self.moved_us.saturating_add(self.config.timeouts.block_us) <= now_us {
            return self.abort(CloseReason::Stalled);
        }
        if let Some((first, deadline_us)) = self.reply_deadline()
            && deadline_us <= now_us
        {
            self.overdue(now_us, first);
        }
        self.step(now_us);
    }

    /// When to call [`Self::handle_timeout`]; `None` for not before something happens.
    pub fn poll_timeout(&self) -> Option<u64> {
        if self.closing.is_some() {
            return None;
        }
        match self.stage {
            Stage::Idle | Stage::Ended => return None,
            Stage::Quitting { deadline_us, .. } => return Some(deadline_us),
            Stage::TlsPending => return Some(self.tls_deadline_us()),
            Stage::Opening | Stage::Ready => {}
        }
        let block = (!self.outgoing().is_empty())
            .then(|| self.moved_us.saturating_add(self.config.timeouts.block_us));
        let reply = self.reply_deadline().map(|(_, deadline_us)| deadline_us);
        let quiet = self.leave_deadline();
        [block, reply, quiet].into_iter().flatten().min()
    }

    /// The transport is gone. Each message still held ends here, in the order of submission; then `Closed`.
    pub fn disconnected(&mut self, _now_us: u64) {
        if self.stage == Stage::Ended {
            return;
        }
        while let Some(&transaction) = self.ring.transactions.front() {
            let out = transaction.released == Released::Everything && !self.rest_unsent;
            let whole = out && transaction.body_end <= self.out.written();
            self.settle(|token, recipient| {
                if whole || transaction.doubtful {
                    Event::Lost { token, recipient }
                } else {
                    Event::Unsent { token, recipient }
                }
            });
            self.ring.pop();
        }
        let dropped = match self.stage {
            Stage::Quitting { why, .. } => why,
            _ if self.is_silent() => CloseReason::NotGreeted,
            _ => CloseReason::Dropped,
        };
        let why = self.closing.unwrap_or(dropped);
        if why == CloseReason::Dropped {
            self.note_punishment();
        }
        self.abort(why);
        self.stage = Stage::Ended;
        self.ring.expected.clear();
        self.events.push_back(Event::Closed { why });
    }

    /// The server says 421. It answers in order, so what stands behind has not been looked at (RFC 5321 §3.8).
    pub(super) fn service_closing(&mut self, first: Option<Expected>, reply: Reply) {
        if let Stage::Quitting { why, .. } = self.stage {
            return self.abort(why);
        }
        let greeting = first.is_some_and(|first| first.what == What::Greeting);
        self.note_punishment();
        if let Some(first) = first.filter(|first| first.end <= self.out.written()) {
            match first.what {
                What::Dot => {
                    let current = self.ring.transactions.front().expect("its replies are waited for");
                    let took_us = took_us(self.since_us, current.submitted_us);
                    let phase = Phase::Dot;
                    self.settle(|token, recipient| Event::Refused {
                        token,
                        recipient,
                        phase,
                        reply,
                        took_us,
                    });
                }
                What::Rset | What::Mail | What::Rcpt | What::Data if self.taken > 0 => {
                    self.learn(Lesson::EndedAfter { messages: self.taken });
                }
                _ => {}
            }
        }
        self.rest_unsent = true;
        self.abort(CloseReason::ServiceClosing { reply, taken: self.taken, greeting });
    }

    /// The server punishes the connection: if that can be for what it refused, it is.
    pub(super) fn note_punishment(&mut self) {
        if self.refusals.are_risked() {
            self.learn(Lesson::PunishesRefusals { refusals: self.refusals.in_a_row() });
        }
    }

    /// Takes no more messages. The first reason counts.
    pub(super) fn leave(&mut self, why: CloseReason) {
        self.leaving.get_or_insert(why);
    }

    /// Says QUIT: nothing is waited for but its reply.
    pub(super) fn depart(&mut self, now_us: u64, why: CloseReason) {
        self.say(now_us, What::Quit, "QUIT\r\n");
        self.stage = Stage::Quitting { why, deadline_us: now_us.saturating_add(QUIT_US) };
    }

    /// The reply to QUIT has come.
    pub(super) fn left(&mut self) {
        if let Stage::Quitting { why, .. } = self.stage {
            self.abort(why);
        }
    }

    /// Closes at once: nothing more is said or heard.
    pub(super) fn abort(&mut self, why: CloseReason) {
        self.closing.get_or_insert(why);
        self.out.discard();
        self.open_to = self.out.written();
    }

    /// Notes whether the transport moves.
    #[inline]
    pub(super) fn look_at_transport(&mut self, now_us: u64) {
        let written = self.out.written();
        if written != self.moved_to || self.outgoing().is_empty() {
            self.moved_to = written;
            self.moved_us = now_us;
        }
    }

    #[inline]
    pub(super) fn reason_to_leave(&self, now_us: u64) -> Option<CloseReason> {
        if self.begun >= self.cap {
            return Some(CloseReason::MessageCap);
        }
        let borne = self.config.learnt.refusals_per_connection;
        if self.refusals.tell_of_bad_addresses() || self.refusals.in_a_row() >= borne {
            return Some(CloseReason::ManyRefused);
        }
        if self.age_deadline().is_some_and(|deadline_us| deadline_us <= now_us) {
            return Some(CloseReason::Age);
        }
        (self.ring.is_empty() && self.idle_deadline_us() <= now_us).then_some(CloseReason::Idle)
    }

    fn leave_deadline(&self) -> Option<u64> {
        if self.stage != Stage::Ready || self.leaving.is_some() {
            return None;
        }
        let idle = self.ring.is_empty().then(|| self.idle_deadline_us());
        [self.age_deadline(), idle].into_iter().flatten().min()
    }

    fn age_deadline(&self) -> Option<u64> {
        self.config.connection_age_us.map(|age_us| self.connected_us.saturating_add(age_us))
    }

    fn idle_deadline_us(&self) -> u64 {
        self.since_us.saturating_add(self.config.timeouts.idle_us)
    }

    fn tls_deadline_us(&self) -> u64 {
        self.since_us.saturating_add(self.config.timeouts.command_us)
    }

    /// The first reply that can come, and until when it is waited for. As long as what it answers has not gone out
    /// whole, only the transport is judged.
    fn reply_deadline(&self) -> Option<(What, u64)> {
        let first = self.ring.expected.front().filter(|first| first.end <= self.out.written())?;
        let timeouts = &self.config.timeouts;
        let wait_us = match first.what {
            What::Greeting => timeouts.greeting_us,
            What::Ehlo | What::Helo | What::StartTls | What::Auth(_) | What::Rset => timeouts.command_us,
            What::Mail => timeouts.mail_us,
            What::Rcpt => timeouts.rcpt_us,
            What::Data => timeouts.data_us,
            What::Dot => timeouts.dot_us,
            What::Quit => QUIT_US,
        };
        let deadline_us = self.since_us.saturating_add(wait_us);
        Some((first.what, self.late_until_us.unwrap_or(deadline_us)))
    }

    fn overdue(&mut self, now_us: u64, what: What) {
        if std::mem::take(&mut self.slow) && self.late_until_us.is_none() {
            self.since_us = now_us;
            return;
        }
        let phase = what.phase();
        let why = CloseReason::TimedOut { phase };
        if what != What::Dot {
            return self.abort(why);
        }
        if self.late_until_us.is_none() {
            self.late_until_us = Some(now_us.saturating_add(LATE_GRACE_US));
            self.leave(why);
            self.tell_timed_out();
            return;
        }
        if self.ring.transactions.front().is_some_and(|current| current.chunk) {
            self.learn(Lesson::TooFast { mode: Mode::Bdat });
        }
        self.abort(why);
    }

    fn tell_timed_out(&mut self) {
        let Some(&current) = self.ring.transactions.front() else { return };
        let recipients = (0..current.recipients).zip(&self.ring.recipients);
        for (recipient, _) in recipients.filter(|(_, held)| !held.told) {
            self.events.push_back(Event::TimedOut { token: current.token, recipient });
        }
    }
}
