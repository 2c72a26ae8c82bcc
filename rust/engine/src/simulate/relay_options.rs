//! The options of a simulated mail relay.

use std::path::PathBuf;

use bealert_sim::relay::{Cut, Faults, Limit, Protocol, RelayConfig, Tarpit};
use serde_json::Value;

use super::options::Options;
use super::postman::Destination;
use super::relay_rules::rule;
use super::values::{above_0, delay_us, fields, flag, maybe, narrow, per_second, share, text, whole};
use crate::session::accepted::Identity;
use crate::session::far_end::Manner;

/// What a host says of a relay: JSON with the fields of [`RelayConfig`], of its extensions and quirks, and of
/// [`Faults`], whose documentation tells what each does, but delays as `..._ms`, and `limit` and `burst` as numbers.
/// `null` stands for none.
#[derive(Debug, Clone)]
pub struct RelayOptions(Options);

/// A relay to be served.
#[derive(Debug)]
pub struct RelaySettings {
    pub(super) config: RelayConfig,
    pub(super) manner: Manner,
    pub(super) maildir: Option<PathBuf>,
    pub(super) reports_to: Option<Destination>,
}

impl RelayOptions {
    /// Reads options from JSON. The error names what is wrong.
    pub fn from_json(json: &str) -> Result<Self, String> {
        Options::from_json(json).map(Self)
    }

    /// The settings these options stand for. The error names the option that is unknown or out of its range.
    pub fn settings(self) -> Result<RelaySettings, String> {
        let (config, manner) = (RelayConfig::default(), Manner::default());
        let mut settings = RelaySettings { config, manner, maildir: None, reports_to: None };
        self.0.set(|name, value| {
            set_whole(&mut settings, name, value)
                .or_else(|| set_offer(&mut settings.config, name, value))
                .unwrap_or_else(|| set_fault(&mut settings.config.faults, name, value))
        })?;
        self.0.set_burst(&mut settings.config.faults.limit)?;
        self.tls(&mut settings)?;
        Ok(settings)
    }

    /// The relay itself, where nothing of it is served: no socket, file or certificate. The error names the option
    /// that is unknown, out of its range, or needs one.
    pub fn config(self) -> Result<RelayConfig, String> {
        let served = ["tls", "certificate", "key", "nagle", "maildir", "reports_to"];
        if let Some(name) = served.into_iter().find(|name| self.0.get(name).is_some()) {
            return Err(format!("{name} is for a relay that is served on a port"));
        }
        Ok(self.settings()?.config)
    }

    /// Whether an option is said.
    pub fn says(&self, name: &str) -> bool {
        self.0.says(name)
    }

    /// Changes these of the faults, while it runs. The error names an option that is none, or out of its range.
    pub fn change(self, mut faults: Faults) -> Result<Faults, String> {
        self.0.set(|name, value| set_fault(&mut faults, name, value))?;
        self.0.set_burst(&mut faults.limit)?;
        Ok(faults)
    }

    /// `tls`, `certificate` and `key` belong together.
    fn tls(&self, settings: &mut RelaySettings) -> Result<(), String> {
        let said = |name: &str| self.0.get(name).and_then(Value::as_str);
        let tls = said("tls").unwrap_or("none");
        if tls == "none" {
            return Ok(());
        }
        let (Some(certificate), Some(key)) = (said("certificate"), said("key")) else {
            return Err("tls needs a certificate and a key".into());
        };
        settings.manner.identity = Some(Identity::from_pem(certificate, key)?);
        match tls {
            "starttls" => settings.config.extensions.starttls = true,
            "required" => (settings.config.extensions.starttls, settings.config.tls_required) = (true, true),
            "implicit" => settings.manner.implicit_tls = true,
            _ => return Err("tls must be \"none\", \"starttls\", \"required\" or \"implicit\"".into()),
        }
        Ok(())
    }
}

/// `None` where it is no setting of the whole run.
fn set_whole(settings: &mut RelaySettings, name: &str, value: &Value) -> Option<Result<(), String>> {
    let RelaySettings { config, manner, maildir, reports_to } = settings;
    let done = match name {
        "name" => text(value).map(|text| config.name = text),
        "protocol" => protocol(value).map(|protocol| config.protocol = protocol),
        "user" => maybe(value, text).map(|text| config.user = text),
        "password" => maybe(value, text).map(|text| config.password = text),
        "auth_required" => flag(value).map(|flag| config.auth_required = flag),
        "auth_in_plain" => flag(value).map(|flag| config.auth_in_plain = flag),
        "max_recipients" => above_0(value).and_then(narrow).map(|most| config.max_recipients = most),
        "idle_timeout_ms" => delay_us(value).map(|delay_us| config.idle_timeout_us = delay_us),
        "refuses_joined" => flag(value).map(|flag| config.quirks.refuses_joined = flag),
        "reads_refused_chunks" => flag(value).map(|flag| config.quirks.reads_refused_chunks = flag),
        "starts_without_recipients" => flag(value).map(|flag| config.quirks.starts_without_recipients = flag),
        "seed" => whole(value).map(|seed| config.seed = seed),
        "keep_messages" => flag(value).map(|keep| config.keep_messages = keep),
        "nagle" => flag(value).map(|flag| manner.nagle = flag),
        "maildir" => maybe(value, text).map(|path| *maildir = path.map(PathBuf::from)),
        "reports_to" => maybe(value, |value| text(value).and_then(|text| Destination::parse(&text)))
            .map(|destination| *reports_to = destination),
        "tls" | "certificate" | "key" => maybe(value, text).map(|_| ()),
        _ => return None,
    };
    Some(done)
}

