//! The server side of a session: takes binds and messages, sends receipts (SMPP 3.4 §2).

use std::collections::VecDeque;

use super::address::MAX_ADDRESS_CHARS;
use super::bind::{Bind, BindResp};
use super::command::{BindMode, Command};
use super::config::SmscConfig;
use super::delivery::DeliverReceipt;
use super::event::{Output, Password, Reply, SmscEvent};
use super::fault::{CloseReason, ProtocolFault};
use super::frame::Frames;
use super::link::{Incoming, Link};
use super::message::ShortMessage;
use super::pdu::{Body, Header, MAX_MESSAGE_ID_CHARS, MessageResp, finish};
use super::status;
use super::submit::SubmitSm;
use super::template::SubmitError;
use super::tlv::{self, Tlvs};
use super::window::Window;

/// One SMSC session over one connection, from bind to close.
///
/// The mirror of [`Esme`](super::Esme), under the same [session contract](crate#the-session-contract).
#[derive(Debug)]
pub struct Smsc {
    config: SmscConfig,
    link: Link,
    frames: Frames,
    events: VecDeque<SmscEvent>,
    phase: Phase,
    /// Where a receipt is put together.
    scratch: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    /// Waits for a bind.
    Open {
        deadline_us: u64,
    },
    /// Waits for our own side to accept or refuse one.
    Asked,
    Bound {
        mode: BindMode,
    },
    Unbinding {
        deadline_us: u64,
    },
    Ended,
}

impl Smsc {
    /// A session that waits for its transport.
    pub fn new(config: SmscConfig) -> Self {
        let window = Window::new(config.window, config.first_sequence);
        let link = Link::new(window, config.response_timeout_us, config.enquire_interval_us);
        let (events, scratch) = (VecDeque::new(), Vec::new());
        Self { config, link, frames: Frames::default(), events, phase: Phase::Idle, scratch }
    }

    /// The transport is up: the ESME has [`SmscConfig::bind_timeout_us`] to bind.
    pub fn connected(&mut self, now_us: u64) {
        if self.phase == Phase::Idle {
            self.phase = Phase::Open { deadline_us: now_us.saturating_add(self.config.bind_timeout_us) };
        }
    }

    /// What one read returned, cut anywhere.
    pub fn receive(&mut self, now_us: u64, mut bytes: &[u8]) {
        // The frames lend out the PDU being looked at, so they stand apart meanwhile.
        let mut frames = std::mem::take(&mut self.frames);
        while let Some(incoming) = self.link.next(now_us, &mut frames, &mut bytes) {
            self.take(now_us, incoming);
        }
        self.frames = frames;
    }

    /// Takes a bind.
    pub fn accept(&mut self, now_us: u64, reply: Reply) {
        let Some(mode) = mode_of(reply) else {
            return;
        };
        if self.phase == Phase::Asked {
            self.phase = Phase::Bound { mode };
            self.link.go_live(now_us);
            let system_id = self.config.system_id.as_bytes();
            let response = BindResp { system_id, version: self.config.version };
            self.link.put(Body::BindResp(mode, response), 0, reply.sequence);
        }
    }

    /// Refuses a bind, and closes.
    pub fn refuse(&mut self, now_us: u64, reply: Reply, status: u32) {
        self.link.refuse(reply.response, status, reply.sequence);
        self.link.close(now_us, CloseReason::BindRefused { status });
    }

    /// Answers a message, in any order and at any time. `message_id` (at most 64 characters, may be empty) goes
    /// out with `ESME_ROK` only.
    #[inline]
    pub fn respond(&mut self, _now_us: u64, reply: Reply, status: u32, message_id: &str) {
        if status != status::ESME_ROK {
            return self.link.refuse(reply.response, status, reply.sequence);
        }
        self.answer(reply, status, message_id, Tlvs::default());
    }

    /// The same, telling the load in percent besides (congestion_state, SMPP 5.0 §4.8.4.18): in a refusal too,
    /// which then has a body.
    pub fn respond_with_load(&mut self, reply: Reply, status: u32, message_id: &str, load: u8) {
        let mut octets = std::mem::take(&mut self.scratch);
        octets.clear();
        tlv::put(&mut octets, tlv::tag::CONGESTION_STATE, &[load]);
        let message_id = if status == status::ESME_ROK { message_id } else { "" };
        self.answer(reply, status, message_id, Tlvs::parse(&octets).unwrap_or_default());
        self.scratch = octets;
    }

