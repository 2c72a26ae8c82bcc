//! The loop that serves a simulated far end: every pass takes all there is, and writes each connection once.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::time::Sleep;

use super::far_end::FarEnd;
use super::{Shared, lock};
use crate::session::far_end::{FarSession, Left, Manner};

/// What one read takes: a window of a thousand ordinary messages.
const READ_OCTETS: usize = 256 * 1024;

/// The most connections at once, so that a loop looking at all of them stays quick; others wait to be accepted.
const MAX_CONNECTIONS: usize = 1_024;

/// How long accepting rests when the system has no descriptor left.
const ACCEPT_RETRY_US: u64 = 100_000;

/// Passes before the runtime may look at its timers and sockets again.
const PASSES: u32 = 16;

/// How far the loop sleeps when nothing is due.
const IDLE: Duration = Duration::from_secs(3_600);

/// Serves until told to stop.
pub(super) async fn serve<F: FarEnd>(
    listener: std::net::TcpListener,
    manner: Manner,
    shared: &Shared<F>,
) -> io::Result<()> {
    let mut server = Server {
        shared,
        manner,
        listener: TcpListener::from_std(listener)?,
        sessions: Vec::new(),
        buffer: vec![0; READ_OCTETS],
        accept_again_us: None,
        sleep: Box::pin(tokio::time::sleep(IDLE)),
    };
    std::future::poll_fn(|cx| server.poll(cx)).await
}

struct Server<'a, F: FarEnd> {
    shared: &'a Shared<F>,
    manner: Manner,
    listener: TcpListener,
    sessions: Vec<FarSession>,
    buffer: Vec<u8>,
    /// When to try to accept again after it failed.
    accept_again_us: Option<u64>,
    /// Ends when something is due, or earlier: it is moved only when it would end too late.
    sleep: Pin<Box<Sleep>>,
}

impl<F: FarEnd> Server<'_, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.stopping(cx) {
            return Poll::Ready(Ok(()));
        }
        for _ in 0..PASSES {
            let more = match self.pass(cx) {
                Ok(more) => more,
                Err(error) => return Poll::Ready(Err(error)),
            };
            if !more && !self.overslept(cx) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn stopping(&self, cx: &Context<'_>) -> bool {
        let mut control = lock(&self.shared.control);
        if !control.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            control.waker = Some(cx.waker().clone());
        }
        control.stopping
    }

    /// Reads every connection, lets the simulator work, writes every connection. Gives whether there may be more
    /// to do at once.
    fn pass(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        let shared = self.shared;
        let now_us = shared.now_us();
        let mut sim = lock(&shared.sim);
        #[cfg(test)]
        assert!(!lock(&shared.control).panics, "injected into the simulator");
        self.accept(cx, now_us, &mut sim);
        let (mut more, mut ended) = (false, false);
        let Self { sessions, buffer, manner, .. } = self;
        sessions.retain_mut(|session| {
            let left = session.read(cx, now_us, &mut *sim, buffer);
            more |= left == Left::More;
            ended |= left == Left::Over;
            left != Left::Over
        });
        if sim.poll_timeout().is_some_and(|due_us| due_us <= now_us) {
            sim.handle_timeout(now_us);
        }
        sim.before_replies(now_us)?;
        // before anybody is answered: who has an answer finds it in the books
        *lock(&shared.books) = *sim.books();
        sessions.retain_mut(|session| {
            let left = session.write(cx, now_us, manner, &mut *sim);
            more |= left == Left::More;
            ended |= left == Left::Over;
            left != Left::Over
        });
        // the receipts of one that ended may have gone to another
        Ok(more || ended)
    }

    /// Whether what is due next is due already; otherwise sees to it that the loop wakes up then.
    fn overslept(&mut self, cx: &mut Context<'_>) -> bool {
        let sessions = self.sessions.iter().filter_map(FarSession::timeout_us);
        let own = lock(&self.shared.sim).poll_timeout();
        let due_us = own.into_iter().chain(self.accept_again_us).chain(sessions).min();
        let due = due_us.and_then(|due_us| self.shared.origin.checked_add(Duration::from_micros(due_us)));
        let due = due.unwrap_or_else(|| Instant::now() + IDLE);
        if due < self.sleep.deadline().into_std() || self.sleep.is_elapsed() {
            self.sleep.as_mut().reset(due.into());
        }
        self.sleep.as_mut().poll(cx).is_ready()
    }

    /// Takes the connections that wait.
    fn accept(&mut self, cx: &mut Context<'_>, now_us: u64, sim: &mut F) {
        if self.accept_again_us.is_some_and(|again_us| again_us > now_us) {
            return;
        }
        self.accept_again_us = None;
        while self.sessions.len() < MAX_CONNECTIONS {
            match self.listener.poll_accept(cx) {
                Poll::Pending => return,
                // one that is gone already needs no session
                Poll::Ready(Ok((stream, _))) => {
                    self.sessions.extend(FarSession::new(stream, &self.manner, now_us, sim));
                }
                Poll::Ready(Err(_)) => {
                    self.accept_again_us = Some(now_us.saturating_add(ACCEPT_RETRY_US));
                    return;
                }
            }
        }
    }
}
