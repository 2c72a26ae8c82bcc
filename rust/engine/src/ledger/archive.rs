//! Archive files: a campaign that has ended, in a database of its own with the schema of the ledger.
//!
//! A file is made under another name, reaches the disk, and only then takes its name; the ledger names
//! it in a transaction of its own, and what it has is removed from the ledger after that. So at every
//! moment a campaign is whole in at least one place, and the ledger says in which.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use bealert_core::block::without_personal;
use bealert_core::ledger::{Archived, LedgerError};
use bealert_core::model::{CampaignId, CampaignRow};
use rusqlite::{Connection, params};

use super::sql;
use super::store::{SCHEMAS, failed, file, io, make_dir, open_archive, sync_dir};

/// Places of the journal that are copied in one transaction: it keeps the log from starting anew for
/// some ten milliseconds.
const SEQS: u64 = 20_000;

/// Blocks that are copied or erased in one transaction, for the same reason.
const BLOCKS: usize = 32;

/// How long after its end a campaign may still have got rows: 24 hours of late receipts, and one more.
const LATE_MS: i64 = 25 * 3_600_000;

/// The archive file of a campaign.
pub(super) fn path(dir: &Path, campaign: CampaignId) -> PathBuf {
    folder(dir).join(format!("{campaign}.sqlite"))
}

/// Copies a campaign that has ended into its archive file, durable when this returns. What an earlier
/// try has left is replaced.
///
/// # Errors
/// Where the ledger can't be read or the file can't be written.
pub(crate) fn copy(dir: &Path, campaign: &CampaignRow, last_seq: u64) -> Result<Archived, LedgerError> {
    make_dir(&folder(dir))?;
    remove_parts(dir)?;
    let part = folder(dir).join(format!("{}.part", campaign.id));
    let connection = open_archive(&part, true)?;
    // Not worth a journal: what is cut short is made again.
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").map_err(failed)?;
    for schema in SCHEMAS {
        connection.execute_batch(schema).map_err(failed)?;
    }
    super::store::name_schema(&connection).map_err(failed)?;
    let source = file(dir);
    let source = source.to_str().ok_or_else(|| LedgerError::Io("the path is no UTF-8".into()))?;
    connection.execute("ATTACH ?1 AS source", [source]).map_err(failed)?;
    let archived = copy_rows(&connection, campaign, last_seq)?;
    connection.execute_batch("DETACH source").map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    let path = path(dir, campaign.id);
    let kept = File::open(&part).and_then(|file| file.sync_all());
    kept.and_then(|()| fs::rename(&part, &path)).map_err(|error| io(&path, error))?;
    sync_dir(&folder(dir)).map_err(|error| io(&path, error))?;
    Ok(archived)
}

/// Removes archive files that the ledger does not name: what was begun and not ended.
pub(crate) fn remove_unnamed(dir: &Path, campaign: CampaignId) -> Result<(), LedgerError> {
    remove_parts(dir)?;
    let path = path(dir, campaign);
    if path.exists() {
        fs::remove_file(&path).map_err(|error| io(&path, error))?;
    }
    Ok(())
}

/// Takes what is personal out of an archive file; durable when this returns.
pub(crate) fn erase(dir: &Path, campaign: CampaignId) -> Result<(), LedgerError> {
    let connection = open_archive(&path(dir, campaign), false)?;
    connection.execute_batch("PRAGMA secure_delete = ON; PRAGMA synchronous = EXTRA").map_err(failed)?;
    let rows: Vec<i64> = {
        let mut statement = connection.prepare("SELECT rowid FROM people").map_err(failed)?;
        let rows = statement.query_map([], |row| row.get(0)).map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)?
    };
    for some in rows.chunks(BLOCKS) {
        let transaction = connection.unchecked_transaction().map_err(failed)?;
        for row in some {
            let read = |row: &rusqlite::Row<'_>| row.get::<_, Vec<u8>>(0);
            let data = transaction
                .query_row("SELECT data FROM people WHERE rowid = ?1", [row], read)
                .map_err(failed)?;
            let data = without_personal(&data).map_err(|error| LedgerError::Damaged(error.to_string()))?;
            let update = "UPDATE people SET data = ?2 WHERE rowid = ?1";
            transaction.execute(update, params![row, data]).map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
    }
    Ok(())
}

