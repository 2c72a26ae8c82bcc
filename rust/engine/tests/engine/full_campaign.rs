//! Everybody gets one message, and everybody is accounted for.

use std::time::Duration;

use bealert_core::outcome::State;
use bealert_engine::{CampaignState, Engine, EngineError, EventOut};

use crate::far::{Far, Manners};
use crate::host::{bound, close, config, delivered, ended, events, gateway, launch, plan, sms};

const PEOPLE: u32 = 5_000;

fn sends_all(engine: &Engine, far: &Far) {
    let id = launch(engine, "alert", PEOPLE, "k");
    let progress = ended(engine, id, Duration::from_secs(60));
    assert_eq!(progress.state, CampaignState::Done);
    assert_eq!(delivered(&progress), u64::from(PEOPLE));
    {
        let books = far.books();
        assert_eq!((books.accepted, books.duplicates()), (u64::from(PEOPLE), 0));
        assert_eq!(books.messages.len(), PEOPLE as usize);
    }
    let events = events(engine, id);
    let count = |wanted: &str| {
        let is = |event: &&EventOut| matches!(event, EventOut::Event { state, .. } if *state == wanted);
        events.iter().filter(is).count()
    };
    assert_eq!((count("accepted"), count("delivered")), (PEOPLE as usize, PEOPLE as usize));
    let codes: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            EventOut::Notice { code, .. } => Some(*code),
            _ => None,
        })
        .collect();
    assert_eq!((codes[0], codes[codes.len() - 1]), ("launched", "ended"));
    close(engine);
    let books = far.books();
    assert_eq!((books.receipts_answered, books.receipts_refused), (u64::from(PEOPLE), 0));
    assert_eq!(books.unbinds, 1);
}

#[test]
fn with_a_ledger_in_memory() {
    let far = Far::start(Manners::default());
    let engine = Engine::open(config(None, &[gateway("a", far.port, "")])).unwrap();
    sends_all(&engine, &far);
    assert!(matches!(engine.metrics(), Err(EngineError::Closed)));
}

#[test]
fn with_a_ledger_in_a_directory() {
    let far = Far::start(Manners::default());
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::open(config(Some(directory.path()), &[gateway("a", far.port, "")])).unwrap();
    sends_all(&engine, &far);
    let row = engine.find("k").unwrap().unwrap();
    assert_eq!((row.state, row.people), (CampaignState::Done, PEOPLE));
}

#[test]
fn over_two_sessions_behind_one_limit() {
    let far = Far::start(Manners::default());
    let more = r#", "sessions": 2, "window": 10"#;
    let engine = Engine::open(config(None, &[gateway("a", far.port, more)])).unwrap();
    let id = launch(&engine, "alert", 2_000, "k");
    let progress = ended(&engine, id, Duration::from_secs(30));
    assert_eq!(delivered(&progress), 2_000);
    let books = far.books();
    assert_eq!((books.sessions_at_once, books.accepted, books.duplicates()), (2, 2_000, 0));
}

#[test]
fn two_gateways_that_give_the_same_message_ids() {
    let fars = [Far::start(Manners::default()), Far::start(Manners::default())];
    let even = gateway("even", fars[0].port, r#", "prefixes": ["+324700000", "+324700002"]"#);
    let gateways = [even, gateway("rest", fars[1].port, "")];
    let engine = Engine::open(config(None, &gateways)).unwrap();
    bound(&engine);
    let id = launch(&engine, "alert", 400, "k");
    let progress = ended(&engine, id, Duration::from_secs(20));
    assert_eq!(delivered(&progress), 400);
    let accepted = fars.each_ref().map(|far| far.books().accepted);
    assert_eq!(accepted, [200, 200]);
}

#[test]
fn long_messages_are_one_dispatch_of_several_parts() {
    let far = Far::start(Manners::default());
    let more = r#", "sessions": 2, "window": 7"#;
    let engine = Engine::open(config(None, &[gateway("a", far.port, more)])).unwrap();
    let id = launch(&engine, "long", 300, "k");
    let progress = ended(&engine, id, Duration::from_secs(20));
    assert_eq!(delivered(&progress), 300);
    let books = far.books();
    assert_eq!((books.accepted, books.duplicates()), (900, 0));
    // Header: 8-bit reference, the campaign's number in each part.
    let reference = id.0 as u8;
    assert!(books.messages.keys().all(|(_, body)| body[..5] == [5, 0, 3, reference, 3]));
}

#[test]
fn receipts_that_come_first_and_receipts_that_say_no() {
    let far = Far::start(Manners { early: true, undeliverable_every: Some(10), ..Manners::default() });
    let engine = Engine::open(config(None, &[gateway("a", far.port, "")])).unwrap();
    let id = launch(&engine, "alert", 1_000, "k");
    let progress = ended(&engine, id, Duration::from_secs(30));
    assert_eq!((delivered(&progress), sms(&progress).of(State::Failed)), (900, 100));
    let reasons = events(&engine, id).into_iter().filter_map(|event| match event {
        EventOut::Event { state: "failed", reason, .. } => reason,
        _ => None,
    });
    assert!(reasons.clone().count() == 100 && reasons.clone().all(|reason| reason == "UNDELIV 001"));
}

#[test]
fn five_hundred_a_second_are_never_passed() {
    let far = Far::start(Manners { receipts: false, ..Manners::default() });
    let more = r#", "parts_per_second": 500, "receipts": false"#;
    let engine = Engine::open(config(None, &[gateway("a", far.port, more)])).unwrap();
    let launched = std::time::Instant::now();
    let id = launch(&engine, "alert", 1_000, "k");
    ended(&engine, id, Duration::from_secs(20));
    // None left before the launch, nor later than it arrived.
    for (before, at) in far.books().times.iter().enumerate() {
        let allowed = 500.0 * (*at - launched).as_secs_f64() + 10.0;
        assert!((before + 1) as f64 <= allowed, "{} of {allowed}", before + 1);
    }
}

#[test]
fn one_key_is_one_campaign() {
    let far = Far::start(Manners::default());
    let engine = Engine::open(config(None, &[gateway("a", far.port, "")])).unwrap();
    let same = plan(&engine, "alert", 100);
    let ids: Vec<_> = std::thread::scope(|scope| {
        let launch = || engine.launch(&same, "test", "k", &mut || true).unwrap();
        let both = [scope.spawn(launch), scope.spawn(launch)];
        both.into_iter().map(|launched| launched.join().unwrap()).collect()
    });
    assert_eq!(ids[0], ids[1]);
    ended(&engine, ids[0], Duration::from_secs(20));
    assert_eq!(engine.launch(&same, "test", "k", &mut || true).unwrap(), ids[0]);
    let other = plan(&engine, "letter", 100);
    let conflict = engine.launch(&other, "test", "k", &mut || true);
    assert!(matches!(conflict, Err(EngineError::KeyConflict { id, .. }) if id == ids[0]), "{conflict:?}");
    assert_eq!(far.books().accepted, 100);
    let mut old = plan(&engine, "alert", 10);
    old.created_ms -= 25 * 3_600 * 1_000;
    let stale = engine.launch(&old, "test", "other", &mut || true);
    assert!(matches!(stale, Err(EngineError::PlanStale(_))), "{stale:?}");
}
