//! The dialogue with a client: which command may follow which, and what is asked of the owner.

use std::collections::VecDeque;

use super::MAX_UNWRITTEN_OCTETS;
use super::auth::Exchange;
use super::config::{Protocol, ServerConfig};
use super::content::{Piece, Unstuffer};
use super::event::{Credentials, Hello, ServerClosed, ServerEvent, ServerFault};
use super::inbox::Mark;
use super::replies::{self, Said};
use super::transaction::Transaction;
use crate::outbox::Outbox;
use crate::smtp::{Mechanism, Reply};

mod answers;
mod commands;

/// The longest line of a command, its CRLF included: RFC 5321 §4.5.3.1.4 asks for 512 octets and the extensions
/// for some more; a long ORCPT with its ENVID still fits.
const MAX_LINE_OCTETS: usize = 2_048;

/// The longest response of AUTH (RFC 4954 §4): tokens are long.
const MAX_AUTH_LINE_OCTETS: usize = 12_288;

/// Where a session is, and what it has heard.
#[derive(Debug)]
pub(super) struct Dialogue {
    config: ServerConfig,
    pub(super) outbox: Outbox,
    /// The question that waits for its answer.
    pub(super) asked: Option<Asked>,
    phase: Phase,
    encrypted: bool,
    hello: Option<Hello>,
    authenticated: bool,
    /// The greeting was a refusal: only QUIT is heard (RFC 5321 §3.1).
    refused: bool,
    transaction: Transaction,
    exchange: Option<Exchange>,
    /// What is to be told before anything else is read.
    notes: VecDeque<ServerEvent<'static>>,
    closing: Option<ServerClosed>,
    /// Commands that began before this place of the stream are refused.
    stale_until: u64,
    heard_us: u64,
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Connected,
    Hello(Hello),
    StartTls,
    Credentials(Mechanism),
    Mail { utf8: bool },
    Rcpt,
    Data,
    Complete { recipient: u32 },
}

/// What is read next.
#[derive(Debug, Clone, Copy)]
enum Phase {
    Idle,
    Commands,
    /// The rest of a line that is too long.
    Overlong,
    /// Responses of AUTH.
    Responses,
    /// The response to the error of XOAUTH2, which is empty; then the refusal is said.
    Refusal(Reply),
    Data(Unstuffer),
    Chunk {
        left: u64,
        last: bool,
        /// What is said when it is through; its octets are thrown away.
        refusal: Option<Said>,
    },
    /// The content is whole, and to be asked about for this recipient.
    Completing {
        recipient: u32,
    },
    /// Nothing, until TLS is up.
    StartingTls,
    Ended,
}

/// What one step found.
pub(super) enum Step<'a> {
    Event(ServerEvent<'a>),
    /// The credentials are here.
    Credentials,
    /// Something was done that is not told.
    Again,
    /// There is nothing to be done before more comes.
    Nothing,
}

impl Dialogue {
    pub(super) fn new(config: ServerConfig) -> Self {
        Self {
            config,
            outbox: Outbox::default(),
            asked: None,
            phase: Phase::Idle,
            encrypted: false,
            hello: None,
            authenticated: false,
            refused: false,
            transaction: Transaction::default(),
            exchange: None,
            notes: VecDeque::new(),
            closing: None,
            stale_until: 0,
            heard_us: 0,
        }
    }

    pub(super) fn connected(&mut self, now_us: u64, encrypted: bool) {
        if !matches!(self.phase, Phase::Idle) {
            return;
        }
        (self.phase, self.encrypted, self.heard_us) = (Phase::Commands, encrypted, now_us);
        self.asked = Some(Asked::Connected);
        self.notes.push_back(ServerEvent::Connected);
    }

    pub(super) fn heard(&mut self, now_us: u64) {
        self.heard_us = now_us;
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.is_some() && !matches!(self.phase, Phase::Ended)
    }

    pub(super) fn wants_tls(&self) -> bool {
        matches!(self.phase, Phase::StartingTls) && self.closing.is_none()
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Everything that was heard in plain text is forgotten (RFC 3207 §4.2).
    pub(super) fn tls_started(&mut self, now_us: u64) {
        if matches!(self.phase, Phase::StartingTls) {
            self.abandon();
            (self.phase, self.encrypted, self.heard_us) = (Phase::Commands, true, now_us);
            (self.hello, self.authenticated) = (None, false);
        }
    }

    pub(super) fn plain_before_tls(&mut self) {
        self.note(ServerFault::PlainBeforeTls);
    }

    pub(super) fn credentials(&self) -> Option<Credentials<'_>> {
        self.exchange.as_ref().map(Exchange::credentials)
    }

    pub(super) fn flooded(&mut self) {
        self.note(ServerFault::Flooded);
        self.close(ServerClosed::Flooded);
    }

    pub(super) fn handle_timeout(&mut self, now_us: u64) {
        if self.deadline_us().is_some_and(|deadline_us| deadline_us <= now_us) {
            self.say(replies::IDLE);
            self.close(ServerClosed::Idle);
        }
    }

    pub(super) fn deadline_us(&self) -> Option<u64> {
        let waits = self.asked.is_none()
            && self.closing.is_none()
            && !matches!(self.phase, Phase::Idle | Phase::Ended);
        waits.then(|| self.heard_us.saturating_add(self.config.idle_timeout_us))
    }

