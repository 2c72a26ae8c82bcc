//! How another thread tells a blocked call that nobody waits for it any more.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;

/// Set once, looked at every 50 ms.
#[pyclass(frozen, module = "bealert_engine._engine")]
pub(crate) struct Stop {
    set: AtomicBool,
}

#[pymethods]
impl Stop {
    #[new]
    fn new() -> Self {
        Self { set: AtomicBool::new(false) }
    }

    /// Let the call end.
    fn set(&self) {
        self.set.store(true, Ordering::Relaxed);
    }
}

impl Stop {
    pub(crate) fn is_set(&self) -> bool {
        self.set.load(Ordering::Relaxed)
    }
}
