//! A ledger in memory: for drills, tests and engines without a data directory.
//!
//! It keeps every promise of [`Ledger`] but survival of its process, and can be told to fail: a
//! commit may be rolled back or end unknown, and [`MemoryLedger::crash`] gives what a next process
//! would find.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::rows::Rows;
use super::snapshot::Snapshots;
use super::{
    Batch, CommitError, Entry, Ledger, LedgerError, LedgerReader, Parked, SnapshotHead, SnapshotWrite,
};
use crate::model::{
    BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, CampaignState, Channel, GatewayId,
};
use crate::tally::Tally;

/// How the next write is to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing of it is kept, and the writer is told so (a full disk).
    RolledBack,
    /// The writer is told that nobody knows; it was kept.
    UnknownKept,
    /// The writer is told that nobody knows; it was lost.
    UnknownLost,
}

/// The writing handle. Its readers share what it has committed.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    shared: Arc<Mutex<Store>>,
    faults: VecDeque<Fault>,
    /// Set by an unknown commit, with what [`Fault::UnknownKept`] will turn out to have kept.
    doubt: Option<Option<Write<'static>>>,
    /// Set by `reopen`: the next batch may be one that was kept, come again.
    repeat: bool,
}

impl MemoryLedger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes one coming write fail; several are taken in the order in which they were asked for.
    pub fn fail_next(&mut self, fault: Fault) {
        self.faults.push_back(fault);
    }

    /// Ends this handle and its readers as a crash of their process would, and gives the handle of
    /// the next process: it finds what was durable, and a commit that ended unknown as its fault
    /// decided.
    pub fn crash(&mut self) -> MemoryLedger {
        self.settle();
        let dead = Store { dead: true, ..Store::default() };
        let store = std::mem::replace(&mut *lock(&self.shared), dead);
        MemoryLedger { shared: Arc::new(Mutex::new(store)), ..MemoryLedger::default() }
    }

    fn settle(&mut self) {
        if let Some(Some(kept)) = self.doubt.take() {
            lock(&self.shared).apply(kept);
        }
    }

    fn write(&mut self, write: Write<'_>) -> Result<(), CommitError> {
        if self.doubt.is_some() {
            return Err(CommitError::Unknown("an earlier commit is unknown; reopen first".into()));
        }
        let mut store = lock(&self.shared);
        if store.dead {
            return Err(CommitError::Unknown("the process of this handle has crashed".into()));
        }
        let write = write.without_repeated(self.repeat.then_some(store.last_seq));
        store.check(&write).map_err(CommitError::RolledBack)?;
        match self.faults.pop_front() {
            None => {
                self.repeat = self.repeat && !matches!(write, Write::Commit(..));
                store.apply(write);
                return Ok(());
            }
            Some(Fault::RolledBack) => {
                return Err(CommitError::RolledBack("told to fail".into()));
            }
            Some(Fault::UnknownKept) => self.doubt = Some(Some(write.into_owned())),
            Some(Fault::UnknownLost) => self.doubt = Some(None),
        }
        Err(CommitError::Unknown("told to fail".into()))
    }
}

impl Ledger for MemoryLedger {
    fn gateway(&mut self, name: &str) -> Result<GatewayId, LedgerError> {
        let mut store = living(&self.shared)?;
        let known = store.gateways.iter().position(|known| known == name);
        let index = known.unwrap_or_else(|| {
            store.gateways.push(name.to_owned());
            store.gateways.len() - 1
        });
        gateway_id(index).ok_or_else(|| LedgerError::Damaged(format!("more than {} gateways", u16::MAX - 1)))
    }

    fn begin_launch(&mut self, campaign: &CampaignRow) -> Result<CampaignId, CommitError> {
        self.write(Write::Begin(Cow::Borrowed(campaign)))?;
        Ok(CampaignId(lock(&self.shared).last_campaign))
    }

    fn add_blocks(&mut self, blocks: &[BlockRow]) -> Result<(), CommitError> {
        self.write(Write::Blocks(Cow::Borrowed(blocks)))
    }

