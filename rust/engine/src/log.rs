//! What the engine has to say to the host's log: a bounded queue that one host thread empties.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Records that wait for the host, at most. A host that does not read loses the newest, counted: the
/// engine never waits for a log.
const RECORDS: usize = 4_096;

/// How serious a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever looks into a problem.
    Debug,
    /// What happened.
    Info,
    /// Something is not as it should be; the engine goes on.
    Warning,
    /// Something needs a person.
    Error,
}

impl Level {
    /// The number Python's `logging` has for it.
    pub fn number(self) -> u32 {
        match self {
            Level::Debug => 10,
            Level::Info => 20,
            Level::Warning => 30,
            Level::Error => 40,
        }
    }
}

/// One line for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// The part of the engine it comes from: the logger is `bealert_engine.<area>`.
    pub area: &'static str,
    /// How serious it is.
    pub level: Level,
    /// What it says. Secrets never stand in it.
    pub text: String,
}

/// The queue between the engine's threads and the host's.
#[derive(Debug, Default)]
pub(crate) struct Log {
    queue: Mutex<Queue>,
    came: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    records: VecDeque<LogRecord>,
    dropped: u64,
    ended: bool,
}

impl Log {
    pub(crate) fn push(&self, area: &'static str, level: Level, text: String) {
        let mut queue = self.lock();
        if queue.records.len() >= RECORDS {
            queue.dropped += 1;
            return;
        }
        queue.records.push_back(LogRecord { area, level, text });
        drop(queue);
        self.came.notify_one();
    }

    pub(crate) fn debug(&self, area: &'static str, text: impl Into<String>) {
        self.push(area, Level::Debug, text.into());
    }

    pub(crate) fn info(&self, area: &'static str, text: impl Into<String>) {
        self.push(area, Level::Info, text.into());
    }

    pub(crate) fn warning(&self, area: &'static str, text: impl Into<String>) {
        self.push(area, Level::Warning, text.into());
    }

    pub(crate) fn error(&self, area: &'static str, text: impl Into<String>) {
        self.push(area, Level::Error, text.into());
    }

    /// All that waits; waits up to `timeout` for the first. `None` once the engine has ended and
    /// everything was taken.
    pub(crate) fn take(&self, timeout: Duration) -> Option<Vec<LogRecord>> {
        let waits = |queue: &mut Queue| queue.records.is_empty() && !queue.ended;
        let waited = self.came.wait_timeout_while(self.lock(), timeout, waits);
        let (mut queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if queue.records.is_empty() && queue.ended {
            return None;
        }
        let mut records: Vec<LogRecord> = queue.records.drain(..).collect();
        let dropped = std::mem::take(&mut queue.dropped);
        if dropped > 0 {
            let text = format!("{dropped} records were dropped: the log is not read fast enough");
            records.push(LogRecord { area: "log", level: Level::Warning, text });
        }
        Some(records)
    }

    /// Nothing more will come.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.came.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        let log = Log::default();
        for n in 0..RECORDS + 3 {
            log.info("test", n.to_string());
        }
        let records = log.take(Duration::ZERO).unwrap();
        assert_eq!(records.len(), RECORDS + 1);
        assert!(records[RECORDS].text.starts_with("3 records"), "{:?}", records[RECORDS]);
        assert_eq!(log.take(Duration::ZERO), Some(Vec::new()));
    }

    #[test]
    fn after_the_end_the_rest_is_given_and_then_nothing() {
        let log = Log::default();
        log.error("test", "last words");
        log.end();
        assert_eq!(log.take(Duration::from_secs(9)).unwrap().len(), 1);
        assert_eq!(log.take(Duration::from_secs(9)), None);
    }
}
