//! A panic ends the engine, tells every caller, frees the directory; the next engine goes on.

use std::time::Duration;

use bealert_engine::{Engine, EngineError, EventOut};

use crate::far::{Far, Manners};
use crate::host::{config, delivered, ended, events, gateway, launch, until};

fn after_a_panic_in(what: &str) {
    let far = Far::start(Manners::default());
    let directory = tempfile::tempdir().unwrap();
    let more = r#", "parts_per_second": 2000"#;
    let config = || config(Some(directory.path()), &[gateway("a", far.port, more)]);
    let engine = Engine::open(config()).unwrap();
    let id = launch(&engine, "alert", 2_000, "k");
    until(&engine, id, Duration::from_secs(5), |progress| delivered(progress) > 300);
    engine.inject(what);
    let failed = (0..500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        engine.pause(id, &mut || true).err()
    });
    let text = match failed {
        Some(EngineError::Failed(text)) => text,
        other => panic!("{other:?}"),
    };
    assert!(text.contains("injected"), "{text}");
    assert!(matches!(engine.metrics(), Err(EngineError::Failed(_))));
    assert!(matches!(engine.close(&mut || true), Err(EngineError::Failed(_))));

    let engine = Engine::open(config()).unwrap();
    let progress = ended(&engine, id, Duration::from_secs(20));
    let doubted = events(&engine, id)
        .iter()
        .filter(|event| matches!(event, EventOut::Event { state: "uncertain", .. }))
        .count() as u64;
    let books = far.books();
    assert_eq!(books.messages.len(), 2_000, "{progress:?}");
    assert!(books.duplicates() <= doubted, "{} doubles, {doubted} doubted", books.duplicates());
}

#[test]
fn in_the_loop() {
    after_a_panic_in("loop");
}

#[test]
fn in_the_ledger_thread() {
    after_a_panic_in("ledger");
}

#[test]
fn in_a_session() {
    after_a_panic_in("session");
}

#[test]
fn a_waiting_call_hears_of_it() {
    let far = Far::start(Manners::default());
    let engine = Engine::open(config(None, &[gateway("a", far.port, "")])).unwrap();
    let id = launch(&engine, "alert", 10, "k");
    let mut calls = 0;
    // The command is on its way when the loop panics.
    let subscription = engine.events(None, None).unwrap();
    engine.inject("loop");
    let result = engine.resume(id, &mut || {
        calls += 1;
        true
    });
    assert!(matches!(result, Err(EngineError::Failed(_) | EngineError::CampaignEnded { .. })), "{result:?}");
    let end = (0..1_000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(1));
        subscription.take(100).err()
    });
    assert!(matches!(end, Some(EngineError::Failed(_))), "{end:?}");
    assert!(engine.logs(Duration::from_secs(1)).is_some());
}
