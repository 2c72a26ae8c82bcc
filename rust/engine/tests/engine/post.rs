//! What a host does to send e-mail: configure, plan, launch.

#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use std::path::Path;

use bealert_core::outcome::State;
use bealert_core::tally::Tally;
use bealert_engine::plan::{Plan, RecipientIn};
use bealert_engine::{CampaignId, Config, Engine, Progress};

use crate::host::now_ms;

/// A relay that is spoken to in plain.
pub(crate) fn relay(name: &str, port: u16, more: &str) -> String {
    format!(
        r#"{{"type": "smtp", "name": "{name}", "host": "127.0.0.1", "port": {port}, "tls": "none",
            "sender": "BE-Alert <no-reply@alert.example>", "reconnect_max_ms": 300, "receipt_wait_ms": 3000,
            "retry": {{"attempts": null, "first_ms": 50, "max_ms": 500}}{more}}}"#
    )
}

/// Scenarios: `alert` by e-mail, `both` by SMS and e-mail, `letter` of news, `short` that expires soon.
pub(crate) fn config(data: Option<&Path>, gateways: &[String]) -> Config {
    let data = data.map_or("null".to_owned(), |path| format!("{:?}", path.to_str().unwrap()));
    let gateways = gateways.join(",");
    let email = r#""email": [{"language": "nl", "subject": "Inbraak in {{ street }}",
        "text": "Dag {{ name }},\n\nEr was een inbraak in {{ street }}. Bel 101 bij onraad.\n",
        "html": "<p>Dag {{ name }},</p><p>Er was een inbraak in <b>{{ street }}</b>.</p>"}]"#;
    let text = format!(
        r#"{{"data": {data}, "default_country": "BE", "languages": ["nl"], "gateways": [{gateways}], "scenarios": [
            {{"name": "alert", "kind": "warning", "expiry_ms": 7200000, {email}}},
            {{"name": "both", "kind": "warning", "expiry_ms": 7200000, "sms": {{"nl": "Bericht voor {{{{ id }}}}"}}, {email}}},
            {{"name": "letter", "kind": "news", "expiry_ms": 7200000, {email}}},
            {{"name": "short", "kind": "warning", "expiry_ms": 1500, {email}}}]}}"#
    );
    Config::from_json(&text).unwrap()
}

/// People with addresses of one domain, and numbers.
pub(crate) fn plan(engine: &Engine, scenario: &str, people: u32) -> Plan {
    let mut planner = engine.planner(scenario, Vec::new()).unwrap();
    for n in 0..people {
        let (id, phone, email) =
            (format!("p{n}"), format!("+32470{n:06}"), format!("user{n:09}@example.org"));
        planner.push(RecipientIn {
            id: &id,
            phone: Some(&phone),
            email: Some(&email),
            language: Some("nl"),
            name: Some("Zoë"),
            values: &[("street", "Kerkstraat 7")],
        });
    }
    planner.finish(now_ms()).unwrap()
}

pub(crate) fn launch(engine: &Engine, scenario: &str, people: u32, key: &str) -> CampaignId {
    let plan = plan(engine, scenario, people);
    engine.launch(&plan, "test", key, &mut || true).unwrap()
}

pub(crate) fn email(progress: &Progress) -> Tally {
    progress.tallies[1].unwrap_or_default()
}

pub(crate) fn accepted(progress: &Progress) -> u64 {
    email(progress).of(State::Accepted)
}