    fn abandon_launch(&mut self, campaign: CampaignId) -> Result<(), CommitError> {
        self.write(Write::Abandon(campaign))
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), CommitError> {
        self.write(Write::Commit(Cow::Borrowed(batch), 0))
    }

    fn hash_key(&mut self, fresh: (u64, u64)) -> Result<(u64, u64), LedgerError> {
        Ok(*living(&self.shared)?.hash_key.get_or_insert(fresh))
    }

    fn snapshot(&mut self, step: &SnapshotWrite) -> Result<bool, CommitError> {
        self.write(Write::Snapshot(Cow::Borrowed(step))).map(|()| false)
    }

    fn reopen(&mut self) -> Result<u64, LedgerError> {
        self.settle();
        self.repeat = true;
        Ok(living(&self.shared)?.last_seq)
    }

    fn open_campaigns(&mut self) -> Result<Vec<CampaignRow>, LedgerError> {
        let mut store = living(&self.shared)?;
        let launching = |row: &&CampaignRow| row.state == CampaignState::Launching;
        let left: Vec<_> = store.campaigns.values().filter(launching).map(|row| row.id).collect();
        left.into_iter().for_each(|id| store.abandon(id));
        Ok(store.campaigns.values().filter(|row| !row.state.ended()).cloned().collect())
    }

    fn reader(&self) -> Result<Box<dyn LedgerReader>, LedgerError> {
        Ok(Box::new(MemoryReader { shared: Arc::clone(&self.shared) }))
    }
}

struct MemoryReader {
    shared: Arc<Mutex<Store>>,
}

impl LedgerReader for MemoryReader {
    fn campaigns(&mut self) -> Result<Vec<CampaignRow>, LedgerError> {
        let listed = |row: &CampaignRow| CampaignRow { frozen: String::new(), ..row.clone() };
        Ok(living(&self.shared)?.launched().map(listed).collect())
    }

    fn campaign(&mut self, id: CampaignId) -> Result<Option<CampaignRow>, LedgerError> {
        Ok(living(&self.shared)?.launched().find(|row| row.id == id).cloned())
    }

    fn find(&mut self, key: &str) -> Result<Option<CampaignRow>, LedgerError> {
        Ok(living(&self.shared)?.launched().find(|row| row.key == key).cloned())
    }

    fn blocks(&mut self, campaign: CampaignId) -> Result<Vec<BlockMeta>, LedgerError> {
        let store = living(&self.shared)?;
        Ok(store.blocks_of(campaign).map(|block| block.meta).collect())
    }

    fn block(&mut self, key: BlockKey) -> Result<Option<BlockRow>, LedgerError> {
        Ok(living(&self.shared)?.blocks.get(&key).cloned())
    }

    fn journal(&mut self, after: u64, limit: usize) -> Result<Vec<Entry>, LedgerError> {
        let mut parts = Vec::new();
        let mut found = 0;
        {
            // Only the handles are copied under the lock; the writer doesn't wait for the rest.
            let store = living(&self.shared)?;
            let first = store.journal.partition_point(|(last, _)| *last <= after);
            for (_, part) in &store.journal[first..] {
                if found >= limit {
                    break;
                }
                found += part.len() - part.partition_point(|entry| entry.seq() <= after);
                parts.push(Arc::clone(part));
            }
        }
        let new = parts.iter().flat_map(|part| part.iter()).filter(|entry| entry.seq() > after);
        Ok(new.take(limit).cloned().collect())
    }

    fn tallies(&mut self, campaign: CampaignId) -> Result<Vec<(Channel, Tally)>, LedgerError> {
        let store = living(&self.shared)?;
        let of = |channel| Some((channel, *store.tallies.get(&(campaign, channel))?));
        Ok(Channel::ALL.into_iter().filter_map(of).collect())
    }

    fn parked(&mut self) -> Result<Vec<Parked>, LedgerError> {
        Ok(living(&self.shared)?.parked.values().cloned().collect())
    }

    fn snapshot(&mut self, campaign: CampaignId) -> Result<Option<SnapshotHead>, LedgerError> {
        Ok(living(&self.shared)?.snapshots.head(campaign))
    }

