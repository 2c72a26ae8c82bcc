//! The holder's side: listens while the directory is held, a thread per connection.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use super::frame::{read_body, read_head, write_head};
use super::holder::Holder;
use super::message::{Answer, Refusal, Request};
use super::socket;
use crate::error::EngineError;
use crate::fork::Descriptors;
use crate::plan::Plan;

/// Connections served at once: people at consoles, not programs in a loop.
const CONNECTIONS: usize = 16;

/// Silence, in the middle of a request or between two, after which a connection is closed: it takes a place.
const SILENCE: Duration = Duration::from_secs(30);

/// Pause where a connection can't be taken, such as for want of descriptors: trying again at once helps nobody.
const PAUSE: Duration = Duration::from_millis(100);

/// Listens until it is dropped, which must be before the directory is free: it takes the socket away.
#[derive(Debug)]
pub(crate) struct ControlServer {
    directory: PathBuf,
    descriptors: Arc<Descriptors>,
    stopped: Arc<AtomicBool>,
    /// Closed to wake the thread that listens.
    _awake: UnixStream,
}

/// What all connections share.
struct Service {
    holder: Arc<dyn Holder>,
    descriptors: Arc<Descriptors>,
    stopped: Arc<AtomicBool>,
    connections: AtomicUsize,
}

impl ControlServer {
    /// Listens in a directory that the caller holds.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn start(
        directory: &Path,
        holder: Arc<dyn Holder>,
        descriptors: &Arc<Descriptors>,
    ) -> Result<Self, EngineError> {
        let failed = |error: io::Error| {
            EngineError::Ledger(format!("no control.sock in {}: {error}", directory.display()))
        };
        let listener = socket::listen(directory).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let (awake, sleeper) = UnixStream::pair().map_err(failed)?;
        let stopped = Arc::new(AtomicBool::new(false));
        let service = Arc::new(Service {
            holder,
            descriptors: Arc::clone(descriptors),
            stopped: Arc::clone(&stopped),
            connections: AtomicUsize::new(0),
        });
        thread::Builder::new()
            .name("bealert-control".into())
            .spawn(move || listen(&listener, &sleeper, &service))
            .map_err(failed)?;
        let (directory, descriptors) = (directory.to_owned(), Arc::clone(descriptors));
        Ok(Self { directory, descriptors, stopped, _awake: awake })
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        // In a forked child the socket is the parent's.
        if !self.descriptors.forked() {
            self.stopped.store(true, Ordering::Release);
            // Gone already, perhaps with the whole directory: then there is nothing to take away.
            let _ = socket::unlink(&self.directory);
        }
    }
}

fn listen(listener: &UnixListener, sleeper: &UnixStream, service: &Arc<Service>) {
    let _noted = [listener.as_raw_fd(), sleeper.as_raw_fd()].map(|fd| service.descriptors.note(fd));
    while !service.stopped.load(Ordering::Acquire) {
        match next(listener, sleeper) {
            Ok(Some(stream)) => begin(stream, service),
            Ok(None) => {}
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

/// Waits for a connection; none where there is a reason to look around.
fn next(listener: &UnixListener, sleeper: &UnixStream) -> io::Result<Option<UnixStream>> {
    poll(&mut [PollFd::new(listener, PollFlags::IN), PollFd::new(sleeper, PollFlags::IN)], None)?;
    match listener.accept() {
        Ok((stream, _)) => Ok(Some(stream)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

fn begin(stream: UnixStream, service: &Arc<Service>) {
    let place = Place::take(service);
    let body = move || {
        let Some(place) = place else {
            let message = "too many connections, try again".to_owned();
            return drop(write_head(&mut &stream, &Answer::Error(Refusal::Request { message })));
        };
        let _noted = place.0.descriptors.note(stream.as_raw_fd());
        // A client that goes away, or talks nonsense, is only answered by the end of the connection.
        let _ = serve(&stream, &place.0);
    };
    // Without a thread the connection ends, and the client says so.
    let _ = thread::Builder::new().name("bealert-control".into()).spawn(body);
}

/// One of the [`CONNECTIONS`].
struct Place(Arc<Service>);

impl Place {
    fn take(service: &Arc<Service>) -> Option<Self> {
        let place = Self(Arc::clone(service));
        (service.connections.fetch_add(1, Ordering::AcqRel) < CONNECTIONS).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

fn serve(mut stream: &UnixStream, service: &Service) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    while let Some(request) = read_head(&mut stream)? {
        let body = read_body(&mut stream)?;
        write_head(&mut stream, &service.answer(&request, &body))?;
    }
    Ok(())
}

impl Service {
    fn answer(&self, request: &Request, body: &[u8]) -> Answer {
        let done = match request {
            Request::Ping => Ok(std::process::id()),
            Request::Launch { by, key } => self.launch(body, by, key),
            Request::Command { command, campaign } => {
                let done = self.holder.command(*command, campaign, &mut || self.goes_on());
                done.map(|()| 0).map_err(Refusal::from)
            }
        };
        done.map_or_else(Answer::Error, Answer::Ok)
    }

    fn launch(&self, body: &[u8], by: &str, key: &str) -> Result<u32, Refusal> {
        let plan = Plan::from_bytes(body).map_err(|error| Refusal::Request { message: error.to_string() })?;
        let id = self.holder.launch(&plan, by, key, &mut || self.goes_on())?;
        Ok(id.0)
    }

    /// What a client asked for is done though it no longer waits; only the end of the engine ends it.
    fn goes_on(&self) -> bool {
        !self.stopped.load(Ordering::Acquire)
    }
}
