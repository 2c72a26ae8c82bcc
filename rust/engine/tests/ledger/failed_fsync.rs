//! A failed fsync, and then the power fails: what was acknowledged is there.
//!
//! The disk is tests/crash/faulty_disk.c. After a failed fsync Linux takes the pages for clean though they
//! are not on the disk, and the next one succeeds without them. What is read back then proves nothing.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use bealert_core::ledger::{CommitError, Ledger};
use bealert_engine::ledger::{SqliteLedger, check_file};

use crate::{batch, child, commit, last};

const EIO: i32 = 5;

/// Compiles the disk.
fn shim(into: &Path) -> PathBuf {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/crash/faulty_disk.c");
    let built = into.join("faulty_disk.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&built).arg(source).args(["-ldl", "-lpthread"]);
    assert!(compiler.status().expect("a C compiler").success());
    built
}

#[test]
fn nothing_of_it_is_assumed_durable() {
    let Some(dir) = child::dir() else {
        let root = tempfile::tempdir().unwrap();
        let [dir, platter, control] = ["var", "platter", "control"].map(|name| root.path().join(name));
        fs::create_dir(&platter).unwrap();
        fs::write(&control, [0; 24]).unwrap();
        let environment = [
            ("LD_PRELOAD", shim(root.path())),
            ("FAULTY_DISK_UNDER", dir.clone()),
            ("FAULTY_DISK_CONTROL", control.clone()),
            ("FAULTY_DISK_PLATTER", platter.clone()),
        ];
        let name = "failed_fsync::nothing_of_it_is_assumed_durable";
        let mut writer = child::start_in(name, &dir, &environment);
        let control = File::options().write(true).open(&control).unwrap();
        let syncs_fail = |error: i32| control.write_all_at(&error.to_ne_bytes(), 4).unwrap();
        assert_eq!(writer.hear().as_deref(), Some("20 are durable"));
        syncs_fail(EIO);
        fs::write(root.path().join("fails"), "").unwrap();
        assert_eq!(writer.hear().as_deref(), Some("nobody knows"));
        syncs_fail(0);
        fs::write(root.path().join("works"), "").unwrap();
        assert_eq!(writer.hear().as_deref(), Some("40 are durable"));
        writer.kill();
        // The power cut: the directory becomes what the disk has.
        fs::remove_dir_all(&dir).unwrap();
        fs::rename(&platter, &dir).unwrap();
        assert_eq!(check_file(&dir).unwrap(), [] as [String; 0]);
        assert_eq!(last(&dir), 40);
        return;
    };
    let until = |what: &str| {
        while !dir.with_file_name(what).exists() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    };
    let mut ledger = SqliteLedger::open(&dir).unwrap();
    commit(&mut ledger, 1..=20);
    child::say("20 are durable");
    until("fails");
    let rows = batch(21..=40);
    assert!(matches!(ledger.commit(&rows), Err(CommitError::Unknown(_))));
    ledger.reopen().expect_err("its checkpoint has to fail too");
    child::say("nobody knows");
    until("works");
    // As the writer does: what is found there is not written again.
    if ledger.reopen().unwrap() < 40 {
        ledger.commit(&rows).unwrap();
    }
    child::say("40 are durable");
    std::thread::sleep(std::time::Duration::from_secs(60));
}
