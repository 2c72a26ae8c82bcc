//! What is configured of a mail relay.

use std::fmt;
use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::retry::RetryConfig;
use crate::mail::judge;

/// A mail relay over SMTP (RFC 5321).
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// Its name.
    pub name: String,
    /// Where it listens; with TLS also the name its certificate has to have.
    pub host: String,
    /// And on which port.
    pub port: u16,
    /// Whether to encrypt.
    #[serde(default)]
    pub tls: TlsMode,
    /// Certificates to trust besides those of the system, as PEM.
    #[serde(default)]
    pub ca: Option<String>,
    /// The account; without one nobody logs in.
    #[serde(default)]
    pub username: Option<String>,
    /// Its password, or its token for XOAUTH2 and OAUTHBEARER: never shown.
    #[serde(default)]
    pub password: Option<String>,
    /// Where the password or token was read, if it was in a file: it is read again for each connection.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// How to log in.
    #[serde(default)]
    pub auth: AuthMechanism,
    /// From whom messages are: `Name <address>` or an address.
    pub sender: String,
    /// The address that bounces return to, each with a token of its own in the local part (VERP);
    /// without one they return to the sender, and nothing is learnt of them.
    #[serde(default)]
    pub bounces_to: Option<String>,
    /// Where answers of people go, if not to the sender.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// The name this host gives itself; without one the name of the system.
    #[serde(default)]
    pub ehlo_name: Option<String>,
    /// Connections at most, all behind one limiter.
    #[serde(default = "defaults::connections")]
    pub connections: u16,
    /// The relay's limit.
    #[serde(default)]
    pub messages_per_second: Option<f64>,
    /// Messages after which a connection is replaced; without it what the relay teaches counts.
    #[serde(default)]
    pub messages_per_connection: Option<u32>,
    /// Age after which a connection is replaced.
    #[serde(default = "defaults::connection_age_ms")]
    pub connection_age_ms: u64,
    /// The highest rung of the dialogue.
    #[serde(default)]
    pub mode: SmtpMode,
    /// Messages in flight on a connection that sends with BDAT.
    #[serde(default = "defaults::window")]
    pub window: u16,
    /// Whether to ask for delivery status notifications (RFC 3461).
    #[serde(default)]
    pub receipts: bool,
    /// How long a receipt is awaited after the response.
    #[serde(default = "defaults::receipt_wait_ms")]
    pub receipt_wait_ms: u64,
    /// What follows a refusal for now.
    #[serde(default = "defaults::retry")]
    pub retry: RetryConfig,
    /// Longest wait between two tries to connect.
    #[serde(default = "defaults::reconnect_max_ms")]
    pub reconnect_max_ms: u64,
    /// Its share of the people among relays of equal priority.
    #[serde(default = "defaults::weight")]
    pub weight: u32,
    /// Lower is preferred.
    #[serde(default)]
    pub priority: i32,
    /// Messages per second to recipients of a domain, where the domain has a limit; the domain as addresses have
    /// it, in A-labels.
    #[serde(default, deserialize_with = "domains")]
    pub domains: Vec<(String, f64)>,
    /// The keys that sign, one or more per sender domain.
    #[serde(default)]
    pub dkim: Vec<DkimConfig>,
    /// How long each step may take.
    #[serde(default)]
    pub timeouts: SmtpTimeouts,
}

impl SmtpConfig {
    /// What of it decides how a plan goes out: neither secrets nor timers.
    pub(super) fn fingerprint(&self) -> String {
        format!(
            "smtp {:?} {:?} {} {:?} {:?} {:?} {:?} {:?} {:?} {} {} {}\n",
            self.name,
            self.host,
            self.port,
            self.username,
            self.sender,
            self.bounces_to,
            self.reply_to,
            self.messages_per_second,
            self.domains,
            self.weight,
            self.priority,
            self.receipts,
        )
    }
}

