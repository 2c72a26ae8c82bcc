//! A reader that a forked child never closes: SQLite's connections must not cross a fork.

use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use bealert_core::ledger::LedgerReader;

use crate::fork::Descriptors;

/// A reader of one process.
pub(crate) struct Reader {
    reader: ManuallyDrop<Box<dyn LedgerReader>>,
    descriptors: Arc<Descriptors>,
}

impl Reader {
    pub(crate) fn new(reader: Box<dyn LedgerReader>, descriptors: &Arc<Descriptors>) -> Self {
        Self { reader: ManuallyDrop::new(reader), descriptors: Arc::clone(descriptors) }
    }
}

impl Deref for Reader {
    type Target = dyn LedgerReader;

    fn deref(&self) -> &Self::Target {
        &**self.reader
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut **self.reader
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if !self.descriptors.forked() {
            // SAFETY: it is dropped here only, and nothing uses it after this.
            unsafe { ManuallyDrop::drop(&mut self.reader) };
        }
    }
}
