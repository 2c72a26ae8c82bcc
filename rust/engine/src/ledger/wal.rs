//! The log between two checkpoints: kept short beside the commits, and bounded.
//!
//! A thread with a connection of its own puts what was committed into the database file while commits
//! go on: a passive checkpoint waits for nobody and nobody waits for it. It can't start the log anew,
//! since commits keep adding to it; so once the log has reached its limit, the writer does, for which
//! the last few pages and one wait for the disk are left.

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

/// The log starts anew beyond this: 32 MB, a second of sending as fast as can be. A reader that reads
/// on while it does is not waited for longer than [`READERS`]; then a step more is taken first.
pub(super) const LIMIT: u32 = 32 * 1_024 * 1_024 / PAGE;

/// What makes a checkpoint beside the commits worth its waits for the disk: 4 MB.
const STEP: u32 = 4 * 1_024 * 1_024 / PAGE;

/// How long a commit may wait for readers to let the log start anew: they read in slices of a few
/// milliseconds.
const READERS: Duration = Duration::from_millis(20);

/// Watches the log of the writer's connection.
#[derive(Debug)]
pub(super) struct Wal {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// The length at which starting anew is tried.
    restart_at: u32,
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
        Ok(Self { shared, thread: Some(thread), restart_at: LIMIT })
    }

    /// To be called after each commit: has the log checkpointed, or starts it anew.
    pub(super) fn committed(&mut self, connection: &Connection) {
        let pages = self.shared.pages.load(Ordering::Relaxed);
        let done = self.shared.done.load(Ordering::Relaxed);
        if pages >= self.restart_at {
            let anew = restart(connection);
            // Where a reader or the disk is in the way, the log grows by a step before the next try.
            self.restart_at = if anew { LIMIT } else { pages + STEP };
            if anew {
                self.shared.done.store(0, Ordering::Relaxed);
                self.shared.pages.store(0, Ordering::Relaxed);
            }
        } else if pages >= STEP && (pages < done || pages - done >= STEP) {
            // Fewer pages than are done: the log has started anew by itself.
            self.restart_at = self.restart_at.min(LIMIT.max(pages + STEP));
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
            drop(state);
            if connection.is_none() {
                connection = connect_again(dir).ok();
            }
            match connection.as_ref().map(|connection| checkpoint(connection, "PASSIVE")) {
                Some(Ok((_, done))) => self.done.store(u32::try_from(done).unwrap_or(0), Ordering::Relaxed),
                // Nothing of a connection that met an error of the disk is relied on.
                _ => connection = None,
            }
        }
    }
}

/// Puts the rest of the log into the database file and has the next commit begin it anew; whether that
/// could be done.
fn restart(connection: &Connection) -> bool {
    let restart = || {
        connection.busy_timeout(READERS)?;
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
