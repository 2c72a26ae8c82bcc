//! What belongs to the process that opened it.

use std::mem::ManuallyDrop;
use std::process;

use bealert_engine::EngineError;
use pyo3::prelude::*;

use crate::error::raised;

/// Something with threads, sockets or SQLite behind it. A forked child has inherited a copy that
/// nothing serves: it may neither use it nor clean it up, since another thread of the parent may have
/// held any lock at the moment of the fork.
pub(crate) struct Owned<T> {
    inner: ManuallyDrop<T>,
    process: u32,
}

impl<T> Owned<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self { inner: ManuallyDrop::new(inner), process: process::id() }
    }

    /// # Errors
    /// `EngineForked` in a forked child.
    pub(crate) fn get(&self, py: Python<'_>) -> PyResult<&T> {
        if self.is_ours() { Ok(&self.inner) } else { Err(raised(py, &EngineError::Forked)) }
    }

    /// The same in a child, where only letting go is allowed.
    pub(crate) fn anywhere(&self) -> &T {
        &self.inner
    }

    fn is_ours(&self) -> bool {
        self.process == process::id()
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if self.is_ours() {
            // SAFETY: dropped here, once, and not used after.
            unsafe { ManuallyDrop::drop(&mut self.inner) };
        }
    }
}
