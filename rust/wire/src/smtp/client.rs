//! The client side of a session: hands messages to a relay.

mod closing;
mod command;
mod hearing;
mod opening;
mod refusals;
mod ring;
mod submit;
mod transaction;

use std::collections::VecDeque;

use crate::outbox::Outbox;

use self::opening::Hello;
use self::refusals::Refusals;
use self::ring::{Ring, What};
use super::config::{ClientConfig, MAX_BDAT_WINDOW, TlsMode};
use super::ehlo::Extensions;
use super::event::Event;
use super::fault::CloseReason;
use super::learnt::{Learnt, Lesson};
use super::mode::Mode;
use super::replies::Replies;
use super::reply::Reply;
use super::sasl::TokenStatus;

/// How many octets may wait, held back or not taken by the transport, when one message more is taken: so a
/// connection holds no more than this and one message. Several messages, so that a window is few writes; half of
/// the 64 KB that a connection may cost in all, since what it has written is held by the kernel besides.
pub const MAX_WAITING_OCTETS: usize = 32 * 1024;

/// The largest buffer that a connection keeps when all is written: as many octets as may wait, and a letter of the
/// usual size.
const KEEP_OCTETS: usize = MAX_WAITING_OCTETS + 8 * 1024;

/// One session with a relay over one connection, from greeting to close.
///
/// The driver calls what happened, and after each call takes events, bytes, deadline and the wish to close: see
/// the [session contract](crate#the-session-contract). Beside that it upgrades the connection when
/// [`Self::wants_tls`] says so. A session lives once; a new connection gets a new one.
pub struct Client {
    config: ClientConfig,
    out: Outbox,
    /// The place in the outgoing stream up to which it may go: behind it lie messages that are not asked for yet.
    open_to: u64,
    replies: Replies,
    events: VecDeque<Event>,
    ring: Ring,
    stage: Stage,
    /// Takes no more messages, and leaves once those it has are answered.
    leaving: Option<CloseReason>,
    /// Nothing more is said or heard.
    closing: Option<CloseReason>,
    greeting: Option<Reply>,
    hello: Hello,
    extensions: Extensions,
    helo: bool,
    tls: bool,
    authenticated: bool,
    /// What the server said of the token.
    token_status: TokenStatus,
    mode: Mode,
    /// The most messages of this connection.
    cap: u32,
    /// Messages handed in, and taken by the server.
    begun: u32,
    taken: u32,
    refusals: Refusals,
    /// The server ended the connection in order: what it had not answered it has not taken (RFC 5321 §3.8).
    rest_unsent: bool,
    /// A chunk was refused, and RSET has not been answered since: if the server did not discard the chunk, what
    /// comes now answers its text.
    suspect: bool,
    /// Plain text behind the reply to STARTTLS has been told of: once is enough.
    plain_told: bool,
    connected_us: u64,
    /// Since when the first reply of the ring is waited for.
    since_us: u64,
    /// How far the transport was when it last moved, and when that was.
    moved_to: u64,
    moved_us: u64,
    /// The transport was found slow: a message was not all there when its reply began to be waited for.
    slow: bool,
    /// Until when a reply to a whole message is waited for after its time.
    late_until_us: Option<u64>,
    /// A message whose line ends are made right.
    scratch: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    Opening,
    TlsPending,
    Ready,
    Quitting { why: CloseReason, deadline_us: u64 },
    Ended,
}

impl Client {
    /// A session that waits for its transport.
    pub fn new(config: ClientConfig) -> Self {
        Self {
            tls: config.tls == TlsMode::Implicit,
            config,
            out: Outbox::keeping(KEEP_OCTETS),
            open_to: 0,
            replies: Replies::default(),
            events: VecDeque::new(),
            ring: Ring::default(),
            stage: Stage::Idle,
            leaving: None,
            closing: None,
            greeting: None,
            hello: Hello::default(),
            extensions: Extensions::default(),
            helo: false,
            authenticated: false,
            token_status: TokenStatus::default(),
            mode: Mode::Lockstep,
            cap: u32::MAX,
            begun: 0,
            taken: 0,
            refusals: Refusals::default(),
            rest_unsent: false,
            suspect: false,
            plain_told: false,
            connected_us: 0,
            since_us: 0,
            moved_to: 0,
            moved_us: 0,
            slow: false,
            late_until_us: None,
            scratch: Vec::new(),
        }
    }

    /// The transport is up, with [`TlsMode::Implicit`] its TLS too: the greeting is waited for.
    pub fn connected(&mut self, now_us: u64) {
        if self.stage != Stage::Idle || self.closing.is_some() {
            return;
        }
        self.stage = Stage::Opening;
        self.connected_us = now_us;
        self.since_us = now_us;
        self.ring.expect(What::Greeting, 0);
    }

    /// How many messages [`Self::submit`] takes now at most; none while [`MAX_WAITING_OCTETS`] wait.
    #[inline]
    pub fn room(&self) -> u32 {
        self.room_besides(self.out.waiting().len())
    }

    /// How many it will take when [`Self::outgoing`] is written.
    pub fn room_once_written(&self) -> u32 {
        self.room_besides(self.out.waiting().len() - self.outgoing().len())
    }