    pub(super) fn disconnected(&mut self) {
        if matches!(self.phase, Phase::Ended) {
            return;
        }
        self.close(ServerClosed::Lost);
        let why = self.closing.unwrap_or(ServerClosed::Lost);
        (self.phase, self.asked) = (Phase::Ended, None);
        self.outbox.discard();
        self.notes.push_back(ServerEvent::Closed { why });
    }

    /// Looks at what comes next.
    #[inline]
    pub(super) fn step<'a>(&mut self, bytes: &'a [u8], mark: &mut Mark) -> Step<'a> {
        if let Some(note) = self.notes.pop_front() {
            return Step::Event(note);
        }
        let waits = self.asked.is_some() || self.closing.is_some();
        if waits || self.outbox.waiting().len() > MAX_UNWRITTEN_OCTETS {
            return Step::Nothing;
        }
        match self.phase {
            Phase::Idle | Phase::StartingTls | Phase::Ended => Step::Nothing,
            Phase::Data(unstuffer) => self.read_content(unstuffer, bytes, mark),
            Phase::Chunk { left: 0, last, refusal } => self.end_chunk(last, refusal),
            Phase::Chunk { left, last, refusal } => self.read_chunk(left, last, refusal, bytes, mark),
            Phase::Completing { recipient } => {
                self.asked = Some(Asked::Complete { recipient });
                let Transaction { octets, ref inspector, .. } = self.transaction;
                Step::Event(ServerEvent::Complete { octets, flaws: inspector.flaws() })
            }
            Phase::Commands | Phase::Overlong | Phase::Responses | Phase::Refusal(_) => {
                self.read_line(bytes, mark)
            }
        }
    }

    #[inline]
    fn read_content<'a>(&mut self, mut unstuffer: Unstuffer, bytes: &'a [u8], mark: &mut Mark) -> Step<'a> {
        let (piece, took) = unstuffer.next(mark.unread(bytes));
        mark.advance(took);
        self.phase = Phase::Data(unstuffer);
        match piece {
            Piece::Content(piece) if self.transaction.take(piece, self.limit_octets()) => {
                Step::Event(ServerEvent::Content(piece))
            }
            Piece::Content(_) => Step::Again,
            Piece::Unknown if took > 0 => Step::Again,
            Piece::Unknown => Step::Nothing,
            Piece::End => self.end_content(),
        }
    }

    fn read_chunk<'a>(
        &mut self,
        left: u64,
        last: bool,
        refusal: Option<Said>,
        bytes: &'a [u8],
        mark: &mut Mark,
    ) -> Step<'a> {
        let unread = mark.unread(bytes);
        let piece = &unread[..unread.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
        if piece.is_empty() {
            return Step::Nothing;
        }
        mark.advance(piece.len());
        self.phase = Phase::Chunk { left: left - piece.len() as u64, last, refusal };
        if refusal.is_none() && self.transaction.take(piece, self.limit_octets()) {
            Step::Event(ServerEvent::Content(piece))
        } else {
            Step::Again
        }
    }

    fn end_chunk(&mut self, last: bool, refusal: Option<Said>) -> Step<'static> {
        self.phase = Phase::Commands;
        match refusal {
            Some(said) => self.say(said),
            None if last || self.transaction.too_large => return self.end_content(),
            None => self.say(replies::DONE),
        }
        Step::Again
    }

    fn end_content(&mut self) -> Step<'static> {
        if self.transaction.too_large {
            self.phase = Phase::Commands;
            let fault = self.fault(replies::TOO_LARGE, ServerFault::TooLarge);
            self.abandon();
            return fault;
        }
        self.phase = Phase::Completing { recipient: 0 };
        Step::Again
    }

    /// 0 for none.
    fn limit_octets(&self) -> u64 {
        self.config.extensions.size.unwrap_or(0)
    }

    /// Ends a transaction that comes to nothing.
    fn abandon(&mut self) {
        if self.transaction.end() {
            self.notes.push_back(ServerEvent::Abandoned);
        }
    }

    /// The first reason counts.
    fn close(&mut self, why: ServerClosed) {
        if self.closing.is_none() {
            self.abandon();
            self.closing = Some(why);
        }
    }

    fn note(&mut self, what: ServerFault) {
        self.notes.push_back(ServerEvent::Fault { what });
    }

    fn fault(&mut self, said: Said, what: ServerFault) -> Step<'static> {
        self.say(said);
        Step::Event(ServerEvent::Fault { what })
    }

    fn is_lmtp(&self) -> bool {
        self.config.protocol == Protocol::Lmtp
    }

    fn offers_enhanced(&self) -> bool {
        self.config.extensions.enhanced_status_codes
    }

    /// Says something of its own.
    #[inline]
    fn say(&mut self, (code, enhanced, text): Said) {
        let enhanced = if self.offers_enhanced() { enhanced } else { "" };
        let out = self.outbox.buffer();
        let digit = |value: u16| b'0' + (value % 10) as u8;
        out.extend_from_slice(&[digit(code / 100), digit(code / 10), digit(code), b' ']);
        if !enhanced.is_empty() {
            out.extend_from_slice(enhanced.as_bytes());
            out.push(b' ');
        }
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    fn say_plain(&mut self, line: &str) {
        let out = self.outbox.buffer();
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}
