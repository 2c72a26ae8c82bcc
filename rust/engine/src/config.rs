//! What an engine is opened with: one JSON text, checked again here, never shown with its secrets.

mod bounces;
mod gateway;
mod retry;
mod scenario;
mod smpp;
mod smtp;

use std::path::PathBuf;

use serde::Deserialize;

use crate::mail::judge;

pub use bounces::{BounceListener, BounceMaildir, BounceProtocol, BouncesConfig};
pub use gateway::GatewayConfig;
pub use retry::RetryConfig;
pub use scenario::ScenarioConfig;
pub use smpp::{BindKind, SmppConfig};
pub use smtp::{AuthMechanism, DkimConfig, SmtpConfig, SmtpMode, SmtpTimeouts, TlsMode};

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
    /// How long after its end the personal data of a campaign is erased, if ever.
    #[serde(default)]
    pub erase_after_ms: Option<i64>,
    /// How long after its end a campaign is moved to its archive file, if ever.
    #[serde(default)]
    pub archive_after_ms: Option<i64>,
    /// Addresses, or domains as `@domain`, that mail may be sent from; without any, all.
    #[serde(default)]
    pub senders: Vec<String>,
    /// Where bounces and delivery reports of mail are received.
    #[serde(default)]
    pub bounces: Option<BouncesConfig>,
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

    /// Whether mail may be sent from an address; its domain as it is looked up, in lower case. With no list, from
    /// any; a domain on it stands for its addresses, not for those of domains below it.
    pub fn may_send_from(&self, local: &str, domain: &str) -> bool {
        let allows = |entry: &String| match entry.strip_prefix('@') {
            Some(allowed) => judge(&format!("x@{allowed}")).is_ok_and(|allowed| allowed.domain() == domain),
            None => judge(entry).is_ok_and(|one| one.local() == local && one.domain() == domain),
        };
        self.senders.is_empty() || self.senders.iter().any(allows)
    }

    /// Changes whenever a plan made before would go out through other gateways, from another sender
    /// or at another speed. Secrets and timers are not in it.
    pub fn gateways_fingerprint(&self) -> String {
        let mut hash = FNV_BASIS;
        for gateway in &self.gateways {
            let line = gateway.fingerprint();
            hash = line.bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME));
        }
        format!("{hash:016x}")
    }
}

/// FNV-1a with 64 bits: a fingerprint that tells changes apart, not one that resists an attacker.
const FNV_BASIS: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01B3;

#[cfg(test)]
mod tests {
    use bealert_core::model::Policy;

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

    const MAIL: &str = r#"{"senders": ["@be-alert.example"],
        "bounces": {"listen": "127.0.0.1:2526", "protocol": "smtp"},
        "gateways": [{"type": "smtp", "name": "m", "host": "h", "port": 25, "username": "u", "password": "hush",
            "sender": "BE <a@be-alert.example>", "domains": [["Bücher.example", 5.5]],
            "dkim": [{"domain": "be-alert.example", "selector": "s", "key": "hush"}],
            "timeouts": {"dot_ms": 7}}],
        "scenarios": [{"name": "x", "kind": "news", "expiry_ms": 5, "email": [
            {"language": "nl", "subject": "a", "text": "b", "attachments": [
                {"name": "n", "content_type": "image/png", "content_id": "c", "data": "AAEC"}]},
            {"language": "fr", "subject": "d", "html": "e"}]}]}"#;

    #[test]
    fn a_mail_relay_and_mail_content_are_read() {
        let config = Config::from_json(MAIL).unwrap();
        let GatewayConfig::Smtp(smtp) = &config.gateways[0] else { panic!("it is a relay") };
        assert_eq!((smtp.tls, smtp.mode, smtp.connections), (TlsMode::Required, SmtpMode::Auto, 8));
        assert_eq!((smtp.retry.attempts, smtp.retry.first_ms, smtp.retry.max_ms), (None, 30_000, 900_000));
        assert_eq!(smtp.domains, [("xn--bcher-kva.example".to_owned(), 5.5)]);
        assert_eq!((smtp.timeouts.dot_ms, smtp.timeouts.greeting_ms), (7, 300_000));
        assert_eq!(config.gateways[0].prefixes().collect::<Vec<_>>(), [""]);
        let email = &config.scenarios[0].email;
        assert_eq!((email[0].language.as_str(), email[1].language.as_str()), ("nl", "fr"));
        assert_eq!(email[0].attachments[0].data, [0, 1, 2]);
        let listener = BounceListener { listen: "127.0.0.1:2526".into(), protocol: BounceProtocol::Smtp };
        assert_eq!(config.bounces, Some(BouncesConfig::Listen(listener)));
        let maildir = MAIL.replace(r#""listen": "127.0.0.1:2526", "protocol": "smtp""#, r#""maildir": "in""#);
        let maildir = Config::from_json(&maildir).unwrap().bounces;
        assert_eq!(maildir, Some(BouncesConfig::Maildir(BounceMaildir { maildir: "in".into() })));
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn a_rate_for_what_is_no_domain_is_an_error() {
        let problem = Config::from_json(&MAIL.replace("Bücher.example", "a b")).unwrap_err();
        assert!(problem.contains("domains: \"a b\""), "{problem}");
    }

    #[test]
    fn mail_is_sent_from_the_addresses_and_domains_of_the_list_and_from_no_others() {
        let mut config = Config::from_json(MAIL).unwrap();
        config.senders = vec!["@Bücher.Example".into(), "desk@be-alert.example".into(), "@".into()];
        let allowed = |local, domain| config.may_send_from(local, domain);
        assert!(allowed("any", "xn--bcher-kva.example") && allowed("desk", "be-alert.example"));
        assert!(!allowed("any", "sub.xn--bcher-kva.example"));
        assert!(!allowed("other", "be-alert.example") && !allowed("desk", "alert.example"));
        config.senders.clear();
        assert!(config.may_send_from("any", "at.all"));
    }

    #[test]
    fn an_attachment_that_is_no_base64_is_an_error() {
        let problem = Config::from_json(&MAIL.replace("AAEC", "A*")).unwrap_err();
        assert!(problem.contains("line 9"), "{problem}");
    }

    #[test]
    fn the_fingerprint_covers_what_mail_looks_like_but_no_secrets() {
        let print = |text: &str| Config::from_json(text).unwrap().gateways_fingerprint();
        assert_eq!(print(MAIL), print(&MAIL.replace("hush", "other")));
        assert_ne!(print(MAIL), print(&MAIL.replace("BE <a@", "BX <a@")));
        assert_ne!(print(MAIL), print(&MAIL.replace("5.5", "5.6")));
    }
}
