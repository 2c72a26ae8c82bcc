mod mail;

use std::fs;

use bealert_core::block::{BlockWriter, Person};
use bealert_core::ledger::{Batch, BlockEnd, Ledger, MemoryLedger, Outcome, RemoteId};
use bealert_core::model::{
    BlockKey, BlockMeta, BlockRow, CampaignRow, CampaignState, Channel, EXCLUDED, Kind, Policy, Route,
};
use bealert_core::outcome::{State, Step};
use bealert_core::tally::Tally;
use serde_json::{Value, json};

use super::*;

const LAUNCHED_MS: i64 = 1_767_225_600_000;

/// Five people: p0 delivered after a retry, =p1 failed, p2 uncertain, p3 resent and accepted, p4 excluded.
struct Story {
    ledger: MemoryLedger,
    id: CampaignId,
    gateway: GatewayId,
    seq: u64,
}

impl Story {
    fn tell(&mut self, ordinal: u32, attempt: u8, step: Step, after_ms: i64, took_us: u32, detail: &str) {
        self.seq += 1;
        let outcome = Outcome {
            seq: self.seq,
            campaign: self.id,
            ordinal,
            channel: Channel::Sms,
            attempt,
            part: 0,
            gateway: self.gateway,
            step,
            remote: if step == Step::Accepted { RemoteId::from("=id").unwrap() } else { RemoteId::new() },
            at_ms: LAUNCHED_MS + after_ms,
            took_us,
            detail: (!detail.is_empty()).then(|| detail.into()),
        };
        self.commit(Batch { outcomes: vec![outcome], ..Batch::default() });
    }

    fn commit(&mut self, batch: Batch) {
        self.ledger.commit(&Batch { last_seq: self.seq, ..batch }).unwrap();
    }

    fn end(&mut self) {
        let mut tally = Tally::default();
        [State::Delivered, State::Failed, State::Uncertain, State::Accepted, State::Skipped]
            .into_iter()
            .for_each(|state| tally.add(state));
        self.seq += 1;
        let key = BlockKey { campaign: self.id, channel: Channel::Sms, block: 0 };
        let end = BlockEnd { seq: self.seq, key, from: 4, step: Step::Expired, at_ms: LAUNCHED_MS };
        self.commit(Batch {
            block_ends: vec![end],
            tallies: vec![(self.id, Channel::Sms, tally)],
            states: vec![(self.id, CampaignState::Done, Some(LAUNCHED_MS + 60_000))],
            ..Batch::default()
        });
    }

    fn report(&self) -> Report {
        Report::read(&mut *self.ledger.reader().unwrap(), self.id).unwrap().unwrap()
    }
}

