//! SMTP (RFC 5321), both roles: [`Client`] hands messages to a relay, [`Server`] takes them.

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
mod reply;
mod sasl;
pub mod server;
mod timeouts;
mod xtext;

pub use client::Client;
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
pub use reply::{
    EnhancedCode, MAX_REPLY_LINE_OCTETS, MAX_REPLY_LINES, MAX_REPLY_TEXT_OCTETS, Replies, Reply, ReplyLine,
    ReplyProblem, ReplyText,
};
pub use sasl::{Credentials, Mechanism, Secret};
pub use server::{Server, ServerConfig, ServerEvent};
pub use timeouts::Timeouts;
pub use xtext::{read_xtext, write_xtext};
