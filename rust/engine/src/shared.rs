//! What the engine's threads and its callers share: how it lives, how far campaigns are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bealert_core::dispatch::Progress;
use bealert_core::model::CampaignId;
use hashbrown::HashMap;

use crate::clock::Clock;
use crate::error::EngineError;
use crate::log::Log;
use crate::wake::Wakes;

/// How long a caller whose reply was dropped waits to learn why.
const LAST_WORD: Duration = Duration::from_secs(5);

/// One per engine.
pub(crate) struct Shared {
    clock: Clock,
    pub(crate) log: Arc<Log>,
    pub(crate) wakes: Wakes,
    /// The newest entry that is durable.
    last_seq: AtomicU64,
    life: Mutex<Life>,
    ended: Condvar,
    /// Why the ledger takes nothing now.
    stalled: Mutex<Option<Arc<str>>>,
    /// What the ledger had not taken when the engine ended.
    unwritten: OnceLock<String>,
    /// Progress of campaigns that have not ended, as of the last commit.
    board: Mutex<HashMap<CampaignId, Progress>>,
}

/// How an engine lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Life {
    Running,
    /// The directory is free again.
    Closed,
    /// A thread panicked; the directory is free again.
    Failed(String),
}

impl Shared {
    pub(crate) fn new(clock: Clock, last_seq: u64) -> Self {
        Self {
            clock,
            log: Arc::default(),
            wakes: Wakes::default(),
            last_seq: AtomicU64::new(last_seq),
            life: Mutex::new(Life::Running),
            ended: Condvar::new(),
            stalled: Mutex::default(),
            unwritten: OnceLock::new(),
            board: Mutex::default(),
        }
    }

    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq.load(Ordering::Acquire)
    }

    pub(crate) fn set_last_seq(&self, seq: u64) {
        self.last_seq.store(seq, Ordering::Release);
    }

    /// Says why the ledger takes nothing, or that it does.
    pub(crate) fn set_stalled(&self, why: Option<&str>) {
        *self.stalled.lock().unwrap_or_else(PoisonError::into_inner) = why.map(Arc::from);
    }

    /// Why the ledger takes nothing now, if that is so.
    pub(crate) fn stalled(&self) -> Option<Arc<str>> {
        self.stalled.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The engine ends, and the ledger has not taken everything. The first word counts.
    pub(crate) fn leave_unwritten(&self, why: String) {
        self.log.error("ledger", why.clone());
        let _ = self.unwritten.set(why);
    }

    /// What [`Shared::leave_unwritten`] said.
    pub(crate) fn unwritten(&self) -> Option<&str> {
        self.unwritten.get().map(String::as_str)
    }

    /// Says how far campaigns are; an ended one is left to the ledger.
    pub(crate) fn publish(&self, news: impl IntoIterator<Item = (CampaignId, Progress)>) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, progress) in news {
            if progress.state.ended() {
                board.remove(&id);
            } else {
                board.insert(id, progress);
            }
        }
    }

    pub(crate) fn progress(&self, id: CampaignId) -> Option<Progress> {
        let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        board.get(&id).map(|progress| progress.clone().at(self.clock.now_us()))
    }

    /// Why the engine takes no calls, if it does not.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        match &*self.life() {
            Life::Running => Ok(()),
            Life::Closed => Err(EngineError::Closed),
            Life::Failed(text) => Err(EngineError::Failed(text.clone())),
        }
    }

    /// The engine has ended, its directory is free. The first word counts.
    pub(crate) fn end(&self, how: Life) {
        let mut life = self.life();
        if *life == Life::Running {
            if let Life::Failed(text) = &how {
                self.log.error("engine", format!("the engine failed: {text}"));
            }
            *life = how;
        }
        drop(life);
        self.board.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.log.end();
        self.ended.notify_all();
        self.wakes.all();
    }

    /// Waits for the end, at most `limit`; gives whether it has come.
    pub(crate) fn wait_end(&self, limit: Duration) -> bool {
        let waited = self.ended.wait_timeout_while(self.life(), limit, |life| *life == Life::Running);
        *waited.unwrap_or_else(PoisonError::into_inner).0 != Life::Running
    }

    /// Why a reply was dropped.
    pub(crate) fn last_word(&self) -> EngineError {
        self.wait_end(LAST_WORD);
        let nobody = EngineError::Failed("its threads have ended without a word".into());
        self.check().err().unwrap_or(nobody)
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
