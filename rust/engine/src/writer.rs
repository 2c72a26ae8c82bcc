//! The ledger's thread: one commit at a time, launches behind it, and what to do when a commit fails.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use bealert_core::ledger::{Batch, CommitError, Ledger, LedgerReader, Retain, SnapshotWrite};
use bealert_core::model::{BlockRow, CampaignId, CampaignRow};

use crate::error::EngineError;
use crate::inbox::{Inbox, Input, Reply};
use crate::ledger::refused;
use crate::log::Log;

/// Pause between two tries to write what the ledger did not take.
const RETRY: Duration = Duration::from_secs(1);

/// Work that waits behind the hot commits, in transactions of a few milliseconds.
pub(crate) enum Job {
    Begin(Box<CampaignRow>, Reply<CampaignId>),
    /// Gives how long it took, so that the caller can keep its transactions short.
    Blocks(Vec<BlockRow>, Reply<Duration>),
    Abandon(CampaignId, Reply<()>),
    Reader(Reply<Box<dyn LedgerReader>>),
    /// A step of keeping a snapshot; the loop hears when it is done with.
    Snapshot(SnapshotWrite),
    /// A step of letting a campaign go; gives whether it is to be given again.
    Retain(Retain, Reply<bool>),
    /// Panic: for tests.
    Inject,
}

/// The queue in front of the ledger's thread.
pub(crate) struct Writer {
    state: Mutex<State>,
    came: Condvar,
}

#[derive(Default)]
struct State {
    hot: Option<(u64, Batch)>,
    jobs: VecDeque<Job>,
    stop: bool,
    /// The thread has ended and its ledger is closed.
    ended: bool,
}

impl Writer {
    /// Starts the thread, which owns the ledger until it ends.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn start(
        ledger: Box<dyn Ledger>,
        inbox: Arc<Inbox>,
        log: Arc<Log>,
    ) -> Result<Arc<Self>, EngineError> {
        let writer = Arc::new(Self { state: Mutex::default(), came: Condvar::new() });
        let shared = Arc::clone(&writer);
        let run = move || {
            let body = AssertUnwindSafe(|| Work { ledger, writer: &shared, inbox: &inbox, log: &log }.run());
            let result = catch_unwind(body).unwrap_or_else(|panic| Err(panic_text(&*panic)));
            shared.end();
            if let Err(why) = result {
                inbox.push(Input::LedgerFailed(why));
            }
        };
        thread::Builder::new()
            .name("bealert-ledger".into())
            .spawn(run)
            .map_err(|error| EngineError::Failed(format!("no thread for the ledger: {error}")))?;
        Ok(writer)
    }

    /// Hands a batch over. The loop has at most one in flight.
    pub(crate) fn commit(&self, number: u64, batch: Batch) {
        let mut state = self.lock();
        debug_assert!(state.hot.is_none());
        state.hot = Some((number, batch));
        drop(state);
        self.came.notify_all();
    }

    /// Queues work behind the commits; `false` if the thread has ended.
    pub(crate) fn push(&self, job: Job) -> bool {
        let mut state = self.lock();
        if state.ended || state.stop {
            return false;
        }
        state.jobs.push_back(job);
        drop(state);
        self.came.notify_all();
        true
    }

    /// Ends the thread after the batch it has, and waits until the ledger is closed, at most
    /// `limit`. Gives whether it is.
    pub(crate) fn stop(&self, limit: Duration) -> bool {
        let mut state = self.lock();
        state.stop = true;
        self.came.notify_all();
        let waited = self.came.wait_timeout_while(state, limit, |state| !state.ended);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.ended
    }

    fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        let dropped = std::mem::take(&mut state.jobs);
        drop(state);
        drop(dropped);
        self.came.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Task {
    Commit(u64, Batch),
    Job(Job),
}

struct Work<'a> {
    ledger: Box<dyn Ledger>,
    writer: &'a Writer,
    inbox: &'a Inbox,
    log: &'a Log,
}

