//! What is handed to a client: for whom, under which conditions, and the message itself.

use thiserror::Error;

/// The envelope of one transaction. A parameter is only sent to a server that offers its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The reverse-path, without brackets; empty for none (`<>`, RFC 5321 §4.5.5).
    pub sender: &'a str,
    /// The forward-paths, without brackets. Each gets a result of its own.
    pub recipients: &'a [&'a str],
    /// Headers hold characters above ASCII, so that the server must take them (RFC 6531). Implied where an
    /// address does.
    pub utf8: bool,
    /// What the message is made of.
    pub body: BodyKind,
    /// Which receipts are asked for.
    pub notify: Notify,
    /// The name by which receipts call this message (RFC 3461 §4.4), at most [`MAX_ENVID_CHARS`] as xtext.
    pub envid: Option<&'a str>,
    /// Receipts are to name the recipient as given here (RFC 3461 §4.2).
    pub orcpt: bool,
    /// -9 to 9 (RFC 6710).
    pub priority: Option<i8>,
    /// After so many seconds the message is to be returned instead (RFC 2852).
    pub deliver_by_s: Option<u32>,
}

/// The most characters of an ENVID (RFC 3461 §4.4).
pub const MAX_ENVID_CHARS: usize = 100;

impl<'a> Envelope<'a> {
    /// An envelope without conditions.
    pub fn new(sender: &'a str, recipients: &'a [&'a str]) -> Self {
        Self {
            sender,
            recipients,
            utf8: false,
            body: BodyKind::SevenBit,
            notify: Notify::default(),
            envid: None,
            orcpt: false,
            priority: None,
            deliver_by_s: None,
        }
    }
}

/// The octets of a message (RFC 6152).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyKind {
    /// ASCII only.
    #[default]
    SevenBit,
    /// Octets above ASCII.
    EightBit,
}

/// Which receipts are asked for (RFC 3461 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notify {
    /// Nothing is said: servers report failures.
    #[default]
    Default,
    /// None at all.
    Never,
    /// Of these.
    On {
        /// It has arrived.
        success: bool,
        /// It will not arrive.
        failure: bool,
        /// It has not arrived yet.
        delay: bool,
    },
}

/// A message, header and body: what stands between the reply to DATA and the dot.
pub trait Content {
    /// How many octets [`Self::write`] appends.
    fn size(&self) -> usize;

    /// Appends the message.
    fn write(&self, out: &mut Vec<u8>);

    /// Promises that every line ends in CRLF, the last one too; that CR and LF stand nowhere else, and NUL
    /// nowhere; that no line begins with a dot or has more than [`MAX_TEXT_LINE_OCTETS`]. The same octets then
    /// serve DATA and BDAT, and are never looked at. Without the promise the client makes it so.
    fn dot_free(&self) -> bool {
        false
    }
}

/// The longest line of a message, without its CRLF (RFC 5322 §2.1.1, RFC 5321 §4.5.3.1.6).
pub const MAX_TEXT_LINE_OCTETS: usize = 998;

impl Content for [u8] {
    fn size(&self) -> usize {
        self.len()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

/// Why a message is not taken. Nothing of it was kept; no event follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SubmitError {
    /// Not ready, or about to close.
    #[error("the session does not take messages now")]
    NotReady,
    /// [`Client::room`](super::Client::room) is 0.
    #[error("the session has as many messages as it takes")]
    Full,
    /// The server would refuse it (RFC 1870 §6.1).
    #[error("the message has {size} octets, and the relay takes {limit}")]
    TooLarge {
        /// Of the message.
        size: u64,
        /// Of the server.
        limit: u64,
    },
    /// The server does not take characters above ASCII in addresses and headers (RFC 6531 §3.5): 5.6.7.
    #[error("the relay does not take addresses or headers with characters above ASCII (no SMTPUTF8)")]
    NeedsUtf8,
    /// The server does not take octets above ASCII (RFC 6152 §3).
    #[error("the relay does not take octets above ASCII (no 8BITMIME)")]
    NeedsEightBit,
    /// The sender is not an address that can stand in a command.
    #[error("the sender {0}")]
    Sender(PathProblem),
    /// A recipient is not.
    #[error("a recipient {0}")]
    Recipient(PathProblem),
    /// No recipient.
    #[error("a message without a recipient")]
    NoRecipient,
    /// More than the server takes in one transaction (RCPTMAX, or 100: RFC 5321 §4.5.3.1.8).
    #[error("more than {limit} recipients in one transaction")]
    ManyRecipients {
        /// The most.
        limit: u32,
    },
    /// The envelope id has a control character, or too many characters.
    #[error("an envelope id that is too long or has characters that cannot stand in a command")]
    Envid,
    /// A NUL in the message (RFC 5321 §4.5.2, RFC 5322 §4).
    #[error("the message holds a NUL")]
    Nul,
    /// A line of the message is too long.
    #[error("a line of the message has more than {MAX_TEXT_LINE_OCTETS} octets")]
    LongLine,
    /// Octets above ASCII where the envelope promised none.
    #[error("the message holds octets above ASCII")]
    NotSevenBit,
    /// Shorter than the shortest From and Date (RFC 5322 §3.6).
    #[error("the message is empty")]
    Empty,
}

/// What is wrong with an address in a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PathProblem {
    /// A control character, a space or a bracket outside quotes: it would end the command or the path.
    #[error("has a character that cannot stand in an address")]
    Character,
    /// The part before the `@` is missing or has more than 64 octets (RFC 5321 §4.5.3.1.1).
    #[error("has no local part, or one of more than 64 octets")]
    LocalPart,
    /// The part after it is missing or has more than 255 octets (RFC 5321 §4.5.3.1.2).
    #[error("has no domain, or one of more than 255 octets")]
    Domain,
}
