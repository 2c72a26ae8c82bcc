//! Connections to far ends: a driver per protocol around its pure session.
//!
//! A session belongs to the loop. It reads, tells the dispatcher what it hears, takes messages while
//! it has room, and writes at the end of a pass: no channel, lock or task lies between them.

pub(crate) mod accepted;
mod any;
pub(crate) mod far_end;
mod line;
pub(crate) mod smpp;
pub(crate) mod smtp;
pub(crate) mod stream;
pub(crate) mod tcp;
pub(crate) mod tls;

use bealert_core::dispatch::Dispatcher;

use crate::log::Log;

pub(crate) use any::Session;

/// Bytes one session may leave in a pass before the others have their turn.
pub(crate) const PASS_BYTES: usize = 64 * 1024;

/// Messages one session may take in a pass before the others have their turn.
pub(crate) const PASS_MESSAGES: usize = 256;

/// What a session works with during a pass of the loop.
pub(crate) struct Pass<'a> {
    /// The time of this pass.
    pub(crate) now_us: u64,
    /// The same by the clock that campaigns expire by.
    pub(crate) wall_ms: i64,
    /// Whom to tell what was heard.
    pub(crate) dispatcher: &'a mut Dispatcher,
    /// For the host.
    pub(crate) log: &'a Log,
    /// One read of any session fits it.
    pub(crate) buffer: &'a mut [u8],
}

/// A session went up or down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// It can send.
    Up,
    /// It can't, or not any more.
    Down {
        /// For people.
        why: String,
        /// Trying again soon would change nothing.
        fatal: bool,
    },
    /// Its connection has ended in order, and another is made when there is work.
    Rested,
    /// Its connection was lost after it had worked, which says nothing of the next one.
    Lost {
        /// For people.
        why: String,
    },
    /// Encryption that the far end offers does not work, and the next connections do without.
    InPlain {
        /// For people.
        why: String,
    },
    /// The far end wants no more connections than there are.
    Crowded {
        /// For people.
        why: String,
    },
}

/// Why a session did not take a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotSent {
    /// It has no room after all: the message goes another way.
    NoRoom,
    /// The message can't be sent over this protocol at all.
    Never(String),
    /// Its campaign can't go through this gateway as it is configured: nothing that its people could help.
    Unfit(String),
}

/// What a far end said of itself when the session came up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Greeting {
    /// Its name for itself.
    pub(crate) name: String,
    /// The version of SMPP it speaks.
    pub(crate) version: Option<u8>,
    /// From the first octet to its being ready.
    pub(crate) round_trip_us: u64,
    /// What a mail relay offers.
    pub(crate) offer: Option<smtp::Offer>,
}
