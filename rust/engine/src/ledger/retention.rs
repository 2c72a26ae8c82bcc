//! The steps by which the writer lets an ended campaign go.

use bealert_core::ledger::{Archived, LedgerError, Retain};
use bealert_core::model::CampaignId;
use rusqlite::{Connection, Row};

use super::batch::{WriteError, refuse};
use super::reader::list;
use super::store::failed;
use super::{columns, sql};

/// Rows removed in one transaction, so that hot commits wait for some milliseconds.
const ROWS_PER_STEP: usize = 4_096;

/// Blocks removed in one transaction, for the same reason: some hundred KB each, overwritten with zeros.
const BLOCKS_PER_STEP: usize = 8;

/// One step, inside the transaction that its caller opened; whether it is to be given again.
pub(super) fn write(connection: &Connection, step: &Retain) -> Result<bool, WriteError> {
    if let Some(campaign) = step.campaign()
        && !connection.prepare_cached(sql::CAMPAIGN_HAS_ENDED)?.exists([campaign.0])?
    {
        return Err(refuse(&format!("campaign {campaign} has not ended")));
    }
    match step {
        Retain::People { key, data } => {
            let params = (key.campaign.0, key.channel as u8, key.block, data);
            connection.prepare_cached(sql::PEOPLE_UPDATE)?.execute(params)?;
        }
        Retain::Erased { campaign, at_ms } => {
            connection.prepare_cached(sql::ERASED_SET)?.execute((campaign.0, at_ms))?;
            connection.prepare_cached(sql::SNAPSHOT_DELETE)?.execute([campaign.0])?;
        }
        Retain::Archived(Archived { campaign, first_seq, last_seq, rows }) => {
            let params = (campaign.0, *first_seq as i64, *last_seq as i64, *rows as i64);
            connection.prepare_cached(sql::ARCHIVED_SET)?.execute(params)?;
            connection.prepare_cached(sql::SNAPSHOT_DELETE)?.execute([campaign.0])?;
        }
        Retain::Clear(campaign) => return clear(connection, *campaign),
        Retain::Scrub => {}
    }
    Ok(false)
}

fn clear(connection: &Connection, campaign: CampaignId) -> Result<bool, WriteError> {
    let archived = archived(connection, campaign).map_err(|error| refuse(&error.to_string()))?;
    let Some(archived) = archived else {
        return Err(refuse(&format!("campaign {campaign} is in no archive")));
    };
    let (first, last) = (archived.first_seq as i64, archived.last_seq as i64);
    let params = (campaign.0, first, last, ROWS_PER_STEP as i64);
    if connection.prepare_cached(sql::OUTCOMES_DELETE)?.execute(params)? == ROWS_PER_STEP {
        return Ok(true);
    }
    let params = (campaign.0, BLOCKS_PER_STEP as i64);
    if connection.prepare_cached(sql::PEOPLE_DELETE)?.execute(params)? == BLOCKS_PER_STEP {
        return Ok(true);
    }
    connection.prepare_cached(sql::NOTICES_DELETE)?.execute((campaign.0, first, last))?;
    connection.prepare_cached(sql::BLOCK_ENDS_DELETE)?.execute((campaign.0, first, last))?;
    connection.prepare_cached(sql::BLOCKS_DELETE)?.execute([campaign.0])?;
    connection.prepare_cached(sql::ARCHIVED_CLEARED)?.execute([campaign.0])?;
    Ok(false)
}

/// When the personal data of a campaign was erased.
pub(super) fn erased(connection: &Connection, campaign: CampaignId) -> Result<Option<i64>, LedgerError> {
    Ok(list(connection, sql::ERASED, [campaign.0], |row| row.get(0).map_err(failed))?.pop())
}

/// Where an archived campaign stood.
pub(super) fn archived(
    connection: &Connection,
    campaign: CampaignId,
) -> Result<Option<Archived>, LedgerError> {
    Ok(list(connection, sql::ARCHIVED, [campaign.0], read)?.pop())
}

/// Archived campaigns that have rows after one place and not after another.
pub(super) fn archived_between(
    connection: &Connection,
    after: i64,
    end: i64,
) -> Result<Vec<Archived>, LedgerError> {
    list(connection, sql::ARCHIVED_BETWEEN, (after, end), read)
}

fn read(row: &Row<'_>) -> Result<Archived, LedgerError> {
    Ok(Archived {
        campaign: CampaignId(row.get(0).map_err(failed)?),
        first_seq: columns::unsigned(row, 1)?,
        last_seq: columns::unsigned(row, 2)?,
        rows: columns::unsigned(row, 3)?,
    })
}
