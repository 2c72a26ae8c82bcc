//! Ended campaigns are let go of: their personal data alone, or all of them to an archive file.

use std::path::Path;
use std::time::Duration;

use bealert_core::ledger::verify;
use bealert_engine::plan::{Plan, RecipientIn};
use bealert_engine::{CampaignId, Engine, EngineError, EventOut};

use crate::far::{Far, Manners};
use crate::host::{close, config, ended, events, gateway, now_ms};

const PEOPLE: u32 = 3_000;

/// What stands in the messages and on no other side of the engine.
const NAME: &str = "Lieselotte";

fn people(engine: &Engine, scenario: &str) -> Plan {
    let mut planner = engine.planner(scenario, Vec::new()).unwrap();
    for n in 0..PEOPLE {
        let (id, phone) = (format!("p{n}"), format!("+32470{n:06}"));
        let name = format!("{NAME} {n}");
        planner.push(RecipientIn {
            id: &id,
            phone: Some(if n == 7 { "0470 garbage 12345" } else { &phone }),
            email: None,
            language: Some("nl"),
            name: Some(&name),
            values: &[("street", "Kerkstraat")],
        });
    }
    planner.finish(now_ms()).unwrap()
}

fn sent(engine: &Engine, scenario: &str, key: &str) -> CampaignId {
    let id = engine.launch(&people(engine, scenario), "test", key, &mut || true).unwrap();
    ended(engine, id, Duration::from_secs(60));
    id
}

/// Whether a text stands in any file below a directory.
fn found(dir: &Path, text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for file in std::fs::read_dir(dir).unwrap().flatten() {
        if file.path().is_dir() {
            all.extend(found(&file.path(), text));
        } else if let Ok(octets) = std::fs::read(file.path())
            && octets.windows(text.len()).any(|part| part == text.as_bytes())
        {
            all.push(file.path().display().to_string());
        }
    }
    all
}

fn sound(dir: &Path) {
    let mut reader = bealert_engine::ledger::open_reader(dir).unwrap();
    assert_eq!(verify(reader.as_mut()).unwrap().findings, []);
    assert_eq!(bealert_engine::ledger::check_file(dir).unwrap(), [] as [String; 0]);
}

type Told = (String, &'static str, u8, Option<i64>);

/// What a report says of everybody but who they are.
fn told(engine: &Engine, id: CampaignId) -> (String, Vec<Told>) {
    let report = engine.report(id, &mut || true).unwrap();
    let summary = serde_json::to_value(report.summary()).unwrap().to_string();
    let row = |row: bealert_engine::report::ReportRow<'_>| {
        (row.id.to_owned(), row.state, row.parts, row.receipt_at_ms)
    };
    (summary, report.rows().map(row).collect())
}

#[test]
fn erasing_leaves_nothing_personal_in_any_file_and_every_count() {
    let far = Far::start(Manners::default());
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(config(Some(dir.path()), &[gateway("a", far.port, "")])).unwrap();
    let id = sent(&engine, "alert", "k");
    let before = told(&engine, id);
    let personal = ["3247000", NAME];
    assert!(
        personal.iter().all(|text| !found(dir.path(), text).is_empty()),
        "the test looks for what is there"
    );
    for _ in 0..2 {
        engine.erase(id, &mut || true).unwrap();
        for text in personal {
            assert_eq!(found(dir.path(), text), [] as [String; 0], "{text}");
        }
        assert_eq!(told(&engine, id), before);
    }
    let report = engine.report(id, &mut || true).unwrap();
    assert!(report.rows().all(|row| row.name.is_none() && row.address.is_empty()));
    assert_eq!(events(&engine, id).len(), 2 * (PEOPLE as usize - 1) + 2);
    close(&engine);
    let engine = Engine::open(config(Some(dir.path()), &[gateway("a", far.port, "")])).unwrap();
    assert_eq!(told(&engine, id), before);
    let again = engine.launch(&people(&engine, "alert"), "test", "k", &mut || true).unwrap();
    assert_eq!(again, id, "its key is still its own");
    close(&engine);
    sound(dir.path());
}

