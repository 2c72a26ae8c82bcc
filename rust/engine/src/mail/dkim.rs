//! DKIM signatures (RFC 6376, RFC 8301, RFC 8463).

use thiserror::Error;

/// A key that signs letters of a domain.
#[derive(Debug)]
pub struct DkimKey {
    domain: String,
}

/// Why a key can't sign.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DkimProblem {
    /// No PEM of a private key.
    #[error("it is no private key in PEM (PKCS#8 or PKCS#1)")]
    Pem,
    /// A key, but none of RSA or Ed25519, or a damaged one.
    #[error("it is no key that signs letters: use RSA of 2,048 bits or more, or Ed25519")]
    Key,
    /// An RSA key that others no longer accept (RFC 8301 §3.2).
    #[error("its RSA key has {bits} bits: use 2,048")]
    TooShort {
        /// How many it has.
        bits: usize,
    },
    /// The domain or the selector is none.
    #[error("{0:?} is no domain name")]
    Name(String),
}

impl DkimKey {
    /// Reads a key, for letters of `domain` whose public half stands at `selector._domainkey.domain`.
    ///
    /// # Errors
    /// [`DkimProblem`].
    pub fn new(domain: &str, selector: &str, pem: &str) -> Result<Self, DkimProblem> {
        let _ = (domain, selector, pem);
        todo!()
    }

    /// Whether it can sign letters from `domain`: its own or one below it.
    #[must_use]
    pub fn signs_for(&self, domain: &str) -> bool {
        let _ = (domain, &self.domain);
        todo!()
    }
}
