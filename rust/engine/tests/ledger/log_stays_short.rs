//! The log between two checkpoints has a limit, also while somebody reads slowly.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use bealert_engine::ledger::{SqliteLedger, check_file, open_reader};

use crate::{commit, last};

/// What the engine promises, a batch of the largest size with its pages, and a step that a reader
/// held it up.
const MOST: u64 = 32 * 1_024 * 1_024 + 6 * 1_024 * 1_024;

/// Rows of a batch, and batches: 250 MB of journal.
const ROWS: u64 = 4_096;
const BATCHES: u64 = 700;

fn length(dir: &Path) -> u64 {
    std::fs::metadata(dir.join("ledger.sqlite-wal")).map_or(0, |file| file.len())
}

#[test]
fn the_log_has_a_limit_beside_a_slow_reader() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = SqliteLedger::open(dir.path()).unwrap();
    commit(&mut ledger, 1..=ROWS);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // As a report reads: slice after slice, and it never catches up.
            let mut reader = open_reader(dir.path()).unwrap();
            let mut after = 0;
            while !done.load(Ordering::Relaxed) {
                after = reader.journal(after, 4_096).unwrap().last().map_or(0, |entry| entry.seq());
                thread::sleep(Duration::from_millis(2));
            }
        });
        let mut longest = 0;
        for batch in 1..BATCHES {
            commit(&mut ledger, batch * ROWS + 1..=(batch + 1) * ROWS);
            longest = longest.max(length(dir.path()));
        }
        done.store(true, Ordering::Relaxed);
        assert!(longest <= MOST, "{longest} octets of log");
        assert!(longest > MOST / 4, "{longest} octets of log: the test wrote too little to prove anything");
    });
    drop(ledger);
    assert_eq!(last(dir.path()), BATCHES * ROWS);
    assert_eq!(check_file(dir.path()).unwrap(), [] as [String; 0]);
}

#[test]
fn a_reader_that_keeps_a_transaction_open_stops_no_commit_and_the_log_shrinks_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = SqliteLedger::open(dir.path()).unwrap();
    commit(&mut ledger, 1..=ROWS);
    let blocking = rusqlite::Connection::open(dir.path().join("ledger.sqlite")).unwrap();
    blocking.execute_batch("BEGIN; SELECT count(*) FROM outcome").unwrap();
    let _: i64 = blocking.query_row("SELECT count(*) FROM outcome", [], |row| row.get(0)).unwrap();
    let mut batch = 1;
    while length(dir.path()) < MOST * 3 / 2 {
        commit(&mut ledger, batch * ROWS + 1..=(batch + 1) * ROWS);
        batch += 1;
        assert!(batch < 2_000);
    }
    drop(blocking);
    for _ in 0..60 {
        commit(&mut ledger, batch * ROWS + 1..=(batch + 1) * ROWS);
        batch += 1;
    }
    assert!(length(dir.path()) <= MOST, "{} octets of log", length(dir.path()));
}
