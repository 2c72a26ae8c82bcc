//! Who holds a data directory: at most one ledger of one process on the machine.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bealert_core::ledger::LedgerError;
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, fcntl_getlk};

use super::store::io;

/// File in the directory that carries the lock; it stays when the lock goes.
const LOCK: &str = "lock";

/// Tries at telling who holds the lock: the holder may end between the two questions.
const TRIES: usize = 8;

/// The directories that this process holds, by device and inode, with the process that took them.
///
/// A POSIX record lock belongs to a process and ends when *any* descriptor of the file is closed
/// in it, so a process must not open the file of a directory that it holds (fcntl(2)). A forked
/// child inherits this table but not the lock; the process id tells.
static HELD: Mutex<BTreeMap<Inode, u32>> = Mutex::new(BTreeMap::new());

type Inode = (u64, u64);

/// A directory that is held until this is dropped, or the process ends in whatever way.
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
        let metadata = dir.metadata().map_err(|error| io(dir, error))?;
        let inode = (metadata.dev(), metadata.ino());
        let mut held = table();
        if held.get(&inode) == Some(&pid) {
            return Err(LedgerError::Held { pid });
        }
        let path = dir.join(LOCK);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| io(&path, error))?;
        lock(&file, &path)?;
        held.insert(inode, pid);
        Ok(Self { file: Some(file), inode, pid })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Closed before the table says so: else somebody could lock it in between, and lose the
        // lock by this close.
        let mut held = table();
        self.file = None;
        if held.get(&self.inode) == Some(&self.pid) {
            held.remove(&self.inode);
        }
    }
}

fn table() -> MutexGuard<'static, BTreeMap<Inode, u32>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lock(file: &File, path: &Path) -> Result<(), LedgerError> {
    for _ in 0..TRIES {
        match fcntl_lock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::AGAIN | Errno::ACCESS) => {}
            Err(error) => return Err(io(path, error.into())),
        }
        let asked = Flock::from(FlockType::WriteLock);
        if let Some(held) = fcntl_getlk(file, &asked).map_err(|error| io(path, error.into()))? {
            let pid = held.pid.map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs());
            return Err(LedgerError::Held { pid });
        }
    }
    Err(LedgerError::Held { pid: 0 })
}
