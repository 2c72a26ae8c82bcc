//! A batch that the ledger can never take: the engine says so and ends, where it would try for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bealert_core::ledger::{Batch, CommitError, Ledger, LedgerError, LedgerReader};
use bealert_core::model::{BlockKey, BlockRow, CampaignId, CampaignRow, Channel, GatewayId};
use bealert_engine::ledger::SqliteLedger;
use bealert_engine::{Engine, EngineError};

use crate::far::{Far, Manners};
use crate::host::{close, config, delivered, ended, gateway, launch, until};

/// What is wrong with a batch of ours.
#[derive(Clone, Copy)]
enum Wrong {
    /// It names a block that there is not.
    Block,
    /// It leaves out a sequence.
    Number,
}

/// A ledger in a directory that gets a wrong batch once it is told so.
struct Misled {
    ledger: SqliteLedger,
    wrong: Wrong,
    now: Arc<AtomicBool>,
}

impl Ledger for Misled {
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
        let mut batch = batch.clone();
        match self.wrong {
            _ if !self.now.load(Ordering::Relaxed) || batch.outcomes.is_empty() => {}
            Wrong::Block => {
                batch
                    .marks
                    .push((BlockKey { campaign: CampaignId(1), channel: Channel::Sms, block: 999 }, 1));
            }
            Wrong::Number => {
                batch.outcomes.iter_mut().for_each(|outcome| outcome.seq += 1);
                batch.last_seq += 1;
            }
        }
        self.ledger.commit(&batch)
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

fn ends_after(wrong: Wrong, why: &str) {
    let directory = tempfile::tempdir().unwrap();
    let far = Far::start(Manners::default());
    let now = Arc::new(AtomicBool::new(false));
    let ledger = SqliteLedger::open(directory.path()).unwrap();
    let ledger = Misled { ledger, wrong, now: Arc::clone(&now) };
    let config =
        || config(Some(directory.path()), &[gateway("a", far.port, r#", "parts_per_second": 2000"#)]);
    let engine = Engine::open_on(config(), Box::new(ledger)).unwrap();
    let id = launch(&engine, "alert", 1_000, "k");
    until(&engine, id, Duration::from_secs(5), |progress| delivered(progress) > 100);
    now.store(true, Ordering::Relaxed);
    let deadline = Instant::now() + Duration::from_secs(10);
    let said = loop {
        match engine.metrics() {
            Err(EngineError::Failed(text)) => break text,
            _ => assert!(Instant::now() < deadline, "it tries for ever"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(said.contains(why), "{said}");
    drop(engine);
    let engine = Engine::open(config()).unwrap();
    ended(&engine, id, Duration::from_secs(20));
    close(&engine);
}

#[test]
fn of_a_block_that_there_is_not() {
    ends_after(Wrong::Block, "no such block: campaign 1, sms block 999");
}

#[test]
fn of_a_number_that_does_not_follow() {
    ends_after(Wrong::Number, "a batch can't be written");
}
