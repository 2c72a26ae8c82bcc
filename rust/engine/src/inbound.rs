//! Receipts of e-mail on their way in: what other people's mail systems report comes to the return path of a letter,
//! whose host hands it to us over LMTP or SMTP, or puts it into a Maildir.
//!
//! A report is taken for good once the commit that holds it is done, and not before: until then its sender has no
//! reply to it, or its file stays in `new`. What is not taken is brought again, and a report that comes twice
//! changes nothing.

mod carrier;
mod letterbox;
mod listener;
mod maildir;

use std::sync::Arc;
use std::task::Context;

use crate::config::BouncesConfig;
use crate::fork::Descriptors;
use crate::mail::Verp;
use crate::session::Pass;
pub(crate) use letterbox::Counts;
use listener::Listener;
use maildir::Reader;

/// Where receipts of e-mail come in.
pub(crate) enum Inbound {
    /// Somebody connects and hands them over.
    Listener(Listener),
    /// Somebody writes them to files.
    Maildir(Reader),
}

impl Inbound {
    /// Listens, or begins to read.
    ///
    /// # Errors
    /// What cannot be had, in words that name the key.
    pub(crate) fn open(
        config: &BouncesConfig,
        hash_key: (u64, u64),
        descriptors: &Arc<Descriptors>,
    ) -> Result<Self, String> {
        let verp = Verp::new(hash_key);
        match config {
            BouncesConfig::Listen(config) => {
                let listener = Listener::bind(config, verp, descriptors);
                listener
                    .map(Self::Listener)
                    .map_err(|error| format!("bounces.listen {:?}: {error}", config.listen))
            }
            BouncesConfig::Maildir(config) => {
                let reader = Reader::start(&config.maildir, verp);
                reader
                    .map(Self::Maildir)
                    .map_err(|error| format!("bounces.maildir {:?}: {error}", config.maildir))
            }
        }
    }

    /// Takes what there is, and tells the dispatcher. Gives whether there may be more at once.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) -> bool {
        match self {
            Self::Listener(listener) => listener.poll(cx, pass),
            Self::Maildir(reader) => reader.poll(cx, pass),
        }
    }

    /// A receipt is durable, or could not be taken for now: what [`bealert_core::dispatch::Action::Reply`] says with
    /// [`bealert_core::model::GatewayId::NONE`].
    pub(crate) fn answer(&mut self, now_us: u64, bearer: u16, reply: u64, ok: bool) {
        match self {
            Self::Listener(listener) => listener.answer(now_us, bearer, reply, ok),
            Self::Maildir(reader) => reader.answer(reply, ok),
        }
    }

    /// Writes what waits. Gives whether it told the dispatcher something.
    pub(crate) fn flush(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) -> bool {
        match self {
            Self::Listener(listener) => listener.flush(cx, pass),
            Self::Maildir(_) => false,
        }
    }

    /// The next time at which [`Self::poll`] has something to do.
    pub(crate) fn timeout(&self) -> Option<u64> {
        match self {
            Self::Listener(listener) => listener.timeout(),
            // its thread wakes the loop
            Self::Maildir(_) => None,
        }
    }

    /// Takes no more. What waits for a commit still gets its answer.
    pub(crate) fn close(&mut self, now_us: u64) {
        match self {
            Self::Listener(listener) => listener.close(now_us),
            Self::Maildir(reader) => reader.close(),
        }
    }

    /// What came, for metrics.
    pub(crate) fn counts(&self) -> Counts {
        match self {
            Self::Listener(listener) => listener.counts,
            Self::Maildir(reader) => reader.counts,
        }
    }
}
