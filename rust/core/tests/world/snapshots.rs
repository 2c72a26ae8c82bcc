//! Snapshots in the world: what opening finds with them is what the whole journal says.

use bealert_core::ledger::{
    Entry, Ledger, LedgerError, LedgerReader, Parked, SnapshotHead, SnapshotWrite, verify,
};
use bealert_core::model::{BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, Channel, GatewayId, Kind};
use bealert_core::outcome::Step;
use bealert_core::tally::Tally;

use crate::run;
use crate::world::{Plan, World};

/// A ledger as it was before there were snapshots, or one whose journal says otherwise.
pub(crate) struct Other {
    reader: Box<dyn LedgerReader>,
    snapshots: bool,
}

impl Other {
    pub(crate) fn without_snapshots(reader: Box<dyn LedgerReader>) -> Self {
        Self { reader, snapshots: false }
    }
}

impl LedgerReader for Other {
    fn campaigns(&mut self) -> Result<Vec<CampaignRow>, LedgerError> {
        self.reader.campaigns()
    }
    fn campaign(&mut self, id: CampaignId) -> Result<Option<CampaignRow>, LedgerError> {
        self.reader.campaign(id)
    }
    fn find(&mut self, key: &str) -> Result<Option<CampaignRow>, LedgerError> {
        self.reader.find(key)
    }
    fn blocks(&mut self, campaign: CampaignId) -> Result<Vec<BlockMeta>, LedgerError> {
        self.reader.blocks(campaign)
    }
    fn block(&mut self, key: BlockKey) -> Result<Option<BlockRow>, LedgerError> {
        self.reader.block(key)
    }
    fn journal(&mut self, after: u64, limit: usize) -> Result<Vec<Entry>, LedgerError> {
        let mut entries = self.reader.journal(after, limit)?;
        if self.snapshots {
            let delivered =
                |entry: &&mut Entry| matches!(entry, Entry::Outcome(o) if o.step == Step::Delivered);
            if let Some(Entry::Outcome(outcome)) = entries.iter_mut().find(delivered) {
                outcome.step = Step::Failed;
            }
        }
        Ok(entries)
    }
    fn tallies(&mut self, campaign: CampaignId) -> Result<Vec<(Channel, Tally)>, LedgerError> {
        self.reader.tallies(campaign)
    }
    fn parked(&mut self) -> Result<Vec<Parked>, LedgerError> {
        self.reader.parked()
    }
    fn snapshot(&mut self, campaign: CampaignId) -> Result<Option<SnapshotHead>, LedgerError> {
        if self.snapshots { self.reader.snapshot(campaign) } else { Ok(None) }
    }
    fn snapshot_piece(&mut self, head: &SnapshotHead, number: u32) -> Result<Option<Vec<u8>>, LedgerError> {
        self.reader.snapshot_piece(head, number)
    }
    fn gateways(&mut self) -> Result<Vec<(GatewayId, String)>, LedgerError> {
        self.reader.gateways()
    }
    fn last(&mut self) -> Result<(u64, i64), LedgerError> {
        self.reader.last()
    }
}

/// [`crate::world`] compares at every opening; here they come after every few rows, through crashes
/// and commands.
#[test]
fn a_snapshot_says_what_the_journal_says() {
    let (mut snapshots, mut worlds) = (0, 0);
    run("snapshots", |seed| {
        let plan = Plan {
            crash_per_mille: 15,
            command_per_mille: 10,
            snapshot_rows: 1 + seed % 90,
            ..Plan::default()
        };
        let mut world = World::new(seed, plan);
        let a = world.launch("a", Kind::Warning, 300);
        let b = world.launch("b", Kind::Info, 200);
        world.run_to_the_end();
        for id in [a, b] {
            world.check(id);
            assert!(world.ledger.reader().unwrap().snapshot(id).unwrap().is_some(), "its end is kept");
        }
        world.crash();
        snapshots += world.snapshots;
        worlds += 1;
    });
    assert!(snapshots > 5 * worlds, "{snapshots} in {worlds} worlds");
}

/// Whatever is wrong with a snapshot, opening says so and reads the journal.
#[test]
fn a_damaged_snapshot_is_passed_over() {
    let mut world = World::new(7, Plan { calm: true, ..Plan::default() });
    let id = world.launch("a", Kind::Warning, 400);
    world.run_for(400_000);
    while world.snapshots == 0 {
        world.step();
    }
    let mut reader = world.ledger.reader().unwrap();
    let head = reader.snapshot(id).unwrap().unwrap();
    let pieces: Vec<_> =
        (0..head.pieces).map(|n| reader.snapshot_piece(&head, n).unwrap().unwrap()).collect();
    let write = |world: &mut World, number: u32, data: Vec<u8>| {
        let step = SnapshotWrite::Piece { campaign: id, seq: head.seq, number, data };
        world.ledger.snapshot(&step).unwrap();
    };
    for (number, piece) in (0..).zip(&pieces) {
        for at in [0, piece.len() / 2, piece.len() - 1] {
            let mut damaged = piece.clone();
            damaged[at] ^= 1;
            write(&mut world, number, damaged);
            assert_eq!(world.open_again().len(), 1, "piece {number} at {at}");
        }
        // Whole, but another piece than it should be.
        write(&mut world, number, pieces[(number as usize + 1) % pieces.len()].clone());
        assert_eq!(world.open_again().len(), 1, "piece {number}");
        write(&mut world, number, piece.clone());
    }
    assert_eq!(world.open_again(), [] as [String; 0]);
    let beyond = SnapshotHead { reaches: head.reaches, seq: head.seq, pieces: 0, ..head };
    world.ledger.snapshot(&SnapshotWrite::Head(beyond)).unwrap();
    assert_eq!(world.open_again().len(), 1);
}

#[test]
fn verify_finds_a_snapshot_that_says_otherwise() {
    let mut world = World::new(8, Plan { calm: true, ..Plan::default() });
    let id = world.launch("a", Kind::Warning, 400);
    world.run_to_the_end();
    world.check(id);
    let mut reader = Other { reader: world.ledger.reader().unwrap(), snapshots: true };
    let found = verify(&mut reader).unwrap().findings;
    assert!(found.iter().any(|f| f.what.contains("1 in another state than its journal")), "{found:?}");
    let head = reader.snapshot(id).unwrap().unwrap();
    let piece = SnapshotWrite::Piece { campaign: id, seq: head.seq, number: 0, data: vec![1; 30] };
    world.ledger.snapshot(&piece).unwrap();
    let found = verify(reader.reader.as_mut()).unwrap().findings;
    assert!(found.len() == 1 && found[0].what.contains("can't be used"), "{found:?}");
}
