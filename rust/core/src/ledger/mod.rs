//! The ledger: the durable journal, the only source of truth.
//!
//! The dispatcher never calls it. It outputs a [`Batch`], a writer commits the batch through
//! [`Ledger`], and the dispatcher hears `committed`. Reads go through [`LedgerReader`], which any
//! thread may hold beside the writer and which never sends anything.

pub mod conformance;
pub mod entry;
pub mod memory;
mod retention;
pub mod rows;
mod snapshot;
pub mod verify;

pub use entry::{Batch, BlockEnd, Entry, Notice, NoticeCode, Outcome, Parked, RemoteId};
pub use memory::MemoryLedger;
pub use retention::{Archived, Retain};
pub use rows::Rows;
pub use snapshot::{SnapshotHead, SnapshotWrite};
pub use verify::{Finding, Verified, verify};

use thiserror::Error;

use crate::model::{BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, Channel, GatewayId};
use crate::tally::Tally;

/// How a commit can end, other than well.
#[derive(Debug, Clone, Error)]
pub enum CommitError {
    /// Nothing of the batch is in the ledger (a full disk): keep it, say so, try again.
    #[error("rolled back: {0}")]
    RolledBack(String),
    /// Nobody knows (an I/O error): sending stops, [`Ledger::reopen`] tells what is there.
    #[error("unknown: {0}")]
    Unknown(String),
}

/// Why a ledger can't be opened or read.
#[derive(Debug, Clone, Error)]
pub enum LedgerError {
    /// Another process holds the directory.
    #[error("the ledger directory is held by process {pid}; stop it, or hand it the work")]
    Held {
        /// Its process id, 0 if unknown.
        pid: u32,
    },
    /// Written by a later version.
    #[error("the ledger has schema {found}, this version knows up to {known}; upgrade bealert_engine")]
    Newer {
        /// What the file says.
        found: u32,
        /// What this version knows.
        known: u32,
    },
    /// What is stored contradicts itself.
    #[error("the ledger is damaged: {0}; run `bealert verify` on it and restore a copy")]
    Damaged(String),
    /// The file system or SQLite says no.
    #[error("the ledger can't be read or written: {0}")]
    Io(String),
}

/// The writing side. One holder, one commit at a time.
pub trait Ledger: Send {
    /// The durable number of a gateway's name, given at first sight.
    fn gateway(&mut self, name: &str) -> Result<GatewayId, LedgerError>;

    /// Writes a campaign in state `launching` and gives it its number. Until a batch makes it
    /// `running` it does not exist for readers, and [`Ledger::open_campaigns`] removes it.
    fn begin_launch(&mut self, campaign: &CampaignRow) -> Result<CampaignId, CommitError>;

    /// Adds blocks to a launching campaign, in one transaction. The caller keeps it small.
    fn add_blocks(&mut self, blocks: &[BlockRow]) -> Result<(), CommitError>;

    /// Removes a launching campaign and its blocks; its key is free again.
    fn abandon_launch(&mut self, campaign: CampaignId) -> Result<(), CommitError>;

    /// Commits a batch, all or nothing, durable when it returns `Ok`.
    fn commit(&mut self, batch: &Batch) -> Result<(), CommitError>;

    /// After [`CommitError::Unknown`]: closes and opens the store, forces a checkpoint, and gives
    /// the highest sequence found. Nothing of an earlier handle is assumed durable.
    fn reopen(&mut self) -> Result<u64, LedgerError>;

    /// Removes what is left of interrupted launches, then gives the campaigns that have not ended.
    fn open_campaigns(&mut self) -> Result<Vec<CampaignRow>, LedgerError>;

    /// The secret under which snapshots hold ids and addresses: `fresh` where the ledger has none yet.
    ///
    /// # Errors
    /// Where it can't be read or kept.
    fn hash_key(&mut self, fresh: (u64, u64)) -> Result<(u64, u64), LedgerError> {
        Ok(fresh)
    }

