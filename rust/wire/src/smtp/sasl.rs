//! Who we are (RFC 4954): PLAIN, LOGIN and XOAUTH2.

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
    /// A bearer token, for XOAUTH2.
    Token(String),
}

/// How an account is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mechanism {
    /// What the server offers and the secret is for: PLAIN before LOGIN; XOAUTH2 for a token.
    #[default]
    Auto,
    /// RFC 4616.
    Plain,
    /// Two prompts.
    Login,
    /// A bearer token as Google and Microsoft take it.
    Xoauth2,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
            Mechanism::Auto => false,
        };
        let candidates: &[Mechanism] = match (self.mechanism, &self.secret) {
            (Mechanism::Auto, Secret::Password(_)) => &[Mechanism::Plain, Mechanism::Login],
            (Mechanism::Auto, Secret::Token(_)) => &[Mechanism::Xoauth2],
            (Mechanism::Plain, _) => &[Mechanism::Plain],
            (Mechanism::Login, _) => &[Mechanism::Login],
            (Mechanism::Xoauth2, _) => &[Mechanism::Xoauth2],
        };
        candidates.iter().copied().find(|mechanism| serves(*mechanism))
    }

    /// What is sent at once where there is no prompt to wait for.
    pub(crate) fn initial(&self, mechanism: Mechanism) -> String {
        let (user, secret) = (&self.user, self.secret.expose());
        BASE64_STANDARD.encode(match mechanism {
            Mechanism::Xoauth2 => format!("user={user}\x01auth=Bearer {secret}\x01\x01"),
            _ => format!("\0{user}\0{secret}"),
        })
    }

    /// What answers the first and the second prompt of LOGIN.
    pub(crate) fn prompted(&self, prompt: u8) -> String {
        BASE64_STANDARD.encode(if prompt == 0 { self.user.as_str() } else { self.secret.expose() })
    }
}
