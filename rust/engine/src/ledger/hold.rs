//! Who holds a data directory: at most one ledger of one process on the machine.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use bealert_core::ledger::LedgerError;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::store::io as failed;

/// File in the directory that carries the lock; it stays when the lock goes. Its holder's process id
/// stands in it.
const LOCK: &str = "lock";

/// Tries at telling who holds the lock: a holder may have locked the file and not yet written its
/// number, or have just ended.
const TRIES: usize = 8;

/// Pause between two tries: writing a number takes microseconds.
const PAUSE: Duration = Duration::from_millis(5);

/// The directories that this process holds, by device and inode, with the process that took them.
/// A forked child inherits this table; the process id tells.
static HELD: Mutex<BTreeMap<Inode, u32>> = Mutex::new(BTreeMap::new());

type Inode = (u64, u64);

/// A directory that is held until this is dropped, or the process ends in whatever way.
///
/// The lock belongs to the open file (flock(2)), not to the process: whoever else in this process
/// opens and closes `lock`, a copy of the directory for instance, does not end it.
#[derive(Debug)]
pub(super) struct Hold {
    /// Opened once; `None` only while it is being dropped.
    file: Option<File>,
    inode: Inode,
    pid: u32,
}

impl Hold {
    /// Holds a directory.
    ///
    /// # Errors
    /// [`LedgerError::Held`] with the holder's process id, which may be our own.
    pub(super) fn take(dir: &Path) -> Result<Self, LedgerError> {
        let pid = std::process::id();
        let metadata = dir.metadata().map_err(|error| failed(dir, error))?;
        let inode = (metadata.dev(), metadata.ino());
        let mut held = table();
        if held.get(&inode) == Some(&pid) {
            return Err(LedgerError::Held { pid });
        }
        let path = dir.join(LOCK);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| failed(&path, error))?;
        lock(&mut file, &path)?;
        // On a full disk it is held all the same; others are not told by whom.
        let _ = write(&mut file, &format!("{pid}\n"));
        held.insert(inode, pid);
        Ok(Self { file: Some(file), inode, pid })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = table();
        let ours = self.pid == std::process::id();
        if let Some(mut file) = self.file.take()
            && ours
        {
            // A number that stays misleads nobody: it is of a process that holds nothing.
            let _ = write(&mut file, "");
        }
        if held.get(&self.inode) == Some(&self.pid) {
            held.remove(&self.inode);
        }
    }
}

fn table() -> MutexGuard<'static, BTreeMap<Inode, u32>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lock(file: &mut File, path: &Path) -> Result<(), LedgerError> {
    for _ in 0..TRIES {
        match flock(&*file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) => {}
            Err(error) => return Err(failed(path, error.into())),
        }
        if let Some(pid) = holder(file) {
            return Err(LedgerError::Held { pid });
        }
        thread::sleep(PAUSE);
    }
    Err(LedgerError::Held { pid: 0 })
}

/// The process that says it holds the file, if there is such a one.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
    let pid: u32 = text.trim().parse().ok()?;
    let process = Pid::from_raw(i32::try_from(pid).ok()?)?;
    // A process of another user can't be signalled, and lives.
    let lives = !matches!(test_kill_process(process), Err(Errno::SRCH));
    lives.then_some(pid)
}

fn write(file: &mut File, text: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())
}
