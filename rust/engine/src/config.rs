//! What an engine is opened with: one JSON text, checked again here, never shown with its secrets.

use std::fmt;
use std::path::PathBuf;

use bealert_core::model::{Channel, Kind, Policy};
use bealert_core::retry::RetryRules;
use serde::Deserialize;

/// Everything `open` needs. The binding parses it from the JSON that the Python side writes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Directory of the ledger; without one the ledger is in memory and gone at the end.
    #[serde(default)]
    pub data: Option<PathBuf>,
    /// Country of phone numbers that name none, such as `BE`.
    #[serde(default)]
    pub default_country: Option<String>,
    /// Languages to fall back to, in order.
    #[serde(default)]
    pub languages: Vec<String>,
    /// The far ends.
    #[serde(default)]
    pub gateways: Vec<GatewayConfig>,
    /// The messages that can be planned.
    #[serde(default)]
    pub scenarios: Vec<ScenarioConfig>,
}

impl Config {
    /// Reads the JSON form.
    ///
    /// # Errors
    /// What is wrong with it, in words; the text itself (it holds passwords) is not repeated.
    pub fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("configuration: {error}"))
    }

    /// The gateway of a name.
    pub fn gateway(&self, name: &str) -> Option<&GatewayConfig> {
        self.gateways.iter().find(|gateway| gateway.name() == name)
    }

    /// The scenario of a name.
    pub fn scenario(&self, name: &str) -> Option<&ScenarioConfig> {
        self.scenarios.iter().find(|scenario| scenario.name == name)
    }

    /// Changes whenever a plan made before would go out through other gateways, from another sender
    /// or at another speed. Secrets and timers are not in it.
    pub fn gateways_fingerprint(&self) -> String {
        let mut hash = FNV_BASIS;
        for GatewayConfig::Smpp(smpp) in &self.gateways {
            let line = format!(
                "smpp {:?} {:?} {} {:?} {:?} {:?} {:?} {} {}\n",
                smpp.name,
                smpp.host,
                smpp.port,
                smpp.system_id,
                smpp.sender,
                smpp.parts_per_second,
                smpp.prefixes,
                smpp.priority,
                smpp.receipts,
            );
            hash = line.bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME));
        }
        format!("{hash:016x}")
    }
}

/// FNV-1a with 64 bits: a fingerprint that tells changes apart, not one that resists an attacker.
const FNV_BASIS: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01B3;

/// A far end, by its protocol.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum GatewayConfig {
    /// An SMSC account over SMPP 3.4.
    Smpp(SmppConfig),
}

impl GatewayConfig {
    /// Its name in configuration, reports and metrics.
    pub fn name(&self) -> &str {
        let Self::Smpp(smpp) = self;
        &smpp.name
    }

    /// The channel it serves.
    pub fn channel(&self) -> Channel {
        let Self::Smpp(_) = self;
        Channel::Sms
    }

    /// Number prefixes it takes, without `+`; the empty one takes everything.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        let Self::Smpp(smpp) = self;
        smpp.prefixes.iter().map(|prefix| prefix.strip_prefix('+').unwrap_or(prefix))
    }

    /// Lower is preferred among equally long prefixes.
    pub fn priority(&self) -> i32 {
        let Self::Smpp(smpp) = self;
        smpp.priority
    }

    /// Units (parts) per second, where the account has a limit.
    pub fn units_per_second(&self) -> Option<f64> {
        let Self::Smpp(smpp) = self;
        smpp.parts_per_second
    }

    /// What the recipient sees as sender.
    pub fn sender(&self) -> &str {
        let Self::Smpp(smpp) = self;
        &smpp.sender
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
    /// Attempts in all, the first included.
    pub attempts: u8,
    /// Wait before the second.
    pub first_ms: u64,
    /// Longest wait.
    pub max_ms: u64,
}

impl Default for RetryConfig {
    fn default() -> Self {
        let rules = RetryRules::default();
        Self {
            attempts: rules.attempts,
            first_ms: rules.first_us / 1_000,
            max_ms: rules.max_us / 1_000,
        }
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

/// A reusable message.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioConfig {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(deserialize_with = "named::kind")]
    pub kind: Kind,
    /// How long after launch a message is still worth sending.
    pub expiry_ms: i64,
    /// What becomes of the uncertain; without it the kind decides.
    #[serde(default, deserialize_with = "named::policy")]
    pub uncertain: Option<Policy>,
    /// Template per language, in the order given.
    #[serde(default, deserialize_with = "named::pairs")]
    pub sms: Vec<(String, String)>,
}

impl ScenarioConfig {
    /// What becomes of the uncertain.
    pub fn policy(&self) -> Policy {
        self.uncertain.unwrap_or_else(|| self.kind.default_policy())
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

mod named {
    use std::fmt;

    use bealert_core::model::{Kind, Policy};
    use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

    pub(super) fn kind<'de, D: Deserializer<'de>>(input: D) -> Result<Kind, D::Error> {
        let name = String::deserialize(input)?;
        Kind::from_name(&name).ok_or_else(|| D::Error::custom(format!("no kind {name:?}")))
    }

    pub(super) fn policy<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Policy>, D::Error> {
        let Some(name) = Option::<String>::deserialize(input)? else { return Ok(None) };
        match Policy::from_name(&name) {
            Some(policy) => Ok(Some(policy)),
            None => Err(D::Error::custom(format!("no policy {name:?}"))),
        }
    }

    /// A map whose order is kept: the first language is the last resort.
    pub(super) fn pairs<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<Vec<(String, String)>, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Vec<(String, String)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text per language")
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        input.deserialize_any(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"data": null, "default_country": "BE", "languages": ["nl"],
        "gateways": [{"type": "smpp", "name": "a", "host": "h", "port": 1, "system_id": "s",
            "password": "hush", "sender": "BE", "prefixes": ["+32", "+"],
            "retry": {"attempts": 2, "first_ms": 10, "max_ms": 20}}],
        "scenarios": [{"name": "x", "kind": "news", "expiry_ms": 5, "uncertain": null,
            "sms": {"nl": "b", "fr": "a"}}]}"#;

    #[test]
    fn the_json_of_the_python_side_is_read() {
        let config = Config::from_json(TEXT).unwrap();
        assert_eq!(config.gateways[0].prefixes().collect::<Vec<_>>(), ["32", ""]);
        assert_eq!(config.scenario("x").unwrap().policy(), Policy::Hold);
        assert_eq!(config.scenarios[0].sms[0].0, "nl");
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        let text = TEXT.replace("\"sender\"", "\"sander\": 1, \"sender\"");
        assert!(Config::from_json(&text).unwrap_err().contains("sander"));
    }

    #[test]
    fn the_fingerprint_tells_gateways_apart_but_not_secrets() {
        let print = |text: &str| Config::from_json(text).unwrap().gateways_fingerprint();
        assert_eq!(print(TEXT), print(&TEXT.replace("hush", "other")));
        assert_ne!(print(TEXT), print(&TEXT.replace("\"BE\", \"pre", "\"BX\", \"pre")));
    }
}
