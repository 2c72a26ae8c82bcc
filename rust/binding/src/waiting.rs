//! Blocking calls: without the interpreter, but with an eye on signals.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use bealert_engine::{EngineError, Waiter};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::error::raised;
use crate::stop::Stop;

/// Between two looks at signals: a pressed Ctrl-C feels immediate.
const SLICE: Duration = Duration::from_millis(50);

/// Makes a call of the engine without holding the interpreter. A signal's handler runs within 50 ms,
/// and what it raises (Ctrl-C: `KeyboardInterrupt`) ends the call; so does `stop`.
pub(crate) fn blocking<T: Send>(
    py: Python<'_>,
    stop: Option<&Stop>,
    work: impl FnOnce(Waiter<'_>) -> Result<T, EngineError> + Send,
) -> PyResult<T> {
    let mut signal = None;
    let result = py.detach(|| work(&mut || goes_on(stop, &mut signal)));
    match signal {
        Some(error) => Err(error),
        None => result.map_err(|error| raised(py, &error)),
    }
}

/// The same for work that has no waiter: on a thread of its own, which a signal leaves behind.
pub(crate) fn apart<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let (sender, result) = sync_channel(1);
    let body = move || drop(sender.send(work()));
    thread::Builder::new()
        .name("bealert-call".into())
        .spawn(body)
        .map_err(|error| PyRuntimeError::new_err(format!("no thread for this call: {error}")))?;
    py.detach(move || {
        let mut signal = None;
        loop {
            match result.recv_timeout(SLICE) {
                Ok(result) => return Ok(result),
                Err(RecvTimeoutError::Timeout) if goes_on(None, &mut signal) => {}
                Err(_) => return Err(signal.unwrap_or_else(panicked)),
            }
        }
    })
}

/// The same for work that asks a waiter between its steps, each of which may be stuck in the disk.
pub(crate) fn apart_in_steps<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(Waiter<'_>) -> Result<T, EngineError> + Send + 'static,
) -> PyResult<T> {
    let wanted = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&wanted);
    let result = apart(py, move || work(&mut || asked.load(Ordering::Relaxed)));
    wanted.store(result.is_ok(), Ordering::Relaxed);
    result?.map_err(|error| raised(py, &error))
}

/// A short call without the interpreter: it may read a file, but waits for nobody.
pub(crate) fn short<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, EngineError> + Send,
) -> PyResult<T> {
    py.detach(work).map_err(|error| raised(py, &error))
}

fn panicked() -> PyErr {
    PyRuntimeError::new_err("the call panicked; its message is on stderr")
}

fn goes_on(stop: Option<&Stop>, signal: &mut Option<PyErr>) -> bool {
    if stop.is_some_and(Stop::is_set) {
        return false;
    }
    match Python::attach(|py| py.check_signals()) {
        Ok(()) => true,
        Err(error) => {
            *signal = Some(error);
            false
        }
    }
}
