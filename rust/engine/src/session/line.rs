//! A pure session on its connection: octets go to and fro alike, whatever protocol it speaks.

use std::io;
use std::task::{Context, Poll};

use bealert_wire::{smpp, smtp};

use super::PASS_BYTES;
use super::stream::Stream;

/// How often what is left in a socket is read after a write has failed: what a receive buffer holds at most, and an end
/// to it where the far end goes on sending.
const REST_READS: usize = 64;

/// A connection that is up, and the pure session that speaks over it.
pub(crate) struct Line<D> {
    stream: Stream,
    pub(super) session: Box<D>,
    /// The socket did not take what is there already.
    stuck: bool,
}

/// The connection has come to its end: in order, or by this error.
#[derive(Debug)]
pub(crate) struct Lost(pub(crate) Option<io::Error>);

/// What drives a session of any protocol (see the session contract of `bealert_wire`).
pub(crate) trait Dialogue {
    fn receive(&mut self, now_us: u64, bytes: &[u8]);
    fn handle_timeout(&mut self, now_us: u64);
    fn poll_timeout(&self) -> Option<u64>;
    fn outgoing(&self) -> &[u8];
    fn wrote(&mut self, octets: usize);
    fn wants_close(&self) -> bool;
    fn room(&self) -> u32;
    /// What there would be room for if all that is outgoing were written.
    fn room_once_written(&self) -> u32;
}

impl<D: Dialogue> Line<D> {
    pub(super) fn new(stream: Stream, session: Box<D>) -> Self {
        Self { stream, session, stuck: false }
    }

    /// The two apart again.
    pub(super) fn into_parts(self) -> (Stream, Box<D>) {
        (self.stream, self.session)
    }

    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Reads until the socket has nothing more, which is also what makes it wake the loop again, or until this pass's
    /// share is full. Gives whether more may be waiting.
    pub(super) fn read(
        &mut self,
        cx: &mut Context<'_>,
        now_us: u64,
        buffer: &mut [u8],
    ) -> Result<bool, Lost> {
        let mut left = PASS_BYTES;
        while left > 0 {
            match self.stream.poll_read(cx, buffer) {
                Poll::Ready(Ok(0)) => return Err(Lost(None)),
                Poll::Ready(Ok(read)) => {
                    self.session.receive(now_us, &buffer[..read]);
                    left = left.saturating_sub(read);
                }
                Poll::Ready(Err(error)) => return Err(Lost(Some(error))),
                Poll::Pending => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Writes what waits. Gives whether the socket has all of it.
    ///
    /// # Errors
    /// The session has ended, or the far end has closed the connection. It may have answered before: that is read
    /// first, since what is answered is not in doubt.
    pub(super) fn write(
        &mut self,
        cx: &mut Context<'_>,
        now_us: u64,
        buffer: &mut [u8],
    ) -> Result<bool, Lost> {
        match self.poll_write(cx) {
            Poll::Pending => {
                self.stuck = true;
                Ok(false)
            }
            Poll::Ready(Ok(())) if self.session.wants_close() => Err(Lost(None)),
            Poll::Ready(Ok(())) => {
                self.stuck = false;
                Ok(true)
            }
            Poll::Ready(Err(error)) => {
                self.read_rest(now_us, buffer);
                Err(Lost(Some(error)))
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut full = false;
        while !full && !self.session.outgoing().is_empty() {
            match self.stream.poll_write(cx, self.session.outgoing()) {
                Poll::Ready(Ok(wrote)) => self.session.wrote(wrote),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => full = true,
            }
        }
        match self.stream.poll_flush(cx) {
            Poll::Ready(Ok(())) if full => Poll::Pending,
            flushed => flushed,
        }
    }

    fn read_rest(&mut self, now_us: u64, buffer: &mut [u8]) {
        for _ in 0..REST_READS {
            match self.stream.read_rest(buffer) {
                0 => return,
                read => self.session.receive(now_us, &buffer[..read]),
            }
        }
    }

    /// Acknowledges at once what was read and was followed by no write.
    pub(super) fn acknowledge(&mut self) {
        self.stream.acknowledge();
    }

    pub(super) fn handle_timeout(&mut self, now_us: u64) {
        if self.session.poll_timeout().is_some_and(|at_us| at_us <= now_us) {
            self.session.handle_timeout(now_us);
        }
    }

    /// Messages it takes now. None while the socket does not take what is there already.
    #[inline]
    pub(super) fn room(&self) -> u32 {
        if self.stuck || self.session.outgoing().len() >= PASS_BYTES { 0 } else { self.session.room() }
    }

    /// Whether there would be room if what is there already were written.
    pub(super) fn has_more_room(&self) -> bool {
        !self.stuck && self.session.room_once_written() > 0
    }
}

macro_rules! dialogue {
    ($session:ty, $room_once_written:path) => {
        impl Dialogue for $session {
            #[inline]
            fn receive(&mut self, now_us: u64, bytes: &[u8]) {
                self.receive(now_us, bytes);
            }
            fn handle_timeout(&mut self, now_us: u64) {
                self.handle_timeout(now_us);
            }
            fn poll_timeout(&self) -> Option<u64> {
                self.poll_timeout()
            }
            #[inline]
            fn outgoing(&self) -> &[u8] {
                self.outgoing()
            }
            #[inline]
            fn wrote(&mut self, octets: usize) {
                self.wrote(octets);
            }
            fn wants_close(&self) -> bool {
                self.wants_close()
            }
            #[inline]
            fn room(&self) -> u32 {
                self.room()
            }
            fn room_once_written(&self) -> u32 {
                $room_once_written(self)
            }
        }
    };
}

// PDUs are small, and their window is counted alone.
dialogue!(smpp::Esme, smpp::Esme::room);
dialogue!(smtp::Client, smtp::Client::room_once_written);

#[cfg(test)]
mod tests;
