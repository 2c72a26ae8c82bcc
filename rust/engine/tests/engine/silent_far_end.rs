//! A far end that takes messages and never answers.

use std::time::{Duration, Instant};

use bealert_core::outcome::State;
use bealert_engine::{Engine, EngineError};

use crate::far::{Far, Manners};
use crate::host::{config, delivered, ended, gateway, launch, sms, until};

#[test]
fn its_messages_are_uncertain_and_sent_again_over_a_new_session() {
    let far = Far::start(Manners { silent: true, ..Manners::default() });
    let more = r#", "window": 10, "response_timeout_ms": 300"#;
    let engine = Engine::open(config(None, &[gateway("a", far.port, more)])).unwrap();
    let id = launch(&engine, "alert", 40, "k");
    until(&engine, id, Duration::from_secs(5), |progress| progress.sent[0] >= 10);
    std::thread::sleep(Duration::from_millis(500));
    far.change(|manners| manners.silent = false);
    let progress = ended(&engine, id, Duration::from_secs(30));
    assert_eq!(far.books().messages.len(), 40);
    assert_eq!(delivered(&progress) + sms(&progress).of(State::Accepted), 40, "{progress:?}");
}

#[test]
fn closing_does_not_wait_for_it_for_ever() {
    let far = Far::start(Manners { silent: true, ..Manners::default() });
    let engine = Engine::open(config(None, &[gateway("a", far.port, "")])).unwrap();
    let id = launch(&engine, "alert", 100, "k");
    until(&engine, id, Duration::from_secs(5), |progress| progress.sent[0] == 100);
    let began = Instant::now();
    let mut patience = 4;
    let closed = engine.close(&mut || {
        patience -= 1;
        patience > 0
    });
    assert!(matches!(closed, Err(EngineError::Interrupted)), "{closed:?}");
    engine.close(&mut || true).unwrap();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