    #[inline]
    fn room_besides(&self, waiting_octets: usize) -> u32 {
        let ready = self.stage == Stage::Ready && self.leaving.is_none() && self.closing.is_none();
        if !ready || waiting_octets >= MAX_WAITING_OCTETS {
            return 0;
        }
        let depth = match self.mode {
            Mode::Lockstep | Mode::Pipelined => 1,
            Mode::Joined => 2,
            Mode::Bdat => self.window(),
        };
        depth.saturating_sub(self.ring.transactions.len() as u32).min(self.cap.saturating_sub(self.begun))
    }

    /// How many messages may be unanswered with BDAT: the whole window once the server has shown that it takes chunks
    /// (the first message goes alone), and what comes behind one (the second may have one behind it). A server that
    /// does not bear it leaves no more than that in doubt.
    fn window(&self) -> u32 {
        let shown = match self.taken {
            0 => 1,
            1 => 2,
            _ => MAX_BDAT_WINDOW,
        };
        u32::from(self.config.window.clamp(1, shown))
    }

    /// Messages whose outcome is not known yet.
    pub fn in_flight(&self) -> u32 {
        self.ring.transactions.iter().filter(|transaction| transaction.open > 0).count() as u32
    }

    /// Whether the transport is up, and the server has said nothing yet.
    pub fn is_silent(&self) -> bool {
        let waits = self.ring.expected.front().is_some_and(|first| first.what == What::Greeting);
        self.stage == Stage::Opening && waits && !self.replies.is_partial()
    }

    /// Whether the transport is to begin TLS now: then [`Self::tls_started`], or if that fails
    /// [`Self::disconnected`].
    pub fn wants_tls(&self) -> bool {
        self.stage == Stage::TlsPending && self.closing.is_none()
    }

    /// The transport is encrypted from here on. What was known of the server in plain is forgotten
    /// (RFC 3207 §4.2).
    pub fn tls_started(&mut self, now_us: u64) {
        self.take_tls(now_us);
    }

    /// Ends the session in order: no more messages, those handed in are finished, QUIT, close.
    pub fn quit(&mut self, now_us: u64) {
        match self.stage {
            Stage::Idle | Stage::Opening | Stage::TlsPending => self.abort(CloseReason::Requested),
            Stage::Ready => {
                self.leave(CloseReason::Requested);
                self.step(now_us);
            }
            Stage::Quitting { .. } | Stage::Ended => {}
        }
    }

    /// What happened, oldest first.
    #[inline]
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        if event.is_none() {
            // The next ones begin where the cache is warm.
            self.events.clear();
        }
        event
    }

    /// The bytes that wait for the transport, and may go.
    #[inline]
    pub fn outgoing(&self) -> &[u8] {
        let waiting = self.out.waiting();
        let open = self.open_to.saturating_sub(self.out.written());
        &waiting[..waiting.len().min(open as usize)]
    }

    /// The transport took this many of them.
    #[inline]
    pub fn wrote(&mut self, bytes: usize) {
        self.out.wrote(bytes.min(self.outgoing().len()));
    }

    /// Whether the driver is to close the transport once [`Self::outgoing`] is empty.
    pub fn wants_close(&self) -> bool {
        self.stage != Stage::Ended && self.closing.is_some()
    }

    /// What the relay has taught so far, with what was known before.
    pub fn learnt(&self) -> Learnt {
        self.config.learnt
    }

    /// How messages go now; before [`Event::Ready`] in lock-step.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Sends one command that stands alone.
    fn say(&mut self, now_us: u64, what: What, command: &str) {
        if self.ring.expected.is_empty() {
            self.since_us = now_us;
        }
        self.out.buffer().extend_from_slice(command.as_bytes());
        self.open_to = self.out.end();
        self.ring.expect(what, self.open_to);
    }

    /// Moves on as far as that may be: leaves when it is time, lets out what is due.
    #[inline]
    fn step(&mut self, now_us: u64) {
        if self.stage != Stage::Ready || self.closing.is_some() {
            return;
        }
        if self.leaving.is_none() {
            self.leaving = self.reason_to_leave(now_us);
            if self.leaving == Some(CloseReason::ManyRefused) && !self.refusals.tell_of_bad_addresses() {
                self.learn(Lesson::BearsRefusals { refusals: self.refusals.in_a_row() });
            }
            let learnt = self.config.learnt.messages_per_connection == Some(self.begun);
            if self.leaving == Some(CloseReason::MessageCap) && learnt {
                self.learn(Lesson::KeptToCap { messages: self.begun });
            }
        }
        self.advance(now_us);
        if let (Some(why), true) = (self.leaving, self.ring.is_empty()) {
            self.depart(now_us, why);
        }
    }
}

impl std::fmt::Debug for Client {
    /// Without what it sends: the account is told there, and people are written to.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("stage", &self.stage)
            .field("mode", &self.mode)
            .field("tls", &self.tls)
            .field("in_flight", &self.in_flight())
            .field("taken", &self.taken)
            .field("closing", &self.closing)
            .finish_non_exhaustive()
    }
}
