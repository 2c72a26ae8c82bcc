//! What a client reports about a server that breaks the protocol, and why a session ended.

use thiserror::Error;

use super::event::Phase;
use super::replies::ReplyProblem;
use super::reply::Reply;
use super::sasl::TokenStatus;

/// One breach of the protocol by the server. Good for one log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProtocolFault {
    /// The stream cannot be followed any further; the session closes.
    #[error("the relay sent {0}")]
    Unreadable(ReplyProblem),
    /// A reply to nothing that was asked; the session closes, since replies no longer match.
    #[error("a reply to nothing asked: {0}")]
    Unexpected(Reply),
    /// A reply that cannot be one to this; the session closes, since replies no longer match.
    #[error("a reply that does not fit {phase}: {reply}")]
    OutOfStep {
        /// What it came for.
        phase: Phase,
        /// The reply.
        reply: Reply,
    },
    /// Octets between the reply to STARTTLS and TLS itself: dropped, for somebody on the way may have put them
    /// there (RFC 3207 §5, CVE-2011-0411).
    #[error("plain text behind the reply to STARTTLS")]
    PlainText,
}

/// Why a session ended: the first cause counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CloseReason {
    /// We left because we were asked to.
    #[error("ended by us")]
    Requested,
    /// As many messages as one connection takes.
    #[error("the connection has had its messages")]
    MessageCap,
    /// As old as a connection gets.
    #[error("the connection was old enough")]
    Age,
    /// No message for a while.
    #[error("the connection was idle")]
    Idle,
    /// So many messages were refused that the relay may slow down (Postfix does after 10 errors).
    #[error("many recipients were refused on the connection")]
    ManyRefused,
    /// The server ends the connection: 421, at any time (RFC 5321 §3.8).
    #[error("the relay ended the connection after {taken} messages: {reply}")]
    ServiceClosing {
        /// What it said.
        reply: Reply,
        /// The messages it had taken; with none at the greeting it has too many connections.
        taken: u32,
        /// At the greeting.
        greeting: bool,
    },
    /// The server does not want to serve (RFC 5321 §3.1), or answers neither EHLO nor HELO.
    #[error("the relay does not serve: {reply}")]
    NotServed {
        /// What it said.
        reply: Reply,
    },
    /// TLS is required, and the server does not offer it.
    #[error("the relay does not offer TLS, which is required")]
    TlsNotOffered,
    /// TLS is required, and the server refused it.
    #[error("the relay refuses TLS, which is required: {reply}")]
    TlsRefused {
        /// What it said.
        reply: Reply,
    },
    /// The account may only be told inside TLS, and there is none.
    #[error("the account is not told without TLS")]
    AuthWithoutTls,
    /// The server offers no way to tell the account that serves.
    #[error("the relay offers no mechanism to log in that serves")]
    AuthNotOffered,
    /// The server does not take the account.
    #[error("the relay refuses the account: {reply}{status}")]
    AuthRefused {
        /// What it said.
        reply: Reply,
        /// What it said of a token before.
        status: TokenStatus,
    },
    /// BDAT does not work there, and what it said next may be about text it took for commands.
    #[error("the relay does not take BDAT as it says")]
    BdatBroken,
    /// The transport went away before the server had greeted.
    #[error("the connection was lost before the relay said anything")]
    NotGreeted,
    /// No reply in time.
    #[error("no reply to {phase} in time")]
    TimedOut {
        /// To what.
        phase: Phase,
    },
    /// The transport took nothing.
    #[error("the transport is stuck")]
    Stalled,
    /// The stream broke the protocol beyond repair.
    #[error("the relay broke the protocol")]
    Violation,
    /// The server refused a message before it was all there, and cannot be followed from then on.
    #[error("the relay answered in the middle of a message")]
    EarlyReply,
    /// The transport went away by itself.
    #[error("the connection was lost")]
    Dropped,
}
