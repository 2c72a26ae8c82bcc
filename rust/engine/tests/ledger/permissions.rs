//! The files hold numbers and names of people: nobody else may read them.

use std::os::unix::fs::PermissionsExt;

use bealert_engine::ledger::SqliteLedger;

use crate::commit;

#[test]
fn every_file_is_for_its_owner_only() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("a").join("b");
    let mut ledger = SqliteLedger::open(&dir).unwrap();
    commit(&mut ledger, 1..=1);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let mut names: Vec<String> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .inspect(|entry| assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path()))
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["ledger.sqlite", "ledger.sqlite-shm", "ledger.sqlite-wal", "lock"]);
    assert_eq!(mode(&dir), 0o700);
}

#[test]
fn a_file_that_others_can_read_is_closed_to_them() {
    let dir = tempfile::tempdir().unwrap();
    drop(SqliteLedger::open(dir.path()).unwrap());
    let file = dir.path().join("ledger.sqlite");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(SqliteLedger::open(dir.path()).unwrap());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}
