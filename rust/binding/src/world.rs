//! The simulated world.

use bealert_core::model::CampaignId;
use bealert_engine::EngineError;
use bealert_engine::world::{Order, World as Simulated};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict, PyList};

use crate::engine::parsed;
use crate::error::{raised, refused};
use crate::events;
use crate::plan::Plan;
use crate::planner::Planner;
use crate::relay::{self, Mail};
use crate::report::Report;
use crate::rows::{self, Campaign, IdOrKey, ProgressRow};
use crate::smsc::{self, Message};
use crate::waiting::short;

/// A world in virtual time. It has no thread, and belongs to nobody: a forked child has one of its own.
#[pyclass(frozen, module = "bealert_engine._engine")]
pub(crate) struct World {
    world: Simulated,
}

#[pymethods]
impl World {
    /// Opens one; `far_ends` gives the options of each gateway's far end, as JSON.
    #[staticmethod]
    fn open(py: Python<'_>, config: &str, seed: u64, far_ends: Vec<(String, String)>) -> PyResult<Self> {
        let config = parsed(py, config)?;
        let world = py.detach(|| Simulated::open(config, seed, &far_ends));
        Ok(Self { world: world.map_err(|error| wrong(py, &error))? })
    }

    fn planner(&self, py: Python<'_>, scenario: &str, values: Vec<(String, String)>) -> PyResult<Planner> {
        let planner = py.detach(|| self.world.planner(scenario, values));
        Ok(Planner::new(planner.map_err(|error| refused(py, error))?))
    }

    fn launch(&self, py: Python<'_>, plan: &Plan, by: &str, key: &str) -> PyResult<u32> {
        Ok(short(py, || self.world.launch(&plan.plan, by, key))?.0)
    }

    fn pause(&self, py: Python<'_>, campaign: u32) -> PyResult<()> {
        short(py, || self.world.command(CampaignId(campaign), Order::Pause))
    }

    fn resume(&self, py: Python<'_>, campaign: u32) -> PyResult<()> {
        short(py, || self.world.command(CampaignId(campaign), Order::Resume))
    }

    fn cancel(&self, py: Python<'_>, campaign: u32) -> PyResult<()> {
        short(py, || self.world.command(CampaignId(campaign), Order::Cancel))
    }

    fn advance(&self, py: Python<'_>, us: u64) {
        py.detach(|| self.world.advance(us));
    }

    fn now_us(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.world.now_us())
    }

    fn wall_ms(&self, py: Python<'_>) -> i64 {
        py.detach(|| self.world.wall_ms())
    }

    fn shift_wall(&self, py: Python<'_>, ms: i64) {
        py.detach(|| self.world.shift_wall(ms));
    }

    fn crash(&self, py: Python<'_>, down_us: u64) {
        py.detach(|| self.world.crash(down_us));
    }

    fn crash_in(&self, py: Python<'_>, calls: u64) {
        py.detach(|| self.world.crash_in(calls));
    }

    fn restart(&self, py: Python<'_>, drain_us: u64, down_us: u64) {
        py.detach(|| self.world.restart(drain_us, down_us));
    }

    fn reopen(&self, py: Python<'_>, down_us: u64) {
        py.detach(|| self.world.reopen(down_us));
    }

    fn is_open(&self, py: Python<'_>) -> bool {
        py.detach(|| self.world.is_open())
    }

    fn set_disk(&self, py: Python<'_>, stalls: f64, stall_us: u64, rolled_back: f64, unknown: f64) {
        py.detach(|| self.world.set_disk(stalls, stall_us, rolled_back, unknown));
    }

    fn find(&self, py: Python<'_>, id_or_key: IdOrKey) -> PyResult<Option<Campaign>> {
        Ok(short(py, || id_or_key.find(&self.world.view()))?.map(rows::campaign))
    }

    fn campaigns(&self, py: Python<'_>) -> PyResult<Vec<Campaign>> {
        let found = short(py, || self.world.view().campaigns())?;
        Ok(found.into_iter().map(rows::campaign).collect())
    }

    fn progress(&self, py: Python<'_>, campaign: u32) -> PyResult<ProgressRow> {
        Ok(rows::progress(&short(py, || self.world.progress(CampaignId(campaign)))?, None))
    }

    fn events<'py>(
        &self,
        py: Python<'py>,
        after: Option<u64>,
        campaign: Option<u32>,
    ) -> PyResult<Bound<'py, PyList>> {
        events::list(py, short(py, || self.world.events(after, campaign.map(CampaignId)))?)
    }

    fn report(&self, py: Python<'_>, campaign: u32) -> PyResult<Report> {
        let view = self.world.view();
        Report::of(py, move |waiter| view.report(CampaignId(campaign), waiter))
    }

    fn books<'py>(&self, py: Python<'py>, gateway: &str) -> PyResult<Bound<'py, PyDict>> {
        let books = py.detach(|| self.world.books(gateway)).map_err(|error| wrong(py, &error))?;
        books.into_py_dict(py)
    }

    fn messages(&self, py: Python<'_>, gateway: &str) -> PyResult<Vec<Message>> {
        let messages = py.detach(|| self.world.messages(gateway)).map_err(|error| wrong(py, &error))?;
        Ok(messages.into_iter().map(smsc::message).collect())
    }

    fn mails(&self, py: Python<'_>, gateway: &str) -> PyResult<Vec<Mail>> {
        let mails = py.detach(|| self.world.mails(gateway)).map_err(|error| wrong(py, &error))?;
        Ok(mails.into_iter().map(relay::mail).collect())
    }

    fn change(&self, py: Python<'_>, gateway: &str, options: &str) -> PyResult<()> {
        py.detach(|| self.world.change(gateway, options)).map_err(|error| wrong(py, &error))
    }

    fn reset_connections(&self, py: Python<'_>, gateway: &str) -> PyResult<usize> {
        py.detach(|| self.world.reset_connections(gateway)).map_err(|error| wrong(py, &error))
    }

    fn set_reachable(&self, py: Python<'_>, gateway: &str, reachable: bool) -> PyResult<()> {
        py.detach(|| self.world.set_reachable(gateway, reachable)).map_err(|error| wrong(py, &error))
    }
}

/// What is wrong with an option of a test is the test's: no error of an engine.
fn wrong(py: Python<'_>, error: &EngineError) -> PyErr {
    match error {
        EngineError::Config(text) => PyValueError::new_err(text.clone()),
        other => raised(py, other),
    }
}