#[test]
fn an_archived_campaign_is_found_and_read_as_before() {
    let far = Far::start(Manners::default());
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(config(Some(dir.path()), &[gateway("a", far.port, "")])).unwrap();
    let (first, second) = (sent(&engine, "alert", "first"), sent(&engine, "letter", "second"));
    let (before, seen) = (told(&engine, first), events(&engine, first));
    let journal = |engine: &Engine| -> Vec<EventOut> {
        let all = engine.events(Some(0), None).unwrap();
        std::iter::from_fn(|| all.take(700).ok().filter(|some| !some.is_empty())).flatten().collect()
    };
    let whole = journal(&engine);
    engine.archive(first, &mut || true).unwrap();
    engine.archive(first, &mut || true).unwrap();
    let file = dir.path().join("archive").join(format!("{first}.sqlite"));
    assert!(file.is_file());
    let left = rusqlite::Connection::open(dir.path().join("ledger.sqlite")).unwrap();
    let count = |table: &str| -> i64 {
        let count = format!("SELECT count(*) FROM {table} WHERE campaign = {first}");
        left.query_row(&count, [], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("outcome"), count("people"), count("notice"), count("block")), (0, 0, 0, 0));
    drop(left);
    for engine in [engine.clone(), {
        close(&engine);
        Engine::open(config(Some(dir.path()), &[gateway("a", far.port, "")])).unwrap()
    }]
    .iter()
    .skip(1)
    {
        assert_eq!((told(engine, first), events(engine, first)), (before.clone(), seen.clone()));
        let now = journal(engine);
        assert_eq!(now[..whole.len()], whole[..], "the sequence has no gap");
        assert_eq!(engine.campaigns().unwrap().len(), 2);
        let again = engine.launch(&people(engine, "alert"), "test", "first", &mut || true).unwrap();
        assert_eq!(again, first, "its key is still its own");
        assert!(told(engine, second).0.contains("\"balanced\":true"));
        sound(dir.path());
        engine.erase(first, &mut || true).unwrap();
        assert_eq!(told(engine, first), before);
        engine.erase(second, &mut || true).unwrap();
        assert_eq!(found(dir.path(), NAME), [] as [String; 0], "nor is it in the archive file");
        close(engine);
    }
    sound(dir.path());
}

#[test]
fn what_has_not_ended_is_kept() {
    let far = Far::start(Manners::default());
    let dir = tempfile::tempdir().unwrap();
    let slow = gateway("a", far.port, r#", "parts_per_second": 50"#);
    let engine = Engine::open(config(Some(dir.path()), &[slow])).unwrap();
    let id = engine.launch(&people(&engine, "alert"), "test", "k", &mut || true).unwrap();
    let runs = |result: Result<(), EngineError>| matches!(result, Err(EngineError::CampaignRuns { .. }));
    assert!(runs(engine.erase(id, &mut || true)));
    assert!(runs(engine.archive(id, &mut || true)));
    assert!(matches!(engine.erase(CampaignId(99), &mut || true), Err(EngineError::UnknownCampaign(_))));
    engine.cancel(id, &mut || true).unwrap();
    ended(&engine, id, Duration::from_secs(30));
    engine.archive(id, &mut || true).unwrap();
    assert!(told(&engine, id).0.contains("\"balanced\":true"));
    close(&engine);
    sound(dir.path());
}

#[test]
fn old_campaigns_are_let_go_of_by_themselves() {
    const DAY_MS: i64 = 86_400_000;
    let far = Far::start(Manners::default());
    let dir = tempfile::tempdir().unwrap();
    let start = |after_days: i64| {
        let mut config = config(Some(dir.path()), &[gateway("a", far.port, "")]);
        config.erase_after_ms = Some(30 * DAY_MS);
        config.archive_after_ms = Some(400 * DAY_MS);
        let ledger = bealert_engine::ledger::SqliteLedger::open(dir.path()).unwrap();
        Engine::open_at(config, Box::new(ledger), now_ms() + after_days * DAY_MS).unwrap()
    };
    let engine = start(0);
    let id = sent(&engine, "alert", "k");
    let before = told(&engine, id);
    close(&engine);
    let archive = dir.path().join("archive").join(format!("{id}.sqlite"));
    for (days, personal, archived) in [(29, true, false), (31, false, false), (401, false, true)] {
        let engine = start(days);
        let holds = || found(dir.path(), NAME).is_empty() != personal && archive.is_file() == archived;
        for _ in 0..1_000 {
            if holds() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(100));
        assert!(holds(), "after {days} days");
        assert_eq!(told(&engine, id), before);
        close(&engine);
        sound(dir.path());
    }
}
