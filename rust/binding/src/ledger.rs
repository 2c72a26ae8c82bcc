//! A ledger that is only read.

use std::path::PathBuf;

use bealert_core::model::CampaignId;
use bealert_engine::EngineView;
use pyo3::prelude::*;

use crate::error::raised;
use crate::events::Subscription;
use crate::report::Report;
use crate::rows::{self, Campaign, IdOrKey, ProgressRow};
use crate::waiting::{apart, short};

/// The reading half of an engine, beside whoever holds the directory.
#[pyclass(frozen, module = "bealert_engine._engine")]
pub(crate) struct Ledger {
    view: EngineView,
}

#[pymethods]
impl Ledger {
    #[staticmethod]
    fn open(py: Python<'_>, directory: PathBuf) -> PyResult<Self> {
        let view = apart(py, move || EngineView::open(&directory))?;
        Ok(Self { view: view.map_err(|error| raised(py, &error))? })
    }

    fn find(&self, py: Python<'_>, id_or_key: IdOrKey) -> PyResult<Option<Campaign>> {
        Ok(short(py, || id_or_key.find(&self.view))?.map(rows::campaign))
    }

    fn campaigns(&self, py: Python<'_>) -> PyResult<Vec<Campaign>> {
        let found = short(py, || self.view.campaigns())?;
        Ok(found.into_iter().map(rows::campaign).collect())
    }

    fn progress(&self, py: Python<'_>, campaign: u32) -> PyResult<ProgressRow> {
        Ok(rows::progress(&short(py, || self.view.progress(CampaignId(campaign)))?))
    }

    fn events(&self, py: Python<'_>, after: Option<u64>, campaign: Option<u32>) -> PyResult<Subscription> {
        let subscription = short(py, || self.view.events(after, campaign.map(CampaignId)))?;
        Ok(Subscription { subscription, rings: false })
    }

    fn report(&self, py: Python<'_>, campaign: u32) -> PyResult<Report> {
        Report::of(py, |waiter| self.view.report(CampaignId(campaign), waiter))
    }
}
