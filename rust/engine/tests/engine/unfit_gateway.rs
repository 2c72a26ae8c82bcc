//! A gateway that can't send a campaign as it is configured now.

use std::time::Duration;

use bealert_core::outcome::State;
use bealert_engine::{Engine, EventOut};

use crate::far::{Far, Manners};
use crate::host::{bound, close, config, ended, events, gateway, launch, sms, until};

#[test]
fn nobody_fails_for_a_sender_that_can_not_stand_in_smpp() {
    let directory = tempfile::tempdir().unwrap();
    let slowly = |port| {
        gateway("a", port, "")
            .replace(r#""first_ms": 50, "max_ms": 500"#, r#""first_ms": 60000, "max_ms": 60000"#)
    };
    let open = |port| Engine::open(config(Some(directory.path()), &[slowly(port)])).unwrap();
    let engine = open(1);
    let id = launch(&engine, "alert", 50, "k");
    close(&engine);
    let ledger = rusqlite::Connection::open(directory.path().join("ledger.sqlite")).unwrap();
    let changed = "UPDATE campaign SET frozen = replace(frozen, 'BE-Alert', 'a sender far too long')";
    assert_eq!(ledger.execute(changed, []).unwrap(), 1);
    drop(ledger);

    let far = Far::start(Manners::default());
    let engine = open(far.port);
    bound(&engine);
    let told =
        |event: &&EventOut| matches!(event, EventOut::Notice { text, .. } if text.contains("far too long"));
    let deferred = |event: &&EventOut| matches!(event, EventOut::Event { state: "deferred", .. });
    // A waiting dispatch is counted as queued.
    until(&engine, id, Duration::from_secs(5), |progress| {
        assert_eq!(sms(progress).of(State::Failed), 0);
        events(&engine, id).iter().filter(deferred).count() >= 50
    });
    engine.cancel(id, &mut || true).unwrap();
    let progress = ended(&engine, id, Duration::from_secs(5));
    assert_eq!(sms(&progress).of(State::Cancelled), 50);
    assert_eq!(events(&engine, id).iter().filter(told).count(), 1);
    let logs = engine.logs(Duration::from_secs(1)).unwrap();
    assert_eq!(logs.iter().filter(|record| record.text.contains("far too long")).count(), 1, "{logs:?}");
    assert_eq!(far.books().accepted, 0);
    close(&engine);
}
