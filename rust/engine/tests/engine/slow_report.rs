//! Somebody reads a report slowly while a campaign is sent: neither waits for the other, and the log of
//! the ledger stays within its limit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use bealert_engine::Engine;

use crate::far::{Far, Manners};
use crate::host::{bound, close, config, delivered, ended, gateway, launch};

/// People: their rows and pages are more than twice the limit of the log.
const PEOPLE: u32 = 400_000;

/// The limit of the log, and what a commit of the largest size and a step that a reader held up add.
const MOST: u64 = 32 * 1_024 * 1_024 + 6 * 1_024 * 1_024;

#[test]
fn the_log_stays_within_its_limit_beside_a_slow_report() {
    let far = Far::start(Manners::default());
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(config(Some(dir.path()), &[gateway("a", far.port, "")])).unwrap();
    let log = dir.path().join("ledger.sqlite-wal");
    bound(&engine);
    let first = launch(&engine, "alert", 20_000, "first");
    ended(&engine, first, Duration::from_secs(60));
    let done = AtomicBool::new(false);
    let (longest, reports) = thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut reports = 0;
            while !done.load(Ordering::Relaxed) {
                // Asked between two slices.
                let mut slowly = || {
                    thread::sleep(Duration::from_millis(3));
                    !done.load(Ordering::Relaxed)
                };
                reports += u32::from(engine.report(first, &mut slowly).is_ok());
            }
            reports
        });
        let watching = scope.spawn(|| {
            let mut longest = 0;
            while !done.load(Ordering::Relaxed) {
                longest = longest.max(std::fs::metadata(&log).map_or(0, |file| file.len()));
                thread::sleep(Duration::from_millis(1));
            }
            longest
        });
        let id = launch(&engine, "letter", PEOPLE, "second");
        let progress = ended(&engine, id, Duration::from_secs(200));
        assert_eq!(delivered(&progress), u64::from(PEOPLE));
        done.store(true, Ordering::Relaxed);
        (watching.join().unwrap(), reading.join().unwrap())
    });
    assert!(longest <= MOST, "{longest} octets of log, {reports} reports");
    assert!(longest > MOST / 3, "{longest} octets of log: too little was written to prove anything");
    close(&engine);
}