    fn snapshot_piece(&mut self, head: &SnapshotHead, number: u32) -> Result<Option<Vec<u8>>, LedgerError> {
        Ok(living(&self.shared)?.snapshots.piece(head, number))
    }

    fn gateways(&mut self) -> Result<Vec<(GatewayId, String)>, LedgerError> {
        let store = living(&self.shared)?;
        let named = |(index, name): (usize, &String)| Some((gateway_id(index)?, name.clone()));
        Ok(store.gateways.iter().enumerate().filter_map(named).collect())
    }

    fn last(&mut self) -> Result<(u64, i64), LedgerError> {
        let store = living(&self.shared)?;
        Ok((store.last_seq, store.last_at_ms))
    }
}

/// What is durable.
#[derive(Debug, Default)]
struct Store {
    /// The process that held it has crashed; nothing of it may be used any more.
    dead: bool,
    gateways: Vec<String>,
    last_campaign: u32,
    campaigns: BTreeMap<CampaignId, CampaignRow>,
    blocks: BTreeMap<BlockKey, BlockRow>,
    /// The entries of a commit each, with their last sequence: no copy when it grows, a binary
    /// search finds a place.
    journal: Vec<(u64, Arc<[Entry]>)>,
    tallies: BTreeMap<(CampaignId, Channel), Tally>,
    parked: BTreeMap<u64, Parked>,
    hash_key: Option<(u64, u64)>,
    snapshots: Snapshots,
    last_seq: u64,
    last_at_ms: i64,
}

impl Store {
    fn launched(&self) -> impl Iterator<Item = &CampaignRow> {
        self.campaigns.values().filter(|row| row.state != CampaignState::Launching)
    }

    fn is_launching(&self, id: CampaignId) -> bool {
        self.campaigns.get(&id).is_some_and(|row| row.state == CampaignState::Launching)
    }

    fn blocks_of(&self, id: CampaignId) -> impl Iterator<Item = &BlockRow> {
        let launched = self.campaigns.contains_key(&id) && !self.is_launching(id);
        let from = BlockKey { campaign: id, channel: Channel::Sms, block: 0 };
        self.blocks
            .range(from..)
            .take_while(move |(key, _)| launched && key.campaign == id)
            .map(|(_, block)| block)
    }

    /// What SQLite's constraints say no to, before anything has changed.
    fn check(&self, write: &Write<'_>) -> Result<(), String> {
        match write {
            Write::Begin(campaign) => {
                let taken = self.campaigns.values().any(|row| row.key == campaign.key);
                refuse(taken, || format!("the key {:?} is taken", campaign.key))
            }
            Write::Blocks(blocks) => blocks.iter().try_for_each(|block| {
                let key = block.meta.key;
                let fits = self.is_launching(key.campaign) && !self.blocks.contains_key(&key);
                refuse(!fits, || format!("{key:?} has no place in a launch"))
            }),
            Write::Abandon(id) => {
                refuse(!self.is_launching(*id), || format!("campaign {id} is not being launched"))
            }
            Write::Commit(batch, repeated) => {
                Rows::of(batch)
                    .after(*repeated)
                    .follow(self.last_seq)
                    .map_err(|not_next| not_next.to_string())?;
                let mark = batch.marks.iter().find(|(key, _)| !self.blocks.contains_key(key));
                refuse(mark.is_some(), || format!("no such block: {mark:?}"))?;
                let state = batch.states.iter().find(|row| !self.campaigns.contains_key(&row.0));
                refuse(state.is_some(), || format!("no such campaign: {state:?}"))
            }
            Write::Snapshot(step) => {
                let launched = |id| self.campaigns.contains_key(&id) && !self.is_launching(id);
                self.snapshots.check(step, self.last_seq, launched)
            }
        }
    }

