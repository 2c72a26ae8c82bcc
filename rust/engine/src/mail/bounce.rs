//! Reports of what became of a letter: multipart/report (RFC 6522) with delivery status (RFC 3464).

use thiserror::Error;

use super::verp::{Token, Verp};

/// What a report says of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounced {
    /// Whose.
    pub token: Token,
    /// What was done.
    pub action: Action,
    /// Why.
    pub status: Status,
    /// The address the reporter tried in the end, if it says so.
    pub recipient: Option<String>,
    /// What the far end said, shortened, in printable ASCII.
    pub diagnostic: Option<String>,
}

/// `Action` (RFC 3464 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// It was not delivered and will not be.
    Failed,
    /// It was not delivered yet; nothing needs to be done.
    Delayed,
    /// It reached the mailbox.
    Delivered,
    /// It went on to a host that does not report.
    Relayed,
    /// It went on to several mailboxes.
    Expanded,
}

/// `Status` (RFC 3463): class, subject, detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status(pub u8, pub u16, pub u16);

/// Why a message is no report that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum NotABounce {
    /// Larger than any report.
    #[error("larger than a report is")]
    TooLarge,
    /// No message, or no multipart/report with a delivery status.
    #[error("no delivery status report")]
    NoReport,
    /// Somebody's absence, or another machine's answer.
    #[error("an automatic answer")]
    AutoReply,
    /// A letter of ours that came back as it was.
    #[error("a letter of our own, in a loop")]
    Loop,
    /// A report about a letter that this ledger did not send, or a forged one.
    #[error("a report without a token of this ledger")]
    NoToken,
}

impl Bounced {
    /// Whether there is no such mailbox, so that the host should write to it no more: 5.1.1 and its like, but
    /// neither a full mailbox nor a refusal by policy.
    #[must_use]
    pub fn suppresses(&self) -> bool {
        todo!()
    }
}

/// Reads a message that came to the return path. `recipient` is the envelope's (RCPT TO), where it is known.
///
/// # Errors
/// [`NotABounce`]: such messages are counted and dropped, and never answered.
pub fn read(message: &[u8], recipient: Option<&str>, verp: &Verp) -> Result<Vec<Bounced>, NotABounce> {
    let _ = (message, recipient, verp);
    todo!()
}