impl Work<'_> {
    /// Works until it is stopped.
    ///
    /// # Errors
    /// Where a batch can never be written, with the reason.
    fn run(mut self) -> Result<(), String> {
        while let Some(task) = self.next() {
            match task {
                Task::Commit(number, batch) => {
                    let began = Instant::now();
                    if self.commit(&batch)? {
                        let took_us = began.elapsed().as_micros() as u64;
                        self.inbox.push(Input::Committed { number, took_us });
                    }
                }
                Task::Job(job) => self.job(job),
            }
        }
        Ok(())
    }

    /// The next thing to do, commits first; `None` when it is time to end.
    fn next(&self) -> Option<Task> {
        let mut state = self.writer.lock();
        loop {
            if let Some((number, batch)) = state.hot.take() {
                return Some(Task::Commit(number, batch));
            }
            if state.stop {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(Task::Job(job));
            }
            state = self.writer.came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Commits a batch, however long it takes; `false` if the engine ends before it is in.
    ///
    /// # Errors
    /// Where the ledger refuses what it says, and would for ever: a fault of ours.
    fn commit(&mut self, batch: &Batch) -> Result<bool, String> {
        let mut stalled = false;
        loop {
            let text = match self.ledger.commit(batch) {
                Ok(()) => break,
                Err(CommitError::RolledBack(text)) => match refused(&text) {
                    Some(why) => return Err(format!("a batch can't be written: {why}")),
                    None => text,
                },
                Err(CommitError::Unknown(text)) => match self.reopen(batch) {
                    Ok(true) => break,
                    // What is in the ledger is known again: append at once.
                    Ok(false) if !stalled => {
                        self.stall(&mut stalled, &text);
                        continue;
                    }
                    Ok(false) => text,
                    Err(error) => format!("{text}; {error}"),
                },
            };
            self.stall(&mut stalled, &text);
            if !self.pause(&text) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// After a commit of which nobody knows: whether the ledger turns out to have this batch.
    fn reopen(&mut self, batch: &Batch) -> Result<bool, String> {
        let found = self.ledger.reopen().map_err(|error| error.to_string())?;
        // A batch without journal rows leaves no sequence behind; all of it may be written twice.
        Ok(batch.rows() > 0 && found >= batch.last_seq)
    }

    fn stall(&self, stalled: &mut bool, text: &str) {
        if !std::mem::replace(stalled, true) {
            let text = format!("the ledger could not be written, sending stops until it can be: {text}");
            self.log.error("ledger", text.clone());
            self.inbox.push(Input::Stalled(text));
        }
    }

    /// Waits before the next try. Launches are refused meanwhile; `false` if the engine ends.
    fn pause(&self, text: &str) -> bool {
        let deadline = Instant::now() + RETRY;
        let mut state = self.writer.lock();
        loop {
            // What frees a key waits: nobody would ask for it again.
            let (later, refused) =
                std::mem::take(&mut state.jobs).into_iter().partition(|job| matches!(job, Job::Abandon(..)));
            state.jobs = later;
            let refused: VecDeque<Job> = refused;
            for job in refused {
                if let Job::Snapshot(_) = job {
                    self.inbox.push(Input::SnapshotKept);
                } else {
                    refuse(job, text);
                }
            }
            if state.stop {
                return false;
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { return true };
            let waited = self.writer.came.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn job(&mut self, job: Job) {
        match job {
            Job::Begin(row, reply) => {
                let result = self.ledger.begin_launch(&row);
                let begun = result.as_ref().ok().copied();
                if !self.answer(&reply, result)
                    && let Some(id) = begun
                    && let Err(error) = self.ledger.abandon_launch(id)
                {
                    self.log.warning("ledger", format!("a launch nobody waits for stays: {error}"));
                }
            }
            Job::Blocks(blocks, reply) => {
                let began = Instant::now();
                let result = self.ledger.add_blocks(&blocks).map(|()| began.elapsed());
                self.answer(&reply, result);
            }
            Job::Abandon(campaign, reply) => {
                let result = self.ledger.abandon_launch(campaign);
                self.answer(&reply, result);
            }
            Job::Reader(reply) => {
                // A caller that has given up needs no reader.
                let _ = reply.send(self.ledger.reader().map_err(EngineError::from));
            }
            Job::Snapshot(step) => self.snapshot(step),
            Job::Retain(step, reply) => {
                let result = self.ledger.retain(&step);
                // The rest waits behind the commits that have come meanwhile.
                if matches!((&step, &result), (Retain::Clear(_), Ok(true))) {
                    self.writer.push(Job::Retain(step, reply));
                } else {
                    self.answer(&reply, result);
                }
            }
            Job::Inject => panic!("injected into the ledger's thread"),
        }
    }

    /// A snapshot that can't be kept is no harm: the next opening folds what it lacks.
    fn snapshot(&mut self, step: SnapshotWrite) {
        match self.ledger.snapshot(&step) {
            // The rest waits behind the commits that have come meanwhile.
            Ok(true) if self.writer.push(Job::Snapshot(step)) => return,
            Ok(_) => {}
            Err(CommitError::RolledBack(text)) => self.log.debug("ledger", format!("a snapshot: {text}")),
            Err(CommitError::Unknown(text)) => {
                self.log.error("ledger", format!("a snapshot could not be written: {text}"));
                if let Err(error) = self.ledger.reopen() {
                    self.log.error("ledger", error.to_string());
                }
            }
        }
        self.inbox.push(Input::SnapshotKept);
    }

    /// Gives whether somebody still waits for it.
    fn answer<T>(&mut self, reply: &Reply<T>, result: Result<T, CommitError>) -> bool {
        if let Err(CommitError::Unknown(text)) = &result {
            self.log.error("ledger", format!("a launch could not be written: {text}"));
            if let Err(error) = self.ledger.reopen() {
                self.log.error("ledger", error.to_string());
            }
        }
        reply.send(result.map_err(EngineError::from)).is_ok()
    }
}

fn refuse(job: Job, text: &str) {
    let error = || EngineError::Ledger(format!("the ledger can't be written: {text}"));
    match job {
        Job::Begin(_, reply) => drop(reply.send(Err(error()))),
        Job::Blocks(_, reply) => drop(reply.send(Err(error()))),
        Job::Abandon(_, reply) => drop(reply.send(Err(error()))),
        Job::Reader(reply) => drop(reply.send(Err(error()))),
        Job::Snapshot(_) => {}
        Job::Retain(_, reply) => drop(reply.send(Err(error()))),
        Job::Inject => panic!("injected into the ledger's thread"),
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}
