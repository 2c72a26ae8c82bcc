//! A bounce is answered after the commit that holds it, and with "not now" where that takes too long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bealert_core::ledger::{Batch, CommitError, Ledger, LedgerError, LedgerReader, MemoryLedger};
use bealert_core::model::{BlockRow, CampaignId, CampaignRow, GatewayId};
use bealert_core::outcome::State;
use bealert_engine::{BounceMaildir, BounceProtocol, BouncesConfig, Engine};
use bealert_sim::relay::RelayConfig;

use crate::bringer::{Bringer, at, free_port, report};
use crate::host::{close, until};
use crate::post::{config, email, launch, relay};
use crate::post_office::PostOffice;

const LIMIT: Duration = Duration::from_secs(60);

/// A ledger in memory whose commits wait while it is told so.
struct Held {
    ledger: MemoryLedger,
    hold: Arc<AtomicBool>,
    /// When the last commit was done.
    done: Arc<Mutex<Option<Instant>>>,
}

impl Ledger for Held {
    fn gateway(&mut self, name: &str) -> Result<GatewayId, LedgerError> {
        self.ledger.gateway(name)
    }
    fn begin_launch(&mut self, campaign: &CampaignRow) -> Result<CampaignId, CommitError> {
        self.ledger.begin_launch(campaign)
    }
    fn add_blocks(&mut self, blocks: &[BlockRow]) -> Result<(), CommitError> {
        self.ledger.add_blocks(blocks)
    }
    fn abandon_launch(&mut self, campaign: CampaignId) -> Result<(), CommitError> {
        self.ledger.abandon_launch(campaign)
    }
    fn commit(&mut self, batch: &Batch) -> Result<(), CommitError> {
        while self.hold.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let result = self.ledger.commit(batch);
        *self.done.lock().unwrap() = Some(Instant::now());
        result
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

#[test]
fn not_before_and_not_never() {
    let office = PostOffice::start(RelayConfig { keep_messages: true, ..RelayConfig::default() });
    let (port, hold, done) = (free_port(), Arc::new(AtomicBool::new(false)), Arc::default());
    let ledger = Held { ledger: MemoryLedger::new(), hold: Arc::clone(&hold), done: Arc::clone(&done) };
    let more = r#", "bounces_to": "bounces@alert.example", "receipts": true"#;
    let mut config = config(None, &[relay("mail-a", office.port, more)]);
    config.bounces = Some(at(port, BounceProtocol::Lmtp));
    let engine = Engine::open_on(config, Box::new(ledger)).unwrap();
    let id = launch(&engine, "alert", 3, "k");
    until(&engine, id, LIMIT, |progress| email(progress).of(State::Accepted) == 3);
    let senders: Vec<String> = office.sim().messages().iter().map(|mail| mail.sender.clone()).collect();

    // while the commit waits there is no reply; it comes when the commit is done
    let mut bringer = Bringer::greeted(port);
    hold.store(true, Ordering::Relaxed);
    let release = std::thread::spawn({
        let hold = Arc::clone(&hold);
        move || {
            std::thread::sleep(Duration::from_millis(500));
            hold.store(false, Ordering::Relaxed);
        }
    });
    let begun = Instant::now();
    assert_eq!(bringer.bring(&senders[0], &report("failed")), "250 2.0.0 Ok\r\n");
    assert!(begun.elapsed() >= Duration::from_millis(450), "it was answered before it was durable");
    assert!(done.lock().unwrap().is_some_and(|done| done > begun));
    release.join().unwrap();
    until(&engine, id, LIMIT, |progress| email(progress).of(State::Failed) == 1);

    // one that the ledger does not take in time is brought again
    hold.store(true, Ordering::Relaxed);
    let said = bringer.bring(&senders[1], &report("failed"));
    assert!(said.starts_with("451 4.3.0 "), "{said}");
    hold.store(false, Ordering::Relaxed);
    assert_eq!(bringer.bring(&senders[1], &report("failed")), "250 2.0.0 Ok\r\n");
    until(&engine, id, LIMIT, |progress| email(progress).of(State::Failed) == 2);
    close(&engine);
}

#[test]
fn a_file_of_a_maildir_is_moved_when_it_is_durable_however_long_that_takes() {
    let directory = tempfile::tempdir().unwrap();
    let maildir = directory.path().to_owned();
    let office = PostOffice::start(RelayConfig { keep_messages: true, ..RelayConfig::default() });
    let hold = Arc::new(AtomicBool::new(false));
    let ledger = Held { ledger: MemoryLedger::new(), hold: Arc::clone(&hold), done: Arc::default() };
    let more = r#", "bounces_to": "bounces@alert.example", "receipts": true"#;
    let mut config = config(None, &[relay("mail-a", office.port, more)]);
    config.bounces = Some(BouncesConfig::Maildir(BounceMaildir { maildir: maildir.clone() }));
    let engine = Engine::open_on(config, Box::new(ledger)).unwrap();
    let id = launch(&engine, "alert", 1, "k");
    until(&engine, id, LIMIT, |progress| email(progress).of(State::Accepted) == 1);
    let sender = office.sim().messages()[0].sender.clone();

    // Longer than what brings it waits for the ledger, so that it is read again.
    hold.store(true, Ordering::Relaxed);
    let file = maildir.join("new/1");
    std::fs::write(&file, format!("Delivered-To: {sender}\r\n{}", report("failed"))).unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(3_500) {
        assert!(file.exists(), "moved before it was durable, after {:?}", begun.elapsed());
        std::thread::sleep(Duration::from_millis(20));
    }
    hold.store(false, Ordering::Relaxed);
    until(&engine, id, LIMIT, |progress| email(progress).of(State::Failed) == 1);
    while file.exists() {
        assert!(begun.elapsed() < LIMIT, "it is durable, and not moved");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(maildir.join("cur/1:2,S").exists());
    close(&engine);
}
