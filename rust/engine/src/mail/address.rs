//! Mail addresses: which text is one that can be sent to.

use thiserror::Error;

/// An address that can be sent to: its domain in the form that is looked up, A-labels in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MailAddress {
    text: String,
    at: usize,
    utf8: bool,
}

/// Why a text is no address that can be sent to. It becomes the reason why a recipient is excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum AddressProblem {
    /// Nothing there.
    #[error("no e-mail address")]
    Empty,
}

impl MailAddress {
    /// `local@domain`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the `@`, as it was given.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// The domain: A-labels, lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// Whether it can only be reached through relays that offer SMTPUTF8 (RFC 6531): its local part is not ASCII.
    #[must_use]
    pub fn utf8(&self) -> bool {
        self.utf8
    }
}

/// Judges an address.
///
/// # Errors
/// [`AddressProblem`].
pub fn judge(raw: &str) -> Result<MailAddress, AddressProblem> {
    let _ = raw;
    todo!()
}