/// `None` where it is no extension.
fn set_offer(config: &mut RelayConfig, name: &str, value: &Value) -> Option<Result<(), String>> {
    let offered = &mut config.extensions;
    let done = match name {
        "pipelining" => flag(value).map(|flag| offered.pipelining = flag),
        "size" => maybe(value, whole).map(|octets| offered.size = octets),
        "eight_bit_mime" => flag(value).map(|flag| offered.eight_bit_mime = flag),
        "smtp_utf8" => flag(value).map(|flag| offered.smtp_utf8 = flag),
        "dsn" => flag(value).map(|flag| offered.dsn = flag),
        "enhanced_status_codes" => flag(value).map(|flag| offered.enhanced_status_codes = flag),
        "chunking" => flag(value).map(|flag| offered.chunking = flag),
        "mt_priority" => flag(value).map(|flag| offered.mt_priority = flag),
        "deliver_by" => flag(value).map(|flag| offered.deliver_by = flag.then(Default::default)),
        "mail_max" => maybe(value, above_0).and_then(|most| most.map(narrow).transpose()).map(|most| {
            offered.limits.mail_max = most;
        }),
        "auth" => mechanisms(value).map(|auth| offered.auth = auth),
        _ => return None,
    };
    Some(done)
}

fn set_fault(faults: &mut Faults, name: &str, value: &Value) -> Result<(), String> {
    let count = |value: &Value| above_0(value).and_then(narrow);
    match name {
        "latency_ms" => faults.latency_us = delay_us(value)?,
        "work_ms" => faults.work_us = delay_us(value)?,
        "defer" => faults.defer = share(value)?,
        "refuse" => faults.refuse = share(value)?,
        "limit" => faults.limit = maybe(value, per_second)?.map(Limit::per_second),
        "burst" => {}
        "limit_hangs_up" => faults.limit_hangs_up = flag(value)?,
        "greylist_ms" => faults.greylist_us = maybe(value, delay_us)?,
        "max_connections" => faults.max_connections = maybe(value, |value| whole(value).and_then(narrow))?,
        "max_messages" => faults.max_messages = maybe(value, |value| whole(value).and_then(narrow))?,
        "tarpit" => faults.tarpit = maybe(value, tarpit)?,
        "cut" => faults.cut = maybe(value, cut)?,
        "reset_every" => faults.reset_every = maybe(value, above_0)?,
        "one_by_one" => faults.one_by_one = flag(value)?,
        "read_per_second" => faults.read_per_second = maybe(value, count)?,
        "deaf" => faults.deaf = flag(value)?,
        "bounces" => faults.bounces = share(value)?,
        "report_ms" => faults.report_us = delay_us(value)?,
        "rules" => {
            let list = value.as_array().ok_or("must be a list")?;
            faults.rules = list.iter().map(rule).collect::<Result<_, _>>()?;
        }
        _ => return Err("is no option of a simulated relay, or cannot change while it runs".into()),
    }
    Ok(())
}

fn protocol(value: &Value) -> Result<Protocol, String> {
    match value.as_str() {
        Some("smtp") => Ok(Protocol::Smtp),
        Some("lmtp") => Ok(Protocol::Lmtp),
        _ => Err("must be \"smtp\" or \"lmtp\"".into()),
    }
}

fn mechanisms(value: &Value) -> Result<bealert_wire::smtp::AuthMechanisms, String> {
    let mut auth = bealert_wire::smtp::AuthMechanisms::default();
    for name in value.as_array().ok_or("must be a list")? {
        match name.as_str() {
            Some("plain") => auth.plain = true,
            Some("login") => auth.login = true,
            Some("xoauth2") => auth.xoauth2 = true,
            Some("oauthbearer") => auth.oauthbearer = true,
            _ => return Err("knows \"plain\", \"login\", \"xoauth2\" and \"oauthbearer\"".into()),
        }
    }
    Ok(auth)
}

fn tarpit(value: &Value) -> Result<Tarpit, String> {
    let said = fields(value, &["after", "delay_ms", "hang_up_at"])?;
    let count = |name| said(name).map(|value| whole(value).and_then(narrow)).transpose();
    let delay_us = said("delay_ms").map_or(Ok(1_000_000), delay_us)?;
    Ok(Tarpit { after: count("after")?.unwrap_or(0), delay_us, hang_up_at: count("hang_up_at")? })
}

