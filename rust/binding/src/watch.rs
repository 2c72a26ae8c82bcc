//! What rings when the progress of a campaign changes.

use std::os::fd::RawFd;

use pyo3::prelude::*;

use crate::rows::{self, ProgressRow};
use crate::waiting::short;

/// The bell of one reader.
#[pyclass(frozen, module = "bealert_engine._engine")]
pub(crate) struct Watch {
    pub(crate) watch: bealert_engine::Watch,
}

#[pymethods]
impl Watch {
    /// Readable when there is something to look at.
    fn fd(&self) -> Option<RawFd> {
        Some(self.watch.fd())
    }

    /// To be called before looking.
    fn arm(&self) {
        self.watch.arm();
    }

    /// How far the campaign is.
    fn progress(&self, py: Python<'_>) -> PyResult<ProgressRow> {
        Ok(rows::progress(&short(py, || self.watch.progress())?))
    }
}
