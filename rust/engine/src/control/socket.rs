//! The socket in the data directory, for its owner alone.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The socket's name.
const NAME: &str = "control.sock";

/// Where it is made, out of everybody's reach, before it gets its name.
const NURSERY: &str = "control.new";

/// Octets of a path that the shortest `sun_path` takes: 104 on BSD and macOS with the NUL, 108 on Linux.
const MAX_PATH: usize = 103;

/// Listens in a directory that the caller holds: what a holder before it left is replaced.
pub(super) fn listen(directory: &Path) -> io::Result<UnixListener> {
    let nursery = directory.join(NURSERY);
    clear(&nursery)?;
    // `bind` gives a socket the rights that the umask leaves, so nobody may reach it until it has its own.
    DirBuilder::new().mode(0o700).create(&nursery)?;
    let listener = reach(&nursery, |path| UnixListener::bind(path))?;
    fs::set_permissions(nursery.join(NAME), Permissions::from_mode(0o600))?;
    fs::rename(nursery.join(NAME), directory.join(NAME))?;
    fs::remove_dir(&nursery)?;
    Ok(listener)
}

/// Connects to whoever listens in a directory.
pub(super) fn connect(directory: &Path) -> io::Result<UnixStream> {
    reach(directory, |path| UnixStream::connect(path))
}

/// Takes the socket away. Only who holds the directory may.
pub(super) fn unlink(directory: &Path) -> io::Result<()> {
    fs::remove_file(directory.join(NAME))
}

/// Does something with the socket's path; one that is too long for a socket leads through a descriptor of its
/// directory.
fn reach<T>(directory: &Path, work: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let path = directory.join(NAME);
    if path.as_os_str().len() <= MAX_PATH {
        return work(&path);
    }
    let opened = File::open(directory)?;
    let through = PathBuf::from(format!("/proc/self/fd/{}", opened.as_raw_fd()));
    if !through.exists() {
        let text = format!("the path {} is too long for a socket, choose a shorter one", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidFilename, text));
    }
    work(&through.join(NAME))
}

fn clear(nursery: &Path) -> io::Result<()> {
    match fs::remove_dir_all(nursery) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
