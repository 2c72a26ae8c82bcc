//! The driver of one connection to a simulated far end: moves bytes, and hangs up as it is told.

use std::io;
use std::task::{Context, Poll};

use tokio::io::ReadBuf;
use tokio::net::TcpStream;

use super::accepted::{Accepted, Identity};
use crate::simulate::{ConnectionId, FarEnd};

/// How long a connection that was ended stays, for what the other side still sends.
const LINGER_US: u64 = 1_000_000;

/// A connection that a client made to a simulated far end.
pub(crate) struct FarSession {
    stream: Accepted,
    state: State,
}

enum State {
    /// TLS is being made; the far end knows the connection if that began with STARTTLS.
    Securing(Option<ConnectionId>),
    Open(ConnectionId),
    /// The far end knows of it no more, and what still comes is thrown away.
    Leaving {
        until_us: u64,
    },
}

/// How connections are made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manner {
    /// Who it is, where it can encrypt.
    pub(crate) identity: Option<Identity>,
    /// It encrypts from the start.
    pub(crate) implicit_tls: bool,
    /// Small writes wait for the acknowledgement of those before (RFC 896).
    pub(crate) nagle: bool,
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

impl FarSession {
    /// Takes a connection over.
    pub(crate) fn new(
        stream: TcpStream,
        manner: &Manner,
        now_us: u64,
        far_end: &mut impl FarEnd,
    ) -> io::Result<Self> {
        let mut stream = Accepted::new(stream, manner.nagle)?;
        let state = match &manner.identity {
            Some(identity) if manner.implicit_tls => {
                stream.secure(identity);
                State::Securing(None)
            }
            _ => State::Open(far_end.connect(now_us, false)),
        };
        Ok(Self { stream, state })
    }

    /// Hands in what there is, at most what fits the buffer. The socket is asked until it has nothing, which is
    /// also what makes it wake the task for more.
    pub(crate) fn read(
        &mut self,
        cx: &mut Context<'_>,
        now_us: u64,
        far_end: &mut impl FarEnd,
        buffer: &mut [u8],
    ) -> Left {
        let id = match self.state {
            State::Securing(known) => match self.stream.poll_ready(cx) {
                Poll::Pending => return Left::Waiting,
                Poll::Ready(Err(_)) => return over(known, now_us, far_end),
                Poll::Ready(Ok(())) => self.secured(known, now_us, far_end),
            },
            State::Open(id) => id,
            State::Leaving { until_us } => return self.leave(cx, until_us <= now_us, buffer),
        };
        let room = far_end.room(now_us, id).min(buffer.len());
        if room == 0 {
            return Left::Waiting;
        }
        let mut buffer = ReadBuf::new(&mut buffer[..room]);
        let mut left = Left::More;
        while buffer.remaining() > 0 {
            let before = buffer.filled().len();
            match self.stream.poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().len() > before => {}
                Poll::Ready(_) => left = Left::Over,
                Poll::Pending => left = Left::Waiting,
            }
            if left != Left::More {
                break;
            }
        }
        if !buffer.filled().is_empty() {
            far_end.receive(now_us, id, buffer.filled());
        }
        if left == Left::Over { over(Some(id), now_us, far_end) } else { left }
    }

    /// Writes what the socket takes, and hangs up or begins TLS where that is due.
    pub(crate) fn write(
        &mut self,
        cx: &mut Context<'_>,
        now_us: u64,
        manner: &Manner,
        far_end: &mut impl FarEnd,
    ) -> Left {
        let State::Open(id) = self.state else { return Left::Waiting };
        loop {
            let bytes = far_end.outgoing(id);
            if bytes.is_empty() {
                break;
            }
            match self.stream.poll_write(cx, bytes) {
                Poll::Pending => return Left::Waiting,
                Poll::Ready(Ok(wrote)) if wrote > 0 => far_end.wrote(now_us, id, wrote),
                Poll::Ready(_) => return over(Some(id), now_us, far_end),
            }
        }
        if far_end.is_reset(id) {
            self.stream.abort();
            return over(Some(id), now_us, far_end);
        }
        match self.stream.poll_flush(cx) {
            Poll::Pending => return Left::Waiting,
            Poll::Ready(Err(_)) => return over(Some(id), now_us, far_end),
            Poll::Ready(Ok(())) => {}
        }
        if far_end.wants_close(id) {
            far_end.disconnected(now_us, id);
            // an end that cannot be said at once is said by the close
            let _ = self.stream.poll_end(cx);
            self.state = State::Leaving { until_us: now_us.saturating_add(LINGER_US) };
            return Left::More;
        }
        if far_end.wants_tls(id)
            && let Some(identity) = &manner.identity
        {
            self.stream.secure(identity);
            self.state = State::Securing(Some(id));
            return Left::More;
        }
        Left::Waiting
    }

    /// When it is to be looked at though nothing comes.
    pub(crate) fn timeout_us(&self) -> Option<u64> {
        match self.state {
            State::Leaving { until_us } => Some(until_us),
            _ => None,
        }
    }

    fn secured(
        &mut self,
        known: Option<ConnectionId>,
        now_us: u64,
        far_end: &mut impl FarEnd,
    ) -> ConnectionId {
        let id = match known {
            Some(id) => {
                far_end.tls_started(now_us, id);
                id
            }
            None => far_end.connect(now_us, true),
        };
        self.state = State::Open(id);
        id
    }

    /// Reads what nobody wants to know, until the other side has ended too.
    fn leave(&mut self, cx: &mut Context<'_>, late: bool, buffer: &mut [u8]) -> Left {
        if late {
            return Left::Over;
        }
        loop {
            let mut buffer = ReadBuf::new(buffer);
            match self.stream.poll_read(cx, &mut buffer) {
                Poll::Pending => return Left::Waiting,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) => return Left::Over,
            }
        }
    }
}

fn over(known: Option<ConnectionId>, now_us: u64, far_end: &mut impl FarEnd) -> Left {
    if let Some(id) = known {
        far_end.disconnected(now_us, id);
    }
    Left::Over
}
