//! What a forked child must close: it inherits our sockets and files, and may use none of them.
//!
//! Only atomics here: in the child, another thread of the parent may have held any lock.

use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

/// Sockets that are remembered: 64 sessions for each of a dozen gateways, and the subscriptions.
const PLACES: usize = 1_024;

const FREE: i32 = -1;

/// The open sockets of an engine, and the process they belong to.
#[derive(Debug)]
pub(crate) struct Descriptors {
    process: AtomicU32,
    places: Box<[AtomicI32]>,
}

/// Keeps a descriptor in the list for as long as it is open.
#[derive(Debug)]
pub(crate) struct Descriptor {
    list: Arc<Descriptors>,
    place: Option<usize>,
}

impl Descriptors {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            process: AtomicU32::new(std::process::id()),
            places: (0..PLACES).map(|_| AtomicI32::new(FREE)).collect(),
        })
    }

    /// Remembers an open descriptor. Beyond [`PLACES`] it is not, and a child would keep it open.
    pub(crate) fn note(self: &Arc<Self>, fd: RawFd) -> Descriptor {
        let taken =
            |place: &AtomicI32| place.compare_exchange(FREE, fd, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        Descriptor { list: Arc::clone(self), place: self.places.iter().position(taken) }
    }

    /// Whether this is a child of the process that opened the engine.
    pub(crate) fn forked(&self) -> bool {
        self.process.load(Ordering::Relaxed) != std::process::id()
    }

    /// In a child: closes the sockets, and every file below the ledger's directory. Record locks
    /// belong to the parent and stay.
    pub(crate) fn abandon(&self, directory: Option<&Path>) {
        for place in &self.places {
            let fd = place.swap(FREE, Ordering::AcqRel);
            if fd != FREE {
                close(fd);
            }
        }
        if let Some(directory) = directory {
            files_below(directory).into_iter().for_each(close);
        }
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.list.places[place].store(FREE, Ordering::Release);
        }
    }
}

fn close(fd: RawFd) {
    // SAFETY: the descriptor was inherited and is only known to objects of the parent's threads,
    // which do not run in this process and are never dropped here.
    drop(unsafe { OwnedFd::from_raw_fd(fd) });
}

/// Our open files below a directory, as the kernel lists them; none where it does not.
fn files_below(directory: &Path) -> Vec<RawFd> {
    let directory = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return Vec::new() };
    let below = |entry: std::fs::DirEntry| {
        let target = std::fs::read_link(entry.path()).ok()?;
        let fd = entry.file_name().to_str()?.parse().ok()?;
        target.starts_with(&directory).then_some(fd)
    };
    entries.flatten().filter_map(below).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_descriptor_is_forgotten_and_its_place_used_again() {
        let list = Descriptors::new();
        let first = list.note(1_000_001);
        assert_eq!(first.place, Some(0));
        drop(first);
        assert_eq!(list.note(1_000_002).place, Some(0));
    }

    #[test]
    fn this_process_is_no_child() {
        assert!(!Descriptors::new().forked());
    }
}
