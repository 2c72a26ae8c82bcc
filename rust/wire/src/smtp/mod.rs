//! SMTP (RFC 5321), both roles: [`Client`] hands messages to a relay, [`Server`] takes them.
//!
//! # How a message goes
//!
//! ```
//! use bealert_wire::smtp::{Client, ClientConfig, Envelope, Event, TlsMode};
//!
//! let mut client = Client::new(ClientConfig { tls: TlsMode::None, ..ClientConfig::default() });
//! client.connected(0);
//! client.receive(1_000, b"220 relay.example ESMTP\r\n");
//! assert_eq!(client.outgoing(), b"EHLO localhost\r\n");
//! client.wrote(client.outgoing().len());
//! client.receive(2_000, b"250-relay.example\r\n250 PIPELINING\r\n");
//! assert!(matches!(client.poll_event(), Some(Event::Ready(_))));
//!
//! let to = ["an@example.org"];
//! let envelope = Envelope::new("no-reply@alert.example", &to);
//! client.submit(3_000, 7, &envelope, &b"Subject: Brand\r\n\r\nBlijf binnen.\r\n"[..])?;
//! let group = b"MAIL FROM:<no-reply@alert.example>\r\nRCPT TO:<an@example.org>\r\nDATA\r\n";
//! assert_eq!(client.outgoing(), group); // the message itself waits until it is asked for
//! client.wrote(group.len());
//! client.receive(4_000, b"250 Ok\r\n250 Ok\r\n354 Go on\r\n");
//! client.wrote(client.outgoing().len());
//! client.receive(5_000, b"250 2.0.0 Ok: queued as 4bXk\r\n");
//! let Some(Event::Accepted { token: 7, reply, .. }) = client.poll_event() else { panic!() };
//! assert_eq!(reply.to_string(), "250 2.0.0 Ok: queued as 4bXk");
//! # Ok::<(), bealert_wire::smtp::SubmitError>(())
//! ```
//!
//! # What the client promises
//!
//! - **Accounting.** Every recipient of every message ends in exactly one [`Event::Accepted`], [`Event::Refused`] with
//!   its phase, [`Event::Lost`] and [`Event::Unsent`]. `Lost` means that the last octet of the message may have
//!   left and no reply came (RFC 5321 §6.1); `Unsent`, that the server cannot have taken it: sending it again cannot
//!   double it.
//! - **The ladder.** It runs ahead of the replies as far as [`ClientConfig::mode`] allows and the server follows, and
//!   steps down by itself ([`Event::Learnt`]). A message never goes out before the server asked for it, but with BDAT.
//! - **Nothing becomes a command.** Addresses, ids, names and messages are refused or made right before a byte of
//!   them is queued; a reply that does not fit ends the session, since from there on replies are one off.
//! - **Secrets.** An account is told inside TLS only, and no output of `Debug` shows it.

mod body;
mod client;
mod config;
mod ehlo;
mod envelope;
mod event;
mod fault;
mod learnt;
mod mode;
mod path;
mod replies;
mod reply;
mod sasl;
pub mod server;
mod timeouts;
mod xtext;

pub use client::{Client, MAX_WAITING_OCTETS};
pub use config::{ClientConfig, ConfigProblem, MAX_BDAT_WINDOW, TlsMode};
pub use ehlo::{AuthMechanisms, DeliverBy, Extensions, Limits};
pub use envelope::{
    BodyKind, Content, Envelope, MAX_ENVID_CHARS, MAX_TEXT_LINE_OCTETS, Notify, PathProblem, SubmitError,
};
pub use event::{Event, Phase, Ready};
pub use fault::{CloseReason, ProtocolFault};
pub use learnt::{Learnt, Lesson};
pub use mode::Mode;
pub use path::{MAX_DOMAIN_OCTETS, MAX_LOCAL_PART_OCTETS};
pub use replies::{MAX_REPLY_LINE_OCTETS, MAX_REPLY_LINES, Replies, ReplyLine, ReplyProblem};
pub use reply::{EnhancedCode, MAX_REPLY_TEXT_OCTETS, Reply, ReplyText};
pub use sasl::{Credentials, Mechanism, Secret, TokenStatus};
pub use server::{Server, ServerConfig, ServerEvent};
pub use timeouts::Timeouts;
pub use xtext::{read_xtext, write_xtext};
