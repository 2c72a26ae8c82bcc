//! Commands to the process that holds a directory.

use std::path::PathBuf;

use bealert_engine::control::{CommandName, ControlClient, ControlError};
use bealert_engine::{EngineError, Waiter};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::error::{leaf, raised};
use crate::plan::Plan;
use crate::waiting::blocking;

/// Launches a plan in the process that holds the directory.
#[pyfunction]
pub(crate) fn control_launch(
    py: Python<'_>,
    directory: PathBuf,
    plan: &Plan,
    by: &str,
    key: &str,
) -> PyResult<u32> {
    let id = asked(py, |waiter| ControlClient::connect(&directory)?.launch(&plan.plan, by, key, waiter))?;
    Ok(id.0)
}

/// "pause", "resume", "cancel", "erase", "archive" or "ping", in the process that holds the directory; gives its pid
/// for a ping.
#[pyfunction]
pub(crate) fn control(
    py: Python<'_>,
    directory: PathBuf,
    command: &str,
    id_or_key: &str,
) -> PyResult<Option<u32>> {
    if command == "ping" {
        return asked(py, |waiter| ControlClient::connect(&directory)?.ping(waiter)).map(Some);
    }
    let name = CommandName::from_name(command)
        .ok_or_else(|| PyValueError::new_err(format!("no command {command:?}")))?;
    asked(py, |waiter| ControlClient::connect(&directory)?.command(name, id_or_key, waiter))?;
    Ok(None)
}

fn asked<T: Send>(
    py: Python<'_>,
    ask: impl FnOnce(Waiter<'_>) -> Result<T, ControlError> + Send,
) -> PyResult<T> {
    let answer = blocking(py, None, |waiter| match ask(waiter) {
        Err(ControlError::Holder(EngineError::Interrupted)) => Err(EngineError::Interrupted),
        answer => Ok(answer),
    })?;
    answer.map_err(|error| match error {
        ControlError::NobodySends(_) => leaf(py, "NobodySends", ()),
        ControlError::Holder(error) => raised(py, &error),
        ControlError::Failed(text) => leaf(py, "BealertError", (text,)),
    })
}
