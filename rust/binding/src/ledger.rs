//! A ledger that is only read.

use std::path::PathBuf;

use bealert_core::model::CampaignId;
use bealert_engine::EngineView;
use pyo3::prelude::*;

use crate::error::raised;
use crate::events::Subscription;
use crate::owned::Owned;
use crate::report::Report;
use crate::rows::{self, Campaign, IdOrKey, ProgressRow};
use crate::waiting::{apart, short};

/// The reading half of an engine, beside whoever holds the directory.
#[pyclass(frozen, module = "bealert_engine._engine")]
pub(crate) struct Ledger {
    view: Owned<EngineView>,
}

#[pymethods]
impl Ledger {
    #[staticmethod]
    fn open(py: Python<'_>, directory: PathBuf) -> PyResult<Self> {
        let view = apart(py, move || EngineView::open(&directory))?;
        Ok(Self { view: Owned::new(view.map_err(|error| raised(py, &error))?) })
    }

    fn find(&self, py: Python<'_>, id_or_key: IdOrKey) -> PyResult<Option<Campaign>> {
        let view = self.view.get(py)?;
        Ok(short(py, || id_or_key.find(view))?.map(rows::campaign))
    }

    fn campaigns(&self, py: Python<'_>) -> PyResult<Vec<Campaign>> {
        let view = self.view.get(py)?;
        let found = short(py, || view.campaigns())?;
        Ok(found.into_iter().map(rows::campaign).collect())
    }

    fn progress(&self, py: Python<'_>, campaign: u32) -> PyResult<ProgressRow> {
        let view = self.view.get(py)?;
        Ok(rows::progress(&short(py, || view.progress(CampaignId(campaign)))?, None))
    }

    fn events(&self, py: Python<'_>, after: Option<u64>, campaign: Option<u32>) -> PyResult<Subscription> {
        let view = self.view.get(py)?;
        let subscription = short(py, || view.events(after, campaign.map(CampaignId)))?;
        Ok(Subscription { subscription: Owned::new(subscription), rings: false })
    }

    fn report(&self, py: Python<'_>, campaign: u32) -> PyResult<Report> {
        let view = self.view.get(py)?.clone();
        Report::of(py, move |waiter| view.report(CampaignId(campaign), waiter))
    }
}
