//! How other threads reach the loop: commands, commits and rendered blocks, never messages.

use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bealert_core::dispatch::Launch;
use bealert_core::model::{BlockKey, CampaignId};

use crate::blocks::Rendered;
use crate::campaign::Prepared;
use crate::error::EngineError;
use crate::metrics::Readings;

/// Where the answer to a command goes. Dropped unanswered when the loop ends.
pub(crate) type Reply<T> = SyncSender<Result<T, EngineError>>;

/// What the loop is told.
pub(crate) enum Input {
    /// A campaign whose blocks are written.
    Launch(Box<Launching>),
    Command {
        id: CampaignId,
        what: Command,
        reply: Reply<()>,
    },
    /// A batch is durable.
    Committed {
        number: u64,
        took_us: u64,
    },
    /// A step of a snapshot is written, or given up.
    SnapshotKept,
    /// The ledger can't be written; the writer keeps trying.
    Stalled(String),
    /// A block is rendered, or can't be.
    Rendered(BlockKey, Result<Arc<Rendered>, String>),
    /// How the gateways and the ledger stand.
    Readings(SyncSender<Readings>),
    /// Drain for at most this long and end.
    Close {
        drain_us: u64,
    },
    /// The ledger's thread panicked.
    LedgerFailed(String),
    /// Panic here, or in a session: for tests.
    Inject(String),
}

/// A launch on its way to the dispatcher.
pub(crate) struct Launching {
    pub(crate) launch: Launch,
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) rendered: Vec<(BlockKey, Arc<Rendered>)>,
    pub(crate) reply: Reply<CampaignId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Pause,
    Resume,
    Cancel,
    /// Let go of it: it has ended.
    Retire,
}

/// The loop's letter box.
#[derive(Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    inputs: Vec<Input>,
    waker: Option<Waker>,
    closed: bool,
}

impl Inbox {
    /// Hands something to the loop; `false` if there is no loop any more.
    pub(crate) fn push(&self, input: Input) -> bool {
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        state.inputs.push(input);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// What came, into `inputs` (which is empty); the loop is woken when more comes.
    pub(crate) fn take(&self, waker: &Waker, inputs: &mut Vec<Input>) {
        let mut state = self.lock();
        std::mem::swap(&mut state.inputs, inputs);
        if state.waker.as_ref().is_none_or(|known| !known.will_wake(waker)) {
            state.waker = Some(waker.clone());
        }
    }

    /// The loop has ended: what waits is dropped, and with it every reply.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let dropped = std::mem::take(&mut state.inputs);
        drop(state);
        drop(dropped);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
