//! The writer: one connection, one commit at a time, durable when it returns.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bealert_core::ledger::{
    Batch, CommitError, Ledger, LedgerError, LedgerReader, Retain, Rows, SnapshotWrite,
};
use bealert_core::model::{BlockKey, BlockRow, CampaignId, CampaignRow, CampaignState, GatewayId};
use rusqlite::{Connection, params};

use super::batch::{WriteError, append, refuse, set};
use super::hold::Hold;
use super::inserts::OutcomeInserts;
use super::reader::{last, list, open_reader};
use super::store::{checkpoint, connect, failed, make_dir};
use super::wal::Wal;
use super::{columns, retention, snapshots, sql};

/// Blocks removed in one transaction: 120 KB each, so that hot commits wait for some milliseconds.
const BLOCKS_PER_DELETE: u32 = 16;

/// The writing handle of a data directory; it holds the directory while it lives.
pub struct SqliteLedger {
    dir: PathBuf,
    // Before the connection: its thread has one too, and ends first.
    wal: Option<Wal>,
    /// `None` after a reopen that failed.
    connection: Option<Connection>,
    /// Set by a commit of which nobody knows the end, until `reopen`.
    unknown: bool,
    /// Highest sequence in the journal.
    last: u64,
    /// Set by `reopen`: the next batch may be one that was kept, come again.
    repeat: bool,
    outcome_inserts: Arc<OutcomeInserts>,
    // Last: the directory is held until the connection is closed.
    _hold: Hold,
}

impl SqliteLedger {
    /// Opens the ledger of a directory, making both where there is none, and holds it.
    ///
    /// # Errors
    /// [`LedgerError::Held`] where another handle holds it, in this process or another;
    /// [`LedgerError::Newer`] for a later schema; [`LedgerError::Io`] also for foreign files.
    pub fn open(dir: &Path) -> Result<Self, LedgerError> {
        make_dir(dir)?;
        let hold = Hold::take(dir)?;
        let mut connection = connect(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            wal: Some(Wal::watch(&mut connection, dir)?),
            last: last(&connection)?.0,
            connection: Some(connection),
            unknown: false,
            repeat: false,
            outcome_inserts: Arc::new(OutcomeInserts::new()),
            _hold: hold,
        })
    }

    /// The directory it holds.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn connection(&self) -> Result<&Connection, LedgerError> {
        let closed = || LedgerError::Io("the ledger could not be reopened".into());
        self.connection.as_ref().ok_or_else(closed)
    }

    /// One transaction, and which of its three ends it came to.
    fn write<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, WriteError>,
    ) -> Result<T, CommitError> {
        let Some(connection) = self.connection.as_ref().filter(|_| !self.unknown) else {
            return Err(CommitError::Unknown("an earlier commit is unknown; reopen first".into()));
        };
        let result = execute(connection, "BEGIN IMMEDIATE")
            .and_then(|()| work(connection))
            .and_then(|done| execute(connection, "COMMIT").map(|()| done));
        let error = match result {
            Ok(done) => {
                if let Some(wal) = &mut self.wal {
                    wal.committed(connection);
                }
                return Ok(done);
            }
            Err(error) => error,
        };
        // SQLite has rolled back by itself after some errors, and says so by leaving the transaction.
        let gone = connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
        if gone && error.leaves_nothing() {
            return Err(CommitError::RolledBack(error.rolled_back()));
        }
        self.unknown = true;
        Err(CommitError::Unknown(error.to_string()))
    }

    fn remove_launch(&mut self, campaign: CampaignId) -> Result<(), CommitError> {
        loop {
            let removed = self.write(|connection| {
                let params = (campaign.0, BLOCKS_PER_DELETE);
                Ok(connection.prepare_cached(sql::PEOPLE_DELETE)?.execute(params)?)
            })?;
            if removed == 0 {
                break;
            }
        }
        self.write(|connection| {
            connection.prepare_cached(sql::BLOCKS_DELETE)?.execute([campaign.0])?;
            connection.prepare_cached(sql::CAMPAIGN_DELETE)?.execute([campaign.0])?;
            Ok(())
        })
    }
}

impl Ledger for SqliteLedger {
    fn gateway(&mut self, name: &str) -> Result<GatewayId, LedgerError> {
        let connection = self.connection()?;
        let read = |row: &rusqlite::Row<'_>| row.get::<_, u16>(0).map_err(failed);
        if let Some(known) = list(connection, sql::GATEWAY_FIND, [name], read)?.pop() {
            return Ok(GatewayId(known));
        }
        connection.execute(sql::GATEWAY_INSERT, [name]).map_err(failed)?;
        u16::try_from(connection.last_insert_rowid())
            .ok()
            .map(GatewayId)
            .filter(|id| *id != GatewayId::NONE)
            .ok_or_else(|| LedgerError::Damaged(format!("more than {} gateways", u16::MAX - 1)))
    }

    fn begin_launch(&mut self, campaign: &CampaignRow) -> Result<CampaignId, CommitError> {
        self.write(|connection| {
            connection.prepare_cached(sql::CAMPAIGN_INSERT)?.execute(params![
                campaign.key,
                campaign.hash,
                campaign.scenario,
                campaign.kind as u8,
                campaign.policy as u8,
                campaign.by,
                campaign.people,
                CampaignState::Launching as u8,
                campaign.launched_at_ms,
                campaign.expires_at_ms,
                campaign.ended_at_ms,
                campaign.launched_seq as i64,
                columns::routes_column(&campaign.routes),
                campaign.frozen,
            ])?;
            let id = connection.last_insert_rowid();
            let id = u32::try_from(id).map_err(|_| refuse("there are no numbers left"))?;
            Ok(CampaignId(id))
        })
    }

