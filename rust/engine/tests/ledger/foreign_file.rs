//! Files that are not ours, or not ours to understand.

use bealert_core::ledger::LedgerError;
use bealert_engine::ledger::{SqliteLedger, open_reader};
use rusqlite::Connection;

use crate::{commit, last};

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    commit(&mut SqliteLedger::open(dir.path()).unwrap(), 1..=1);
    let set = |version: u32| {
        let file = Connection::open(dir.path().join("ledger.sqlite")).unwrap();
        file.pragma_update(None, "user_version", version).unwrap();
    };
    set(4);
    let newer = |error: Option<LedgerError>| matches!(error, Some(LedgerError::Newer { found: 4, known: 3 }));
    assert!(newer(SqliteLedger::open(dir.path()).err()));
    assert!(newer(open_reader(dir.path()).err()));
    set(3);
    assert_eq!(last(dir.path()), 1);
    SqliteLedger::open(dir.path()).unwrap();
}

#[test]
fn the_database_of_another_program_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.sqlite");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(SqliteLedger::open(dir.path()), Err(LedgerError::Io(_))));
    assert!(matches!(open_reader(dir.path()), Err(LedgerError::Io(_))));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.sqlite");
    let text = "id,name,phone\n".repeat(1_000);
    std::fs::write(&path, &text).unwrap();
    assert!(matches!(SqliteLedger::open(dir.path()), Err(LedgerError::Io(_))));
    assert!(matches!(open_reader(dir.path()), Err(LedgerError::Io(_))));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_damaged_ledger_is_an_error_and_no_panic() {
    let dir = tempfile::tempdir().unwrap();
    commit(&mut SqliteLedger::open(dir.path()).unwrap(), 1..=20_000);
    let path = dir.path().join("ledger.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 100_000].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    let mut reader = open_reader(dir.path()).unwrap();
    assert!(matches!(reader.journal(0, usize::MAX), Err(LedgerError::Damaged(_))));
    assert_ne!(bealert_engine::ledger::check_file(dir.path()).unwrap(), [] as [String; 0]);
}
