//! `kill -9` at any moment: nobody is lost, doubles are at most the attempts marked uncertain.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bealert_engine::{Engine, EngineView, EventOut};

use crate::far::{Far, Manners};
use crate::host::{config, ended, gateway, plan};

const PEOPLE: u32 = 3_000;

/// Where the victim finds its far end and its directory.
const PORT: &str = "BEALERT_TEST_PORT";
const DIRECTORY: &str = "BEALERT_TEST_DIRECTORY";

fn open(directory: &Path, port: u16) -> Engine {
    let more = r#", "parts_per_second": 4000, "window": 50"#;
    Engine::open(config(Some(directory), &[gateway("a", port, more)])).unwrap()
}

/// The process that is killed: runs only where a test below starts it.
#[test]
fn victim() {
    let (Ok(port), Ok(directory)) = (std::env::var(PORT), std::env::var(DIRECTORY)) else { return };
    let engine = open(directory.as_ref(), port.parse().unwrap());
    let id = engine.launch(&plan(&engine, "alert", PEOPLE), "test", "k", &mut || true).unwrap();
    ended(&engine, id, Duration::from_secs(60));
}

fn kill_after(directory: &Path, port: u16, wait: Duration) -> bool {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::victim"])
        .env(PORT, port.to_string())
        .env(DIRECTORY, directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(wait);
    let over = victim.try_wait().unwrap().is_some();
    victim.kill().unwrap();
    victim.wait().unwrap();
    over
}

fn survives(waits: impl Iterator<Item = u64>) {
    let far = Far::start(Manners { undeliverable_every: Some(50), ..Manners::default() });
    let directory = tempfile::tempdir().unwrap();
    for wait_ms in waits {
        kill_after(directory.path(), far.port, Duration::from_millis(wait_ms));
    }
    let engine = open(directory.path(), far.port);
    // The same key takes the same campaign up, or launches it where nothing was left of it.
    let id = engine.launch(&plan(&engine, "alert", PEOPLE), "test", "k", &mut || true).unwrap();
    let progress = ended(&engine, id, Duration::from_secs(60));
    let view = EngineView::open(directory.path()).unwrap();
    let subscription = view.events(None, Some(id)).unwrap();
    let mut doubted = 0;
    while let Ok(batch) = subscription.take(1_000)
        && !batch.is_empty()
    {
        let uncertain = |event: &&EventOut| matches!(event, EventOut::Event { state: "uncertain", .. });
        doubted += batch.iter().filter(uncertain).count() as u64;
    }
    let books = far.books();
    assert_eq!(books.messages.len(), PEOPLE as usize, "lost: {progress:?}");
    let doubles = books.duplicates();
    println!("{doubles} doubles, {doubted} doubted, {} answered receipts", books.receipts_answered);
    assert!(doubles <= doubted, "{doubles} doubles, {doubted} doubted");
    drop(books);
    let report = engine.report(id, &mut || true).unwrap();
    assert!(report.balanced(), "{}", report.json());
}

#[test]
fn once_in_the_middle() {
    survives([700].into_iter());
}

#[test]
fn again_and_again() {
    // Some fall into the launch, some into the middle, some after the end.
    survives([30, 90, 250, 400, 120, 310, 60, 500, 200, 350].into_iter());
}
