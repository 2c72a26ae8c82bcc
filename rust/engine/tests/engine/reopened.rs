//! Engines that end in the middle of a campaign: the next one goes on.

use std::time::Duration;

use bealert_engine::{CampaignState, Engine, EngineError};

use crate::far::{Far, Manners};
use crate::host::{close, config, delivered, ended, gateway, launch, sms, until};

const SLOW: &str = r#", "parts_per_second": 2000"#;

#[test]
fn after_a_close_nothing_is_doubled_and_nothing_uncertain() {
    let far = Far::start(Manners::default());
    let directory = tempfile::tempdir().unwrap();
    let config = || config(Some(directory.path()), &[gateway("a", far.port, SLOW)]);
    let engine = Engine::open(config()).unwrap();
    let id = launch(&engine, "alert", 3_000, "k");
    until(&engine, id, Duration::from_secs(5), |progress| delivered(progress) > 500);
    close(&engine);
    assert!(matches!(engine.pause(id, &mut || true), Err(EngineError::Closed)));
    assert!(far.books().accepted < 3_000);
    let engine = Engine::open(config()).unwrap();
    let progress = ended(&engine, id, Duration::from_secs(10));
    assert_eq!((delivered(&progress), far.books().duplicates()), (3_000, 0));
}

#[test]
fn dropping_the_last_handle_closes() {
    let far = Far::start(Manners::default());
    let directory = tempfile::tempdir().unwrap();
    let config = || config(Some(directory.path()), &[gateway("a", far.port, SLOW)]);
    let engine = Engine::open(config()).unwrap();
    let id = launch(&engine, "alert", 2_000, "k");
    until(&engine, id, Duration::from_secs(5), |progress| delivered(progress) > 200);
    drop(engine);
    let engine = Engine::open(config()).unwrap();
    let progress = ended(&engine, id, Duration::from_secs(10));
    assert_eq!((delivered(&progress), far.books().duplicates()), (2_000, 0));
}

#[test]
fn a_held_directory_is_refused_and_can_be_read() {
    let far = Far::start(Manners::default());
    let directory = tempfile::tempdir().unwrap();
    let config = || config(Some(directory.path()), &[gateway("a", far.port, "")]);
    let engine = Engine::open(config()).unwrap();
    let id = launch(&engine, "alert", 50, "k");
    ended(&engine, id, Duration::from_secs(10));
    let second = Engine::open(config());
    assert!(matches!(second, Err(EngineError::Held { pid }) if pid == std::process::id()));
    let view = bealert_engine::EngineView::open(directory.path()).unwrap();
    assert_eq!(view.find("k").unwrap().unwrap().id, id);
    assert_eq!(view.find(&id.to_string()).unwrap().unwrap().state, CampaignState::Done);
    assert_eq!(sms(&view.progress(id).unwrap()).total(), 50);
    let events = view.events(None, Some(id)).unwrap();
    assert!(!events.take(10).unwrap().is_empty());
}

#[test]
fn a_paused_campaign_stays_paused() {
    let far = Far::start(Manners::default());
    let directory = tempfile::tempdir().unwrap();
    let config = || config(Some(directory.path()), &[gateway("a", far.port, SLOW)]);
    let engine = Engine::open(config()).unwrap();
    let id = launch(&engine, "alert", 2_000, "k");
    engine.pause(id, &mut || true).unwrap();
    close(&engine);
    let before = far.books().accepted;
    let engine = Engine::open(config()).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(far.books().accepted, before);
    assert_eq!(engine.progress(id).unwrap().state, CampaignState::Paused);
    engine.resume(id, &mut || true).unwrap();
    assert_eq!(delivered(&ended(&engine, id, Duration::from_secs(10))), 2_000);
}
