//! The client side of a session: sends messages to a relay.

use super::config::ClientConfig;
use super::envelope::{Content, Envelope, SubmitError};
use super::event::Event;
use super::learnt::Learnt;
use super::mode::Mode;

/// One session with a relay over one connection, from greeting to close.
///
/// The driver calls what happened, and after each call takes events, bytes, deadline and the wish to close: see
/// the [session contract](crate#the-session-contract). Beside that it upgrades the connection when
/// [`Self::wants_tls`] says so. A session lives once; a new connection gets a new one.
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
}

#[allow(unused_variables, reason = "the bodies follow")]
impl Client {
    /// A session that waits for its transport.
    pub fn new(config: ClientConfig) -> Self {
        Self { config }
    }

    /// The transport is up, with [`TlsMode::Implicit`](super::TlsMode::Implicit) its TLS too: the greeting is
    /// waited for.
    pub fn connected(&mut self, now_us: u64) {
        todo!()
    }

    /// What one read returned, cut anywhere; inside TLS what was decrypted.
    pub fn receive(&mut self, now_us: u64, bytes: &[u8]) {
        todo!()
    }

    /// How many messages [`Self::submit`] takes now.
    pub fn room(&self) -> u32 {
        todo!()
    }

    /// Messages whose outcome is not known yet.
    pub fn in_flight(&self) -> u32 {
        todo!()
    }

    /// Queues one message. Its outcome comes as an [`Event`] with this token, for each recipient.
    pub fn submit<C: Content + ?Sized>(
        &mut self,
        now_us: u64,
        token: u64,
        envelope: &Envelope<'_>,
        content: &C,
    ) -> Result<(), SubmitError> {
        todo!()
    }

    /// Whether the transport is to begin TLS now: then [`Self::tls_started`], or if that fails
    /// [`Self::disconnected`].
    pub fn wants_tls(&self) -> bool {
        todo!()
    }

    /// The transport is encrypted from here on. What was known of the server in plain is forgotten (RFC 3207 §4.2).
    pub fn tls_started(&mut self, now_us: u64) {
        todo!()
    }

    /// Ends the session in order: no more messages, those handed in are finished, QUIT, close.
    pub fn quit(&mut self, now_us: u64) {
        todo!()
    }

    /// The transport is gone. Each message still held ends here, in the order of submission; then `Closed`.
    pub fn disconnected(&mut self, now_us: u64) {
        todo!()
    }

    /// Time has passed. Hand in what was read before: a reply that is here beats its time-out.
    pub fn handle_timeout(&mut self, now_us: u64) {
        todo!()
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }

    /// The bytes that wait for the transport, and may go.
    pub fn outgoing(&self) -> &[u8] {
        todo!()
    }

    /// The transport took this many of them.
    pub fn wrote(&mut self, bytes: usize) {
        todo!()
    }

    /// When to call [`Self::handle_timeout`]; `None` for not before something happens.
    pub fn poll_timeout(&self) -> Option<u64> {
        todo!()
    }

    /// Whether the driver is to close the transport once [`Self::outgoing`] is empty.
    pub fn wants_close(&self) -> bool {
        todo!()
    }

    /// What the relay has taught so far, with what was known before.
    pub fn learnt(&self) -> Learnt {
        self.config.learnt
    }

    /// How messages go now.
    pub fn mode(&self) -> Mode {
        todo!()
    }
}