    /// Takes one step of keeping a snapshot, in a transaction of its own; whether the same step is to be
    /// given again, since it has done a part only. A store need not keep any.
    ///
    /// # Errors
    /// As [`Ledger::commit`]; what was refused is not tried again.
    fn snapshot(&mut self, _step: &SnapshotWrite) -> Result<bool, CommitError> {
        Ok(false)
    }

    /// Takes one step of letting an ended campaign go, in a transaction of its own; whether the same step
    /// is to be given again, since it has done a part only.
    ///
    /// # Errors
    /// As [`Ledger::commit`]; refused where the campaign has not ended, or the store has no such step.
    fn retain(&mut self, _step: &Retain) -> Result<bool, CommitError> {
        Err(CommitError::RolledBack("refused: this ledger keeps everything as long as it lives".into()))
    }

    /// A reader of what is committed.
    fn reader(&self) -> Result<Box<dyn LedgerReader>, LedgerError>;
}

/// The reading side: other connections, in slices.
pub trait LedgerReader: Send {
    /// Every launched campaign, oldest first, without what it froze: with attachments that is megabytes
    /// each.
    fn campaigns(&mut self) -> Result<Vec<CampaignRow>, LedgerError>;
    /// One launched campaign by its number.
    fn campaign(&mut self, id: CampaignId) -> Result<Option<CampaignRow>, LedgerError>;
    /// One launched campaign by its key.
    fn find(&mut self, key: &str) -> Result<Option<CampaignRow>, LedgerError>;
    /// The blocks of a campaign without their people, by channel and number.
    fn blocks(&mut self, campaign: CampaignId) -> Result<Vec<BlockMeta>, LedgerError>;
    /// One block with its people; also of a launching campaign, whose first blocks are loaded
    /// while its launch is committed.
    fn block(&mut self, key: BlockKey) -> Result<Option<BlockRow>, LedgerError>;
    /// The journal after `after`, in order of sequence, at most `limit` entries.
    fn journal(&mut self, after: u64, limit: usize) -> Result<Vec<Entry>, LedgerError>;
    /// The stored tallies of a campaign.
    fn tallies(&mut self, campaign: CampaignId) -> Result<Vec<(Channel, Tally)>, LedgerError>;
    /// Receipts that nothing matched yet.
    fn parked(&mut self) -> Result<Vec<Parked>, LedgerError>;
    /// The snapshot of a campaign, if it has one.
    ///
    /// # Errors
    /// Where the ledger can't be read.
    fn snapshot(&mut self, _campaign: CampaignId) -> Result<Option<SnapshotHead>, LedgerError> {
        Ok(None)
    }
    /// A piece of a snapshot; `None` where it is missing, or was replaced meanwhile.
    ///
    /// # Errors
    /// Where the ledger can't be read.
    fn snapshot_piece(&mut self, _head: &SnapshotHead, _number: u32) -> Result<Option<Vec<u8>>, LedgerError> {
        Ok(None)
    }
    /// When the personal data of a campaign was erased, if it was.
    ///
    /// # Errors
    /// Where the ledger can't be read.
    fn erased(&mut self, _campaign: CampaignId) -> Result<Option<i64>, LedgerError> {
        Ok(None)
    }
    /// Where in the journal a campaign stood that was archived.
    ///
    /// # Errors
    /// Where the ledger can't be read.
    fn archived(&mut self, _campaign: CampaignId) -> Result<Option<Archived>, LedgerError> {
        Ok(None)
    }
    /// Archived campaigns of which something is left here.
    ///
    /// # Errors
    /// Where the ledger can't be read.
    fn uncleared(&mut self) -> Result<Vec<CampaignId>, LedgerError> {
        Ok(Vec::new())
    }
    /// Gateway names by number.
    fn gateways(&mut self) -> Result<Vec<(GatewayId, String)>, LedgerError>;
    /// The highest sequence, 0 if there is none, and the latest `at_ms` beside it.
    fn last(&mut self) -> Result<(u64, i64), LedgerError>;
}
