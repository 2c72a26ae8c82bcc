//! A connection that may be encrypted, polled by the loop.

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::tcp::{Tcp, connect};
use super::tls::{Secured, Tls};
use crate::fork::{Descriptor, Descriptors};

/// A connection being made, name resolution and, where it begins encrypted, the handshake included.
pub(crate) type Opening = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

/// How long what was written may stay without an acknowledgement before the connection is given up: a path
/// that is dead is found before the ten minutes that a far end may take to answer a message.
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);

/// Silence after which the kernel asks whether the far end is still there: below the five minutes after which
/// firewalls on the way forget a connection.
const ALIVE_AFTER: Duration = Duration::from_secs(120);

/// How often it asks, until [`UNACKNOWLEDGED`] is over.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// A connected socket, in plain or over TLS.
pub(crate) struct Stream {
    /// Before the socket: a number is struck off before it can be given to another file.
    descriptor: Descriptor,
    io: Io,
    /// Something was read that no segment of ours has acknowledged since.
    unacknowledged: bool,
}

enum Io {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

/// Starts to connect to an SMSC, which is asked whether it is there by the protocol itself.
pub(crate) fn open_smpp(host: &str, port: u16, descriptors: &Arc<Descriptors>) -> Opening {
    let connecting = connect(host, port, descriptors);
    Box::pin(async move { Ok(Stream::new(connecting.await?)) })
}

/// Starts to connect to a relay; with `tls` the stream is given once its handshake is done.
pub(crate) fn open_smtp(host: &str, port: u16, tls: Option<Tls>, descriptors: &Arc<Descriptors>) -> Opening {
    let connecting = connect(host, port, descriptors);
    Box::pin(async move {
        let stream = Stream::new(connecting.await?);
        find_dead_paths(stream.socket())?;
        match tls {
            Some(tls) => stream.secure(&tls).await,
            None => Ok(stream),
        }
    })
}

impl Stream {
    fn new(tcp: Tcp) -> Self {
        let (descriptor, stream) = tcp.into_parts();
        Self { descriptor, io: Io::Plain(stream), unacknowledged: false }
    }

    /// Encrypts the connection in place (RFC 3207). What the far end has sent in plain before is not looked at
    /// by TLS; whoever read it must have dropped it.
    pub(crate) fn secure(self, tls: &Tls) -> Opening {
        let Self { descriptor, io, .. } = self;
        let handshake = match io {
            Io::Plain(stream) => tls.handshake(stream),
            Io::Encrypted(_) => {
                return Box::pin(async { Err(io::Error::other("the connection is encrypted already")) });
            }
        };
        Box::pin(async move {
            let stream = handshake.await?;
            Ok(Self { descriptor, io: Io::Encrypted(Box::new(stream)), unacknowledged: false })
        })
    }

    /// How it is encrypted, if it is.
    pub(crate) fn secured(&self) -> Option<Secured> {
        match &self.io {
            Io::Plain(_) => None,
            Io::Encrypted(stream) => Some(Secured::of(stream.get_ref().1)),
        }
    }

    /// Reads what is there, at most `buffer`; 0 at the end of the stream.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let read = match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            Io::Encrypted(stream) => Pin::new(&mut **stream).poll_read(cx, &mut buffer),
        };
        match read {
            Poll::Ready(Ok(())) => {
                self.unacknowledged = true;
                Poll::Ready(Ok(buffer.filled().len()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    /// What the far end sent before it closed a connection that can't be written to any more, at most `buffer`; 0 where
    /// nothing is left. The socket itself is asked: that there is something has not come round to the runtime yet.
    pub(crate) fn read_rest(&mut self, buffer: &mut [u8]) -> usize {
        match &mut self.io {
            Io::Plain(stream) => (&*SockRef::from(&*stream)).read(buffer).unwrap_or(0),
            Io::Encrypted(stream) => {
                let (socket, tls) = stream.get_mut();
                let socket = SockRef::from(&*socket);
                loop {
                    match tls.reader().read(buffer) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        read => return read.unwrap_or(0),
                    }
                    let heard = matches!(tls.read_tls(&mut &*socket), Ok(1..));
                    if !heard || tls.process_new_packets().is_err() {
                        return tls.reader().read(buffer).unwrap_or(0);
                    }
                }
            }
        }
    }

    /// Takes what it can of `bytes`. Over TLS a part of it may stay here until [`Stream::poll_flush`].
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Io::Encrypted(stream) => Pin::new(&mut **stream).poll_write(cx, bytes),
        };
        if matches!(wrote, Poll::Ready(Ok(1..))) {
            self.unacknowledged = false;
        }
        wrote
    }

    /// Hands the kernel what encryption holds back.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(_) => Poll::Ready(Ok(())),
            Io::Encrypted(stream) => Pin::new(&mut **stream).poll_flush(cx),
        }
    }

    /// Acknowledges at once what was read and was followed by no write. A server that writes each reply of a
    /// group by itself, with Nagle's algorithm on, sends the next one only then: 40 ms for every group.
    pub(crate) fn acknowledge(&mut self) {
        if std::mem::take(&mut self.unacknowledged) {
            acknowledge_now(self.socket());
        }
    }

    pub(super) fn socket(&self) -> &TcpStream {
        match &self.io {
            Io::Plain(stream) => stream,
            Io::Encrypted(stream) => stream.get_ref().0,
        }
    }
}

#[cfg(target_os = "linux")]
fn acknowledge_now(stream: &TcpStream) {
    // Where it fails the connection is gone, which the next read tells.
    let _ = SockRef::from(stream).set_tcp_quickack(true);
}

/// Where the system has no such option, its own timer acknowledges.
#[cfg(not(target_os = "linux"))]
fn acknowledge_now(_: &TcpStream) {}

fn find_dead_paths(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    let keepalive = socket2::TcpKeepalive::new().with_time(ALIVE_AFTER).with_interval(ALIVE_EVERY);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(())
}
