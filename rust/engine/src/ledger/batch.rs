//! What a batch writes, inside the transaction that its caller opened.

use bealert_core::ledger::{Batch, Rows};
use rusqlite::{Connection, ErrorCode, params};

use super::inserts::OutcomeInserts;
use super::store::told;
use super::{columns, sql};

/// Appends rows to the journal; a sequence that is there already is an error.
pub(super) fn append(
    connection: &Connection,
    rows: &Rows<'_>,
    inserts: &OutcomeInserts,
) -> Result<(), WriteError> {
    inserts.append(connection, rows.outcomes)?;
    for notice in rows.notices {
        connection.prepare_cached(sql::NOTICE_INSERT)?.execute(params![
            notice.seq as i64,
            notice.at_ms,
            notice.campaign.map(|campaign| campaign.0),
            columns::gateway_column(notice.gateway),
            notice.code as u8,
            notice.text,
        ])?;
    }
    for end in rows.block_ends {
        connection.prepare_cached(sql::BLOCK_END_INSERT)?.execute(params![
            end.seq as i64,
            end.key.campaign.0,
            end.key.channel as u8,
            end.key.block,
            end.from,
            end.step as u8,
            end.at_ms,
        ])?;
    }
    Ok(())
}

/// All of a batch but its journal rows: absolute values, so that a repeated batch does no harm.
pub(super) fn set(connection: &Connection, batch: &Batch) -> Result<(), WriteError> {
    for (key, reserved) in &batch.marks {
        let params = (key.campaign.0, key.channel as u8, key.block, reserved);
        if connection.prepare_cached(sql::BLOCK_MARK)?.execute(params)? != 1 {
            let (campaign, channel, block) = (key.campaign, key.channel, key.block);
            return Err(refuse(&format!("no such block: campaign {campaign}, {channel} block {block}")));
        }
    }
    for (campaign, state, ended_at_ms) in &batch.states {
        let params = (campaign.0, *state as u8, ended_at_ms);
        if connection.prepare_cached(sql::CAMPAIGN_STATE)?.execute(params)? != 1 {
            return Err(refuse(&format!("no such campaign: {campaign}")));
        }
    }
    for (campaign, channel, tally) in &batch.tallies {
        let mut statement = connection.prepare_cached(sql::TALLY_SET)?;
        statement.raw_bind_parameter(1, campaign.0)?;
        statement.raw_bind_parameter(2, *channel as u8)?;
        for (index, count) in tally.0.iter().enumerate() {
            statement.raw_bind_parameter(index + 3, *count as i64)?;
        }
        statement.raw_execute()?;
    }
    for parked in &batch.parked {
        connection.prepare_cached(sql::PARKED_INSERT)?.execute(params![
            parked.id as i64,
            columns::gateway_column(parked.gateway),
            parked.remote.as_str(),
            parked.address.as_str(),
            parked.step as u8,
            parked.detail,
            parked.at_ms,
        ])?;
    }
    for id in &batch.unparked {
        connection.prepare_cached(sql::PARKED_DELETE)?.execute([*id as i64])?;
    }
    Ok(())
}

pub(super) fn refuse(why: &str) -> WriteError {
    WriteError::Refused(why.to_owned())
}

/// What a rolled back write says first where the ledger is sound and has room, and the write itself
/// is wrong: it would be refused again for ever.
const REFUSED: &str = "refused: ";

/// The reason where a write was rolled back and can never be made.
pub(crate) fn refused(rolled_back: &str) -> Option<&str> {
    rolled_back.strip_prefix(REFUSED)
}

/// Why a transaction did not commit.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    #[error("{0}")]
    Refused(String),
    #[error("{}", told(.0))]
    Sqlite(#[from] rusqlite::Error),
}

impl WriteError {
    /// What a caller is told of a write that was rolled back.
    pub(super) fn rolled_back(&self) -> String {
        if self.is_ours() { format!("{REFUSED}{self}") } else { self.to_string() }
    }

    /// Whether the write is wrong, and not the disk or somebody else in the way.
    fn is_ours(&self) -> bool {
        match self {
            WriteError::Refused(_) => true,
            WriteError::Sqlite(error) => match error.sqlite_error_code() {
                Some(code) => matches!(
                    code,
                    ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch
                ),
                None => true,
            },
        }
    }

    /// Whether a transaction that ended so and was rolled back is certainly not in the file. The
    /// rest (I/O errors, damage) may have come after the commit record was written.
    pub(super) fn leaves_nothing(&self) -> bool {
        match self {
            WriteError::Refused(_) => true,
            WriteError::Sqlite(error) => match error.sqlite_error_code() {
                Some(code) => matches!(
                    code,
                    ErrorCode::DiskFull
                        | ErrorCode::ConstraintViolation
                        | ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::OutOfMemory
                        | ErrorCode::ReadOnly
                        | ErrorCode::TooBig
                        | ErrorCode::TypeMismatch
                ),
                // An error of rusqlite itself, before SQLite saw the statement.
                None => true,
            },
        }
    }
}
