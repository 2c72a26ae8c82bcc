//! What rings when the progress of a campaign changes.

use std::os::fd::RawFd;

use pyo3::prelude::*;

use crate::owned::Owned;
use crate::rows::{self, ProgressRow};
use crate::waiting::short;

/// The bell of one reader.
#[pyclass(frozen, module = "bealert_engine._engine")]
pub(crate) struct Watch {
    pub(crate) watch: Owned<bealert_engine::Watch>,
}

#[pymethods]
impl Watch {
    /// Readable when there is something to look at.
    fn fd(&self, py: Python<'_>) -> PyResult<Option<RawFd>> {
        Ok(Some(self.watch.get(py)?.fd()))
    }

    /// To be called before looking.
    fn arm(&self, py: Python<'_>) -> PyResult<()> {
        self.watch.get(py)?.arm();
        Ok(())
    }

    /// How far the campaign is.
    fn progress(&self, py: Python<'_>) -> PyResult<ProgressRow> {
        let watch = self.watch.get(py)?;
        let stalled = watch.stalled();
        Ok(rows::progress(&short(py, || watch.progress())?, stalled.as_deref()))
    }
}
