//! Keeping snapshots: steps of a transaction each, behind the hot commits.

use bealert_core::ledger::{LedgerError, SnapshotHead, SnapshotWrite};
use bealert_core::model::CampaignId;
use rusqlite::{Connection, Row};

use super::batch::{WriteError, refuse};
use super::reader::list;
use super::store::failed;
use super::{columns, sql};

/// Pieces removed in one transaction: a quarter of a megabyte each, so that hot commits wait for some
/// milliseconds.
const PIECES_PER_SWEEP: u32 = 8;

/// One step, inside the transaction that its caller opened; whether it is to be given again.
pub(super) fn write(connection: &Connection, step: &SnapshotWrite, last: u64) -> Result<bool, WriteError> {
    match step {
        SnapshotWrite::Piece { campaign, seq, number, data } => {
            let params = (campaign.0, *seq as i64, number, data);
            connection.prepare_cached(sql::SNAPSHOT_PIECE_INSERT)?.execute(params)?;
        }
        SnapshotWrite::Head(head) => {
            let (seq, reaches) = (head.seq as i64, head.reaches as i64);
            let params = (head.campaign.0, seq, reaches, head.pieces, last as i64);
            if connection.prepare_cached(sql::SNAPSHOT_SET)?.execute(params)? != 1 {
                return Err(refuse(&format!("the snapshot of campaign {} is not whole", head.campaign)));
            }
        }
        SnapshotWrite::Reaches { campaign, reaches } => {
            let params = (campaign.0, *reaches as i64, last as i64);
            if connection.prepare_cached(sql::SNAPSHOT_REACHES)?.execute(params)? != 1 {
                return Err(refuse(&format!("campaign {campaign} has no snapshot that could reach further")));
            }
        }
        SnapshotWrite::Drop(campaign) => {
            connection.prepare_cached(sql::SNAPSHOT_DELETE)?.execute([campaign.0])?;
        }
        SnapshotWrite::Sweep => {
            let removed = connection.prepare_cached(sql::SNAPSHOT_SWEEP)?.execute([PIECES_PER_SWEEP])?;
            return Ok(removed == PIECES_PER_SWEEP as usize);
        }
    }
    Ok(false)
}

/// The snapshot of a campaign, if it has one.
pub(super) fn head(
    connection: &Connection,
    campaign: CampaignId,
) -> Result<Option<SnapshotHead>, LedgerError> {
    let read = |row: &Row<'_>| {
        Ok(SnapshotHead {
            campaign: CampaignId(row.get(0).map_err(failed)?),
            seq: columns::unsigned(row, 1)?,
            reaches: columns::unsigned(row, 2)?,
            pieces: row.get(3).map_err(failed)?,
        })
    };
    Ok(list(connection, sql::SNAPSHOT, [campaign.0], read)?.pop())
}

/// A piece of a snapshot.
pub(super) fn piece(
    connection: &Connection,
    head: &SnapshotHead,
    number: u32,
) -> Result<Option<Vec<u8>>, LedgerError> {
    let params = (head.campaign.0, head.seq as i64, number);
    Ok(list(connection, sql::SNAPSHOT_PIECE, params, |row| row.get(0).map_err(failed))?.pop())
}

/// The secret of the ledger: `fresh` where it has none yet.
pub(super) fn hash_key(connection: &Connection, fresh: (u64, u64)) -> Result<(u64, u64), LedgerError> {
    let read = |row: &Row<'_>| {
        let half = |index| row.get::<_, i64>(index).map_err(failed);
        Ok((half(0)? as u64, half(1)? as u64))
    };
    if let Some(known) = list(connection, sql::HASH_KEY, [], read)?.pop() {
        return Ok(known);
    }
    connection.execute(sql::HASH_KEY_INSERT, (fresh.0 as i64, fresh.1 as i64)).map_err(failed)?;
    Ok(fresh)
}
