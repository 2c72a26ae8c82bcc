//! Simulated far ends on a port: what `bealert simulate` and the tests of host applications talk to.

mod far_end;
mod maildir;
mod options;
mod postman;
mod relay;
mod relay_options;
mod relay_rules;
mod serve;
mod smsc;
mod smsc_options;
mod values;

use std::any::Any;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub use bealert_sim::relay::{Books as RelayBooks, Faults as RelayFaults, TakenMail};
pub use bealert_sim::smsc::{
    Books, Fate, Faults, Limit, NumberPattern, NumberRule, SimConfig, SmscSim, TakenMessage,
};
pub use far_end::{ConnectionId, FarEnd};
pub use relay::{Relay, RelayEnd};
pub use relay_options::{RelayOptions, RelaySettings};
pub use smsc::Smsc;
pub use smsc_options::SmscOptions;

use crate::session::far_end::Manner;

/// A simulated far end that listens on a port of this machine.
///
/// It has one thread, which owns every connection. That thread failing closes them and leaves everything here
/// readable. Dropping this stops it.
pub struct Served<F: FarEnd> {
    shared: Arc<Shared<F>>,
    address: SocketAddr,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// The process whose thread it is: a forked child has none.
    process: u32,
}

/// What the serving thread and its owner both touch.
struct Shared<F: FarEnd> {
    /// Time 0 of the simulator.
    origin: Instant,
    sim: Mutex<F>,
    /// A copy of the books, made in each pass before it writes, so that reading them never waits for one.
    books: Mutex<F::Books>,
    control: Mutex<Control>,
}

#[derive(Debug, Default)]
struct Control {
    stopping: bool,
    /// Of the serving thread, once it waits.
    waker: Option<Waker>,
    /// What it failed with.
    failure: Option<String>,
    /// The next pass panics.
    #[cfg(test)]
    panics: bool,
}

impl<F: FarEnd> Served<F> {
    fn serve(far_end: F, manner: Manner, address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let shared = Arc::new(Shared {
            origin: Instant::now(),
            sim: Mutex::new(far_end),
            books: Mutex::default(),
            control: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        let body = move || {
            let serving = AssertUnwindSafe(|| runtime.block_on(serve::serve(listener, manner, &*served)));
            let failure = match catch_unwind(serving) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.to_string(),
                Err(panic) => panic_text(panic.as_ref()),
            };
            lock(&served.control).failure = Some(failure);
        };
        let thread = std::thread::Builder::new().name(F::NAME.into()).spawn(body)?;
        let thread = Mutex::new(Some(thread));
        Ok(Self { shared, address, thread, process: std::process::id() })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// At which port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Its books: everything that was answered stands in them. Also after it was stopped.
    pub fn books(&self) -> F::Books {
        *lock(&self.shared.books)
    }

    /// How it behaves now.
    pub fn faults(&self) -> F::Faults {
        lock(&self.shared.sim).faults().clone()
    }

    /// Changes how it behaves with what comes from now on.
    pub fn set_faults(&self, faults: F::Faults) {
        lock(&self.shared.sim).set_faults(self.shared.now_us(), faults);
        self.shared.wake();
    }

    /// Breaks every connection, as a network that fails does. Gives how many there were.
    pub fn reset_connections(&self) -> usize {
        let mut sim = lock(&self.shared.sim);
        let count = sim.reset_connections();
        *lock(&self.shared.books) = *sim.books();
        drop(sim);
        self.shared.wake();
        count
    }

    /// What the serving thread failed with, if it did. It serves nobody any more then.
    pub fn failure(&self) -> Option<String> {
        lock(&self.shared.control).failure.clone()
    }

    /// Hangs up and stops listening; done when it returns. Stopping again does nothing.
    pub fn stop(&self) {
        if std::process::id() != self.process {
            return;
        }
        lock(&self.shared.control).stopping = true;
        self.shared.wake();
        if let Some(thread) = lock(&self.thread).take() {
            // its panic was caught and noted
            let _ = thread.join();
        }
    }
}

impl<F: FarEnd> std::fmt::Debug for Served<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct(F::NAME).field("address", &self.address).finish_non_exhaustive()
    }
}

impl<F: FarEnd> Drop for Served<F> {
    fn drop(&mut self) {
        self.stop();
    }
}

impl<F: FarEnd> Shared<F> {
    fn now_us(&self) -> u64 {
        self.origin.elapsed().as_micros() as u64
    }

    fn wake(&self) {
        let waker = lock(&self.control).waker.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The wall clock, in seconds since 1970 UTC.
fn unix_now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Locks, whatever became of who held it before: the books of a failed simulator are still worth reading.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::TcpStream;
    use std::time::{Duration, Instant};

    #[test]
    fn a_panic_hangs_up_and_leaves_everything_readable() {
        let simulator = Smsc::start(SimConfig::default(), "127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(simulator.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        lock(&simulator.shared.control).panics = true;
        simulator.shared.wake();
        // an end or a reset, but no time-out
        let read = stream.read(&mut [0; 1]);
        assert!(!matches!(&read, Err(error) if error.kind() == io::ErrorKind::WouldBlock), "{read:?}");
        let end = Instant::now() + Duration::from_secs(10);
        while simulator.failure().is_none() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(simulator.failure().as_deref(), Some("injected into the simulator"));
        assert_eq!((simulator.books(), simulator.messages()), (Books::default(), vec![]));
        simulator.set_faults(Faults::default());
        // The connection may have been taken up before the panic.
        assert!(simulator.reset_connections() <= 1);
        simulator.stop();
    }
}
