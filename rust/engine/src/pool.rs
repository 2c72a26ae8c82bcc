//! The pool: reads and renders blocks beside the loop.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use bealert_core::ledger::LedgerReader;
use bealert_core::model::BlockKey;

use crate::blocks::{Rendered, Shares};
use crate::campaign::Prepared;
use crate::error::EngineError;
use crate::inbox::{Inbox, Input};
use crate::writer::panic_text;

/// Threads that render: one block of SMS takes milliseconds and lasts the loop for as long, so that two
/// keep ahead of any gateway. Letters that are signed with RSA take most of a millisecond each, and the
/// threads share the letters of a block.
pub(crate) const THREADS: usize = 2;

/// Hands blocks to the threads. They end when it is dropped.
pub(crate) struct Pool {
    queue: Arc<Queue>,
}

/// What waits for the threads, which also put work in: a block in shares, for the others to help with.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    work: VecDeque<Work>,
    closed: bool,
}

enum Work {
    /// Read this block and render it.
    Block(BlockKey, Arc<Prepared>),
    /// Help with it.
    Shares(BlockKey, Arc<Shares>),
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
        // Made first: where a thread is missing, dropping it ends the others.
        let pool = Self { queue: Arc::default() };
        for (number, reader) in readers.into_iter().enumerate() {
            let (queue, inbox) = (Arc::clone(&pool.queue), Arc::clone(inbox));
            thread::Builder::new()
                .name(format!("bealert-pool-{number}"))
                .spawn(move || run(&queue, reader, &inbox))
                .map_err(|error| EngineError::Failed(format!("no thread for the pool: {error}")))?;
        }
        Ok(pool)
    }

    /// Renders a block; the loop hears of it.
    pub(crate) fn render(&self, key: BlockKey, prepared: Arc<Prepared>) {
        self.queue.lock().work.push_back(Work::Block(key, prepared));
        self.queue.more.notify_one();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.more.notify_all();
    }
}

impl Queue {
    /// The next work; `None` once the pool is gone.
    fn next(&self) -> Option<Work> {
        let waiting = |state: &mut State| state.work.is_empty() && !state.closed;
        let state = self.more.wait_while(self.lock(), waiting);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.closed { None } else { state.work.pop_front() }
    }

    /// Has `helpers` threads help with a block, before they begin another one: the loop waits for the first.
    fn share(&self, key: BlockKey, shares: &Arc<Shares>, helpers: usize) {
        let mut state = self.lock();
        for _ in 0..helpers {
            state.work.push_front(Work::Shares(key, Arc::clone(shares)));
        }
        drop(state);
        self.more.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(queue: &Queue, mut reader: Box<dyn LedgerReader>, inbox: &Inbox) {
    while let Some(work) = queue.next() {
        let (key, result) = match work {
            Work::Shares(key, shares) => (key, shares.work()),
            Work::Block(key, prepared) => {
                let body = AssertUnwindSafe(|| read(&mut *reader, key, prepared));
                let read = catch_unwind(body).unwrap_or_else(|panic| Err(panic_text(&*panic)));
                (key, read.map_or_else(|why| Some(Err(why)), |shares| together(queue, key, shares)))
            }
        };
        if let Some(result) = result
            && !inbox.push(Input::Rendered(key, result.map(Arc::new)))
        {
            return;
        }
    }
}

fn read(reader: &mut dyn LedgerReader, key: BlockKey, prepared: Arc<Prepared>) -> Result<Shares, String> {
    let row = reader.block(key).map_err(|error| error.to_string())?;
    Ok(Shares::of(prepared, row.ok_or("it is not in the ledger")?))
}

fn together(queue: &Queue, key: BlockKey, shares: Shares) -> Option<Result<Rendered, String>> {
    let shares = Arc::new(shares);
    let helpers = shares.count().min(THREADS) - 1;
    if helpers > 0 {
        queue.share(key, &shares, helpers);
    }
    shares.work()
}
