//! DKIM signatures (RFC 6376, RFC 8301, RFC 8463).

mod canonical;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;

pub(super) use canonical::body_hash;
use canonical::{header, headers};

use super::address::ascii;

/// Headers that are signed where they are there: what people see, what decides how the rest is read, and what acts
/// without them (RFC 6376 §5.4.1, RFC 8058 §4).
const SIGNED: [&str; 14] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Language",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
    "X-BE-Alert-Drill",
];

/// Of these there can be no more than are signed (RFC 6376 §8.15): another `From` added on the way, which readers
/// might show, breaks the signature.
const OVERSIGNED: [&str; 7] = ["From", "To", "Subject", "Date", "Message-ID", "Reply-To", "Content-Type"];

/// Octets of a signature with Ed25519 (RFC 8032 §5.1.6).
const ED25519_OCTETS: usize = 64;

/// Characters of a line that a signature is folded to.
const LINE: usize = 74;

/// A key that signs letters of a domain. It signs all of the body (no `l=`), and both canonicalizations are relaxed:
/// relays fold headers anew and cut spaces.
pub struct DkimKey {
    domain: String,
    selector: String,
    key: Key,
}

enum Key {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl std::fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DkimKey({}._domainkey.{})", self.selector, self.domain)
    }
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
    /// An RSA key that others no longer trust (RFC 8301 §3.2).
    #[error("its RSA key is too short: use one of 2,048 bits")]
    TooShort,
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
        let no_name = |name: &str| DkimProblem::Name(name.to_owned());
        let domain = ascii(domain).map_err(|_| no_name(domain))?.into_owned();
        ascii(&format!("{selector}.{domain}")).map_err(|_| no_name(selector))?;
        let rsa = |key: Result<RsaKeyPair, aws_lc_rs::error::KeyRejected>| {
            key.map(Key::Rsa).map_err(|error| match error.description_() {
                "TooSmall" => DkimProblem::TooShort,
                _ => DkimProblem::Key,
            })
        };
        let key = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| DkimProblem::Pem)? {
            PrivateKeyDer::Pkcs1(der) => rsa(RsaKeyPair::from_der(der.secret_pkcs1_der())),
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                let ed25519 = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der);
                ed25519.map(Key::Ed25519).or_else(|_| rsa(RsaKeyPair::from_pkcs8(der)))
            }
            _ => Err(DkimProblem::Key),
        }?;
        Ok(Self { domain, selector: selector.to_owned(), key })
    }

    /// Whether it can sign letters from `domain`: its own or one below it.
    #[must_use]
    pub fn signs_for(&self, domain: &str) -> bool {
        let below = domain.strip_suffix(&*self.domain);
        below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// Where the public half stands in the DNS.
    #[must_use]
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// The TXT record that lets others verify what it signs (RFC 6376 §3.6.1, RFC 8463 §4).
    #[must_use]
    pub fn record(&self) -> String {
        match &self.key {
            Key::Rsa(key) => {
                let der: PublicKeyX509Der<'_> =
                    key.public_key().as_der().expect("a key that signs has a public half");
                format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(der.as_ref()))
            }
            Key::Ed25519(key) => {
                format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(key.public_key().as_ref()))
            }
        }
    }

    /// How the header begins that signs a letter with these headers, whatever their values are: up to the hash of
    /// the body.
    pub(super) fn intro(&self, head: &[u8], time_s: i64) -> Vec<u8> {
        let algorithm = match self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let Self { domain, selector, .. } = self;
        let mut out = format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;\r\n d={domain}; s={selector}; t={time_s};\r\n h="
        );
        let mut column = " h=".len();
        for (at, (name, _)) in to_sign(head).into_iter().enumerate() {
            if at > 0 {
                out.push(':');
                column += 1;
            }
            if column + name.len() > LINE {
                out.push_str("\r\n ");
                column = 1;
            }
            out.push_str(name);
            column += name.len();
        }
        out.push_str(";\r\n bh=");
        out.into_bytes()
    }

    /// Appends what goes on behind [`intro`](Self::intro): the signature of these headers and a body with this hash.
    pub(super) fn sign(&self, intro: &[u8], head: &[u8], body_hash: &[u8; 32], out: &mut Vec<u8>) {
        let mut signed = Vec::with_capacity(1_024);
        to_sign(head).into_iter().filter_map(|(_, field)| field).for_each(|field| header(field, &mut signed));
        let hash = before(body_hash);
        header(&[intro, hash.as_bytes()].concat(), &mut signed);
        // Its own header is signed without the line end (RFC 6376 §3.7).
        signed.truncate(signed.len() - 2);
        out.extend_from_slice(hash.as_bytes());
        write(&self.signature(&signed), out);
    }

    /// How many octets [`sign`](Self::sign) appends: as many to every letter.
    pub(super) fn octets(&self) -> usize {
        let signature = match &self.key {
            Key::Rsa(key) => key.public_modulus_len(),
            Key::Ed25519(_) => ED25519_OCTETS,
        };
        let mut out = before(&[0; 32]).into_bytes();
        write(&vec![0; signature], &mut out);
        out.len()
    }

    fn signature(&self, signed: &[u8]) -> Vec<u8> {
        match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed, &mut signature)
                    .expect("a signature has the length of its key");
                signature
            }
            // The hash is signed, and hashed again by the algorithm (RFC 8463 §3).
            Key::Ed25519(key) => key.sign(digest(&SHA256, signed).as_ref()).as_ref().to_vec(),
        }
    }
}

/// What stands between the intro and the signature.
fn before(body_hash: &[u8; 32]) -> String {
    format!("{};\r\n b=", STANDARD.encode(body_hash))
}

fn write(signature: &[u8], out: &mut Vec<u8>) {
    for (at, line) in STANDARD.encode(signature).as_bytes().chunks(LINE - 4).enumerate() {
        out.extend_from_slice(if at > 0 { b"\r\n " } else { b"" });
        out.extend_from_slice(line);
    }
    out.extend_from_slice(b"\r\n");
}

/// The names in `h=`, with the header that each stands for: once more than it is there for those that nobody may add.
fn to_sign(head: &[u8]) -> Vec<(&'static str, Option<&[u8]>)> {
    let mut names = Vec::with_capacity(SIGNED.len() + OVERSIGNED.len());
    let headers: Vec<(&[u8], &[u8])> = headers(head).collect();
    for name in SIGNED {
        // From the bottom up (RFC 6376 §5.4.2).
        let found = headers.iter().rev().filter(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes()));
        names.extend(found.map(|(_, field)| (name, Some(*field))));
        if OVERSIGNED.contains(&name) {
            names.push((name, None));
        }
    }
    names
}

#[cfg(test)]
pub(super) mod tests;
