//! Mail: who took it, when, what a bounce changed days later, and whom not to write to again.

use bealert_core::block::{BlockWriter, Person};
use bealert_core::ledger::{Batch, Ledger, MemoryLedger, Outcome, RemoteId};
use bealert_core::model::{
    BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, CampaignState, Channel, GatewayId, Kind, Policy,
    Route,
};
use bealert_core::outcome::Step;

use crate::report::Report;

const LAUNCHED_MS: i64 = 1_767_225_600_000;
const DAY_MS: i64 = 86_400_000;

fn campaign() -> CampaignRow {
    CampaignRow {
        id: CampaignId(0),
        key: "k".into(),
        hash: "h".into(),
        scenario: "s".into(),
        kind: Kind::News,
        policy: Policy::Hold,
        by: "b".into(),
        people: 4,
        state: CampaignState::Launching,
        launched_at_ms: LAUNCHED_MS,
        expires_at_ms: LAUNCHED_MS + 7_200_000,
        ended_at_ms: None,
        launched_seq: 0,
        routes: vec![Route { channel: Channel::Email, gateways: vec!["mail-a".into()], domain: None }],
        frozen: String::new(),
    }
}

/// The report of four people after these rows: ordinal, gateway or none, step, time and words.
fn report(rows: &[(u32, bool, Step, i64, &str)]) -> Report {
    let mut ledger = MemoryLedger::new();
    let gateway = ledger.gateway("mail-a").unwrap();
    let id = ledger.begin_launch(&campaign()).unwrap();
    let mut writer = BlockWriter::default();
    let ids = ["p0", "p1", "p2", "p3"];
    for (ordinal, id) in (0..).zip(ids) {
        let address = format!("{id}@example.org");
        writer.push(&Person { ordinal, id, address: &address, units: 1, ..Person::default() });
    }
    let key = BlockKey { campaign: id, channel: Channel::Email, block: 0 };
    let meta = BlockMeta { key, route: 0, len: 4, units: 4, reserved: 0 };
    ledger.add_blocks(&[BlockRow { meta, data: writer.finish() }]).unwrap();
    let outcome = |(seq, row): (u64, &(u32, bool, Step, i64, &str))| Outcome {
        seq,
        campaign: id,
        ordinal: row.0,
        channel: Channel::Email,
        attempt: 1,
        part: 0,
        gateway: if row.1 { gateway } else { GatewayId::NONE },
        step: row.2,
        remote: RemoteId::new(),
        at_ms: LAUNCHED_MS + row.3,
        took_us: if row.1 { 10_000 } else { 0 },
        detail: (!row.4.is_empty()).then(|| row.4.into()),
    };
    let batch = Batch {
        outcomes: (1..).zip(rows).map(outcome).collect(),
        marks: vec![(key, 4)],
        states: vec![(id, CampaignState::Running, None)],
        last_seq: rows.len() as u64,
        ..Batch::default()
    };
    ledger.commit(&batch).unwrap();
    Report::read(&mut *ledger.reader().unwrap(), id).unwrap().unwrap()
}

#[test]
fn dead_addresses_are_told_apart_from_other_failures() {
    let report = report(&[
        (0, true, Step::Failed, 100, "550 5.1.1 No such user"),
        (1, true, Step::Accepted, 100, ""),
        (1, false, Step::Failed, 5 * DAY_MS, "5.1.1 smtp; 550 unknown"),
        (2, true, Step::Failed, 100, "554 5.7.1 we do not like you"),
        (3, true, Step::Accepted, 100, ""),
        (3, false, Step::Bounced, DAY_MS, "5.1.1 smtp; 550 unknown (one of 2 tries)"),
    ]);
    assert_eq!(report.summary().suppress, ["p0", "p1", "p3"]);
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(json["suppress"], serde_json::json!(["p0", "p1", "p3"]));
    // The bounce came through no gateway, and is the gateway's all the same.
    assert_eq!(report.summary().gateways["mail-a"]["failed"], 3);
    let bounced = report.rows().find(|row| row.id == "p1").unwrap();
    assert_eq!(bounced.gateway, Some("mail-a"));
    assert_eq!(bounced.receipt_at_ms, Some(LAUNCHED_MS + 5 * DAY_MS));
    assert_eq!(bounced.reason, Some("5.1.1 smtp; 550 unknown"));
    // Another letter to the same person may have arrived: what is known is told beside the state.
    let doubled = report.rows().find(|row| row.id == "p3").unwrap();
    assert_eq!(
        (doubled.state, doubled.reason),
        ("accepted", Some("5.1.1 smtp; 550 unknown (one of 2 tries)"))
    );
}

#[test]
fn a_later_try_that_failed_does_not_say_why_one_is_in_doubt() {
    let stopped = "the engine was stopped before an answer came";
    let report = report(&[
        (0, true, Step::Resend, 100, stopped),
        (0, true, Step::Submitting, 150, ""),
        (0, true, Step::Deferred, 200, "450 4.7.1 Greylisted"),
        (0, true, Step::Submitting, 250, ""),
        (0, true, Step::Failed, 300, "552 5.2.2 full"),
        (1, true, Step::Accepted, 100, ""),
        (2, true, Step::Failed, 100, "552 5.2.2 full"),
    ]);
    let row = |id: &str| report.rows().find(|row| row.id == id).unwrap();
    assert_eq!((row("p0").state, row("p0").reason), ("uncertain", Some(stopped)));
    assert_eq!(row("p2").reason, Some("552 5.2.2 full"));
    assert_eq!(report.summary().missed, ["p2"], "p3 is open, and p0 may have got it");
}

#[test]
fn one_that_was_relayed_stays_as_it_was_accepted() {
    let report = report(&[
        (0, true, Step::Accepted, 100, ""),
        (0, false, Step::Accepted, 3_600_000, "2.0.0 relayed"),
        (0, false, Step::Delivered, 3_600_100, "2.0.0"),
    ]);
    assert_eq!(report.summary().gateways["mail-a"]["accepted"], 1);
    // From the relay's yes, and not from what it told later.
    let spread = report.summary().receipt_ms.as_ref().unwrap();
    assert_eq!(spread.0[0], ("p50", 3_600_000.0));
}
