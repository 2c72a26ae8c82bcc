//! Two that want the same directory.

use bealert_core::ledger::{Ledger, LedgerError};
use bealert_engine::ledger::{SqliteLedger, open_reader};

use crate::{child, commit, last};

#[test]
fn a_second_handle_in_the_process_is_told_that_we_hold_it() {
    let dir = tempfile::tempdir().unwrap();
    let first = SqliteLedger::open(dir.path()).unwrap();
    let detour = dir.path().join("..").join(dir.path().file_name().unwrap());
    for path in [dir.path(), &detour] {
        assert_eq!(holder(path), Some(std::process::id()));
    }
    drop(first);
    SqliteLedger::open(dir.path()).unwrap();
}

#[test]
fn another_process_is_told_who_holds_it_and_may_read() {
    let Some(dir) = child::dir() else {
        let dir = tempfile::tempdir().unwrap();
        let name = "held_directory::another_process_is_told_who_holds_it_and_may_read";
        let mut holder_process = child::start(name, dir.path());
        assert_eq!(holder_process.hear().as_deref(), Some("held"));
        // Twice: a refused try must not take the lock away.
        assert_eq!(holder(dir.path()), Some(holder_process.id()));
        assert_eq!(holder(dir.path()), Some(holder_process.id()));
        assert_eq!(last(dir.path()), 3, "read beside the holder");
        holder_process.kill();
        assert_eq!(last(dir.path()), 3, "read without a holder, from the log it left");
        let mut ledger = SqliteLedger::open(dir.path()).unwrap();
        commit(&mut ledger, 4..=4);
        assert_eq!(last(dir.path()), 4);
        return;
    };
    let mut ledger = SqliteLedger::open(&dir).unwrap();
    commit(&mut ledger, 1..=3);
    child::say("held");
    std::thread::sleep(std::time::Duration::from_secs(60));
}

#[test]
fn a_refused_handle_does_not_end_our_hold() {
    let Some(dir) = child::dir() else {
        let dir = tempfile::tempdir().unwrap();
        let _held = SqliteLedger::open(dir.path()).unwrap();
        assert!(holder(dir.path()).is_some());
        drop(open_reader(dir.path()).unwrap());
        let name = "held_directory::a_refused_handle_does_not_end_our_hold";
        let mut other = child::start(name, dir.path());
        assert_eq!(other.hear(), Some(format!("held by {}", std::process::id())));
        return;
    };
    child::say(format!("held by {}", holder(&dir).unwrap_or_default()));
}

#[test]
fn a_copy_of_the_directory_by_the_holder_does_not_end_its_hold() {
    let Some(dir) = child::dir() else {
        let dir = tempfile::tempdir().unwrap();
        let _held = SqliteLedger::open(dir.path()).unwrap();
        // Opened and closed, as a copy of the directory does it.
        drop(std::fs::File::open(dir.path().join("lock")).unwrap());
        let name = "held_directory::a_copy_of_the_directory_by_the_holder_does_not_end_its_hold";
        let mut other = child::start(name, dir.path());
        assert_eq!(other.hear(), Some(format!("held by {}", std::process::id())));
        return;
    };
    child::say(format!("held by {}", holder(&dir).unwrap_or_default()));
}

#[test]
fn the_number_that_a_killed_holder_left_is_not_told() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("lock"), u32::MAX.to_string()).unwrap();
    let held = SqliteLedger::open(dir.path()).unwrap();
    assert_eq!(
        std::fs::read_to_string(dir.path().join("lock")).unwrap(),
        format!("{}\n", std::process::id())
    );
    drop(held);
    assert_eq!(std::fs::read_to_string(dir.path().join("lock")).unwrap(), "");
}

#[test]
fn a_dropped_handle_lets_another_process_in() {
    let Some(dir) = child::dir() else {
        let dir = tempfile::tempdir().unwrap();
        drop(SqliteLedger::open(dir.path()).unwrap());
        let mut other = child::start("held_directory::a_dropped_handle_lets_another_process_in", dir.path());
        assert_eq!(other.hear().as_deref(), Some("free"));
        return;
    };
    child::say(holder(&dir).map_or("free".into(), |pid| format!("held by {pid}")));
}

#[test]
fn readers_need_a_ledger_but_no_holder() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(open_reader(dir.path()), Err(LedgerError::Io(_))));
    let mut ledger = SqliteLedger::open(dir.path()).unwrap();
    commit(&mut ledger, 1..=1);
    let mut beside = ledger.reader().unwrap();
    drop(ledger);
    assert_eq!(beside.last().unwrap().0, 1);
    assert_eq!(last(dir.path()), 1);
}

fn holder(dir: &std::path::Path) -> Option<u32> {
    match SqliteLedger::open(dir) {
        Err(LedgerError::Held { pid }) => Some(pid),
        Err(other) => panic!("{other}"),
        Ok(_) => None,
    }
}
