//! A wall clock that was put back or forward: a campaign lives for as long as it was given.

use std::time::Duration;

use bealert_core::ledger::{Batch, Ledger, MemoryLedger, Notice, NoticeCode};
use bealert_core::model::GatewayId;
use bealert_engine::Engine;

use crate::far::{Far, Manners};
use crate::host::{close, config, delivered, ended, gateway, launch, now_ms, sms};

const HOURS_MS: i64 = 3_600_000;

/// A ledger whose last row was written at this time.
fn ledger(at_ms: i64) -> Box<MemoryLedger> {
    let (gateway, code, text) = (GatewayId::NONE, NoticeCode::Recovered, "before".into());
    let notice = Notice { seq: 1, at_ms, campaign: None, gateway, code, text };
    let mut ledger = MemoryLedger::new();
    ledger.commit(&Batch { notices: vec![notice], last_seq: 1, ..Batch::default() }).unwrap();
    Box::new(ledger)
}

#[test]
fn put_back_a_campaign_does_not_expire_at_launch() {
    let far = Far::start(Manners::default());
    let last_ms = now_ms() + 3 * HOURS_MS;
    let engine = Engine::open_on(config(None, &[gateway("a", far.port, "")]), ledger(last_ms)).unwrap();
    let id = launch(&engine, "alert", 50, "k");
    let row = engine.find("k").unwrap().unwrap();
    assert!((last_ms..last_ms + 60_000).contains(&row.launched_at_ms));
    assert_eq!(row.expires_at_ms, row.launched_at_ms + 2 * HOURS_MS);
    assert_eq!(delivered(&ended(&engine, id, Duration::from_secs(10))), 50);
    close(&engine);
}

#[test]
fn put_forward_a_campaign_expires_in_its_time() {
    // Opened when the machine's clock stood three hours back, as it has never been since.
    let opened_ms = now_ms() - 3 * HOURS_MS;
    let nobody = config(None, &[gateway("a", 1, "")]);
    let engine = Engine::open_at(nobody, ledger(opened_ms - 1), opened_ms).unwrap();
    let id = launch(&engine, "short", 10, "k");
    let row = engine.find("k").unwrap().unwrap();
    assert!((opened_ms..opened_ms + 60_000).contains(&row.launched_at_ms));
    let progress = ended(&engine, id, Duration::from_secs(5));
    assert_eq!(sms(&progress).of(bealert_core::outcome::State::Expired), 10);
    close(&engine);
}
