//! A mailbox as people write it: `Name <addr>`.

use thiserror::Error;

use super::address::{AddressProblem, MailAddress};

/// A sender: an address with the name it shows (RFC 5322 §3.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mailbox {
    name: Option<String>,
    address: MailAddress,
}

/// Why a text is no mailbox that letters can come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum MailboxProblem {
    /// Its address.
    #[error(transparent)]
    Address(#[from] AddressProblem),
    /// A bracket is missing.
    #[error("write it as \"Name <address>\" or as an address alone")]
    Brackets,
    /// A quote that is not closed.
    #[error("a quote in the name is not closed")]
    Quote,
    /// A line end or another control character.
    #[error("the name has a control character")]
    Control,
    /// Relays without SMTPUTF8 could send nothing at all.
    #[error("the part of a sender's address before the @ must be ASCII")]
    Utf8,
}

impl Mailbox {
    /// Reads `Name <addr>`, `"Name" <addr>`, `<addr>` or `addr`.
    ///
    /// # Errors
    /// [`MailboxProblem`].
    pub fn parse(text: &str) -> Result<Self, MailboxProblem> {
        let _ = text;
        todo!()
    }

    /// What it shows.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &MailAddress {
        &self.address
    }
}