fn block(id: CampaignId, number: u32, route: u16, people: &[Person<'_>]) -> BlockRow {
    let mut writer = BlockWriter::default();
    people.iter().for_each(|person| writer.push(person));
    let key = BlockKey { campaign: id, channel: Channel::Sms, block: number };
    let (len, units) = (writer.len(), writer.units());
    BlockRow { meta: BlockMeta { key, route, len, units, reserved: 0 }, data: writer.finish() }
}

fn launched() -> Story {
    let mut ledger = MemoryLedger::new();
    let gateway = ledger.gateway("sms-a").unwrap();
    let row = CampaignRow {
        id: CampaignId(0),
        key: "incident-4711".into(),
        hash: "h".into(),
        scenario: "burglary".into(),
        kind: Kind::Warning,
        policy: Policy::Resend,
        by: "coordinator".into(),
        people: 5,
        state: CampaignState::Launching,
        launched_at_ms: LAUNCHED_MS,
        expires_at_ms: LAUNCHED_MS + 7_200_000,
        ended_at_ms: None,
        launched_seq: 0,
        routes: vec![Route { channel: Channel::Sms, gateways: vec!["sms-a".into()], domain: None }],
        frozen: String::new(),
    };
    let id = ledger.begin_launch(&row).unwrap();
    let person =
        |ordinal, id, name, address| Person { ordinal, id, name, address, units: 1, ..Person::default() };
    let sent = [
        person(0, "p0", "An \"Annie\" Peeters", "32470123456"),
        person(1, "=p1", "@Bo, Els", "32470123457"),
        person(2, "p2", "", "32470123458"),
        person(3, "p3", "Łukasz", "32470123459"),
    ];
    let excluded = Person { reason: "not a phone number", units: 0, ..person(4, "p4", "", "+32 no") };
    ledger.add_blocks(&[block(id, 0, 0, &sent), block(id, 1, EXCLUDED, &[excluded])]).unwrap();
    let mut story = Story { ledger, id, gateway, seq: 0 };
    let (states, marks) = (vec![(id, CampaignState::Running, None)], vec![(sent_key(id), 4)]);
    story.commit(Batch { states, marks, ..Batch::default() });
    story
}

fn sent_key(campaign: CampaignId) -> BlockKey {
    BlockKey { campaign, channel: Channel::Sms, block: 0 }
}

fn told() -> Story {
    let mut story = launched();
    story.tell(0, 1, Step::Deferred, 150, 50_000, "0x14 queue full");
    story.tell(1, 1, Step::Failed, 200, 20_000, "-1: 0x0B invalid destination");
    story.tell(0, 2, Step::Submitting, 300, 0, "");
    story.tell(0, 2, Step::Accepted, 400, 10_000, "");
    story.tell(2, 1, Step::Uncertain, 500, 0, "no answer");
    story.tell(3, 1, Step::Resend, 500, 0, "no answer");
    story.tell(3, 2, Step::Submitting, 600, 0, "");
    story.tell(3, 2, Step::Accepted, 700, 30_000, "");
    story.tell(0, 2, Step::Delivered, 2_400, 0, "");
    story
}

fn ended() -> Report {
    let mut story = told();
    story.end();
    story.report()
}

#[test]
fn the_json_has_the_fields_that_were_agreed() {
    let report = ended();
    assert!(report.balanced(), "{:?}", report.summary().imbalances);
    let json: Value = serde_json::from_str(&report.json()).unwrap();
    let counts = |named: &[(&str, u64)]| {
        let mut counts: serde_json::Map<String, Value> =
            bealert_core::tally::COUNTED.iter().map(|name| ((*name).to_owned(), 0.into())).collect();
        named.iter().for_each(|(name, count)| drop(counts.insert((*name).to_owned(), (*count).into())));
        Value::from(counts)
    };
    let expected = json!({
        "campaign": 1, "key": "incident-4711", "scenario": "burglary", "kind": "warning", "by": "coordinator",
        "state": "done", "balanced": true, "imbalances": [], "people": 5, "excluded": 1,
        "totals": {"sms": counts(&[("delivered", 1), ("failed", 1), ("uncertain", 1), ("accepted", 1), ("skipped", 1)])},
        "gateways": {"sms-a": {"accepted": 2, "delivered": 1, "failed": 1, "deferred": 1, "submitting": 2, "uncertain": 2}},
        "launched_at_ms": LAUNCHED_MS, "ended_at_ms": LAUNCHED_MS + 60_000,
        "launch_to_first_ms": 100, "submitted_ms": {"p50": 180, "p95": 600, "p100": 600},
        "receipt_ms": {"p50": 2_000, "p95": 2_000, "p99": 2_000}, "response_ms": {"p50": 20, "p99": 50},
        "elapsed_s": 2.3, "first_submit_at_ms": LAUNCHED_MS + 100, "last_outcome_at_ms": LAUNCHED_MS + 2_400,
        "possibly_doubled": ["p3"], "uncertain": ["p2"], "missed": ["=p1", "p4"], "suppress": [],
    });
    let (json, expected) = (json.as_object().unwrap(), expected.as_object().unwrap());
    for (name, value) in expected {
        if name != "gateways" {
            assert_eq!(&json[name], value, "{name}");
        }
    }
    assert_eq!(json.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    let gateway = &json["gateways"]["sms-a"];
    assert_eq!([&gateway["accepted"], &gateway["delivered"], &gateway["failed"]], [2, 1, 1]);
}

#[test]
fn a_campaign_that_runs_has_a_report_that_does_not_balance() {
    let report = launched().report();
    assert!(!report.balanced());
    let summary = report.summary();
    assert_eq!(
        (summary.launch_to_first_ms, summary.elapsed_s, summary.last_outcome_at_ms),
        (None, None, None)
    );
    assert_eq!((&summary.submitted_ms, &summary.response_ms, summary.state), (&None, &None, "running"));
}

#[test]
fn there_is_no_report_of_a_campaign_that_there_is_not_or_that_nobody_waits_for() {
    let story = told();
    let mut reader = story.ledger.reader().unwrap();
    assert!(Report::read(&mut *reader, CampaignId(9)).unwrap().is_none());
    assert!(Report::read_while(&mut *reader, story.id, &mut || false).unwrap().is_none());
}

#[test]
fn a_row_per_recipient_says_what_became_of_them() {
    let report = ended();
    let rows: Vec<ReportRow<'_>> = report.rows().collect();
    assert_eq!(rows.len(), 5);
    let states: Vec<&str> = rows.iter().map(|row| row.state).collect();
    assert_eq!(states, ["delivered", "failed", "uncertain", "accepted", "skipped"]);
    assert_eq!(
        (rows[0].id, rows[0].name, &*rows[0].address),
        ("p0", Some("An \"Annie\" Peeters"), "+32470123456")
    );
    assert_eq!((rows[0].attempts, rows[0].gateway, rows[0].reason), (2, Some("sms-a"), None));
    assert_eq!(
        (rows[0].submitted_at_ms, rows[0].receipt_at_ms),
        (Some(LAUNCHED_MS + 100), Some(LAUNCHED_MS + 2_400))
    );
    assert_eq!(
        (rows[0].remote, rows[3].possibly_doubled, rows[0].possibly_doubled),
        (Some("=id"), true, false)
    );
    assert_eq!((rows[1].reason, rows[2].name), (Some("-1: 0x0B invalid destination"), None));
    assert_eq!(
        (&*rows[4].address, rows[4].reason, rows[4].gateway),
        ("+32 no", Some("not a phone number"), None)
    );
    assert_eq!((rows[4].parts, rows[4].attempts), (0, 0));
}

#[test]
fn pages_are_the_rows() {
    let report = ended();
    let (mut paged, mut start) = (Vec::new(), 0);
    loop {
        let (page, next) = report.page(start, 2);
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        paged.extend(page);
        start = next;
    }
    assert_eq!(paged, report.rows().collect::<Vec<_>>());
    assert_eq!(report.page(99, 5).0, []);
}

#[test]
fn the_csv_has_no_formulas_and_loses_no_number() {
    let directory = tempfile::tempdir().unwrap();
    let into = directory.path().join("a/b");
    ended().write(&into).unwrap();
    let mut csv = csv::Reader::from_path(into.join("report.csv")).unwrap();
    assert_eq!(csv.headers().unwrap().len(), 13);
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 5);
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
    }
    let first: Vec<&str> = rows[0].iter().collect();
    let expected = [
        "p0",
        "An \"Annie\" Peeters",
        "sms",
        "32470123456",
        "delivered",
        "",
        "sms-a",
        "2",
        "1",
        "2026-01-01T00:00:00.100Z",
        "2026-01-01T00:00:02.400Z",
        "'=id",
        "no",
    ];
    assert_eq!(first, expected);
    assert_eq!(
        [&rows[1][0], &rows[1][1], &rows[1][5]],
        ["'=p1", "'@Bo, Els", "'-1: 0x0B invalid destination"]
    );
    assert_eq!([&rows[4][3], &rows[4][5], &rows[3][12]], ["'+32 no", "not a phone number", "yes"]);
    let json: Value = serde_json::from_str(&fs::read_to_string(into.join("report.json")).unwrap()).unwrap();
    assert_eq!(json["key"], "incident-4711");
}

#[test]
fn a_report_replaces_the_one_before_and_leaves_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    ended().write(directory.path()).unwrap();
    launched().report().write(directory.path()).unwrap();
    let json: Value =
        serde_json::from_str(&fs::read_to_string(directory.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(json["state"], "running");
    let mut names: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["report.csv", "report.json"]);
}

#[test]
fn where_it_cannot_be_written_the_error_names_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "kept").unwrap();
    let error = ended().write(&file).unwrap_err();
    assert_eq!(error.path, file);
    assert!(error.to_string().contains("can't be written"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
}
