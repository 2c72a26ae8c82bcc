//! What a forked child must close: it inherits our sockets and files, and may use none of them.
//!
//! Only atomics here: in the child, another thread of the parent may have held any lock.

use std::fs::File;
use std::mem::ManuallyDrop;
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

    /// In a child: lets go of the sockets, and of every file below the ledger's directory. Record
    /// locks belong to the parent and stay. The numbers stay taken, by `/dev/null`: objects that own
    /// them may be dropped in the child later, and must not close what got their number meanwhile.
    pub(crate) fn abandon(&self, directory: Option<&Path>) {
        let Ok(null) = File::options().read(true).write(true).open("/dev/null") else { return };
        let sockets = self.places.iter().map(|place| place.load(Ordering::Acquire));
        let sockets: Vec<RawFd> = sockets.filter(|fd| *fd != FREE).collect();
        let files = directory.map(files_below).unwrap_or_default();
        for fd in sockets.into_iter().chain(files) {
            // SAFETY: the number was inherited open, and is not closed here but given another file.
            let mut place = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(fd) });
            // Where it fails, the child keeps a descriptor open: the far end learns of our end later.
            let _ = rustix::io::dup2(&null, &mut place);
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
    fn what_is_abandoned_ends_for_the_far_end_and_its_number_stays_taken() {
        use std::io::Read;
        use std::os::fd::AsRawFd;
        let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let mut file = File::create(directory.path().join("ledger")).unwrap();
        let list = Descriptors::new();
        let _noted = list.note(ours.as_raw_fd());
        list.abandon(Some(directory.path()));
        assert_eq!(theirs.read(&mut [0; 8]).unwrap(), 0);
        std::io::Write::write_all(&mut file, b"lost").unwrap();
        assert_eq!(std::fs::read(directory.path().join("ledger")).unwrap(), b"");
    }

    #[test]
    fn this_process_is_no_child() {
        assert!(!Descriptors::new().forked());
    }
}
