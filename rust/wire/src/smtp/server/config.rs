//! The settings of a server session.

use crate::smtp::Extensions;

/// What a server says of itself, and what it asks of its clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Its name for itself, in greetings.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// What it offers. STARTTLS is offered in plain text only, AUTH under TLS only unless
    /// [`auth_in_plain`](Self::auth_in_plain).
    pub extensions: Extensions,
    /// Whether it lets clients prove who they are without TLS (against RFC 4954 §4).
    pub auth_in_plain: bool,
    /// Whether it takes messages only from clients that proved who they are.
    pub auth_required: bool,
    /// Whether it takes messages only under TLS.
    pub tls_required: bool,
    /// The most recipients of a message; more are refused with 452 (RFC 5321 §4.5.3.1.10).
    pub max_recipients: u32,
    /// After how long without a command it hangs up.
    pub idle_timeout_us: u64,
    /// How it errs.
    pub quirks: Quirks,
}

/// The protocols of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 5321.
    Smtp,
    /// RFC 2033: LHLO, and a reply for each recipient after the content.
    Lmtp,
}

/// What some servers do that they should not: for far ends in tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quirks {
    /// What came before the reply to a message is answered with 503, as Haraka does it.
    pub refuses_joined: bool,
    /// A BDAT chunk that is refused is read as commands, against RFC 3030 §2.
    pub reads_refused_chunks: bool,
    /// DATA is answered with 354 though no recipient was accepted (RFC 2920 §3.1 warns of it).
    pub starts_without_recipients: bool,
}

/// Five minutes, the least that is allowed (RFC 5321 §4.5.3.2.7).
const IDLE_TIMEOUT_US: u64 = 300_000_000;

/// What a server has to take at least (RFC 5321 §4.5.3.1.8).
const MAX_RECIPIENTS: u32 = 100;

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            name: "localhost".into(),
            protocol: Protocol::Smtp,
            extensions: Extensions::default(),
            auth_in_plain: false,
            auth_required: false,
            tls_required: false,
            max_recipients: MAX_RECIPIENTS,
            idle_timeout_us: IDLE_TIMEOUT_US,
            quirks: Quirks::default(),
        }
    }
}
