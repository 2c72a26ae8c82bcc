//! Checking a whole ledger.

use std::path::{Path, PathBuf};

use bealert_core::ledger::Verified;
use bealert_engine::EngineError;
use bealert_engine::ledger::{check_file, open_reader};
use pyo3::prelude::*;

use crate::error::raised;
use crate::waiting::apart;

/// Findings (campaign and text), and how many campaigns, dispatches and entries were looked at.
type Verdict = (Vec<(Option<u32>, String)>, u64, u64, u64);

/// Checks the ledger in a directory, and the file it is in.
#[pyfunction]
pub(crate) fn verify(py: Python<'_>, directory: PathBuf) -> PyResult<Verdict> {
    let (damage, verified) = apart(py, move || look(&directory))?.map_err(|error| raised(py, &error))?;
    let damage = damage.into_iter().map(|what| (None, what));
    let findings = verified.findings.into_iter();
    let findings = findings.map(|finding| (finding.campaign.map(|id| id.0), finding.what));
    Ok((damage.chain(findings).collect(), verified.campaigns, verified.dispatches, verified.rows))
}

fn look(directory: &Path) -> Result<(Vec<String>, Verified), EngineError> {
    let damage = check_file(directory)?;
    let mut reader = open_reader(directory)?;
    Ok((damage, bealert_core::ledger::verify(&mut *reader)?))
}
