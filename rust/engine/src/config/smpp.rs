//! What is configured of an SMSC account.

use std::fmt;

use serde::Deserialize;

use super::retry::RetryConfig;

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

impl SmppConfig {
    /// What of it decides how a plan goes out: neither secrets nor timers.
    pub(super) fn fingerprint(&self) -> String {
        format!(
            "smpp {:?} {:?} {} {:?} {:?} {:?} {:?} {} {}\n",
            self.name,
            self.host,
            self.port,
            self.system_id,
            self.sender,
            self.parts_per_second,
            self.prefixes,
            self.priority,
            self.receipts,
        )
    }
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
