//! The pool: reads and renders blocks beside the loop.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bealert_core::ledger::LedgerReader;
use bealert_core::model::BlockKey;

use crate::blocks::Rendered;
use crate::campaign::Prepared;
use crate::error::EngineError;
use crate::inbox::{Inbox, Input};
use crate::writer::panic_text;

/// Threads that render: one block takes milliseconds and lasts the loop for as long, so that two
/// keep ahead of any gateway.
pub(crate) const THREADS: usize = 2;

/// Hands blocks to the threads. They end when it is dropped.
pub(crate) struct Pool {
    work: Sender<Work>,
}

struct Work {
    key: BlockKey,
    prepared: Arc<Prepared>,
}

impl Pool {
    /// Starts a thread per reader.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn start(
        readers: Vec<Box<dyn LedgerReader>>,
        inbox: &Arc<Inbox>,
    ) -> Result<Self, EngineError> {
        let (work, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for (number, reader) in readers.into_iter().enumerate() {
            let (receiver, inbox) = (Arc::clone(&receiver), Arc::clone(inbox));
            thread::Builder::new()
                .name(format!("bealert-pool-{number}"))
                .spawn(move || run(&receiver, reader, &inbox))
                .map_err(|error| EngineError::Failed(format!("no thread for the pool: {error}")))?;
        }
        Ok(Self { work })
    }

    /// Renders a block; the loop hears of it.
    pub(crate) fn render(&self, key: BlockKey, prepared: Arc<Prepared>) {
        // Without threads there is no loop that would wait for it either.
        let _ = self.work.send(Work { key, prepared });
    }
}

fn run(receiver: &Mutex<Receiver<Work>>, mut reader: Box<dyn LedgerReader>, inbox: &Inbox) {
    loop {
        let work = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Work { key, prepared }) = work else { return };
        let body = AssertUnwindSafe(|| render(&mut *reader, key, &prepared));
        let result = catch_unwind(body).unwrap_or_else(|panic| Err(panic_text(&*panic)));
        if !inbox.push(Input::Rendered(key, result.map(Arc::new))) {
            return;
        }
    }
}

fn render(reader: &mut dyn LedgerReader, key: BlockKey, prepared: &Prepared) -> Result<Rendered, String> {
    let row = reader.block(key).map_err(|error| error.to_string())?;
    let row = row.ok_or("it is not in the ledger")?;
    Rendered::of(prepared, &row).map_err(|error| error.to_string())
}
