//! Pause, resume, cancel; who is urgent goes first.

use std::time::Duration;

use bealert_core::outcome::State;
use bealert_engine::{CampaignId, CampaignState, Engine, EngineError, EventOut};

use crate::far::{Far, Manners};
use crate::host::{config, delivered, ended, events, gateway, launch, sms, until};

const SLOW: &str = r#", "parts_per_second": 500, "window": 10"#;

#[test]
fn nothing_is_sent_after_pause_and_all_of_it_after_resume() {
    let far = Far::start(Manners::default());
    let engine = Engine::open(config(None, &[gateway("a", far.port, SLOW)])).unwrap();
    let id = launch(&engine, "alert", 600, "k");
    until(&engine, id, Duration::from_secs(5), |progress| delivered(progress) > 100);
    engine.pause(id, &mut || true).unwrap();
    // What was on the wire when it returned arrives; nothing else does.
    std::thread::sleep(Duration::from_millis(100));
    let before = far.books().accepted;
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(far.books().accepted, before);
    assert_eq!(engine.progress(id).unwrap().state, CampaignState::Paused);
    engine.resume(id, &mut || true).unwrap();
    let progress = ended(&engine, id, Duration::from_secs(10));
    assert_eq!((delivered(&progress), far.books().duplicates()), (600, 0));
}

#[test]
fn a_cancelled_campaign_ends_with_everybody_accounted_for() {
    let far = Far::start(Manners::default());
    let engine = Engine::open(config(None, &[gateway("a", far.port, SLOW)])).unwrap();
    let id = launch(&engine, "alert", 5_000, "k");
    until(&engine, id, Duration::from_secs(5), |progress| delivered(progress) > 100);
    engine.cancel(id, &mut || true).unwrap();
    let progress = ended(&engine, id, Duration::from_secs(10));
    assert_eq!(progress.state, CampaignState::Cancelled);
    let tally = sms(&progress);
    assert_eq!(tally.of(State::Delivered) + tally.of(State::Cancelled), 5_000);
    assert_eq!(tally.of(State::Delivered), far.books().accepted);
    let codes: Vec<_> = events(&engine, id).iter().filter_map(code).collect();
    let of = |what: &str| codes.iter().filter(|code| **code == what).count();
    assert_eq!(of("cancelled"), 1, "the command's notice, and none of a block's end: {codes:?}");
    assert!(of("block_cancelled") >= 2, "{codes:?}");
    let again = engine.cancel(id, &mut || true);
    assert!(matches!(again, Err(EngineError::CampaignEnded { .. })), "{again:?}");
    let nobody = engine.pause(CampaignId(99), &mut || true);
    assert!(matches!(nobody, Err(EngineError::UnknownCampaign(_))), "{nobody:?}");
}

fn code(event: &EventOut) -> Option<&'static str> {
    match event {
        EventOut::Notice { code, .. } => Some(code),
        _ => None,
    }
}

#[test]
fn an_alert_overtakes_the_newsletter() {
    let far = Far::start(Manners::default());
    let engine = Engine::open(config(None, &[gateway("a", far.port, SLOW)])).unwrap();
    let letter = launch(&engine, "letter", 20_000, "letter");
    until(&engine, letter, Duration::from_secs(5), |progress| delivered(progress) > 50);
    let before = far.books().accepted;
    let alert = launch(&engine, "alert", 200, "alert");
    ended(&engine, alert, Duration::from_secs(5));
    let books = far.books();
    let alerts = books.messages.keys().filter(|(_, body)| body.starts_with(b"Bericht")).count();
    let others = books.accepted - before - alerts as u64;
    assert!(others < 100, "{others} letters went out beside the alert");
}

#[test]
fn what_is_not_sent_in_time_expires() {
    let engine = Engine::open(config(None, &[gateway("a", 1, "")])).unwrap();
    let id = launch(&engine, "short", 3_000, "k");
    let progress = ended(&engine, id, Duration::from_secs(5));
    assert_eq!(sms(&progress).of(State::Expired), 3_000);
}
