//! What a host does: configure, plan, launch, wait.

#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bealert_core::outcome::State;
use bealert_core::tally::Tally;
use bealert_engine::plan::{Plan, RecipientIn};
use bealert_engine::{CampaignId, Config, Engine, EventOut, Progress};

pub(crate) fn gateway(name: &str, port: u16, more: &str) -> String {
    format!(
        r#"{{"type": "smpp", "name": "{name}", "host": "127.0.0.1", "port": {port}, "system_id": "bealert",
            "password": "secret", "sender": "BE-Alert", "receipt_wait_ms": 3000, "reconnect_max_ms": 300,
            "retry": {{"attempts": 3, "first_ms": 50, "max_ms": 500}}{more}}}"#
    )
}

pub(crate) fn config(data: Option<&Path>, gateways: &[String]) -> Config {
    let data = data.map_or("null".to_owned(), |path| format!("{:?}", path.to_str().unwrap()));
    let gateways = gateways.join(",");
    let long = "Blijf binnen. ".repeat(25);
    let text = format!(
        r#"{{"data": {data}, "default_country": "BE", "languages": ["nl"], "gateways": [{gateways}], "scenarios": [
            {{"name": "alert", "kind": "warning", "expiry_ms": 7200000, "sms": {{"nl": "Bericht voor {{{{ id }}}}"}}}},
            {{"name": "letter", "kind": "news", "expiry_ms": 7200000, "sms": {{"nl": "Nieuws voor {{{{ id }}}}"}}}},
            {{"name": "long", "kind": "warning", "expiry_ms": 7200000, "sms": {{"nl": "{{{{ id }}}} {long}"}}}},
            {{"name": "short", "kind": "warning", "expiry_ms": 1500, "sms": {{"nl": "Kort {{{{ id }}}}"}}}}]}}"#
    );
    Config::from_json(&text).unwrap()
}

pub(crate) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

/// Waits until every gateway can send.
pub(crate) fn bound(engine: &Engine) {
    for _ in 0..2_000 {
        let metrics = engine.metrics().unwrap();
        let up = metrics.lines().filter(|line| line.starts_with("bealert_gateway_up{"));
        if up.clone().all(|line| line.ends_with(" 1")) {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("a gateway does not come up");
}

/// People with Belgian mobile numbers that are valid and distinct.
pub(crate) fn plan(engine: &Engine, scenario: &str, people: u32) -> Plan {
    let mut planner = engine.planner(scenario, Vec::new()).unwrap();
    for n in 0..people {
        let (id, phone) = (format!("p{n}"), format!("+32470{n:06}"));
        planner.push(RecipientIn {
            id: &id,
            phone: Some(&phone),
            email: None,
            language: Some("nl"),
            name: None,
            values: &[],
        });
    }
    planner.finish(now_ms()).unwrap()
}

pub(crate) fn launch(engine: &Engine, scenario: &str, people: u32, key: &str) -> CampaignId {
    let plan = plan(engine, scenario, people);
    engine.launch(&plan, "test", key, &mut || true).unwrap()
}

pub(crate) fn sms(progress: &Progress) -> Tally {
    progress.tallies[0].unwrap_or_default()
}

pub(crate) fn delivered(progress: &Progress) -> u64 {
    sms(progress).of(State::Delivered)
}

/// Waits until something holds of a campaign's progress; panics after `limit`.
pub(crate) fn until(
    engine: &Engine,
    id: CampaignId,
    limit: Duration,
    mut what: impl FnMut(&Progress) -> bool,
) -> Progress {
    let deadline = Instant::now() + limit;
    loop {
        let progress = engine.progress(id).unwrap();
        if what(&progress) {
            return progress;
        }
        if Instant::now() > deadline {
            let logs = engine.logs(Duration::ZERO).unwrap_or_default();
            panic!("not in {limit:?}: {progress:?}\n{logs:#?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn ended(engine: &Engine, id: CampaignId, limit: Duration) -> Progress {
    until(engine, id, limit, |progress| progress.state.ended())
}

pub(crate) fn close(engine: &Engine) {
    engine.close(&mut || true).unwrap();
}

/// Every event of a campaign there is by now.
pub(crate) fn events(engine: &Engine, id: CampaignId) -> Vec<EventOut> {
    let subscription = engine.events(None, Some(id)).unwrap();
    let mut all = Vec::new();
    while let Ok(batch) = subscription.take(1_000)
        && !batch.is_empty()
    {
        all.extend(batch);
    }
    all
}