fn cut(value: &Value) -> Result<Cut, String> {
    let said = fields(value, &["received", "sent", "times"])?;
    let count = |name| said(name).map(whole).transpose();
    Ok(Cut {
        received: count("received")?,
        sent: count("sent")?,
        times: count("times")?.map(narrow).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(json: &str) -> Result<RelaySettings, String> {
        RelayOptions::from_json(json)?.settings()
    }

    #[test]
    fn nothing_said_is_the_default() {
        let settings = settings("{}").unwrap();
        assert_eq!(settings.config.faults, Faults::default());
        assert_eq!(settings.config.extensions, RelayConfig::default().extensions);
        assert!(settings.maildir.is_none() && settings.manner.identity.is_none());
    }

    #[test]
    fn every_option_arrives() {
        let settings = settings(
            r#"{"latency_ms": 1.5, "work_ms": 2, "defer": 0.1, "refuse": 0.2, "limit": 100, "burst": 3,
                "limit_hangs_up": true, "greylist_ms": 4, "max_connections": 5, "max_messages": 6,
                "tarpit": {"after": 10, "hang_up_at": 20}, "cut": {"sent": 7, "times": 1}, "reset_every": 8,
                "one_by_one": true, "read_per_second": 9, "deaf": true, "bounces": 0.3, "report_ms": 10,
                "rules": [{"phase": "dot", "reply": "451 4.3.0 later"}],
                "name": "n", "protocol": "lmtp", "user": "u", "password": "p", "auth": ["plain", "xoauth2"],
                "auth_required": true, "auth_in_plain": true, "max_recipients": 11, "idle_timeout_ms": 12,
                "refuses_joined": true, "reads_refused_chunks": true, "starts_without_recipients": true,
                "pipelining": false, "size": null, "chunking": false, "dsn": false, "mail_max": 13, "seed": 14,
                "mt_priority": true, "deliver_by": true, "keep_messages": true, "nagle": true,
                "maildir": "/m", "reports_to": "lmtp://127.0.0.1:2526", "tls": "none"}"#,
        )
        .unwrap();
        let faults = &settings.config.faults;
        assert_eq!((faults.latency_us, faults.work_us, faults.report_us), (1_500, 2_000, 10_000));
        assert_eq!(faults.limit, Some(Limit { per_second: 100.0, burst: 3 }));
        assert_eq!(faults.tarpit, Some(Tarpit { after: 10, delay_us: 1_000_000, hang_up_at: Some(20) }));
        assert_eq!(faults.cut, Some(Cut { received: None, sent: Some(7), times: Some(1) }));
        assert_eq!(
            (faults.max_connections, faults.max_messages, faults.reset_every),
            (Some(5), Some(6), Some(8))
        );
        assert_eq!(
            (faults.defer, faults.refuse, faults.bounces, faults.greylist_us),
            (0.1, 0.2, 0.3, Some(4_000))
        );
        assert!(faults.one_by_one && faults.deaf && faults.limit_hangs_up && faults.rules.len() == 1);
        let config = &settings.config;
        assert_eq!((config.protocol, config.max_recipients, config.seed), (Protocol::Lmtp, 11, 14));
        let offered = config.extensions;
        assert!(!offered.pipelining && !offered.chunking && !offered.dsn && offered.mt_priority);
        assert_eq!((offered.size, offered.limits.mail_max), (None, Some(13)));
        assert!(offered.auth.plain && offered.auth.xoauth2 && !offered.auth.login);
        assert!(config.quirks.refuses_joined && config.quirks.reads_refused_chunks);
        assert!(settings.manner.nagle && settings.reports_to.is_some());
    }

    #[test]
    fn while_it_runs_only_what_is_said_changes() {
        let before = settings(r#"{"latency_ms": 5, "limit": 100}"#).unwrap().config.faults;
        let change = |json: &str| RelayOptions::from_json(json).unwrap().change(before.clone());
        assert_eq!(change(r#"{"deaf": true}"#), Ok(Faults { deaf: true, ..before.clone() }));
        assert!(change(r#"{"seed": 5}"#).unwrap_err().contains("seed"));
        assert!(change(r#"{"chunking": true}"#).unwrap_err().contains("chunking"));
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (json, name) in [
            (r#"{"latency": 1}"#, "latency"),
            (r#"{"defer": 1.1}"#, "defer"),
            (r#"{"limit": 0}"#, "limit"),
            (r#"{"burst": 5}"#, "burst"),
            (r#"{"tarpit": {"before": 5}}"#, "before"),
            (r#"{"cut": 5}"#, "cut"),
            (r#"{"tls": "starttls"}"#, "certificate"),
            (r#"{"tls": "maybe", "certificate": "x", "key": "y"}"#, "certificate"),
            (r#"{"auth": ["cram-md5"]}"#, "auth"),
            (r#"{"protocol": "uucp"}"#, "protocol"),
            (r#"{"reports_to": "nowhere"}"#, "reports_to"),
            (r#"{"max_recipients": 0}"#, "max_recipients"),
            (r#"{"rules": [{}]}"#, "rules"),
        ] {
            let problem = settings(json).unwrap_err();
            assert!(problem.contains(name), "{json}: {problem}");
        }
    }
}
