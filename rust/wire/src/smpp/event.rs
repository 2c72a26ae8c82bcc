//! What the sessions tell their drivers.

use super::command::{BindMode, Command};
use super::fault::{CloseReason, ProtocolFault};
use super::receipt::{MessageId, Receipt};
use super::submit::SubmitSm;

/// The next thing to do for a session, in the order of this list.
#[derive(Debug)]
pub enum Output<'a, E = Event> {
    /// Something happened.
    Event(E),
    /// Bytes to write. They come again until `wrote` says that they are gone.
    Transmit(&'a [u8]),
    /// All is written: close the transport, then call `disconnected`.
    Close,
    /// Nothing to do before this time, or before something happens.
    Timeout(Option<u64>),
}

/// A request of the far end that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the far end waits for an answer"]
pub struct Reply {
    pub(crate) sequence: u32,
    pub(crate) response: Command,
}

/// What happened on an ESME session.
///
/// Each token handed in ends in exactly one of `Accepted`, `Rejected`, `Lost` and `Unsent`; a `TimedOut` may come
/// before any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The SMSC took the bind.
    Bound {
        /// Its name for itself.
        smsc: String,
        /// The version it speaks; 0x33 where it named none (SMPP 3.4 §3.4).
        version: u8,
    },
    /// The SMSC refused the bind; the session closes.
    BindRefused {
        /// Why.
        status: u32,
    },
    /// The SMSC took the message.
    Accepted {
        /// As handed in.
        token: u64,
        /// The SMSC's id for it; may be empty.
        id: MessageId,
        /// From submit to response.
        took_us: u32,
        /// After its `TimedOut`.
        late: bool,
    },
    /// The SMSC did not take the message.
    Rejected {
        /// As handed in.
        token: u64,
        /// Why.
        status: u32,
        /// From submit to response.
        took_us: u32,
        /// After its `TimedOut`.
        late: bool,
    },
    /// The SMSC told its load with a response (congestion_state, SMPP 5.0 §4.8.4.18); before that response's
    /// own event.
    Congestion {
        /// In percent; 80 to 90 is its best.
        load: u8,
    },
    /// No response in time. The SMSC may have the message, and may still say so; the slot is kept.
    TimedOut {
        /// As handed in.
        token: u64,
    },
    /// The session ended without a response. Some of its bytes were written, so the SMSC may have the message.
    Lost {
        /// As handed in.
        token: u64,
    },
    /// The session ended before any byte of the message was written: it cannot have been sent.
    Unsent {
        /// As handed in.
        token: u64,
    },
    /// What became of a message. To be answered when that is durable.
    Receipt {
        /// For [`Esme::answer`](super::Esme::answer).
        reply: Reply,
        /// What became of it.
        receipt: Receipt,
    },
    /// A message of a person. To be answered.
    Message {
        /// For [`Esme::answer`](super::Esme::answer).
        reply: Reply,
        /// Who it is from.
        source: String,
        /// Who it is for.
        destination: String,
    },
    /// The SMSC unbound, and was answered; the session closes.
    Unbound,
    /// The SMSC broke the protocol.
    Fault {
        /// How.
        what: ProtocolFault,
    },
    /// The last event of a session, after `disconnected`.
    Closed {
        /// Why it ended.
        why: CloseReason,
    },
}

/// What happened on an SMSC session.
///
/// Each token handed in ends in exactly one of `Answered` and `Unanswered`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmscEvent {
    /// An ESME wants to bind: accept or refuse it.
    Bind {
        /// For [`Smsc::accept`](super::Smsc::accept) or [`Smsc::refuse`](super::Smsc::refuse).
        reply: Reply,
        /// The account.
        system_id: String,
        /// Its secret.
        password: Password,
        /// What it wants to carry.
        mode: BindMode,
        /// The version it speaks.
        version: u8,
    },
    /// A message.
    Submit {
        /// For [`Smsc::respond`](super::Smsc::respond).
        reply: Reply,
        /// The message.
        submit: SubmitSm,
    },
    /// The ESME answered a deliver_sm.
    Answered {
        /// As handed in.
        token: u64,
        /// What it said.
        status: u32,
    },
    /// The ESME did not answer a deliver_sm in time, or before the session ended.
    Unanswered {
        /// As handed in.
        token: u64,
    },
    /// The ESME unbound, and was answered; the session closes.
    Unbound,
    /// The ESME broke the protocol.
    Fault {
        /// How.
        what: ProtocolFault,
    },
    /// The last event of a session, after `disconnected`.
    Closed {
        /// Why it ended.
        why: CloseReason,
    },
}

/// A secret as a peer sent it, which no output of `Debug` shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub(crate) String);

impl Password {
    /// The secret itself, for comparing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}
