//! The log between two checkpoints: kept short beside the commits, and bounded.
//!
//! A thread with a connection of its own puts what was committed into the database file while commits
//! go on: a passive checkpoint waits for nobody and nobody waits for it. It can't start the log anew,
//! since commits keep adding to it; so the writer does, at a moment when the thread rests: the last
//! few pages and one wait for the disk are left for it then. At the limit it makes such a moment.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bealert_core::ledger::LedgerError;
use rusqlite::Connection;

use super::store::{BUSY, connect_again, failed};

/// Bytes of a page of the database, as SQLite makes it.
const PAGE: u32 = 4_096;

/// At this length the log starts anew, whoever has to be waited for: 32 MB, a second of sending as fast
/// as can be.
pub(super) const LIMIT: u32 = 32 * 1_024 * 1_024 / PAGE;

/// From this length on it starts anew when nobody is in the way: 16 MB.
const EARLY: u32 = 16 * 1_024 * 1_024 / PAGE;

/// Further growth before it is tried again: 1 MB.
const AGAIN: u32 = 1_024 * 1_024 / PAGE;

/// What makes a checkpoint beside the commits worth its waits for the disk: 4 MB.
const STEP: u32 = 4 * 1_024 * 1_024 / PAGE;

/// How long a commit may wait for readers to let the log start anew: they read in slices of a few
/// milliseconds. Twice: before the limit, and at it.
const READERS: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(100)];

/// How long a commit may wait at the limit for the thread to end what it is at: a checkpoint of 32 MB
/// on a slow disk.
const THREAD: Duration = Duration::from_secs(1);

/// Watches the log of the writer's connection.
#[derive(Debug)]
pub(super) struct Wal {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// The lengths at which starting anew is tried next: when nobody is in the way, and anyhow.
    early_at: u32,
    limit_at: u32,
}

#[derive(Debug, Default)]
struct Shared {
    /// Pages in the log after the last commit.
    pages: AtomicU32,
    /// Those of them that are in the database file.
    done: AtomicU32,
    state: Mutex<State>,
    came: Condvar,
}

#[derive(Debug, Default)]
struct State {
    due: bool,
    /// The thread is at it.
    working: bool,
    stop: bool,
}

impl Wal {
    /// Watches this connection, which must not checkpoint by itself.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn watch(connection: &mut Connection, dir: &Path) -> Result<Self, LedgerError> {
        let shared = Arc::new(Shared::default());
        let hooked = Arc::clone(&shared);
        let hook = move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            hooked.pages.store(pages.unsigned_abs(), Ordering::Relaxed);
            Ok(())
        };
        connection.wal_hook(Some(hook)).map_err(failed)?;
        let (working, dir) = (Arc::clone(&shared), dir.to_owned());
        let thread = thread::Builder::new()
            .name("bealert-wal".into())
            .spawn(move || working.run(&dir))
            .map_err(|error| LedgerError::Io(format!("no thread for the log: {error}")))?;
        Ok(Self { shared, thread: Some(thread), early_at: EARLY, limit_at: LIMIT })
    }

    /// To be called after each commit: has the log checkpointed, or starts it anew.
    pub(super) fn committed(&mut self, connection: &Connection) {
        let pages = self.shared.pages.load(Ordering::Relaxed);
        let done = self.shared.done.load(Ordering::Relaxed);
        if pages < done {
            // It has started anew by itself.
            self.shared.done.store(0, Ordering::Relaxed);
            (self.early_at, self.limit_at) = (EARLY, LIMIT);
        }
        if pages >= self.early_at {
            let must = pages >= self.limit_at;
            if self.shared.rests(if must { THREAD } else { Duration::ZERO })
                && restart(connection, READERS[usize::from(must)])
            {
                self.shared.pages.store(0, Ordering::Relaxed);
                self.shared.done.store(0, Ordering::Relaxed);
                (self.early_at, self.limit_at) = (EARLY, LIMIT);
                return;
            }
            self.early_at = pages + AGAIN;
            if must {
                self.limit_at = pages + STEP;
            }
        }
        if pages.saturating_sub(self.shared.done.load(Ordering::Relaxed)) >= STEP {
            self.shared.wake(|state| state.due = true);
        }
    }
}

impl Drop for Wal {
    fn drop(&mut self) {
        self.shared.wake(|state| state.stop = true);
        if let Some(thread) = self.thread.take() {
            // A panic of its own has left nothing half done.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn wake(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.came.notify_all();
    }

    /// Whether the thread is at nothing, after at most this wait. It begins nothing before it is told to.
    fn rests(&self, wait: Duration) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = |state: &mut State| state.working || state.due;
        let waited = self.came.wait_timeout_while(state, wait, busy);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        !busy(&mut state)
    }

    /// Checkpoints whenever it is due. What fails is tried again with the next step: the log keeps
    /// everything until then.
    fn run(&self, dir: &Path) {
        let mut connection = None;
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            while !state.due && !state.stop {
                state = self.came.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.stop {
                return;
            }
            state.due = false;
            state.working = true;
            drop(state);
            if connection.is_none() {
                connection = connect_again(dir).ok();
            }
            match connection.as_ref().map(|connection| checkpoint(connection, "PASSIVE")) {
                Some(Ok((_, done))) => self.done.store(u32::try_from(done).unwrap_or(0), Ordering::Relaxed),
                // Nothing of a connection that met an error of the disk is relied on.
                _ => connection = None,
            }
            self.wake(|state| state.working = false);
        }
    }
}

/// Puts the rest of the log into the database file and has the next commit begin it anew; whether that
/// could be done.
fn restart(connection: &Connection, readers: Duration) -> bool {
    let restart = || {
        connection.busy_timeout(readers)?;
        let result = checkpoint(connection, "RESTART");
        connection.busy_timeout(BUSY)?;
        result
    };
    matches!(restart(), Ok((0, _)))
}

/// Whether somebody was in the way (not 0), and how many pages of the log are in the database file.
fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<(i64, i64)> {
    let pragma = format!("PRAGMA wal_checkpoint({mode})");
    connection.prepare_cached(&pragma)?.query_row([], |row| Ok((row.get(0)?, row.get(2)?)))
}
