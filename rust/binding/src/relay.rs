//! The simulated mail relay, served by a thread of its own.

use std::borrow::Cow;

use bealert_engine::simulate::{Relay as Served, RelayOptions, TakenMail};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};

use crate::owned::Owned;

/// Sender, recipients, content, whether it came encrypted, ENVID, priority, seconds to deliver by: the fields of
/// `bealert_engine.testing.Mail`.
pub(crate) type Mail =
    (String, Vec<String>, Cow<'static, [u8]>, bool, Option<String>, Option<i8>, Option<i64>);

/// One simulated far end; it hangs up when it is closed, or with the object.
#[pyclass(frozen, module = "bealert_engine._engine")]
pub(crate) struct Relay {
    served: Owned<Served>,
}

#[pymethods]
impl Relay {
    /// Listens; `options` is the JSON of `RelayOptions`.
    #[staticmethod]
    fn open(py: Python<'_>, host: &str, port: u16, options: &str) -> PyResult<Self> {
        let settings = RelayOptions::from_json(options).and_then(RelayOptions::settings);
        let settings = settings.map_err(PyValueError::new_err)?;
        let served = py.detach(|| Served::start(settings, (host, port)))?;
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

    /// What it took, in order and each time, if it was told to keep it.
    fn messages(&self, py: Python<'_>) -> PyResult<Vec<Mail>> {
        let served = self.served.get(py)?;
        Ok(py.detach(|| served.messages()).into_iter().map(mail).collect())
    }

    /// Changes the faults that `options` names, from now on.
    fn change(&self, py: Python<'_>, options: &str) -> PyResult<()> {
        let served = self.served.get(py)?;
        let options = RelayOptions::from_json(options);
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

pub(crate) fn mail(taken: TakenMail) -> Mail {
    let TakenMail { sender, recipients, content, encrypted, envid, priority, deliver_by_s, .. } = taken;
    let recipients = recipients.into_iter().map(|(recipient, _)| recipient).collect();
    (sender, recipients, Cow::Owned(content), encrypted, envid, priority, deliver_by_s)
}
