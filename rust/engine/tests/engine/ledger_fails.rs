//! Commits that are rolled back, and commits of which nobody knows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bealert_core::ledger::memory::Fault;
use bealert_core::ledger::{Batch, CommitError, Ledger, LedgerError, LedgerReader, MemoryLedger};
use bealert_core::model::{BlockRow, CampaignId, CampaignRow, GatewayId};
use bealert_engine::{Engine, EngineError, EventOut};

use crate::far::{Far, Manners};
use crate::host::{close, config, delivered, ended, events, gateway, launch, plan, until};

/// A ledger in memory that takes its faults from outside, and can be slow.
struct Faulty {
    ledger: MemoryLedger,
    faults: Arc<Mutex<Vec<Fault>>>,
    slow: Arc<Mutex<Duration>>,
    /// The next blocks of a launch are refused, and the commits after them.
    full: Arc<AtomicBool>,
}

impl Ledger for Faulty {
    fn gateway(&mut self, name: &str) -> Result<GatewayId, LedgerError> {
        self.ledger.gateway(name)
    }
    fn begin_launch(&mut self, campaign: &CampaignRow) -> Result<CampaignId, CommitError> {
        self.ledger.begin_launch(campaign)
    }
    fn add_blocks(&mut self, blocks: &[BlockRow]) -> Result<(), CommitError> {
        if self.full.swap(false, Ordering::Relaxed) {
            // By now a commit waits, and goes before whatever follows this launch.
            std::thread::sleep(Duration::from_millis(100));
            self.faults.lock().unwrap().push(Fault::RolledBack);
            return Err(CommitError::RolledBack("full".into()));
        }
        self.ledger.add_blocks(blocks)
    }
    fn abandon_launch(&mut self, campaign: CampaignId) -> Result<(), CommitError> {
        self.ledger.abandon_launch(campaign)
    }
    fn commit(&mut self, batch: &Batch) -> Result<(), CommitError> {
        let slow = std::mem::take(&mut *self.slow.lock().unwrap());
        std::thread::sleep(slow);
        self.faults.lock().unwrap().drain(..).for_each(|fault| self.ledger.fail_next(fault));
        self.ledger.commit(batch)
    }
    fn reopen(&mut self) -> Result<u64, LedgerError> {
        self.ledger.reopen()
    }
    fn open_campaigns(&mut self) -> Result<Vec<CampaignRow>, LedgerError> {
        self.ledger.open_campaigns()
    }
    fn reader(&self) -> Result<Box<dyn LedgerReader>, LedgerError> {
        self.ledger.reader()
    }
}

type Switches = (Engine, Arc<Mutex<Vec<Fault>>>, Arc<Mutex<Duration>>);

fn open(port: u16) -> Switches {
    open_full(port).0
}

fn open_full(port: u16) -> (Switches, Arc<AtomicBool>) {
    let (faults, slow, full) = (Arc::default(), Arc::default(), Arc::default());
    let ledger = Faulty {
        ledger: MemoryLedger::new(),
        faults: Arc::clone(&faults),
        slow: Arc::clone(&slow),
        full: Arc::clone(&full),
    };
    let more = r#", "parts_per_second": 2000"#;
    let engine = Engine::open_on(config(None, &[gateway("a", port, more)]), Box::new(ledger)).unwrap();
    ((engine, faults, slow), full)
}

fn goes_on_after(fault: Fault) {
    let far = Far::start(Manners::default());
    let (engine, faults, _) = open(far.port);
    let id = launch(&engine, "alert", 2_000, "k");
    until(&engine, id, Duration::from_secs(5), |progress| delivered(progress) > 300);
    faults.lock().unwrap().push(fault);
    let progress = ended(&engine, id, Duration::from_secs(20));
    assert_eq!(delivered(&progress), 2_000);
    let books = far.books();
    assert_eq!((books.accepted, books.duplicates()), (2_000, 0));
    drop(books);
    let delivered = events(&engine, id)
        .iter()
        .filter(|event| matches!(event, EventOut::Event { state: "delivered", .. }))
        .count();
    assert_eq!(delivered, 2_000);
    close(&engine);
}

#[test]
fn rolled_back() {
    goes_on_after(Fault::RolledBack);
}

#[test]
fn unknown_and_kept() {
    goes_on_after(Fault::UnknownKept);
}

#[test]
fn unknown_and_lost() {
    goes_on_after(Fault::UnknownLost);
}

#[test]
fn a_full_disk_stops_sending_says_so_and_goes_on() {
    let far = Far::start(Manners::default());
    let (engine, faults, _) = open(far.port);
    let everything = engine.events(Some(0), None).unwrap();
    let id = launch(&engine, "alert", 2_000, "k");
    until(&engine, id, Duration::from_secs(5), |progress| delivered(progress) > 300);
    faults.lock().unwrap().extend([Fault::RolledBack, Fault::RolledBack]);
    std::thread::sleep(Duration::from_millis(700));
    let before = far.books().accepted;
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(far.books().accepted, before, "it sends beyond what is reserved");
    let other = plan(&engine, "letter", 10);
    let refused = engine.launch(&other, "test", "l", &mut || true);
    assert!(matches!(refused, Err(EngineError::Ledger(_))), "{refused:?}");
    assert_eq!(delivered(&ended(&engine, id, Duration::from_secs(20))), 2_000);
    let mut said = false;
    while let Ok(batch) = everything.take(1_000)
        && !batch.is_empty()
    {
        said |= batch.iter().any(|e| matches!(e, EventOut::Notice { code: "ledger_stalled", .. }));
    }
    assert!(said);
    assert_eq!(far.books().duplicates(), 0);
}

#[test]
fn a_commit_that_stalls_refuses_receipts_for_now() {
    let far = Far::start(Manners::default());
    let (engine, _, slow) = open(far.port);
    let id = launch(&engine, "alert", 600, "k");
    until(&engine, id, Duration::from_secs(5), |progress| delivered(progress) > 100);
    *slow.lock().unwrap() = Duration::from_millis(2_600);
    ended(&engine, id, Duration::from_secs(20));
    let books = far.books();
    assert!(books.receipts_refused > 0);
    assert_eq!((books.accepted, books.duplicates()), (600, 0));
}

#[test]
fn a_launch_that_a_full_disk_ended_leaves_its_key_free() {
    let far = Far::start(Manners::default());
    let ((engine, ..), full) = open_full(far.port);
    let id = launch(&engine, "alert", 6_000, "k");
    until(&engine, id, Duration::from_secs(5), |progress| delivered(progress) > 300);
    let other = plan(&engine, "letter", 10);
    full.store(true, Ordering::Relaxed);
    let refused = engine.launch(&other, "test", "l", &mut || true);
    assert!(matches!(refused, Err(EngineError::Ledger(_))), "{refused:?}");
    let before = delivered(&engine.progress(id).unwrap());
    until(&engine, id, Duration::from_secs(10), |progress| delivered(progress) > before + 1_000);
    engine.launch(&other, "test", "l", &mut || true).unwrap();
    close(&engine);
}
