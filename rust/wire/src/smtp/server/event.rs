//! What a server session asks and tells its owner.

use thiserror::Error;

use super::params::{MailFrom, RcptTo};
use crate::smtp::Mechanism;

/// What a client wants, or did.
///
/// Those that ask keep the session waiting: nothing further is read before
/// [`accept`](super::Server::accept) or [`answer`](super::Server::answer), now or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerEvent<'a> {
    /// Asks for the greeting: the client is there.
    Connected,
    /// Asks: the client said who it is.
    Hello {
        /// Its name for itself.
        name: &'a str,
        /// How it said so.
        how: Hello,
    },
    /// Asks: the client wants TLS.
    StartTls,
    /// Asks: the client says who it is, and proves it.
    Credentials(Credentials<'a>),
    /// Asks: a transaction begins.
    Mail(MailFrom<'a>),
    /// Asks: one recipient more.
    Rcpt(RcptTo<'a>),
    /// Asks: the client wants to send the content, of which nothing is here yet. With BDAT nothing is asked.
    Data,
    /// Some of the content, its dots taken away.
    Content(&'a [u8]),
    /// Asks: the content is whole. Over LMTP it asks once for each recipient that was accepted (RFC 2033 §4.2).
    Complete {
        /// Of the content.
        octets: u64,
        /// What was wrong with it.
        flaws: Flaws,
    },
    /// What was said and sent of a message is void: no `Complete` comes of it.
    Abandoned,
    /// The client did what the session answered with an error by itself.
    Fault {
        /// What that was.
        what: ServerFault,
    },
    /// The session is over, the last event.
    Closed {
        /// Why.
        why: ServerClosed,
    },
}

/// How a client greeted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hello {
    /// HELO: it knows no extension.
    Helo,
    /// EHLO.
    Ehlo,
    /// LHLO (RFC 2033 §4.1).
    Lhlo,
}

/// Who a client says it is. The secret is not in its `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// How it was said.
    pub mechanism: Mechanism,
    /// The account.
    pub user: &'a str,
    /// Its password, or its token.
    pub secret: &'a str,
}

impl std::fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("mechanism", &self.mechanism)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// What may not stand in a message, or only where that was agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flaws {
    /// A CR or LF without the other (RFC 5321 §2.3.8).
    pub bare_newline: bool,
    /// A NUL (RFC 5321 §4.1.1.4, RFC 5322 §4).
    pub nul: bool,
    /// An octet above 127: no flaw where 8BITMIME was offered (RFC 6152).
    pub eight_bit: bool,
}

/// What a client did wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ServerFault {
    /// 500.
    #[error("it sent a line that is no command")]
    Unknown,
    /// 500.
    #[error("it sent a line that is too long")]
    LineTooLong,
    /// 500.
    #[error("it ended a line with a bare LF")]
    BareNewline,
    /// 501.
    #[error("it sent a command with arguments that the grammar does not allow")]
    Arguments,
    /// 501.
    #[error("it named a path that the grammar does not allow")]
    Path,
    /// 555.
    #[error("it used a parameter that was not offered")]
    Parameter,
    /// 553.
    #[error("it named a path beyond ASCII without SMTPUTF8")]
    NotAscii,
    /// 502 or 503.
    #[error("it sent a command out of its order")]
    Sequence,
    /// 503.
    #[error("it sent more before it had the reply it has to wait for")]
    Pipelined,
    /// 530.
    #[error("it did not say who it is")]
    NotAuthenticated,
    /// 530.
    #[error("it did not ask for TLS")]
    NotEncrypted,
    /// 501 or 504.
    #[error("it tried to prove who it is in a way that cannot be")]
    Authentication,
    /// 552.
    #[error("its message is larger than it may be")]
    TooLarge,
    /// 452.
    #[error("it named more recipients than it may")]
    TooManyRecipients,
    /// What it sent was thrown away (RFC 3207 §4.2).
    #[error("it sent more before the TLS it asked for")]
    PlainBeforeTls,
    /// It is hung up on.
    #[error("it sends without waiting for replies")]
    Flooded,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerClosed {
    /// The client said QUIT.
    Quit,
    /// Our side did, with a 421.
    HungUp,
    /// The client said nothing for too long.
    Idle,
    /// It sent without end.
    Flooded,
    /// The transport went away.
    Lost,
}