    fn apply(&mut self, write: Write<'_>) {
        match write {
            Write::Begin(campaign) => {
                self.last_campaign += 1;
                let mut row = campaign.into_owned();
                row.id = CampaignId(self.last_campaign);
                row.state = CampaignState::Launching;
                self.campaigns.insert(row.id, row);
            }
            Write::Blocks(blocks) => {
                let rows = blocks.iter().map(|block| (block.meta.key, block.clone()));
                self.blocks.extend(rows);
            }
            Write::Abandon(id) => self.abandon(id),
            Write::Commit(batch, repeated) => self.commit(&batch, repeated),
            Write::Snapshot(step) => self.snapshots.keep(step.into_owned()),
        }
    }

    fn abandon(&mut self, id: CampaignId) {
        self.campaigns.remove(&id);
        self.blocks.retain(|key, _| key.campaign != id);
    }

    fn commit(&mut self, batch: &Batch, repeated: u64) {
        let entries = Rows::of(batch).after(repeated).entries(self.last_seq);
        if let Some(last) = entries.last() {
            self.last_seq = last.seq();
            let latest = entries.iter().map(at_ms).max().unwrap_or_default();
            self.last_at_ms = self.last_at_ms.max(latest);
            self.journal.push((self.last_seq, entries.into()));
        }
        for (key, reserved) in &batch.marks {
            if let Some(block) = self.blocks.get_mut(key) {
                block.meta.reserved = *reserved;
            }
        }
        for (campaign, channel, tally) in &batch.tallies {
            self.tallies.insert((*campaign, *channel), *tally);
        }
        for (id, state, ended_at_ms) in &batch.states {
            if let Some(row) = self.campaigns.get_mut(id) {
                row.state = *state;
                row.ended_at_ms = *ended_at_ms;
            }
        }
        self.parked.extend(batch.parked.iter().map(|parked| (parked.id, parked.clone())));
        batch.unparked.iter().for_each(|id| drop(self.parked.remove(id)));
    }
}

/// One transaction; borrowed on the way in, owned while its end is unknown.
#[derive(Debug)]
enum Write<'a> {
    Begin(Cow<'a, CampaignRow>),
    Blocks(Cow<'a, [BlockRow]>),
    Abandon(CampaignId),
    /// A batch and the sequence up to which the journal has its rows already.
    Commit(Cow<'a, Batch>, u64),
    Snapshot(Cow<'a, SnapshotWrite>),
}

impl Write<'_> {
    fn without_repeated(self, found: Option<u64>) -> Self {
        match (self, found) {
            (Write::Commit(batch, _), Some(found)) => Write::Commit(batch, found),
            (write, _) => write,
        }
    }

    fn into_owned(self) -> Write<'static> {
        match self {
            Write::Begin(campaign) => Write::Begin(Cow::Owned(campaign.into_owned())),
            Write::Blocks(blocks) => Write::Blocks(Cow::Owned(blocks.into_owned())),
            Write::Abandon(id) => Write::Abandon(id),
            Write::Commit(batch, repeated) => Write::Commit(Cow::Owned(batch.into_owned()), repeated),
            Write::Snapshot(step) => Write::Snapshot(Cow::Owned(step.into_owned())),
        }
    }
}

/// Gateways are numbered from 1 on; [`GatewayId::NONE`] is never given.
fn gateway_id(index: usize) -> Option<GatewayId> {
    u16::try_from(index + 1).ok().map(GatewayId).filter(|id| *id != GatewayId::NONE)
}

fn at_ms(entry: &Entry) -> i64 {
    match entry {
        Entry::Outcome(outcome) => outcome.at_ms,
        Entry::Notice(notice) => notice.at_ms,
        Entry::BlockEnd(end) => end.at_ms,
    }
}

pub(super) fn refuse(refused: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if refused { Err(why()) } else { Ok(()) }
}

/// A writer that panicked between two statements leaves no half-written commit: `check` runs first.
fn lock(shared: &Mutex<Store>) -> MutexGuard<'_, Store> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn living(shared: &Mutex<Store>) -> Result<MutexGuard<'_, Store>, LedgerError> {
    let store = lock(shared);
    if store.dead {
        return Err(LedgerError::Io("the process of this handle has crashed".into()));
    }
    Ok(store)
}
