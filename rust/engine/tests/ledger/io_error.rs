//! write(2) fails with something else than a full disk: nobody knows what was kept.

use bealert_core::ledger::{CommitError, Ledger};
use bealert_engine::ledger::{SqliteLedger, check_file};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{batch, child, commit, last};

#[test]
fn sending_stops_until_the_ledger_is_reopened() {
    let Some(dir) = child::dir() else {
        let dir = tempfile::tempdir().unwrap();
        let name = "io_error::sending_stops_until_the_ledger_is_reopened";
        let mut writer = child::start(name, dir.path());
        while writer.hear().is_some() {}
        assert!(writer.succeeds());
        assert_eq!(last(dir.path()), 20_001);
        assert_eq!(check_file(dir.path()).unwrap(), [] as [String; 0]);
        return;
    };
    let mut ledger = SqliteLedger::open(&dir).unwrap();
    commit(&mut ledger, 1..=20);
    let before = getrlimit(Resource::Fsize);
    let log = dir.join("ledger.sqlite-wal").metadata().unwrap().len();
    // Beyond this, write(2) gives EFBIG in the middle of the batch.
    setrlimit(Resource::Fsize, Rlimit { current: Some(log + 50_000), ..before }).unwrap();
    let rows = batch(21..=20_001);
    assert!(matches!(ledger.commit(&rows), Err(CommitError::Unknown(_))));
    assert!(matches!(ledger.commit(&rows), Err(CommitError::Unknown(_))), "still");
    setrlimit(Resource::Fsize, before).unwrap();
    assert!(matches!(ledger.commit(&rows), Err(CommitError::Unknown(_))), "until it is reopened");
    assert_eq!(last(&dir), 20);
    assert_eq!(ledger.reopen().unwrap(), 20);
    ledger.commit(&rows).unwrap();
    assert_eq!(last(&dir), 20_001);
}