    fn add_blocks(&mut self, blocks: &[BlockRow]) -> Result<(), CommitError> {
        self.write(|connection| {
            let mut launching = None;
            for block in blocks {
                let meta = &block.meta;
                let BlockKey { campaign, channel, block: number } = meta.key;
                if launching != Some(campaign) {
                    must_launch(connection, campaign)?;
                    launching = Some(campaign);
                }
                connection.prepare_cached(sql::BLOCK_INSERT)?.execute(params![
                    campaign.0,
                    channel as u8,
                    number,
                    meta.route,
                    meta.len,
                    meta.units,
                    meta.reserved,
                ])?;
                let people = params![campaign.0, channel as u8, number, block.data];
                connection.prepare_cached(sql::PEOPLE_INSERT)?.execute(people)?;
            }
            Ok(())
        })
    }

    fn abandon_launch(&mut self, campaign: CampaignId) -> Result<(), CommitError> {
        self.write(|connection| must_launch(connection, campaign))?;
        self.remove_launch(campaign)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), CommitError> {
        let mut rows = Rows::of(batch);
        if self.repeat {
            rows = rows.after(self.last);
        }
        let not_next = |error: bealert_core::ledger::rows::NotNext| refuse(&error.to_string());
        let next = rows.follow(self.last).map_err(not_next);
        let inserts = Arc::clone(&self.outcome_inserts);
        let result = self.write(|connection| {
            next?;
            append(connection, &rows, &inserts)?;
            set(connection, batch)
        });
        result?;
        self.last += rows.len() as u64;
        self.repeat = false;
        Ok(())
    }

    fn hash_key(&mut self, fresh: (u64, u64)) -> Result<(u64, u64), LedgerError> {
        snapshots::hash_key(self.connection()?, fresh)
    }

    fn snapshot(&mut self, step: &SnapshotWrite) -> Result<bool, CommitError> {
        let last = self.last;
        self.write(|connection| snapshots::write(connection, step, last))
    }

    fn retain(&mut self, step: &Retain) -> Result<bool, CommitError> {
        let again = self.write(|connection| retention::write(connection, step))?;
        if let (Retain::Scrub, Some(connection)) = (step, &self.connection) {
            // A reader may be in the way for a moment.
            return Ok(checkpoint(connection).is_err());
        }
        Ok(again)
    }

    fn reopen(&mut self) -> Result<u64, LedgerError> {
        self.unknown = true;
        self.wal = None;
        self.connection = None;
        let mut connection = connect(&self.dir)?;
        checkpoint(&connection)?;
        self.wal = Some(Wal::watch(&mut connection, &self.dir)?);
        self.last = last(&connection)?.0;
        self.connection = Some(connection);
        self.unknown = false;
        self.repeat = true;
        Ok(self.last)
    }

    fn open_campaigns(&mut self) -> Result<Vec<CampaignRow>, LedgerError> {
        let read = |row: &rusqlite::Row<'_>| row.get(0).map(CampaignId).map_err(failed);
        for left in list(self.connection()?, sql::CAMPAIGNS_LAUNCHING, [], read)? {
            self.remove_launch(left).map_err(|error| LedgerError::Io(error.to_string()))?;
        }
        list(self.connection()?, sql::CAMPAIGNS_OPEN, [], columns::campaign)
    }

    fn reader(&self) -> Result<Box<dyn LedgerReader>, LedgerError> {
        open_reader(&self.dir)
    }
}

fn must_launch(connection: &Connection, campaign: CampaignId) -> Result<(), WriteError> {
    let launching = connection.prepare_cached(sql::CAMPAIGN_IS_LAUNCHING)?.exists([campaign.0])?;
    if launching { Ok(()) } else { Err(refuse(&format!("campaign {campaign} is not being launched"))) }
}

fn execute(connection: &Connection, statement: &str) -> Result<(), WriteError> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bealert_core::ledger::Notice;

    #[test]
    fn a_full_disk_rolls_back_and_goes_on_when_there_is_room() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut ledger = SqliteLedger::open(dir.path()).expect("a ledger");
        let pages = |ledger: &SqliteLedger, pages: i64| {
            let connection = ledger.connection().expect("an open ledger");
            connection.pragma_update(None, "max_page_count", pages).expect("a limit");
        };
        ledger.commit(&notices(1, 10)).expect("room");
        pages(&ledger, 1);
        for _ in 0..3 {
            let result = ledger.commit(&notices(11, 5_000));
            assert!(matches!(result, Err(CommitError::RolledBack(_))), "{result:?}");
            let mut reader = ledger.reader().expect("a reader");
            assert_eq!(reader.last().expect("a sequence").0, 10);
        }
        pages(&ledger, 1_000_000);
        ledger.commit(&notices(11, 5_000)).expect("room");
        let mut reader = ledger.reader().expect("a reader");
        assert_eq!(reader.last().expect("a sequence").0, 5_010);
    }

    #[test]
    fn only_an_answer_of_the_file_system_leaves_a_doubt() {
        let error =
            |code| WriteError::Sqlite(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        use rusqlite::ffi;
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_CONSTRAINT_PRIMARYKEY, ffi::SQLITE_BUSY] {
            assert!(error(code).leaves_nothing(), "{code}");
        }
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_CORRUPT] {
            assert!(!error(code).leaves_nothing(), "{code}");
        }
    }

    fn notices(first: u64, count: u64) -> Batch {
        let notice = |seq| Notice {
            seq,
            at_ms: 1,
            campaign: None,
            gateway: GatewayId(1),
            code: bealert_core::ledger::NoticeCode::GatewayUp,
            text: "x".repeat(100).into(),
        };
        let notices: Vec<_> = (first..first + count).map(notice).collect();
        Batch { notices, last_seq: first + count - 1, ..Batch::default() }
    }
}
