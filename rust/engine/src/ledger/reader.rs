//! Reading a ledger: any number of connections, beside the writer or without one.

use std::path::{Path, PathBuf};

use bealert_core::ledger::{Archived, Entry, LedgerError, LedgerReader, Parked, SnapshotHead};
use bealert_core::model::{BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, Channel, GatewayId};
use bealert_core::tally::Tally;
use rusqlite::{Connection, Params, Row};

use super::store::{connect_reading, failed, open_archive_reading};
use super::{archive, columns, retention, snapshots, sql};

/// Findings of [`check_file`] that are listed; more say nothing new.
const FINDINGS: u32 = 20;

/// The schema that brought snapshots.
const SNAPSHOTS_SINCE: usize = 2;

/// The schema that brought archives and erasure.
const RETENTION_SINCE: usize = 3;

/// Opens a ledger to read it. It takes no lock, needs no holder, and never sends or writes;
/// SQLite needs to be allowed to make the `-shm` file where there is none.
///
/// # Errors
/// Where there is no ledger, or one of a later version.
pub fn open_reader(dir: &Path) -> Result<Box<dyn LedgerReader>, LedgerError> {
    let (connection, schema) = connect_reading(dir)?;
    Ok(Box::new(SqliteReader { connection, schema, dir: dir.to_owned(), archive: None }))
}

