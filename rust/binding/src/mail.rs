//! Addresses of a configuration, judged as the engine judges them when it opens.

use bealert_engine::mail::{Mailbox, Verp, judge};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Why a text is no mailbox ("Name <address>"), no address, no address that bounces can return to, or no domain that
/// mail goes to.
#[pyfunction]
pub(crate) fn mail_problem(kind: &str, text: &str) -> PyResult<Option<String>> {
    let problem = match kind {
        "mailbox" => Mailbox::parse(text).err().map(|problem| problem.to_string()),
        "address" => judge(text).err().map(|problem| problem.to_string()),
        "bounces" => match judge(text) {
            Ok(base) => Verp::fits(&base).err().map(|problem| problem.to_string()),
            Err(problem) => Some(problem.to_string()),
        },
        "domain" => judge(&format!("x@{text}")).err().map(|problem| problem.to_string()),
        other => return Err(PyValueError::new_err(format!("no kind {other:?}"))),
    };
    Ok(problem)
}
