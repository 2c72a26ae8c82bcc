//! The simulated SMSC, served by a thread of its own.

use bealert_engine::simulate::{Smsc as Served, SmscOptions, TakenMessage};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};

use crate::owned::Owned;

/// Source, destination, text, parts that came, parts it has, times it was accepted, ids: the fields
/// of `bealert_engine.testing.Message`.
pub(crate) type Message = (String, String, String, u8, u8, u32, Vec<String>);

/// One simulated far end; it hangs up when it is closed, or with the object.
#[pyclass(frozen, module = "bealert_engine._engine")]
pub(crate) struct Smsc {
    served: Owned<Served>,
}

#[pymethods]
impl Smsc {
    /// Listens; `options` is the JSON of `SmscOptions`.
    #[staticmethod]
    fn open(py: Python<'_>, host: &str, port: u16, options: &str) -> PyResult<Self> {
        let config = SmscOptions::from_json(options).and_then(SmscOptions::config);
        let config = config.map_err(PyValueError::new_err)?;
        let served = py.detach(|| Served::start(config, (host, port)))?;
        Ok(Self { served: Owned::new(served) })
    }

    #[getter]
    fn port(&self, py: Python<'_>) -> PyResult<u16> {
        Ok(self.served.get(py)?.port())
    }

    /// What it has counted.
    fn books<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let served = self.served.get(py)?;
        py.detach(|| served.books()).counts().into_py_dict(py)
    }

    /// What it accepted, in order, if it was told to keep it.
    fn messages(&self, py: Python<'_>) -> PyResult<Vec<Message>> {
        let served = self.served.get(py)?;
        Ok(py.detach(|| served.messages()).into_iter().map(message).collect())
    }

    /// Changes the faults that `options` names, from now on.
    fn change(&self, py: Python<'_>, options: &str) -> PyResult<()> {
        let served = self.served.get(py)?;
        let options = SmscOptions::from_json(options);
        let faults = options.and_then(|options| options.change(served.faults()));
        let faults = faults.map_err(PyValueError::new_err)?;
        py.detach(|| served.set_faults(faults));
        Ok(())
    }

    /// Resets every connection; gives how many there were.
    fn reset_connections(&self, py: Python<'_>) -> PyResult<usize> {
        let served = self.served.get(py)?;
        Ok(py.detach(|| served.reset_connections()))
    }

    /// What it failed with, if it serves nobody any more.
    fn failure(&self, py: Python<'_>) -> PyResult<Option<String>> {
        Ok(self.served.get(py)?.failure())
    }

    /// Hangs up. A forked child has nothing to hang up.
    fn close(&self, py: Python<'_>) {
        if let Ok(served) = self.served.get(py) {
            py.detach(|| served.stop());
        }
    }
}

pub(crate) fn message(taken: TakenMessage) -> Message {
    let TakenMessage { source, destination, text, accepted, parts, total, ids, .. } = taken;
    (source, destination, text, parts, total, accepted, ids)
}
