//! The running engine.

use std::time::Duration;

use bealert_core::model::CampaignId;
use bealert_engine::Config;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::error::{leaf, raised, refused};
use crate::events::Subscription;
use crate::owned::Owned;
use crate::plan::Plan;
use crate::planner::Planner;
use crate::report::Report;
use crate::rows::{self, Campaign, Check, IdOrKey, ProgressRow};
use crate::stop::Stop;
use crate::waiting::{apart, blocking, short};
use crate::watch::Watch;

/// Area, level as Python's `logging` counts it, and text.
type LogRow = (&'static str, u32, String);

/// One engine; it ends when it is closed, or with the last object that refers to it.
#[pyclass(frozen, module = "bealert_engine._engine")]
pub(crate) struct Engine {
    engine: Owned<bealert_engine::Engine>,
}

#[pymethods]
impl Engine {
    /// Opens it with the JSON text of `Config.to_wire`.
    #[staticmethod]
    fn open(py: Python<'_>, config: &str) -> PyResult<Self> {
        let config = parsed(py, config)?;
        let engine = apart(py, || bealert_engine::Engine::open(config))?;
        Ok(Self { engine: Owned::new(engine.map_err(|error| raised(py, &error))?) })
    }

    fn planner(&self, py: Python<'_>, scenario: &str, values: Vec<(String, String)>) -> PyResult<Planner> {
        let engine = self.engine.get(py)?;
        let planner = py.detach(|| engine.planner(scenario, values));
        Ok(Planner::new(planner.map_err(|error| refused(py, error))?))
    }

    fn launch(&self, py: Python<'_>, plan: &Plan, by: &str, key: &str) -> PyResult<u32> {
        let engine = self.engine.get(py)?;
        let id = blocking(py, None, |waiter| engine.launch(&plan.plan, by, key, waiter))?;
        Ok(id.0)
    }

    fn pause(&self, py: Python<'_>, campaign: u32) -> PyResult<()> {
        let engine = self.engine.get(py)?;
        blocking(py, None, |waiter| engine.pause(CampaignId(campaign), waiter))
    }

    fn resume(&self, py: Python<'_>, campaign: u32) -> PyResult<()> {
        let engine = self.engine.get(py)?;
        blocking(py, None, |waiter| engine.resume(CampaignId(campaign), waiter))
    }

    fn cancel(&self, py: Python<'_>, campaign: u32) -> PyResult<()> {
        let engine = self.engine.get(py)?;
        blocking(py, None, |waiter| engine.cancel(CampaignId(campaign), waiter))
    }

    fn erase(&self, py: Python<'_>, campaign: u32) -> PyResult<()> {
        let engine = self.engine.get(py)?;
        blocking(py, None, |waiter| engine.erase(CampaignId(campaign), waiter))
    }

    fn archive(&self, py: Python<'_>, campaign: u32) -> PyResult<()> {
        let engine = self.engine.get(py)?;
        blocking(py, None, |waiter| engine.archive(CampaignId(campaign), waiter))
    }

    fn find(&self, py: Python<'_>, id_or_key: IdOrKey) -> PyResult<Option<Campaign>> {
        let engine = self.engine.get(py)?;
        let row = short(py, || id_or_key.find(engine.view()))?;
        Ok(row.map(rows::campaign))
    }

    fn campaigns(&self, py: Python<'_>) -> PyResult<Vec<Campaign>> {
        let engine = self.engine.get(py)?;
        let found = short(py, || engine.campaigns())?;
        Ok(found.into_iter().map(rows::campaign).collect())
    }

    fn progress(&self, py: Python<'_>, campaign: u32) -> PyResult<ProgressRow> {
        let engine = self.engine.get(py)?;
        let stalled = engine.stalled();
        Ok(rows::progress(&short(py, || engine.progress(CampaignId(campaign)))?, stalled.as_deref()))
    }

    fn watch(&self, py: Python<'_>, campaign: u32) -> PyResult<Watch> {
        let engine = self.engine.get(py)?;
        let watch = short(py, || engine.watch(CampaignId(campaign)))?;
        Ok(Watch { watch: Owned::new(watch) })
    }

    fn events(&self, py: Python<'_>, after: Option<u64>, campaign: Option<u32>) -> PyResult<Subscription> {
        let engine = self.engine.get(py)?;
        let subscription = short(py, || engine.events(after, campaign.map(CampaignId)))?;
        Ok(Subscription { subscription: Owned::new(subscription), rings: true })
    }

    fn report(&self, py: Python<'_>, campaign: u32) -> PyResult<Report> {
        // The reading half alone: a call that is left behind keeps no engine open.
        let view = self.engine.get(py)?.view().clone();
        Report::of(py, move |waiter| view.report(CampaignId(campaign), waiter))
    }

    fn check(&self, py: Python<'_>, stop: &Stop) -> PyResult<Vec<Check>> {
        let engine = self.engine.get(py)?;
        let checks = blocking(py, Some(stop), |waiter| engine.check(waiter))?;
        Ok(checks.into_iter().map(rows::check).collect())
    }

    fn metrics(&self, py: Python<'_>) -> PyResult<String> {
        let engine = self.engine.get(py)?;
        short(py, || engine.metrics())
    }

    /// Area, level and text of each record; `None` once there will be no more.
    fn logs(&self, py: Python<'_>, at_most_s: f64) -> PyResult<Option<Vec<LogRow>>> {
        let engine = self.engine.get(py)?;
        let timeout = Duration::try_from_secs_f64(at_most_s)
            .map_err(|error| PyValueError::new_err(format!("at_most_s: {error}")))?;
        let records = py.detach(|| engine.logs(timeout));
        Ok(records.map(|records| {
            let row = |record: bealert_engine::LogRecord| (record.area, record.level.number(), record.text);
            records.into_iter().map(row).collect()
        }))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let engine = self.engine.get(py)?;
        blocking(py, None, |waiter| engine.close(waiter))
    }

    fn abandon_after_fork(&self) {
        self.engine.anywhere().abandon_after_fork();
    }

    /// For tests: panics in the "loop", the "ledger" or a "session".
    fn inject(&self, py: Python<'_>, what: &str) -> PyResult<()> {
        self.engine.get(py)?.inject(what);
        Ok(())
    }
}

/// The configuration as the engine has it.
pub(crate) fn parsed(py: Python<'_>, config: &str) -> PyResult<Config> {
    Config::from_json(config).map_err(|problem| leaf(py, "ConfigError", ([problem],)))
}
