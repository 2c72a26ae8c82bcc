//! The simulated SMSC, served by a thread of its own.

use bealert_engine::simulate::{Books, Simulator, SimulatorOptions, TakenMessage};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::owned::Owned;

/// Source, destination, text, parts that came, parts it has, times it was accepted, ids: the fields
/// of `bealert_engine.testing.Message`.
pub(crate) type Message = (String, String, String, u8, u8, u32, Vec<String>);

/// One simulated far end; it hangs up when it is closed, or with the object.
#[pyclass(frozen, module = "bealert_engine._engine")]
pub(crate) struct Smsc {
    simulator: Owned<Simulator>,
}

#[pymethods]
impl Smsc {
    /// Listens; `options` is the JSON of `SimulatorOptions`.
    #[staticmethod]
    fn open(py: Python<'_>, host: &str, port: u16, options: &str) -> PyResult<Self> {
        let config = SimulatorOptions::from_json(options).and_then(SimulatorOptions::config);
        let config = config.map_err(PyValueError::new_err)?;
        let simulator = py.detach(|| Simulator::start(config, (host, port)))?;
        Ok(Self { simulator: Owned::new(simulator) })
    }

    #[getter]
    fn port(&self, py: Python<'_>) -> PyResult<u16> {
        Ok(self.simulator.get(py)?.port())
    }

    /// What it has counted.
    fn books<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let simulator = self.simulator.get(py)?;
        books(py, &py.detach(|| simulator.books()))
    }

    /// What it accepted, in order, if it was told to keep it.
    fn messages(&self, py: Python<'_>) -> PyResult<Vec<Message>> {
        let simulator = self.simulator.get(py)?;
        Ok(py.detach(|| simulator.messages()).into_iter().map(message).collect())
    }

    /// Changes the faults that `options` names, from now on.
    fn change(&self, py: Python<'_>, options: &str) -> PyResult<()> {
        let simulator = self.simulator.get(py)?;
        let options = SimulatorOptions::from_json(options);
        let faults = options.and_then(|options| options.change(simulator.faults()));
        let faults = faults.map_err(PyValueError::new_err)?;
        py.detach(|| simulator.set_faults(faults));
        Ok(())
    }

    /// Resets every connection; gives how many there were.
    fn reset_connections(&self, py: Python<'_>) -> PyResult<usize> {
        let simulator = self.simulator.get(py)?;
        Ok(py.detach(|| simulator.reset_connections()))
    }

    /// What it failed with, if it serves nobody any more.
    fn failure(&self, py: Python<'_>) -> PyResult<Option<String>> {
        Ok(self.simulator.get(py)?.failure())
    }

    /// Hangs up. A forked child has nothing to hang up.
    fn close(&self, py: Python<'_>) {
        if let Ok(simulator) = self.simulator.get(py) {
            py.detach(|| simulator.stop());
        }
    }
}

/// The counts by their names.
pub(crate) fn books<'py>(py: Python<'py>, books: &Books) -> PyResult<Bound<'py, PyDict>> {
    let counts = PyDict::new(py);
    for (name, count) in books.counts() {
        counts.set_item(name, count)?;
    }
    Ok(counts)
}

pub(crate) fn message(taken: TakenMessage) -> Message {
    let TakenMessage { source, destination, text, accepted, parts, total, ids, .. } = taken;
    (source, destination, text, parts, total, accepted, ids)
}
