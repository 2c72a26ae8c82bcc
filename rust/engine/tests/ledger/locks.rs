//! Opening the ledger again keeps the locks that say it is in use: POSIX drops all of a process's locks
//! on a file when it closes any descriptor of it, and an older SQLite that visits and finds none takes
//! the log away when it leaves.

use std::fs::File;

use bealert_core::ledger::Ledger;
use bealert_engine::ledger::{SqliteLedger, open_reader};
use rustix::fs::{FlockOperation, fcntl_lock};

use crate::{child, commit};

#[test]
fn they_are_there_for_others_to_see() {
    let Some(dir) = child::dir() else {
        let dir = tempfile::tempdir().unwrap();
        let mut holder = child::start("locks::they_are_there_for_others_to_see", dir.path());
        let database = dir.path().join("ledger.sqlite");
        for stage in ["opened beside a reader", "reopened"] {
            assert_eq!(holder.hear().as_deref(), Some(stage));
            let visitor = File::options().read(true).write(true).open(&database).unwrap();
            // What SQLite asks when it is about to remove the log.
            let alone = fcntl_lock(&visitor, FlockOperation::NonBlockingLockExclusive);
            assert!(alone.is_err(), "nobody seems to use it: {stage}");
            std::fs::write(dir.path().join(stage), "").unwrap();
        }
        assert!(holder.hear().is_none() && holder.succeeds());
        return;
    };
    let looked_at = |stage: &str| {
        child::say(stage);
        while !dir.join(stage).exists() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    };
    let mut first = SqliteLedger::open(&dir).unwrap();
    commit(&mut first, 1..=10);
    drop(first);
    let mut reader = open_reader(&dir).unwrap();
    assert_eq!(reader.last().unwrap().0, 10);
    // SQLite takes one lock for all connections of a process: the reader's, which opening must not drop.
    let mut ledger = SqliteLedger::open(&dir).unwrap();
    commit(&mut ledger, 11..=20);
    looked_at("opened beside a reader");
    assert_eq!(ledger.reopen().unwrap(), 20);
    commit(&mut ledger, 21..=30);
    looked_at("reopened");
    assert_eq!(reader.last().unwrap().0, 30);
}
