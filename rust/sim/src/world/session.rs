//! A session of either protocol, as the driver sees it.

use bealert_core::dispatch::Dispatcher;

use super::Log;
use super::far_end::FarEnd;
use super::fuse::{Crash, Fuse};
use super::line::Line;
use super::mail::{Change, MailSession};
use super::plant::Plant;
use super::relay::Desk;
use super::sms::SmsSession;
use crate::chance::Chance;

/// A session.
#[derive(Debug)]
pub(super) enum Session {
    Sms(Box<SmsSession>),
    Mail(MailSession),
}

/// What a session works with.
pub(super) struct Hands<'a> {
    pub(super) now_us: u64,
    pub(super) dispatcher: &'a mut Dispatcher,
    pub(super) far_end: &'a mut FarEnd,
    pub(super) fuse: &'a mut Fuse,
    pub(super) chance: &'a mut Chance,
    pub(super) log: &'a mut Log,
    pub(super) plant: Option<Plant>,
    /// What the connections of a relay have in common.
    pub(super) desk: &'a mut Option<Desk>,
}

impl Session {
    pub(super) fn poll(&mut self, hands: &mut Hands<'_>) -> Result<(), Crash> {
        match self {
            Self::Sms(session) => session.poll(hands),
            Self::Mail(session) => session.poll(hands),
        }
    }

    pub(super) fn flush(&mut self, hands: &mut Hands<'_>) -> Result<(), Crash> {
        match self {
            Self::Sms(session) => session.flush(hands),
            Self::Mail(session) => session.flush(hands),
        }
    }

    pub(super) fn reset(&mut self, hands: &mut Hands<'_>, kept: usize) -> Result<(), Crash> {
        match self {
            Self::Sms(session) => session.reset(hands, kept),
            Self::Mail(session) => session.reset(hands, kept),
        }
    }

    pub(super) fn die(self, now_us: u64, far_end: &mut FarEnd, kept: usize) {
        match self {
            Self::Sms(session) => session.die(now_us, far_end, kept),
            Self::Mail(session) => session.die(now_us, far_end, kept),
        }
    }

    pub(super) fn close(&mut self, now_us: u64) {
        match self {
            Self::Sms(session) => session.close(now_us),
            Self::Mail(session) => session.close(now_us),
        }
    }

    /// Answers a receipt that came over it; none comes over a connection for mail.
    pub(super) fn answer(&mut self, now_us: u64, name: u64, ok: bool) {
        if let Self::Sms(session) = self {
            session.answer(now_us, name, ok);
        }
    }

    pub(super) fn room(&self) -> u32 {
        match self {
            Self::Sms(session) => session.room(),
            Self::Mail(session) => session.room(),
        }
    }

    pub(super) fn timeout(&self) -> Option<u64> {
        match self {
            Self::Sms(session) => session.timeout(),
            Self::Mail(session) => session.timeout(),
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        match self {
            Self::Sms(session) => session.has_ended(),
            Self::Mail(session) => session.has_ended(),
        }
    }

    pub(super) fn line(&mut self) -> Option<&mut Line> {
        match self {
            Self::Sms(session) => session.line(),
            Self::Mail(session) => session.line(),
        }
    }

    pub(super) fn mail(&mut self) -> Option<&mut MailSession> {
        match self {
            Self::Mail(session) => Some(session),
            Self::Sms(_) => None,
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(self, Self::Mail(session) if session.ready)
    }

    pub(super) fn rests(&self) -> bool {
        matches!(self, Self::Mail(session) if session.rests())
    }

    pub(super) fn take_worked(&mut self) -> bool {
        self.mail().is_some_and(MailSession::take_worked)
    }

    pub(super) fn take_change(&mut self) -> Option<Change> {
        self.mail().and_then(MailSession::take_change)
    }
}
