//! A block that several threads render together: each takes the next share until none is left.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bealert_core::model::{BlockRow, Channel};

use super::{EmailBlock, Rendered};
use crate::campaign::Prepared;
use crate::writer::panic_text;

/// Letters in a share, where each is signed: with RSA a share takes 30 ms, which is also how long threads that
/// help may be idle at the end of a block.
const SHARE: usize = 128;

/// A block on its way to being rendered.
pub(crate) struct Shares {
    prepared: Arc<Prepared>,
    row: BlockRow,
    count: usize,
    /// The next share that nobody has taken.
    next: AtomicUsize,
    done: Mutex<Done>,
}

#[derive(Default)]
struct Done {
    parts: Vec<Option<EmailBlock>>,
    finished: usize,
    /// The first problem; the block can't be sent then.
    problem: Option<String>,
}

impl Shares {
    /// A block in as many shares as are worth it: one, unless its letters are signed.
    pub(crate) fn of(prepared: Arc<Prepared>, row: BlockRow) -> Self {
        let signed = prepared.mailing().is_some_and(|mailing| mailing.signs());
        let count = match row.meta.key.channel {
            Channel::Email if signed => (row.meta.len as usize).div_ceil(SHARE).max(1),
            _ => 1,
        };
        let done = Done { parts: (0..count).map(|_| None).collect(), ..Done::default() };
        Self { prepared, row, count, next: AtomicUsize::new(0), done: Mutex::new(done) }
    }

    /// How many threads can work on it at once.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Renders shares until none is left. Who finishes the last one gets the block, or why there is none.
    pub(crate) fn work(&self) -> Option<Result<Rendered, String>> {
        if self.count == 1 {
            let first = self.next.fetch_add(1, Ordering::Relaxed) == 0;
            return first.then(|| guarded(|| Rendered::of(&self.prepared, &self.row)));
        }
        loop {
            let share = self.next.fetch_add(1, Ordering::Relaxed);
            if share >= self.count {
                return None;
            }
            let end = ((share + 1) * SHARE).min(self.row.meta.len as usize);
            let part = guarded(|| EmailBlock::of(&self.prepared, &self.row, share * SHARE..end));
            if let Some(result) = self.finish(share, part) {
                return Some(result);
            }
        }
    }

    fn finish(&self, share: usize, part: Result<EmailBlock, String>) -> Option<Result<Rendered, String>> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.finished += 1;
        match part {
            Ok(part) => done.parts[share] = Some(part),
            Err(problem) => done.problem = done.problem.take().or(Some(problem)),
        }
        if done.finished < self.count {
            return None;
        }
        let Done { parts, problem, .. } = std::mem::take(&mut *done);
        drop(done);
        Some(match problem {
            Some(problem) => Err(problem),
            None => joined(parts),
        })
    }
}

fn joined(parts: Vec<Option<EmailBlock>>) -> Result<Rendered, String> {
    let mut parts = parts.into_iter().flatten();
    let mut block = parts.next().ok_or("a block without shares")?;
    for part in parts {
        block.append(&part).map_err(|error| error.to_string())?;
    }
    Ok(Rendered::Email(block))
}

/// A panic is a problem of this block, and ends neither the thread nor the others' wait for it.
fn guarded<T, E: ToString>(work: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(panic) => Err(panic_text(&*panic)),
    }
}
