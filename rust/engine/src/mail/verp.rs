//! Return paths that say whose letter came back (VERP), and that nobody else can make.

use thiserror::Error;

use super::address::MailAddress;

/// Which letter a return path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// Number of the campaign.
    pub campaign: u32,
    /// The recipient's number in it.
    pub ordinal: u32,
    /// Which attempt.
    pub attempt: u8,
}

/// Signs tokens, and knows its own.
#[derive(Clone, Debug)]
pub struct Verp {
    key: (u64, u64),
}

/// Why an address can't take bounces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum VerpProblem {
    /// No room for the token: a local part has 64 octets (RFC 5321 §4.5.3.1.1).
    #[error("the part before the @ has {octets} bytes: at most {most}, since a token of 29 follows")]
    TooLong {
        /// How many it has.
        octets: usize,
        /// How many it may have.
        most: usize,
    },
    /// It can't be in an envelope of a relay without SMTPUTF8.
    #[error("the part before the @ must be ASCII")]
    Utf8,
}

impl Verp {
    /// With the ledger's secret ([`bealert_core::ledger::Ledger::hash_key`]).
    #[must_use]
    pub fn new(hash_key: (u64, u64)) -> Self {
        Self { key: hash_key }
    }

    /// Whether tokens fit into addresses made of `base`.
    ///
    /// # Errors
    /// [`VerpProblem`].
    pub fn fits(base: &MailAddress) -> Result<(), VerpProblem> {
        let _ = base;
        todo!()
    }

    /// Puts the return path of a letter into `out`, replacing what is there: `bounces+TOKEN@alert.example`.
    pub fn address(&self, base: &MailAddress, token: Token, out: &mut String) {
        let _ = (base, token, out, self.key);
        todo!()
    }

    /// The token as it stands in an address and in ENVID: 28 letters and digits.
    #[must_use]
    pub fn sign(&self, token: Token) -> String {
        let _ = token;
        todo!()
    }

    /// The token of an address that this ledger made, or of a token alone; `None` for everything else.
    #[must_use]
    pub fn verify(&self, address: &str) -> Option<Token> {
        let _ = address;
        todo!()
    }
}
