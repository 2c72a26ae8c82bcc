//! Plain values of the engine as tuples; the dataclasses made of them stand in Python.

use bealert_core::model::{CampaignRow, Channel};
use bealert_engine::{EngineError, GatewayCheck, Progress, RelayCheck, SmscCheck};
use pyo3::prelude::*;

/// Counts of a tally, handed out, and units left.
const COUNTS: usize = 12;

/// `bealert_engine.progress.ProgressRow`.
pub(crate) type ProgressRow = (&'static str, [[u64; COUNTS]; 3], Option<f64>, f64, u64, Option<String>);

/// `stalled` is why the ledger takes nothing now, if that is so.
pub(crate) fn progress(progress: &Progress, stalled: Option<&str>) -> ProgressRow {
    let tallies = Channel::ALL.map(|channel| {
        let at = channel as usize;
        let mut counts = [0; COUNTS];
        if let Some(tally) = progress.tallies[at] {
            counts[..tally.0.len()].copy_from_slice(&tally.0);
            counts[COUNTS - 2..].copy_from_slice(&[progress.sent[at], progress.units_left[at]]);
        }
        counts
    });
    (
        progress.state.name(),
        tallies,
        progress.eta_s,
        progress.rate,
        progress.awaiting,
        stalled.map(str::to_owned),
    )
}

/// `bealert_engine._known.CampaignRow`.
pub(crate) type Campaign = (
    u32,
    String,
    String,
    String,
    &'static str,
    &'static str,
    String,
    u32,
    &'static str,
    i64,
    i64,
    Option<i64>,
);

pub(crate) fn campaign(row: CampaignRow) -> Campaign {
    (
        row.id.0,
        row.key,
        row.hash,
        row.scenario,
        row.kind.name(),
        row.policy.name(),
        row.by,
        row.people,
        row.state.name(),
        row.launched_at_ms,
        row.expires_at_ms,
        row.ended_at_ms,
    )
}

/// The fields of `bealert_engine.check.GatewayCheck`.
pub(crate) type Check =
    (String, bool, String, Option<f64>, Option<CheckedSmsc>, Option<CheckedRelay>, Vec<String>);

/// The fields of `bealert_engine.check.SmscCheck`.
type CheckedSmsc = (String, Option<u8>, u32);

/// The fields of `bealert_engine.check.RelayCheck`.
type CheckedRelay = (String, Option<String>, bool, &'static str, Vec<String>, Option<u64>);

pub(crate) fn check(check: GatewayCheck) -> Check {
    let GatewayCheck { gateway, ok, text, round_trip_ms, smsc, relay, warnings } = check;
    let smsc = smsc.map(|SmscCheck { name, version, window }| (name, version, window));
    let relay = relay.map(|relay| {
        let RelayCheck { greeting, tls, authenticated, mode, offers, largest } = relay;
        (greeting, tls, authenticated, mode, offers, largest)
    });
    (gateway, ok, text, round_trip_ms, smsc, relay, warnings)
}

/// How a caller names a campaign.
#[derive(FromPyObject)]
pub(crate) enum IdOrKey {
    Id(u32),
    Key(String),
}

impl IdOrKey {
    /// Finds the campaign. A number is never taken for a key, though a key may be one.
    pub(crate) fn find(&self, view: &bealert_engine::EngineView) -> Result<Option<CampaignRow>, EngineError> {
        match self {
            IdOrKey::Key(key) => view.find(key),
            IdOrKey::Id(id) => match view.find(&id.to_string())? {
                Some(row) if row.id.0 != *id => Ok(view.campaigns()?.into_iter().find(|row| row.id.0 == *id)),
                found => Ok(found),
            },
        }
    }
}