fn copy_rows(
    connection: &Connection,
    campaign: &CampaignRow,
    last_seq: u64,
) -> Result<Archived, LedgerError> {
    let id = campaign.id;
    for statement in sql::ARCHIVE_COPY_CAMPAIGN.split(';').filter(|text| text.contains("INSERT")) {
        let mut statement = connection.prepare(statement).map_err(failed)?;
        match statement.parameter_count() {
            0 => statement.execute([]),
            _ => statement.execute([id.0]),
        }
        .map_err(failed)?;
    }
    let count = |what: &str| -> Result<i64, LedgerError> {
        connection.query_row(what, [id.0], |row| row.get(0)).map_err(failed)
    };
    let blocks = count("SELECT count(*) FROM source.people WHERE campaign = ?1")?;
    for first in (0..blocks).step_by(BLOCKS) {
        let copy = "INSERT INTO people (campaign, channel, block, data)
            SELECT campaign, channel, block, data FROM source.people WHERE campaign = ?1
            ORDER BY channel, block LIMIT ?2 OFFSET ?3";
        connection.execute(copy, params![id.0, BLOCKS as i64, first]).map_err(failed)?;
    }
    let mut rows = 0;
    let mut after = campaign.launched_seq;
    while after < last_seq && !is_past(connection, campaign, after)? {
        let end = (after + SEQS).min(last_seq);
        for table in ["outcome", "notice", "block_end"] {
            let copy = format!(
                "INSERT INTO {table} SELECT * FROM source.{table} WHERE seq > ?1 AND seq <= ?2 AND campaign = ?3"
            );
            let copied = connection.prepare_cached(&copy).map_err(failed)?;
            rows += { copied }.execute(params![after as i64, end as i64, id.0]).map_err(failed)? as u64;
        }
        after = end;
    }
    let bounds = "SELECT min(seq), max(seq) FROM (SELECT seq FROM outcome UNION ALL SELECT seq FROM notice
        UNION ALL SELECT seq FROM block_end) WHERE ?1 = ?1";
    let (first, last) = connection
        .query_row(bounds, [id.0], |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?)))
        .map_err(failed)?;
    let damaged = || LedgerError::Damaged(format!("campaign {id} has no rows in the journal"));
    let (first, last) = first.zip(last).ok_or_else(damaged)?;
    if count("SELECT count(*) FROM people WHERE campaign = ?1")? != blocks {
        return Err(LedgerError::Damaged(format!("the archive of campaign {id} lacks blocks")));
    }
    Ok(Archived { campaign: id, first_seq: first as u64, last_seq: last as u64, rows })
}

/// Whether what follows in the journal came too late to be of this campaign.
fn is_past(connection: &Connection, campaign: &CampaignRow, after: u64) -> Result<bool, LedgerError> {
    let Some(ended_at_ms) = campaign.ended_at_ms else { return Ok(false) };
    let next = "SELECT min(at_ms) FROM (
        SELECT * FROM (SELECT at_ms FROM source.outcome WHERE seq > ?1 ORDER BY seq LIMIT 1)
        UNION ALL SELECT * FROM (SELECT at_ms FROM source.notice WHERE seq > ?1 ORDER BY seq LIMIT 1)
        UNION ALL SELECT * FROM (SELECT at_ms FROM source.block_end WHERE seq > ?1 ORDER BY seq LIMIT 1))";
    let at_ms: Option<i64> = connection.query_row(next, [after as i64], |row| row.get(0)).map_err(failed)?;
    Ok(at_ms.is_some_and(|at_ms| at_ms > ended_at_ms + LATE_MS))
}

fn folder(dir: &Path) -> PathBuf {
    dir.join("archive")
}

fn remove_parts(dir: &Path) -> Result<(), LedgerError> {
    let Ok(files) = fs::read_dir(folder(dir)) else { return Ok(()) };
    for file in files.flatten().filter(|file| file.path().extension().is_some_and(|end| end == "part")) {
        fs::remove_file(file.path()).map_err(|error| io(&file.path(), error))?;
    }
    Ok(())
}
