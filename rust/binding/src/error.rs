//! The one mapping of the engine's errors to the classes of `bealert_engine.errors`.

use bealert_engine::EngineError;
use bealert_engine::plan::PlanRefused;
use pyo3::exceptions::PyInterruptedError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// What Python raises for an error of the engine.
pub(crate) fn raised(py: Python<'_>, error: &EngineError) -> PyErr {
    let text = error.to_string();
    match error {
        EngineError::Config(problem) => leaf(py, "ConfigError", (problem.lines().collect::<Vec<_>>(),)),
        EngineError::PlanStale(_) => leaf(py, "PlanStale", (text,)),
        EngineError::KeyConflict { .. } => leaf(py, "KeyConflict", (text,)),
        EngineError::Held { pid } if *pid == std::process::id() => leaf(py, "DirectoryHeld", (*pid, text)),
        EngineError::Held { pid } => leaf(py, "DirectoryHeld", ((*pid != 0).then_some(*pid),)),
        EngineError::Ledger(_) => leaf(py, "LedgerError", (text,)),
        EngineError::EventsGone { .. } => leaf(py, "EventsGone", (text,)),
        EngineError::UnknownCampaign(_) => leaf(py, "UnknownCampaign", (text,)),
        EngineError::CampaignEnded { .. } => leaf(py, "CampaignEnded", (text,)),
        EngineError::CampaignRuns { .. } => leaf(py, "CampaignRuns", (text,)),
        EngineError::Closed => leaf(py, "EngineClosed", ()),
        EngineError::Failed(_) => leaf(py, "EngineFailed", (text,)),
        EngineError::Forked => leaf(py, "EngineForked", ()),
        EngineError::Interrupted => PyInterruptedError::new_err(text),
    }
}

/// What Python raises for a plan that is refused.
pub(crate) fn refused(py: Python<'_>, refused: PlanRefused) -> PyErr {
    leaf(py, "PlanRefused", (refused.problems,))
}

/// An error of `bealert_engine.errors`; whatever keeps it from being made is raised instead.
pub(crate) fn leaf<'py>(
    py: Python<'py>,
    name: &str,
    arguments: impl IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>>,
) -> PyErr {
    let arguments = match arguments.into_pyobject(py) {
        Ok(arguments) => arguments,
        Err(error) => return error.into(),
    };
    let class = py.import("bealert_engine.errors").and_then(|errors| errors.getattr(name));
    match class.and_then(|class| class.call1(arguments)) {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}
