//! A plan in the making.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bealert_engine::plan::{PlanRefused, RecipientIn};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::engine::parsed;
use crate::error::refused;
use crate::people::{Chunk, Person};
use crate::plan::Plan;
use crate::waiting::apart;

/// Takes people in chunks, and gives the plan.
#[pyclass(frozen, module = "bealert_engine._engine")]
pub(crate) struct Planner {
    /// Taken by `finish`.
    planner: Mutex<Option<bealert_engine::plan::Planner>>,
}

#[pymethods]
impl Planner {
    /// Plans some more people: a list of `Recipient` and `Excluded`.
    fn push(&self, py: Python<'_>, people: &Bound<'_, PyList>) -> PyResult<()> {
        let mut problems = Vec::new();
        let chunk = Chunk::read(people, &mut |problem| problems.push(problem))?;
        let planned = py.detach(|| {
            let mut planner = self.lock();
            let Some(planner) = planner.as_mut() else { return false };
            problems.into_iter().for_each(|problem| planner.problem(problem));
            let values = chunk.values();
            for person in chunk.people() {
                match person {
                    Person::Excluded { id, reason } => planner.exclude(id, None, reason),
                    Person::Recipient { id, phone, email, name, language, values: range } => {
                        let values = &values[range];
                        planner.push(RecipientIn { id, phone, email, name, language, values });
                    }
                }
            }
            true
        });
        if planned { Ok(()) } else { Err(finished()) }
    }

    /// The plan of all people that came.
    fn finish(&self, py: Python<'_>) -> PyResult<Plan> {
        let planner = py.detach(|| self.lock().take()).ok_or_else(finished)?;
        let plan = apart(py, move || planner.finish(now_ms()))?;
        Ok(Plan::new(plan.map_err(|error| refused(py, error))?))
    }
}

impl Planner {
    pub(crate) fn new(planner: bealert_engine::plan::Planner) -> Self {
        Self { planner: Mutex::new(Some(planner)) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<bealert_engine::plan::Planner>> {
        self.planner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins a plan without an engine.
#[pyfunction]
pub(crate) fn planner(
    py: Python<'_>,
    config: &str,
    scenario: &str,
    values: Vec<(String, String)>,
) -> PyResult<Planner> {
    let config = parsed(py, config)?;
    let begin = || bealert_engine::plan::Planner::new(&config, scenario, values);
    let planner: Result<_, PlanRefused> = py.detach(begin);
    Ok(Planner::new(planner.map_err(|error| refused(py, error))?))
}

fn finished() -> PyErr {
    PyRuntimeError::new_err("this planner has given its plan already; begin another one")
}

/// Wall clock, for the age of the plan.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
