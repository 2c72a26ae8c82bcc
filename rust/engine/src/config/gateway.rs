//! What is configured of a gateway.

use std::fmt;

use bealert_core::dispatch::GatewaySpec;
use bealert_core::model::{Channel, GatewayId};
use bealert_core::retry::RetryRules;
use serde::Deserialize;

use super::smtp::SmtpConfig;

/// A far end, by its protocol.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum GatewayConfig {
    /// An SMSC account over SMPP 3.4.
    Smpp(SmppConfig),
    /// A mail relay over SMTP.
    Smtp(SmtpConfig),
}

impl GatewayConfig {
    /// Its name in configuration, reports and metrics.
    pub fn name(&self) -> &str {
        match self {
            Self::Smpp(smpp) => &smpp.name,
            Self::Smtp(smtp) => &smtp.name,
        }
    }

    /// The channel it serves.
    pub fn channel(&self) -> Channel {
        match self {
            Self::Smpp(_) => Channel::Sms,
            Self::Smtp(_) => Channel::Email,
        }
    }

    /// Number prefixes it takes, without `+`; the empty one takes everything.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        let everything = matches!(self, Self::Smtp(_)).then_some("");
        let prefixes = match self {
            Self::Smpp(smpp) => smpp.prefixes.as_slice(),
            Self::Smtp(_) => &[],
        };
        prefixes.iter().map(|prefix| prefix.strip_prefix('+').unwrap_or(prefix)).chain(everything)
    }

    /// Lower is preferred among equally long prefixes.
    pub fn priority(&self) -> i32 {
        match self {
            Self::Smpp(smpp) => smpp.priority,
            Self::Smtp(smtp) => smtp.priority,
        }
    }

    /// Its share of the people among gateways that are preferred equally; 0 takes turns with nobody.
    pub fn weight(&self) -> u32 {
        match self {
            Self::Smpp(_) => 0,
            Self::Smtp(smtp) => smtp.weight,
        }
    }

    /// Domains of recipients for which it has a limit, with the units per second of each.
    pub fn domains(&self) -> &[(String, f64)] {
        match self {
            Self::Smpp(_) => &[],
            Self::Smtp(smtp) => &smtp.domains,
        }
    }

    /// Units (parts, messages) per second, where the account has a limit.
    pub fn units_per_second(&self) -> Option<f64> {
        match self {
            Self::Smpp(smpp) => smpp.parts_per_second,
            Self::Smtp(smtp) => smtp.messages_per_second,
        }
    }

    /// What the dispatcher must know of it, under its number in the ledger.
    pub(crate) fn spec(&self, id: GatewayId) -> GatewaySpec {
        let (receipts, receipt_wait_ms, retry) = match self {
            Self::Smpp(smpp) => (smpp.receipts, smpp.receipt_wait_ms, smpp.retry),
            Self::Smtp(smtp) => (smtp.receipts, smtp.receipt_wait_ms, smtp.retry),
        };
        GatewaySpec {
            id,
            name: self.name().to_owned(),
            channel: self.channel(),
            units_per_second: self.units_per_second(),
            domains: self.domains().to_vec(),
            receipts,
            receipt_wait_us: receipt_wait_ms.saturating_mul(1_000),
            retry: retry.into(),
        }
    }

    /// What the recipient sees as sender.
    pub fn sender(&self) -> &str {
        match self {
            Self::Smpp(smpp) => &smpp.sender,
            Self::Smtp(smtp) => &smtp.sender,
        }
    }
}

/// An SMSC account.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmppConfig {
    /// Its name.
    pub name: String,
    /// Where it listens.
    pub host: String,
    /// And on which port.
    pub port: u16,
    /// The account.
    pub system_id: String,
    /// Its secret: never shown.
    pub password: String,
    /// What the recipient sees as sender.
    pub sender: String,
    /// The kind of ESME, as some SMSCs want it named.
    #[serde(default)]
    pub system_type: String,
    /// How to bind.
    #[serde(default)]
    pub bind: BindKind,
    /// Unanswered requests per session.
    #[serde(default = "defaults::window")]
    pub window: u32,
    /// Connections, all behind one limiter.
    #[serde(default = "defaults::sessions")]
    pub sessions: u16,
    /// The account's limit.
    #[serde(default)]
    pub parts_per_second: Option<f64>,
    /// Whether to ask for receipts.
    #[serde(default = "defaults::yes")]
    pub receipts: bool,
    /// How long a receipt is awaited after the response.
    #[serde(default = "defaults::receipt_wait_ms")]
    pub receipt_wait_ms: u64,
    /// After which a request is uncertain.
    #[serde(default = "defaults::response_timeout_ms")]
    pub response_timeout_ms: u64,
    /// Silence after which the far end is asked for a sign of life.
    #[serde(default = "defaults::enquire_interval_ms")]
    pub enquire_interval_ms: u64,
    /// Number prefixes it takes, with `+`.
    #[serde(default = "defaults::prefixes")]
    pub prefixes: Vec<String>,
    /// What follows a refusal.
    #[serde(default)]
    pub retry: RetryConfig,
    /// Whether to tell the SMSC until when a message is worth delivering.
    #[serde(default = "defaults::yes")]
    pub validity: bool,
    /// Longest wait between two tries to connect.
    #[serde(default = "defaults::reconnect_max_ms")]
    pub reconnect_max_ms: u64,
    /// Lower is preferred among equally long prefixes.
    #[serde(default)]
    pub priority: i32,
}

impl fmt::Debug for SmppConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmppConfig")
            .field("name", &self.name)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("system_id", &self.system_id)
            .field("window", &self.window)
            .field("sessions", &self.sessions)
            .finish_non_exhaustive()
    }
}

/// Which PDUs a session may carry (SMPP 3.4 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BindKind {
    /// Messages out, receipts in.
    #[default]
    Transceiver,
    /// Messages out only.
    Transmitter,
}

/// How often and when to try again.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryConfig {
    /// Attempts in all, the first included; without it until the message expires.
    #[serde(default)]
    pub attempts: Option<u8>,
    /// Wait before the second.
    pub first_ms: u64,
    /// Longest wait.
    pub max_ms: u64,
}

impl Default for RetryConfig {
    fn default() -> Self {
        let rules = RetryRules::default();
        Self { attempts: rules.attempts, first_ms: rules.first_us / 1_000, max_ms: rules.max_us / 1_000 }
    }
}

impl From<RetryConfig> for RetryRules {
    fn from(config: RetryConfig) -> Self {
        Self {
            attempts: config.attempts,
            first_us: config.first_ms.saturating_mul(1_000),
            max_us: config.max_ms.saturating_mul(1_000),
        }
    }
}

mod defaults {
    pub(super) fn window() -> u32 {
        100
    }
    pub(super) fn sessions() -> u16 {
        1
    }
    pub(super) fn yes() -> bool {
        true
    }
    pub(super) fn receipt_wait_ms() -> u64 {
        600_000
    }
    pub(super) fn response_timeout_ms() -> u64 {
        60_000
    }
    pub(super) fn enquire_interval_ms() -> u64 {
        30_000
    }
    pub(super) fn prefixes() -> Vec<String> {
        vec!["+".to_owned()]
    }
    pub(super) fn reconnect_max_ms() -> u64 {
        30_000
    }
}
