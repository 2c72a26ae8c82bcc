//! The server side: takes messages over SMTP (RFC 5321) or LMTP (RFC 2033).
//!
//! ```
//! use bealert_wire::smtp::{Extensions, Server, ServerConfig, ServerEvent};
//!
//! let extensions = Extensions { pipelining: true, ..Extensions::default() };
//! let config = ServerConfig { name: "mx.example".into(), extensions, ..ServerConfig::default() };
//! let mut server = Server::new(config);
//! server.connected(0, false);
//! assert_eq!(server.poll_event(), Some(ServerEvent::Connected));
//! server.accept(0);
//! assert_eq!(server.outgoing(), b"220 mx.example ESMTP\r\n");
//! server.wrote(server.outgoing().len());
//! server.receive(0, b"EHLO client.example\r\n");
//! assert!(matches!(server.poll_event(), Some(ServerEvent::Hello { name: "client.example", .. })));
//! server.accept(0);
//! server.receive(0, b"MAIL FROM:<a@client.example>\r\nRCPT TO:<b@example.org>\r\n");
//! let Some(ServerEvent::Mail(mail)) = server.poll_event() else { panic!() };
//! assert_eq!(mail.sender, "a@client.example");
//! assert_eq!(server.poll_event(), None, "nothing is read before the question is answered");
//! ```

mod auth;
mod command;
mod config;
mod content;
mod dialogue;
mod event;
mod inbox;
mod params;
mod path;
mod replies;
mod transaction;

pub use command::{Command, CommandError};
pub use config::{Protocol, Quirks, ServerConfig};
pub use event::{Credentials, Flaws, Hello, ServerClosed, ServerEvent, ServerFault};
pub use params::{MailFrom, RcptTo};
pub use path::MAX_PATH_OCTETS;

use super::reply::{EnhancedCode, Reply};
use dialogue::{Dialogue, Step};
use inbox::Inbox;

/// The most octets that wait to be looked at: several reads, and more than any window of a client that waits for
/// replies. What sends on beyond it without hearing anything is hung up on.
pub const MAX_UNREAD_OCTETS: usize = 4 * 1024 * 1024;

/// Replies that wait for the transport, in octets, beyond which no command is read: a client that does not read gets
/// no more of them to read.
const MAX_UNWRITTEN_OCTETS: usize = 64 * 1024;

/// One server session over one connection, from greeting to close.
///
/// It keeps the [session contract](crate#the-session-contract), but that its events are borrowed, so there is no
/// `poll_output`. What comes in is looked at only when an event is asked for, and not beyond a question that waits
/// for its answer: replies come in the order of the commands, however many came at once (RFC 2920 §3.2).
#[derive(Debug)]
pub struct Server {
    inbox: Inbox,
    dialogue: Dialogue,
}

impl Server {
    /// A session that waits for its transport.
    pub fn new(config: ServerConfig) -> Self {
        Self { inbox: Inbox::default(), dialogue: Dialogue::new(config) }
    }

    /// The transport is up; `encrypted` if it has TLS from the start (RFC 8314).
    pub fn connected(&mut self, now_us: u64, encrypted: bool) {
        self.dialogue.connected(now_us, encrypted);
    }

    /// What one read returned, cut anywhere. Between the reply to STARTTLS and [`Self::tls_started`] nothing is taken.
    pub fn receive(&mut self, now_us: u64, bytes: &[u8]) {
        if self.dialogue.is_closing() {
            return;
        }
        self.dialogue.heard(now_us);
        if self.dialogue.wants_tls() {
            self.dialogue.plain_before_tls();
            return;
        }
        self.inbox.put(bytes);
        if self.inbox.unread().len() > MAX_UNREAD_OCTETS {
            self.inbox.discard();
            self.dialogue.flooded();
        }
    }

    /// How many octets it is sensible to read for it now.
    pub fn room(&self) -> usize {
        (MAX_UNREAD_OCTETS / 2).saturating_sub(self.inbox.unread().len())
    }

    /// What the client wants or did, oldest first.
    #[inline]
    pub fn poll_event(&mut self) -> Option<ServerEvent<'_>> {
        let (bytes, mark) = self.inbox.split();
        loop {
            match self.dialogue.step(bytes, mark) {
                Step::Event(event) => return Some(event),
                Step::Again => {}
                Step::Nothing => return None,
                Step::Credentials => return self.dialogue.credentials().map(ServerEvent::Credentials),
            }
        }
    }

    /// Answers what was asked with a yes.
    #[inline]
    pub fn accept(&mut self, now_us: u64) {
        let end = self.inbox.end();
        self.dialogue.accept(now_us, end);
        self.after_answer();
    }

    /// Answers what was asked. A code below 400 is a yes, whatever it says; 421 hangs up besides
    /// (RFC 5321 §3.8). Without an enhanced code of its own, one is added where those were offered.
    pub fn answer(&mut self, now_us: u64, reply: &Reply) {
        let end = self.inbox.end();
        self.dialogue.answer(now_us, reply, end);
        self.after_answer();
    }

    /// Answers what was asked with octets of any kind, standing for `reply`: for far ends that misbehave.
    pub fn answer_with_octets(&mut self, now_us: u64, reply: &Reply, octets: &[u8]) {
        let end = self.inbox.end();
        self.dialogue.answer_with_octets(now_us, reply, octets, end);
        self.after_answer();
    }

    /// Says 421 with this text, unasked, and hangs up (RFC 5321 §3.8).
    pub fn hang_up(&mut self, now_us: u64, enhanced: EnhancedCode, text: &str) {
        self.dialogue.hang_up(now_us, &Reply::new(421, Some(enhanced), text));
    }

    /// The bytes that wait for the transport.
    pub fn outgoing(&self) -> &[u8] {
        self.dialogue.outbox.waiting()
    }

    /// The transport took this many of them.
    pub fn wrote(&mut self, octets: usize) {
        self.dialogue.outbox.wrote(octets);
    }

    /// Whether the driver is to begin TLS: once [`Self::outgoing`] is empty. Then it says [`Self::tls_started`].
    pub fn wants_tls(&self) -> bool {
        self.dialogue.wants_tls() && self.outgoing().is_empty()
    }

    /// TLS is up. The client has to greet again (RFC 3207 §4.2).
    pub fn tls_started(&mut self, now_us: u64) {
        self.dialogue.tls_started(now_us);
    }

    /// Whether the transport is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.dialogue.is_encrypted()
    }

    /// Whether a question waits for its answer.
    pub fn is_asking(&self) -> bool {
        self.dialogue.asked.is_some()
    }

    /// Time has passed. Hand in what was read before.
    pub fn handle_timeout(&mut self, now_us: u64) {
        self.dialogue.handle_timeout(now_us);
    }

    /// When to call [`Self::handle_timeout`]; `None` for not before something happens.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.dialogue.deadline_us()
    }

    /// Whether the driver is to close the transport once [`Self::outgoing`] is empty.
    pub fn wants_close(&self) -> bool {
        self.dialogue.is_closing()
    }

    /// The transport is gone. What was not looked at is lost; then `Closed`.
    pub fn disconnected(&mut self, _now_us: u64) {
        self.inbox.discard();
        self.dialogue.disconnected();
    }

    /// What came behind STARTTLS was never said (RFC 3207 §4.2, CVE-2011-0411).
    fn after_answer(&mut self) {
        if self.dialogue.wants_tls() && self.inbox.discard() > 0 {
            self.dialogue.plain_before_tls();
        }
    }
}
