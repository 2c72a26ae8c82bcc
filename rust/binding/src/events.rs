//! A cursor in the journal.

use std::os::fd::RawFd;

use bealert_engine::EventOut;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use crate::owned::Owned;
use crate::waiting::short;

/// A reader of events, at its own pace.
#[pyclass(frozen, module = "bealert_engine._engine")]
pub(crate) struct Subscription {
    pub(crate) subscription: Owned<bealert_engine::Subscription>,
    /// Whether a running engine rings the descriptor.
    pub(crate) rings: bool,
}

#[pymethods]
impl Subscription {
    /// Readable when there is something to take; `None` where nobody rings.
    fn fd(&self, py: Python<'_>) -> PyResult<Option<RawFd>> {
        let subscription = self.subscription.get(py)?;
        Ok(self.rings.then(|| subscription.fd()))
    }

    /// To be called before taking.
    fn arm(&self, py: Python<'_>) -> PyResult<()> {
        self.subscription.get(py)?.arm();
        Ok(())
    }

    /// The next entries, none if nothing has happened.
    fn take<'py>(&self, py: Python<'py>, most: usize) -> PyResult<Bound<'py, PyList>> {
        let subscription = self.subscription.get(py)?;
        list(py, short(py, || subscription.take(most))?)
    }
}

/// Entries as a list of rows.
pub(crate) fn list(py: Python<'_>, entries: Vec<EventOut>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for entry in entries {
        list.append(row(py, entry)?)?;
    }
    Ok(list)
}

/// Fields in the order of `bealert_engine.events.Event` or `Notice`. Words that repeat are interned.
fn row(py: Python<'_>, entry: EventOut) -> PyResult<Bound<'_, PyTuple>> {
    let word = |text: &str| PyString::intern(py, text);
    match entry {
        EventOut::Event {
            seq,
            at_ms,
            campaign,
            recipient,
            channel,
            attempt,
            part,
            gateway,
            state,
            reason,
            remote,
        } => {
            let (channel, state) = (word(channel.name()), word(state));
            let gateway = gateway.as_deref().map(word);
            (seq, at_ms, campaign, recipient, channel, attempt, gateway, state, reason, remote, part)
                .into_pyobject(py)
        }
        EventOut::Notice { seq, at_ms, campaign, gateway, code, text } => {
            (seq, at_ms, campaign, gateway.as_deref().map(word), word(code), text).into_pyobject(py)
        }
    }
}