    #[inline]
    fn answer(&mut self, reply: Reply, status: u32, message_id: &str, tlvs: Tlvs<'_>) {
        let message_id = &message_id.as_bytes()[..message_id.len().min(MAX_MESSAGE_ID_CHARS)];
        let response = MessageResp { message_id, tlvs };
        let body = match reply.response {
            Command::DataSmResp => Body::DataSmResp(response),
            _ => Body::SubmitSmResp(response),
        };
        self.link.put(body, status, reply.sequence);
    }

    /// How many deliver_sm are taken now: none unless bound to receive.
    pub fn room(&self) -> u32 {
        let open = matches!(self.phase, Phase::Bound { mode } if mode.delivers()) && !self.link.is_closing();
        if open { self.link.window.room() } else { 0 }
    }

    /// The deliver_sm that wait for their answer.
    pub fn unanswered(&self) -> u32 {
        self.link.window.pending()
    }

    /// Sends a receipt. Its answer comes as an event with this token.
    pub fn deliver(
        &mut self,
        now_us: u64,
        token: u64,
        receipt: &DeliverReceipt<'_>,
    ) -> Result<(), SubmitError> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let result = receipt.with(&mut scratch, |message| self.deliver_message(now_us, token, message));
        self.scratch = scratch;
        result
    }

    /// Sends any deliver_sm: a message of a person, or a receipt of a form [`Self::deliver`] does not know.
    pub fn deliver_message(
        &mut self,
        now_us: u64,
        token: u64,
        message: &ShortMessage<'_>,
    ) -> Result<(), SubmitError> {
        if self.room() == 0 {
            let full = matches!(self.phase, Phase::Bound { .. }) && self.link.window.room() == 0;
            return Err(if full { SubmitError::Full } else { SubmitError::NotBound });
        }
        if message.source.len().max(message.destination.len()) > MAX_ADDRESS_CHARS {
            return Err(SubmitError::Destination);
        }
        let (sequence, out) = self.link.occupy(now_us, token);
        let start = super::pdu::begin(out, Command::DeliverSm.id(), 0, sequence);
        message.encode(out);
        finish(out, start);
        Ok(())
    }

    /// Ends the session: unbind, wait for its answer, close.
    pub fn unbind(&mut self, now_us: u64) {
        match self.phase {
            Phase::Bound { .. } if !self.link.is_closing() => {
                self.link.request(Body::Unbind);
                self.phase = Phase::Unbinding { deadline_us: self.link.response_deadline(now_us) };
            }
            Phase::Idle | Phase::Open { .. } | Phase::Asked => {
                self.link.close(now_us, CloseReason::Requested)
            }
            _ => {}
        }
    }

    /// The transport is gone. Every deliver_sm without an answer ends here; then `Closed`.
    pub fn disconnected(&mut self, _now_us: u64) {
        if self.phase == Phase::Ended {
            return;
        }
        self.phase = Phase::Ended;
        while let Some(request) = self.link.window.pop_first() {
            self.events.push_back(SmscEvent::Unanswered { token: request.token });
        }
        let why = self.link.end();
        self.events.push_back(SmscEvent::Closed { why });
    }

    /// Time has passed. Hand in what was read before.
    pub fn handle_timeout(&mut self, now_us: u64) {
        while let Some(request) = self.link.overdue(now_us) {
            self.link.window.pop_first();
            self.events.push_back(SmscEvent::Unanswered { token: request.token });
        }
        match self.phase {
            Phase::Open { deadline_us } if deadline_us <= now_us => {
                self.link.abort(now_us, CloseReason::BindTimedOut);
            }
            Phase::Unbinding { deadline_us } if deadline_us <= now_us => {
                self.link.abort(now_us, CloseReason::Requested);
            }
            _ => {}
        }
        self.link.handle_timeout(now_us);
    }

    /// What happened, oldest first.
    #[inline]
    pub fn poll_event(&mut self) -> Option<SmscEvent> {
        let event = self.events.pop_front();
        if event.is_none() {
            // The next ones begin where the cache is warm, and not at the other end of the ring.
            self.events.clear();
        }
        event
    }

    /// The bytes that wait for the transport.
    pub fn outgoing(&self) -> &[u8] {
        self.link.outgoing()
    }

    /// The transport took this many of them.
    pub fn wrote(&mut self, bytes: usize) {
        self.link.wrote(bytes);
    }

    /// When to call [`Self::handle_timeout`]; `None` for not before something happens.
    pub fn poll_timeout(&self) -> Option<u64> {
        let phase = match self.phase {
            Phase::Ended => return None,
            Phase::Open { deadline_us } | Phase::Unbinding { deadline_us } if !self.link.is_closing() => {
                Some(deadline_us)
            }
            _ => None,
        };
        [self.link.deadline(), phase].into_iter().flatten().min()
    }

    /// Whether the driver is to close the transport once [`Self::outgoing`] is empty.
    pub fn wants_close(&self) -> bool {
        self.phase != Phase::Ended && self.link.is_closing()
    }

    /// Everything there is to do, one thing at a time: events, bytes, then close or the next deadline.
    pub fn poll_output(&mut self) -> Output<'_, SmscEvent> {
        if let Some(event) = self.poll_event() {
            return Output::Event(event);
        }
        if !self.outgoing().is_empty() {
            return Output::Transmit(self.outgoing());
        }
        if self.wants_close() { Output::Close } else { Output::Timeout(self.poll_timeout()) }
    }

    #[inline]
    fn take(&mut self, now_us: u64, incoming: Incoming<'_>) {
        if let Some(what) = incoming.fault {
            self.events.push_back(SmscEvent::Fault { what });
        }
        let Some((header, body)) = incoming.body else {
            return;
        };
        match body {
            Body::SubmitSm(message) => self.take_submit(header, Command::SubmitSmResp, &message),
            Body::DataSm(message) => {
                self.take_submit(header, Command::DataSmResp, &message.as_short_message())
            }
            Body::DeliverSmResp(_) | Body::GenericNack => self.take_answer(header),
            Body::Bind(mode, bind) => self.take_bind(header, mode, &bind),
            Body::Unbind => {
                self.link.put(Body::UnbindResp, 0, header.sequence);
                if !self.link.is_closing() {
                    self.events.push_back(SmscEvent::Unbound);
                }
                self.link.close(now_us, CloseReason::PeerUnbound);
            }
            Body::UnbindResp if matches!(self.phase, Phase::Unbinding { .. }) => {
                self.link.close(now_us, CloseReason::Requested);
            }
            Body::DeliverSm(_) => self.not_allowed(header, status::ESME_RINVBNDSTS),
            _ => {
                let (command, sequence) = (header.command, header.sequence);
                let what = ProtocolFault::UnexpectedResponse { command, sequence };
                self.events.push_back(SmscEvent::Fault { what });
            }
        }
    }

    #[inline]
    fn take_submit(&mut self, header: Header, response: Command, message: &ShortMessage<'_>) {
        let allowed = match self.phase {
            Phase::Bound { mode } => mode.submits(),
            Phase::Unbinding { .. } => true,
            _ => false,
        };
        if !allowed {
            return self.not_allowed(header, status::ESME_RINVBNDSTS);
        }
        let reply = Reply { sequence: header.sequence, response };
        self.events.push_back(SmscEvent::Submit { reply, submit: SubmitSm::read(message) });
    }

    #[inline]
    fn take_answer(&mut self, header: Header) {
        let event = match self.link.window.release(header.sequence) {
            Some(request) => SmscEvent::Answered { token: request.token, status: header.status },
            None if header.command == Command::GenericNack.id() => {
                let (status, sequence) = (header.status, header.sequence);
                SmscEvent::Fault { what: ProtocolFault::Nacked { status, sequence } }
            }
            None => {
                let (command, sequence) = (header.command, header.sequence);
                SmscEvent::Fault { what: ProtocolFault::UnexpectedResponse { command, sequence } }
            }
        };
        self.events.push_back(event);
    }

    fn take_bind(&mut self, header: Header, mode: BindMode, bind: &Bind<'_>) {
        if !matches!(self.phase, Phase::Open { .. }) {
            return self.not_allowed(header, status::ESME_RALYBND);
        }
        self.phase = Phase::Asked;
        self.events.push_back(SmscEvent::Bind {
            reply: Reply { sequence: header.sequence, response: mode.response() },
            system_id: String::from_utf8_lossy(bind.system_id).into_owned(),
            password: Password(String::from_utf8_lossy(bind.password).into_owned()),
            mode,
            version: bind.interface_version,
        });
    }

    fn not_allowed(&mut self, header: Header, status: u32) {
        if let Some(response) = Command::from_id(header.command).and_then(Command::response) {
            self.link.refuse(response, status, header.sequence);
        }
        let what = ProtocolFault::UnexpectedRequest { command: header.command };
        self.events.push_back(SmscEvent::Fault { what });
    }
}

fn mode_of(reply: Reply) -> Option<BindMode> {
    let modes = [BindMode::Transmitter, BindMode::Receiver, BindMode::Transceiver];
    modes.into_iter().find(|mode| mode.response() == reply.response)
}
