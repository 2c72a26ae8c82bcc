//! The driver of one connection to the simulated SMSC: moves bytes, and hangs up as it is told.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bealert_sim::smsc::{ConnectionId, SmscSim};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection that an ESME made to us.
#[derive(Debug)]
pub(crate) struct SmscSession {
    stream: TcpStream,
    id: ConnectionId,
}

/// What reading or writing left a connection in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// It waits for the far end.
    Waiting,
    /// There may be more at once.
    More,
    /// It is over, and the simulator knows.
    Over,
}

impl SmscSession {
    /// Takes a connection over. Nagle's algorithm is off: it would hold receipts back until the responses before
    /// them are acknowledged.
    pub(crate) fn new(stream: TcpStream, now_us: u64, sim: &mut SmscSim) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, id: sim.connect(now_us) })
    }

    /// Hands in what there is, at most what fits the buffer. The socket is asked until it has nothing, which is
    /// also what makes it wake the task for more.
    pub(crate) fn read(
        &mut self,
        cx: &mut Context<'_>,
        now_us: u64,
        sim: &mut SmscSim,
        buffer: &mut [u8],
    ) -> Left {
        let mut buffer = ReadBuf::new(buffer);
        let mut left = Left::More;
        while buffer.remaining() > 0 {
            let before = buffer.filled().len();
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().len() > before => {}
                Poll::Ready(_) => left = Left::Over,
                Poll::Pending => left = Left::Waiting,
            }
            if left != Left::More {
                break;
            }
        }
        if !buffer.filled().is_empty() {
            sim.receive(now_us, self.id, buffer.filled());
        }
        if left == Left::Over { self.over(now_us, sim) } else { left }
    }

    /// Writes what the socket takes, and hangs up where that is due.
    pub(crate) fn write(&mut self, cx: &mut Context<'_>, now_us: u64, sim: &mut SmscSim) -> Left {
        loop {
            let bytes = sim.outgoing(self.id);
            if bytes.is_empty() {
                break;
            }
            match Pin::new(&mut self.stream).poll_write(cx, bytes) {
                Poll::Pending => return Left::Waiting,
                Poll::Ready(Ok(wrote)) if wrote > 0 => sim.wrote(self.id, wrote),
                Poll::Ready(_) => return self.over(now_us, sim),
            }
        }
        if !sim.wants_close(self.id) {
            return Left::Waiting;
        }
        if sim.is_reset(self.id) {
            // the far end sees a reset, not an end; where that is refused an end must do
            let _ = self.stream.set_zero_linger();
        }
        self.over(now_us, sim)
    }

    fn over(&self, now_us: u64, sim: &mut SmscSim) -> Left {
        sim.disconnected(now_us, self.id);
        Left::Over
    }
}
