//! Between columns and values: what a row of each table means.

use bealert_core::ledger::{BlockEnd, LedgerError, Notice, NoticeCode, Outcome, Parked};
use bealert_core::model::{
    BlockKey, BlockMeta, CampaignId, CampaignRow, CampaignState, Channel, GatewayId, Kind, Policy, Route,
};
use bealert_core::outcome::Step;
use bealert_core::tally::Tally;
use rusqlite::Row;
use rusqlite::types::FromSql;

use super::routes::StoredRoute;
use super::store::failed;

type Read<T> = Result<T, LedgerError>;

/// A number of an enum, or what else the type system knows and SQLite does not.
fn known<T>(value: Option<T>, row: &Row<'_>, index: usize) -> Read<T> {
    value.ok_or_else(|| {
        let name = row.as_ref().column_name(index).unwrap_or("?");
        LedgerError::Damaged(format!("column {name} holds a value that this version doesn't know"))
    })
}

fn get<T: FromSql>(row: &Row<'_>, index: usize) -> Read<T> {
    row.get(index).map_err(failed)
}

/// Sequences and counts: SQLite's integers have a sign, ours don't use it.
pub(super) fn unsigned(row: &Row<'_>, index: usize) -> Read<u64> {
    known(u64::try_from(get::<i64>(row, index)?).ok(), row, index)
}

fn channel(row: &Row<'_>, index: usize) -> Read<Channel> {
    known(Channel::from_u8(get(row, index)?), row, index)
}

fn step(row: &Row<'_>, index: usize) -> Read<Step> {
    known(Step::from_u8(get(row, index)?), row, index)
}

fn gateway(row: &Row<'_>, index: usize) -> Read<GatewayId> {
    Ok(get::<Option<u16>>(row, index)?.map_or(GatewayId::NONE, GatewayId))
}

/// The column of a gateway: NULL where none is meant.
pub(super) fn gateway_column(gateway: GatewayId) -> Option<u16> {
    (gateway != GatewayId::NONE).then_some(gateway.0)
}

fn key(row: &Row<'_>, first: usize) -> Read<BlockKey> {
    Ok(BlockKey {
        campaign: CampaignId(get(row, first)?),
        channel: channel(row, first + 1)?,
        block: get(row, first + 2)?,
    })
}

fn short<const N: usize>(row: &Row<'_>, index: usize) -> Read<arrayvec::ArrayString<N>> {
    let Some(text) = row.get_ref(index).and_then(|value| Ok(value.as_str_or_null()?)).map_err(failed)? else {
        return Ok(arrayvec::ArrayString::new());
    };
    known(arrayvec::ArrayString::from(text).ok(), row, index)
}

pub(super) fn campaign(row: &Row<'_>) -> Read<CampaignRow> {
    Ok(CampaignRow {
        id: CampaignId(get(row, 0)?),
        key: get(row, 1)?,
        hash: get(row, 2)?,
        scenario: get(row, 3)?,
        kind: known(Kind::from_u8(get(row, 4)?), row, 4)?,
        policy: policy(row, 5)?,
        by: get(row, 6)?,
        people: get(row, 7)?,
        state: known(CampaignState::from_u8(get(row, 8)?), row, 8)?,
        launched_at_ms: get(row, 9)?,
        expires_at_ms: get(row, 10)?,
        ended_at_ms: get(row, 11)?,
        launched_seq: unsigned(row, 12)?,
        routes: routes(row, 13)?,
        frozen: get(row, 14)?,
    })
}

fn policy(row: &Row<'_>, index: usize) -> Read<Policy> {
    let number: u8 = get(row, index)?;
    let policy = [Policy::Resend, Policy::Hold].into_iter().find(|policy| *policy as u8 == number);
    known(policy, row, index)
}

fn routes(row: &Row<'_>, index: usize) -> Read<Vec<Route>> {
    let text: String = get(row, index)?;
    let stored: Option<Vec<StoredRoute>> = serde_json::from_str(&text).ok();
    known(stored.and_then(|routes| routes.into_iter().map(StoredRoute::route).collect()), row, index)
}

/// The column of routes.
pub(super) fn routes_column(routes: &[Route]) -> String {
    let rows: Vec<_> = routes.iter().map(StoredRoute::of).collect();
    serde_json::to_string(&rows).expect("numbers and texts are always JSON")
}

pub(super) fn block(row: &Row<'_>) -> Read<BlockMeta> {
    Ok(BlockMeta {
        key: key(row, 0)?,
        route: get(row, 3)?,
        len: get(row, 4)?,
        units: get(row, 5)?,
        reserved: get(row, 6)?,
    })
}

pub(super) fn outcome(row: &Row<'_>) -> Read<Outcome> {
    Ok(Outcome {
        seq: unsigned(row, 0)?,
        campaign: CampaignId(get(row, 1)?),
        ordinal: get(row, 2)?,
        channel: channel(row, 3)?,
        attempt: get(row, 4)?,
        part: get(row, 5)?,
        gateway: gateway(row, 6)?,
        step: step(row, 7)?,
        remote: short(row, 8)?,
        at_ms: get(row, 9)?,
        took_us: get(row, 10)?,
        detail: get(row, 11)?,
    })
}

pub(super) fn notice(row: &Row<'_>) -> Read<Notice> {
    Ok(Notice {
        seq: unsigned(row, 0)?,
        at_ms: get(row, 1)?,
        campaign: get::<Option<u32>>(row, 2)?.map(CampaignId),
        gateway: gateway(row, 3)?,
        code: known(NoticeCode::from_u8(get(row, 4)?), row, 4)?,
        text: get(row, 5)?,
    })
}

pub(super) fn block_end(row: &Row<'_>) -> Read<BlockEnd> {
    Ok(BlockEnd {
        seq: unsigned(row, 0)?,
        key: key(row, 1)?,
        from: get(row, 4)?,
        step: step(row, 5)?,
        at_ms: get(row, 6)?,
    })
}

pub(super) fn tally(row: &Row<'_>) -> Read<(Channel, Tally)> {
    let mut tally = Tally::default();
    for (index, count) in tally.0.iter_mut().enumerate() {
        *count = unsigned(row, index + 1)?;
    }
    Ok((channel(row, 0)?, tally))
}

pub(super) fn parked(row: &Row<'_>) -> Read<Parked> {
    Ok(Parked {
        id: unsigned(row, 0)?,
        gateway: gateway(row, 1)?,
        remote: short(row, 2)?,
        address: short(row, 3)?,
        step: step(row, 4)?,
        detail: get(row, 5)?,
        at_ms: get(row, 6)?,
    })
}

pub(super) fn named_gateway(row: &Row<'_>) -> Read<(GatewayId, String)> {
    Ok((GatewayId(get(row, 0)?), get(row, 1)?))
}
