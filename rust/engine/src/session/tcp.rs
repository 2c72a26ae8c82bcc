//! How connections over TCP are made.

use std::io;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpStream;

use super::PASS_BYTES;
use crate::fork::{Descriptor, Descriptors};

/// A connection being made, name resolution included.
pub(crate) type Connecting = Pin<Box<dyn Future<Output = io::Result<Tcp>> + Send>>;

/// Octets that the kernel holds of what it has not yet put on the wire. What was handed to it can't be
/// taken back by a pause or a more urgent campaign; it is a pass's worth, so no session runs dry.
const UNSENT_BYTES: u32 = PASS_BYTES as u32;

/// Starts to connect.
pub(crate) fn connect(host: &str, port: u16, descriptors: &Arc<Descriptors>) -> Connecting {
    let host = host.to_owned();
    let descriptors = Arc::clone(descriptors);
    Box::pin(async move {
        let stream = TcpStream::connect((host.as_str(), port)).await?;
        bound_unsent(&stream)?;
        Tcp::new(stream, &descriptors)
    })
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn bound_unsent(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES)
}

/// Where the system has no such bound, its send buffer is one of its own choice.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn bound_unsent(_: &TcpStream) -> io::Result<()> {
    Ok(())
}

/// A connected socket.
pub(crate) struct Tcp {
    /// Before the stream: a number is struck off before it can be given to another file.
    descriptor: Descriptor,
    stream: TcpStream,
}

impl Tcp {
    /// Takes a connection over. Nagle's algorithm is always off: it holds answers back until the
    /// far end has acknowledged the ones before.
    pub(crate) fn new(stream: TcpStream, descriptors: &Arc<Descriptors>) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { descriptor: descriptors.note(stream.as_raw_fd()), stream })
    }

    /// The socket, and what keeps its number in the list of those that a forked child closes.
    pub(super) fn into_parts(self) -> (Descriptor, TcpStream) {
        (self.descriptor, self.stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nagle's algorithm costs 40 ms for each window of answers to receipts: some clients fall to a
    /// hundredth of their speed by it.
    #[test]
    fn small_answers_do_not_wait_for_acknowledgements() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let tcp = connect("127.0.0.1", port, &Descriptors::new()).await.unwrap();
            assert!(tcp.stream.nodelay().unwrap());
        });
    }
}
