//! One session of any protocol, as a gateway has them.

use std::task::Context;

use bealert_core::dispatch::Handout;

use super::smpp::SmppSession;
use super::smtp::SmtpSession;
use super::{Change, Greeting, NotSent, Pass};
use crate::r#loop::store::Store;
use crate::metrics::ResponseTimes;

/// A session by its protocol: one branch that a processor foresees, and no pointer to follow.
pub(crate) enum Session {
    Smpp(SmppSession),
    Smtp(SmtpSession),
}

/// The same call on the session, whatever it speaks.
macro_rules! on {
    ($self:expr, $session:ident => $call:expr) => {
        match $self {
            Session::Smpp($session) => $call,
            Session::Smtp($session) => $call,
        }
    };
}

impl Session {
    /// Reads what there is and tells the dispatcher; gives whether more may be waiting.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) -> bool {
        on!(self, session => session.poll(cx, pass))
    }

    /// Messages it takes now.
    #[inline]
    pub(crate) fn room(&self) -> u32 {
        on!(self, session => session.room())
    }

    /// Whether there would be room if what is there already were written.
    pub(crate) fn has_more_room(&self) -> bool {
        on!(self, session => session.has_more_room())
    }

    /// Takes one message; it is written by [`Session::flush`].
    #[inline]
    pub(crate) fn send(
        &mut self,
        pass: &mut Pass<'_>,
        store: &mut Store,
        handout: &Handout,
    ) -> Result<(), NotSent> {
        on!(self, session => session.send(pass, store, handout))
    }

    /// Answers a receipt that the dispatcher has kept, or can't keep for now (`ok` is false).
    pub(crate) fn answer(&mut self, now_us: u64, name: u64, ok: bool) {
        on!(self, session => session.answer(now_us, name, ok));
    }

    /// Writes what waits, and closes where that is due.
    pub(crate) fn flush(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) {
        on!(self, session => session.flush(cx, pass));
    }

    /// The next time at which [`Session::poll`] has something to do.
    pub(crate) fn timeout(&self) -> Option<u64> {
        on!(self, session => session.timeout())
    }

    /// What went up or down since the last call.
    pub(crate) fn take_change(&mut self) -> Option<Change> {
        on!(self, session => session.take_change())
    }

    /// Ends the session in order: no more messages, what is under way is answered.
    pub(crate) fn close(&mut self, now_us: u64) {
        on!(self, session => session.close(now_us));
    }

    /// Ends the session now; what is not answered stays uncertain.
    pub(crate) fn drop_now(&mut self, pass: &mut Pass<'_>) {
        on!(self, session => session.drop_now(pass));
    }

    /// Whether a close has come to its end.
    pub(crate) fn has_ended(&self) -> bool {
        on!(self, session => session.has_ended())
    }

    /// What the far end said of itself, while it can be sent to.
    pub(crate) fn greeting(&self) -> Option<&Greeting> {
        on!(self, session => session.greeting())
    }

    /// How long the far end took to answer.
    pub(crate) fn times(&self) -> &ResponseTimes {
        on!(self, session => session.times())
    }

    /// Messages waiting for an answer.
    pub(crate) fn in_flight(&self) -> u32 {
        on!(self, session => session.in_flight())
    }

    /// Whether it has no connection, and could have one as soon as there is work.
    pub(crate) fn rests(&self) -> bool {
        matches!(self, Session::Smtp(session) if session.rests())
    }

    /// Makes the connection of a session that rests.
    pub(crate) fn open(&mut self, now_us: u64) {
        if let Session::Smtp(session) = self {
            session.open(now_us);
        }
    }

    /// Whether it is to be polled before the loop may wait: a connection that was begun in this pass.
    pub(crate) fn is_fresh(&self) -> bool {
        matches!(self, Session::Smtp(session) if session.is_fresh())
    }

    /// Whether its connection has shown since the last call that the far end works.
    pub(crate) fn take_worked(&mut self) -> bool {
        match self {
            Session::Smpp(_) => false,
            Session::Smtp(session) => session.take_worked(),
        }
    }

    /// For tests: panics when it is polled next.
    pub(crate) fn inject(&mut self) {
        on!(self, session => session.panics = true);
    }
}
