//! The report of a campaign: its sums as `report.json`, its rows as `report.csv` and for the host.

mod cells;
mod files;
mod people;
mod reading;
mod rows;
mod summary;
mod suppress;
mod times;

pub use files::WriteError;
pub use rows::ReportRow;
pub use summary::{Percentiles, Summary};

use std::collections::HashMap;

use bealert_core::ledger::{LedgerError, LedgerReader};
use bealert_core::model::{CampaignId, GatewayId};
use bealert_core::report::Fold;

use people::People;

/// What became of everybody in a campaign, as of one moment. It owns what it tells: the ledger may be closed.
#[derive(Debug)]
pub struct Report {
    summary: Summary,
    fold: Fold,
    people: People,
    gateways: HashMap<GatewayId, String>,
}

impl Report {
    /// Reads a campaign from a ledger; `None` if there is none of that number.
    ///
    /// # Errors
    /// Where the ledger can't be read.
    pub fn read(reader: &mut dyn LedgerReader, campaign: CampaignId) -> Result<Option<Self>, LedgerError> {
        Self::read_while(reader, campaign, &mut || true)
    }

    /// The same in slices of some milliseconds, for as long as `go_on` says so; `None` where it did not.
    ///
    /// # Errors
    /// Where the ledger can't be read.
    pub fn read_while(
        reader: &mut dyn LedgerReader,
        campaign: CampaignId,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Self>, LedgerError> {
        reading::read(reader, campaign, go_on)
    }

    /// The sums: what `report.json` holds.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Whether everybody is accounted for exactly once, and the campaign has ended.
    pub fn balanced(&self) -> bool {
        self.summary.balanced
    }

    /// `report.json`.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(&self.summary).expect("a summary is texts and numbers")
    }
}

#[cfg(test)]
mod tests;
