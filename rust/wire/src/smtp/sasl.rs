//! Who we are (RFC 4954): PLAIN, LOGIN, XOAUTH2 and OAUTHBEARER.

use std::fmt;

use arrayvec::ArrayString;
use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::ehlo::AuthMechanisms;

/// An account at a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Its name.
    pub user: String,
    /// What proves it.
    pub secret: Secret,
    /// How.
    pub mechanism: Mechanism,
}

/// What proves an account, which no output of `Debug` shows.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// For PLAIN and LOGIN.
    Password(String),
    /// A bearer token, for XOAUTH2 and OAUTHBEARER.
    Token(String),
}

/// How an account is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mechanism {
    /// What the server offers and the secret is for: PLAIN before LOGIN; for a token OAUTHBEARER before XOAUTH2.
    #[default]
    Auto,
    /// RFC 4616.
    Plain,
    /// Two prompts.
    Login,
    /// A bearer token as Google and Microsoft take it.
    Xoauth2,
    /// A bearer token (RFC 7628).
    Oauthbearer,
}

/// Why a server does not take a token, in a word of its own such as `invalid_token` (RFC 7628 §3.2.2); empty where it
/// gave none.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenStatus(ArrayString<MAX_STATUS_OCTETS>);

/// The most octets kept of a status: those registered for bearer tokens have at most 18 (RFC 6750 §3.1).
const MAX_STATUS_OCTETS: usize = 32;

impl TokenStatus {
    /// Reads it out of the JSON, in base64, that a server asks on with; of a text that was cut as well.
    pub(crate) fn read(challenge: &str) -> Self {
        let whole = &challenge.as_bytes()[..challenge.len() / 4 * 4];
        let json = BASE64_STANDARD.decode(whole).ok().and_then(|octets| String::from_utf8(octets).ok());
        Self(
            json.as_deref()
                .and_then(status)
                .and_then(|status| ArrayString::from(status).ok())
                .unwrap_or_default(),
        )
    }
}

/// The value of `"status"`: a word in quotes, or as some write it a number. What holds a quote or a control is none.
fn status(json: &str) -> Option<&str> {
    let (_, behind) = json.split_once("\"status\"")?;
    let value = behind.trim_start().strip_prefix(':')?.trim_start();
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?.0,
        None => value.split([',', '}', ' ']).next()?,
    };
    value.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"_-.".contains(&octet)).then_some(value)
}

impl fmt::Display for TokenStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " (the token's status is {})", self.0) }
    }
}

impl fmt::Debug for TokenStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password(..)",
            Self::Token(_) => "Token(..)",
        })
    }
}

impl Secret {
    fn expose(&self) -> &str {
        match self {
            Self::Password(secret) | Self::Token(secret) => secret,
        }
    }
}

impl Credentials {
    /// The mechanism to use with a server that offers these; `None` if it offers none that serves.
    pub(crate) fn choose(&self, offered: AuthMechanisms) -> Option<Mechanism> {
        let serves = |mechanism| match mechanism {
            Mechanism::Plain => offered.plain,
            Mechanism::Login => offered.login,
            Mechanism::Xoauth2 => offered.xoauth2,
            Mechanism::Oauthbearer => offered.oauthbearer,
            Mechanism::Auto => false,
        };
        let candidates: &[Mechanism] = match (self.mechanism, &self.secret) {
            (Mechanism::Auto, Secret::Password(_)) => &[Mechanism::Plain, Mechanism::Login],
            (Mechanism::Auto, Secret::Token(_)) => &[Mechanism::Oauthbearer, Mechanism::Xoauth2],
            (Mechanism::Plain, _) => &[Mechanism::Plain],
            (Mechanism::Login, _) => &[Mechanism::Login],
            (Mechanism::Xoauth2, _) => &[Mechanism::Xoauth2],
            (Mechanism::Oauthbearer, _) => &[Mechanism::Oauthbearer],
        };
        candidates.iter().copied().find(|mechanism| serves(*mechanism))
    }

    /// What is sent at once where there is no prompt to wait for.
    pub(crate) fn initial(&self, mechanism: Mechanism) -> String {
        let (user, secret) = (&self.user, self.secret.expose());
        BASE64_STANDARD.encode(match mechanism {
            Mechanism::Xoauth2 => format!("user={user}\x01auth=Bearer {secret}\x01\x01"),
            // Host and port are for tokens that sign, which a bearer's does not (RFC 7628 §3.1).
            Mechanism::Oauthbearer => {
                let user = user.replace('=', "=3D").replace(',', "=2C");
                format!("n,a={user},\x01auth=Bearer {secret}\x01\x01")
            }
            _ => format!("\0{user}\0{secret}"),
        })
    }

    /// What answers the first and the second prompt of LOGIN.
    pub(crate) fn prompted(&self, prompt: u8) -> String {
        BASE64_STANDARD.encode(if prompt == 0 { self.user.as_str() } else { self.secret.expose() })
    }
}
