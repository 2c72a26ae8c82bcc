//! What a client tells its driver.

use super::ehlo::Extensions;
use super::fault::{CloseReason, ProtocolFault};
use super::learnt::Lesson;
use super::mode::Mode;
use super::reply::Reply;

/// What happened on a client session.
///
/// Each recipient of each message handed in ends in exactly one of `Accepted`, `Refused`, `Lost` and `Unsent`; a
/// `TimedOut` may come before any of them. `recipient` is its place in the envelope: 0 where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The server takes messages.
    Ready(Box<Ready>),
    /// The server has taken the message.
    Accepted {
        /// As handed in.
        token: u64,
        /// Its place in the envelope.
        recipient: u16,
        /// What it said; mostly its queue id.
        reply: Reply,
        /// From submit to reply.
        took_us: u32,
    },
    /// The server has not taken the message.
    Refused {
        /// As handed in.
        token: u64,
        /// Its place in the envelope.
        recipient: u16,
        /// What it refused.
        phase: Phase,
        /// Why.
        reply: Reply,
        /// From submit to reply.
        took_us: u32,
    },
    /// No reply to the whole message in time. The server may have it, and may still say so.
    TimedOut {
        /// As handed in.
        token: u64,
        /// Its place in the envelope.
        recipient: u16,
    },
    /// The session ended without a reply to the whole message: the server may have it (RFC 5321 §6.1, RFC 1047).
    Lost {
        /// As handed in.
        token: u64,
        /// Its place in the envelope.
        recipient: u16,
    },
    /// The server cannot have taken the message: its end was not written, or was never to be.
    Unsent {
        /// As handed in.
        token: u64,
        /// Its place in the envelope.
        recipient: u16,
    },
    /// The server does not take the account; the session closes. 4yz may pass, 5yz will not.
    AuthRefused {
        /// Why.
        reply: Reply,
    },
    /// TLS is required and cannot be had; the session closes.
    TlsRefused {
        /// Why; `None` where it is not offered at all.
        reply: Option<Reply>,
    },
    /// Something to know for the next connection: for [`Learnt::take`](super::Learnt::take).
    Learnt(Lesson),
    /// The server broke the protocol.
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

/// What is known of a server that takes messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// Its greeting.
    pub greeting: Reply,
    /// What it offers, inside TLS where there is TLS.
    pub extensions: Extensions,
    /// It did not know EHLO.
    pub helo: bool,
    /// The connection is encrypted.
    pub tls: bool,
    /// It knows who we are.
    pub authenticated: bool,
    /// How messages go.
    pub mode: Mode,
}

/// What a reply is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The greeting.
    Greeting,
    /// EHLO or HELO.
    Ehlo,
    /// STARTTLS.
    StartTls,
    /// AUTH.
    Auth,
    /// The sender, or the transaction as such.
    Mail,
    /// One recipient.
    Rcpt,
    /// The wish to send the message.
    Data,
    /// The whole message: the dot, or its last chunk.
    Dot,
    /// RSET.
    Rset,
    /// QUIT.
    Quit,
}

impl Phase {
    /// As people know it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Greeting => "the connection",
            Self::Ehlo => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Dot => "the message",
            Self::Rset => "RSET",
            Self::Quit => "QUIT",
        }
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}
