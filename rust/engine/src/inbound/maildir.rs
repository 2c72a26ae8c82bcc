//! Where receipts are found: a Maildir that a mail server writes to.
//!
//! A thread of its own reads it, since a disk may be slow. A file moves from `new` to `cur` once what it tells is
//! durable; until then it is read again after a restart, which changes nothing.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use super::letterbox::{self, Counts, MAX_MESSAGE_OCTETS};
use crate::mail::{Bounced, NotABounce, Verp};
use crate::session::Pass;

/// How often `new` is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Files that are read and not durable yet, at most.
const MAX_WAITING: usize = 256;

/// The bearer under which the dispatcher knows a Maildir.
const BEARER: u16 = 0;

/// A Maildir, and the thread that reads it.
pub(crate) struct Reader {
    letters: Receiver<Letter>,
    /// Gone when no more is to be read.
    done: Option<Sender<(u64, bool)>>,
    waker: Arc<Mutex<Option<Waker>>>,
    /// Receipts of each letter that have no answer yet, and whether those before were taken.
    pending: HashMap<u64, (u32, bool)>,
    pub(super) counts: Counts,
}

/// A file that was read.
struct Letter {
    number: u64,
    read: Result<Vec<Bounced>, NotABounce>,
}

impl Reader {
    pub(super) fn start(root: &Path, verp: Verp) -> io::Result<Self> {
        for part in ["tmp", "new", "cur"] {
            fs::create_dir_all(root.join(part))?;
        }
        let (put, letters) = sync_channel(MAX_WAITING);
        let (done, results) = channel();
        let waker = Arc::new(Mutex::new(None::<Waker>));
        let thread = Thread {
            root: root.into(),
            verp,
            put,
            waker: Arc::clone(&waker),
            waiting: HashMap::new(),
            number: 0,
        };
        std::thread::Builder::new().name("bealert-maildir".into()).spawn(move || thread.run(&results))?;
        Ok(Self { letters, done: Some(done), waker, pending: HashMap::new(), counts: Counts::default() })
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) -> bool {
        {
            let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
            if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                *waker = Some(cx.waker().clone());
            }
        }
        if self.done.is_none() {
            return false;
        }
        loop {
            match self.letters.try_recv() {
                Ok(Letter { number, read }) => {
                    self.counts.add(&read);
                    let left = letterbox::tell(pass, BEARER, number, read.as_deref().unwrap_or_default());
                    if left == 0 {
                        self.settle(number, true);
                    } else {
                        self.pending.insert(number, (left, true));
                    }
                }
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => {
                    pass.log.error("receipts", "the Maildir of bounces is no longer read");
                    self.done = None;
                    return false;
                }
            }
        }
    }

    pub(super) fn answer(&mut self, number: u64, ok: bool) {
        let Some((left, all)) = self.pending.get_mut(&number) else { return };
        *left -= 1;
        *all &= ok;
        if *left == 0 {
            let all = *all;
            self.pending.remove(&number);
            self.settle(number, all);
        }
    }

    pub(super) fn close(&mut self) {
        // what still waits for a commit is read again when the directory is opened the next time
        self.done = None;
    }

    fn settle(&self, number: u64, ok: bool) {
        if let Some(done) = &self.done {
            // without its thread nothing is moved, and all is read again
            let _ = done.send((number, ok));
        }
    }
}

/// What the reading thread has.
struct Thread {
    root: PathBuf,
    verp: Verp,
    put: SyncSender<Letter>,
    waker: Arc<Mutex<Option<Waker>>>,
    /// Files that were handed over and have no answer.
    waiting: HashMap<u64, OsString>,
    number: u64,
}

impl Thread {
    /// Goes on until nobody wants more.
    fn run(mut self, results: &Receiver<(u64, bool)>) {
        while self.look().is_ok() {
            let first = match results.recv_timeout(LOOK_EVERY) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let mut all = true;
            for (number, ok) in std::iter::once(first).chain(results.try_iter()) {
                self.settle(number, ok);
                all &= ok;
            }
            if !all {
                // the ledger is behind: what stayed is brought again, but not at once
                std::thread::sleep(LOOK_EVERY);
            }
        }
    }

    /// Reads what is new, as much as may wait.
    fn look(&mut self) -> Result<(), ()> {
        // a directory that cannot be read now may be readable the next time
        let Ok(entries) = fs::read_dir(self.root.join("new")) else { return Ok(()) };
        for entry in entries.flatten() {
            if self.waiting.len() >= MAX_WAITING {
                break;
            }
            let name = entry.file_name();
            if self.waiting.values().any(|waiting| *waiting == name) {
                continue;
            }
            // one that vanished, or is not ours to read, is nobody's receipt yet
            let Ok(content) = read(&entry.path()) else { continue };
            self.number += 1;
            self.waiting.insert(self.number, name);
            let read = letterbox::open(&content, None, &self.verp);
            self.put.send(Letter { number: self.number, read }).map_err(|_| ())?;
            let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
            waker.iter().for_each(Waker::wake_by_ref);
        }
        Ok(())
    }

    /// A file that is durable is seen (`S`), as mail programs call it; another one stays.
    fn settle(&mut self, number: u64, ok: bool) {
        let Some(name) = self.waiting.remove(&number) else { return };
        if ok {
            let mut seen = name.clone();
            seen.push(":2,S");
            // where that fails it is read again
            let _ = fs::rename(self.root.join("new").join(name), self.root.join("cur").join(seen));
        }
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(MAX_MESSAGE_OCTETS as u64).read_to_end(&mut content)?;
    Ok(content)
}