/// What SQLite itself finds wrong with the file, nothing if it is sound. It reads all of it.
///
/// # Errors
/// Where the file can't be read at all.
pub fn check_file(dir: &Path) -> Result<Vec<String>, LedgerError> {
    let (connection, _) = connect_reading(dir)?;
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({FINDINGS})")).map_err(failed)?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
    let lines = lines.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

struct SqliteReader {
    connection: Connection,
    /// The schema of the file: reading changes nothing in one that no later version has held.
    schema: usize,
    dir: PathBuf,
    /// The archive file that was read last.
    archive: Option<(CampaignId, Connection)>,
}

impl SqliteReader {
    /// The connection to the archive file of a campaign that was archived.
    fn archive_of(&mut self, campaign: CampaignId) -> Result<Option<&Connection>, LedgerError> {
        if self.archived(campaign)?.is_none() {
            return Ok(None);
        }
        self.open_archive(campaign).map(Some)
    }

    fn open_archive(&mut self, campaign: CampaignId) -> Result<&Connection, LedgerError> {
        if self.archive.as_ref().is_none_or(|(open, _)| *open != campaign) {
            let connection = open_archive_reading(&archive::path(&self.dir, campaign))?;
            self.archive = Some((campaign, connection));
        }
        Ok(&self.archive.as_ref().expect("it was just opened").1)
    }
}

/// A slice of the journal as one file has it.
fn slice(connection: &mut Connection, after: i64, limit: usize) -> Result<Vec<Entry>, LedgerError> {
    // Three tables, one snapshot.
    let snapshot = connection.transaction().map_err(failed)?;
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let outcomes = list(&snapshot, sql::OUTCOMES, (after, most), columns::outcome)?;
    // Nothing beyond the last outcome can be in a slice that outcomes fill.
    let end = outcomes.last().filter(|_| outcomes.len() == limit);
    let end = end.map_or(i64::MAX, |outcome| outcome.seq as i64);
    let notices = list(&snapshot, sql::NOTICES, (after, most, end), columns::notice)?;
    let ends = list(&snapshot, sql::BLOCK_ENDS, (after, most, end), columns::block_end)?;
    drop(snapshot);
    let mut entries: Vec<Entry> = outcomes.into_iter().map(Entry::Outcome).collect();
    if !(notices.is_empty() && ends.is_empty()) {
        entries.extend(notices.into_iter().map(Entry::Notice));
        entries.extend(ends.into_iter().map(Entry::BlockEnd));
        entries.sort_by_key(Entry::seq);
        entries.truncate(limit);
    }
    Ok(entries)
}

impl LedgerReader for SqliteReader {
    fn campaigns(&mut self) -> Result<Vec<CampaignRow>, LedgerError> {
        list(&self.connection, sql::CAMPAIGNS, [], columns::campaign)
    }

    fn campaign(&mut self, id: CampaignId) -> Result<Option<CampaignRow>, LedgerError> {
        first(&self.connection, sql::CAMPAIGN_BY_ID, [id.0], columns::campaign)
    }

    fn find(&mut self, key: &str) -> Result<Option<CampaignRow>, LedgerError> {
        first(&self.connection, sql::CAMPAIGN_BY_KEY, [key], columns::campaign)
    }

    fn blocks(&mut self, campaign: CampaignId) -> Result<Vec<BlockMeta>, LedgerError> {
        if let Some(archive) = self.archive_of(campaign)? {
            return list(archive, sql::BLOCKS, [campaign.0], columns::block);
        }
        list(&self.connection, sql::BLOCKS, [campaign.0], columns::block)
    }

    fn block(&mut self, key: BlockKey) -> Result<Option<BlockRow>, LedgerError> {
        let params = (key.campaign.0, key.channel as u8, key.block);
        let read =
            |row: &Row<'_>| Ok(BlockRow { meta: columns::block(row)?, data: row.get(7).map_err(failed)? });
        let found = first(&self.connection, sql::BLOCK, params, read)?;
        match found {
            // Asked for only then: sending reads blocks too.
            None => match self.archive_of(key.campaign)? {
                Some(archive) => first(archive, sql::BLOCK, params, read),
                None => Ok(None),
            },
            found => Ok(found),
        }
    }

    fn journal(&mut self, after: u64, limit: usize) -> Result<Vec<Entry>, LedgerError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let mut entries = slice(&mut self.connection, after, limit)?;
        if self.schema < RETENTION_SINCE {
            return Ok(entries);
        }
        // Looked at after the slice: what is missing from it was named before it was removed.
        let end =
            entries.last().filter(|_| entries.len() == limit).map_or(i64::MAX, |last| last.seq() as i64);
        for archived in retention::archived_between(&self.connection, after, end)? {
            self.open_archive(archived.campaign)?;
            let (_, archive) = self.archive.as_mut().expect("it was just opened");
            entries.extend(slice(archive, after, limit)?);
        }
        // While a campaign is being moved, both files have a row.
        entries.sort_by_key(Entry::seq);
        entries.dedup_by_key(|entry| entry.seq());
        entries.truncate(limit);
        Ok(entries)
    }

    fn erased(&mut self, campaign: CampaignId) -> Result<Option<i64>, LedgerError> {
        if self.schema < RETENTION_SINCE { Ok(None) } else { retention::erased(&self.connection, campaign) }
    }

    fn archived(&mut self, campaign: CampaignId) -> Result<Option<Archived>, LedgerError> {
        if self.schema < RETENTION_SINCE { Ok(None) } else { retention::archived(&self.connection, campaign) }
    }

    fn uncleared(&mut self) -> Result<Vec<CampaignId>, LedgerError> {
        if self.schema < RETENTION_SINCE {
            return Ok(Vec::new());
        }
        list(&self.connection, sql::ARCHIVED_UNCLEARED, [], |row| row.get(0).map(CampaignId).map_err(failed))
    }

    fn tallies(&mut self, campaign: CampaignId) -> Result<Vec<(Channel, Tally)>, LedgerError> {
        list(&self.connection, sql::TALLIES, [campaign.0], columns::tally)
    }

    fn parked(&mut self) -> Result<Vec<Parked>, LedgerError> {
        list(&self.connection, sql::PARKED, [], columns::parked)
    }

    fn snapshot(&mut self, campaign: CampaignId) -> Result<Option<SnapshotHead>, LedgerError> {
        if self.schema < SNAPSHOTS_SINCE {
            return Ok(None);
        }
        snapshots::head(&self.connection, campaign)
    }

    fn snapshot_piece(&mut self, head: &SnapshotHead, number: u32) -> Result<Option<Vec<u8>>, LedgerError> {
        snapshots::piece(&self.connection, head, number)
    }

    fn gateways(&mut self) -> Result<Vec<(GatewayId, String)>, LedgerError> {
        list(&self.connection, sql::GATEWAYS, [], columns::named_gateway)
    }

    fn last(&mut self) -> Result<(u64, i64), LedgerError> {
        last(&self.connection)
    }
}

/// The highest sequence and the latest time beside it.
pub(super) fn last(connection: &Connection) -> Result<(u64, i64), LedgerError> {
    let read = |row: &Row<'_>| Ok((columns::unsigned(row, 0)?, row.get(1).map_err(failed)?));
    Ok(first(connection, sql::LAST, [], read)?.unwrap_or_default())
}

/// All rows of a statement.
pub(super) fn list<T>(
    connection: &Connection,
    statement: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, LedgerError>,
) -> Result<Vec<T>, LedgerError> {
    let mut statement = connection.prepare_cached(statement).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        all.push(read(row)?);
    }
    Ok(all)
}

fn first<T>(
    connection: &Connection,
    statement: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, LedgerError>,
) -> Result<Option<T>, LedgerError> {
    let mut statement = connection.prepare_cached(statement).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    rows.next().map_err(failed)?.map(read).transpose()
}