impl fmt::Debug for SmtpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpConfig")
            .field("name", &self.name)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("username", &self.username)
            .field("sender", &self.sender)
            .field("connections", &self.connections)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// Whether a connection is encrypted (RFC 3207, RFC 8314).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// Never.
    None,
    /// By STARTTLS where the relay offers it, else in plain; the certificate is not judged, since whoever could
    /// forge it could as well take the offer away.
    Opportunistic,
    /// By STARTTLS, with a certificate that verifies, or not at all.
    #[default]
    Required,
    /// From the first octet, with a certificate that verifies.
    Implicit,
}

impl TlsMode {
    /// Its name in configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Opportunistic => "opportunistic",
            Self::Required => "required",
            Self::Implicit => "implicit",
        }
    }
}

/// How to log in (RFC 4954).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMechanism {
    /// The first of PLAIN and LOGIN that the relay offers.
    #[default]
    Auto,
    /// RFC 4616.
    Plain,
    /// What came before it.
    Login,
    /// With a bearer token for a password.
    Xoauth2,
    /// The same as RFC 7628 has it.
    Oauthbearer,
}

/// The highest rung of the dialogue with a relay; the connection uses what the relay offers and bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpMode {
    /// Up to joined groups.
    #[default]
    Auto,
    /// A command, a reply.
    Lockstep,
    /// Envelope in one group (RFC 2920).
    Pipelined,
    /// The next envelope joined to a body.
    Joined,
    /// A window of messages by BDAT (RFC 3030): only for relays known to discard the chunk of a refused envelope.
    Bdat,
}

/// A key that signs messages (RFC 6376).
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DkimConfig {
    /// The domain that signs.
    pub domain: String,
    /// Under which name its public key is published.
    pub selector: String,
    /// The private key as PEM: never shown.
    pub key: String,
}

impl fmt::Debug for DkimConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DkimConfig")
            .field("domain", &self.domain)
            .field("selector", &self.selector)
            .finish_non_exhaustive()
    }
}

/// How long each step may take; what stands here is what RFC 5321 §4.5.3.2 asks for at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpTimeouts {
    /// Until there is a connection, TLS included.
    pub connect_ms: u64,
    /// From then to the greeting (§4.5.3.2.1).
    pub greeting_ms: u64,
    /// For the reply to a command (§4.5.3.2.2, .3).
    pub command_ms: u64,
    /// For the reply to DATA (§4.5.3.2.4).
    pub data_ms: u64,
    /// For a block of a body to leave (§4.5.3.2.5).
    pub block_ms: u64,
    /// For the reply to a whole message (§4.5.3.2.6): shorter means duplicates.
    pub dot_ms: u64,
}

impl Default for SmtpTimeouts {
    fn default() -> Self {
        Self {
            connect_ms: 30_000,
            greeting_ms: 300_000,
            command_ms: 300_000,
            data_ms: 120_000,
            block_ms: 180_000,
            dot_ms: 600_000,
        }
    }
}

/// Rates by domain, however the domain is written.
fn domains<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<(String, f64)>, D::Error> {
    let given: Vec<(String, f64)> = Vec::deserialize(input)?;
    let domain = |(domain, rate): (String, f64)| match judge(&format!("x@{domain}")) {
        Ok(address) => Ok((address.domain().to_owned(), rate)),
        Err(problem) => Err(D::Error::custom(format!("domains: {domain:?}: {problem}"))),
    };
    given.into_iter().map(domain).collect()
}

mod defaults {
    use super::RetryConfig;

    pub(super) fn connections() -> u16 {
        8
    }
    /// Below the five minutes after which a relay may close (RFC 5321 §4.5.3.2.7).
    pub(super) fn connection_age_ms() -> u64 {
        300_000
    }
    /// How many messages may become uncertain at once.
    pub(super) fn window() -> u16 {
        16
    }
    pub(super) fn receipt_wait_ms() -> u64 {
        600_000
    }
    /// Until the message expires: 4xx says "not now" (RFC 5321 §4.2.1), and greylisting minutes (RFC 6647).
    pub(super) fn retry() -> RetryConfig {
        RetryConfig { attempts: None, first_ms: 30_000, max_ms: 900_000 }
    }
    pub(super) fn reconnect_max_ms() -> u64 {
        30_000
    }
    pub(super) fn weight() -> u32 {
        1
    }
}
