//! What became of everybody in a campaign.

use std::path::PathBuf;
use std::sync::Arc;

use bealert_engine::report::ReportRow;
use bealert_engine::{EngineError, Waiter};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::waiting::{apart, apart_in_steps};

/// A finished report.
#[pyclass(frozen, module = "bealert_engine._engine")]
pub(crate) struct Report {
    report: Arc<bealert_engine::report::Report>,
}

#[pymethods]
impl Report {
    /// The text of `report.json`.
    fn json(&self, py: Python<'_>) -> String {
        py.detach(|| self.report.json())
    }

    /// Rows from a place on, and the place after them; none at the end.
    fn rows<'py>(
        &self,
        py: Python<'py>,
        start: usize,
        most: usize,
    ) -> PyResult<(Vec<Bound<'py, PyTuple>>, usize)> {
        let (page, next) = self.report.page(start, most);
        let rows: PyResult<Vec<_>> = page.into_iter().map(|item| row(py, item)).collect();
        Ok((rows?, next))
    }

    /// Writes `report.json` and `report.csv` into a directory.
    fn write(&self, py: Python<'_>, directory: PathBuf) -> PyResult<()> {
        let report = Arc::clone(&self.report);
        apart(py, move || report.write(&directory))?.map_err(|error| {
            // With its number, Python makes the fitting subclass: PermissionError, and so on.
            match error.source.raw_os_error() {
                Some(number) => {
                    let text = format!("{}{}", said(&error.source), error.hint());
                    PyOSError::new_err((number, text, error.path.display().to_string()))
                }
                None => PyOSError::new_err(error.to_string()),
            }
        })
    }
}

impl Report {
    pub(crate) fn of(
        py: Python<'_>,
        read: impl FnOnce(Waiter<'_>) -> Result<bealert_engine::report::Report, EngineError> + Send + 'static,
    ) -> PyResult<Self> {
        Ok(apart_in_steps(py, read)?.into())
    }
}

impl From<bealert_engine::report::Report> for Report {
    fn from(report: bealert_engine::report::Report) -> Self {
        Self { report: Arc::new(report) }
    }
}

/// What the system says, without its number, which Python writes itself.
fn said(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// The fields of `bealert_engine.report.ReportRow`. Words that repeat are interned.
fn row<'py>(py: Python<'py>, row: ReportRow<'_>) -> PyResult<Bound<'py, PyTuple>> {
    let word = |text: &str| PyString::intern(py, text);
    let who = (row.id, row.name, word(row.channel.name()), row.address, word(row.state));
    let how = (row.reason, row.gateway.map(word), row.attempts, row.parts);
    let when = (row.submitted_at_ms, row.receipt_at_ms, row.remote, row.possibly_doubled);
    let pieces = [who.into_pyobject(py)?, how.into_pyobject(py)?, when.into_pyobject(py)?];
    PyTuple::new(py, pieces.iter().flat_map(|piece| piece.iter()).collect::<Vec<_>>())
}
