//! The client side of a session: binds, submits, takes receipts (SMPP 3.4 §2).

mod incoming;

use std::collections::VecDeque;

use super::bind::{Bind, VERSION_3_3, VERSION_3_4};
use super::config::EsmeConfig;
use super::event::{Event, Output, Reply};
use super::fault::CloseReason;
use super::frame::Frames;
use super::link::Link;
use super::pdu::Body;
use super::template::{Message, SubmitError, SubmitTemplate};
use super::window::Window;

/// One ESME session over one connection, from bind to close.
///
/// The driver calls what happened, and after each call takes events, bytes, deadline and the wish to close: see
/// the [session contract](crate#the-session-contract). A session lives once; a new connection gets a new one.
#[derive(Debug)]
pub struct Esme {
    config: EsmeConfig,
    link: Link,
    frames: Frames,
    events: VecDeque<Event>,
    phase: Phase,
    version: u8,
    /// Receipts and messages handed out whose answer has not been given yet.
    owed: u32,
    /// The last submit or time-out: late answers are waited for from then on.
    quiet_us: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Binding {
        sequence: u32,
        deadline_us: u64,
    },
    Bound,
    /// Takes no more submits; waits for the window to empty, and until `owed_until_us` for our own answers.
    Draining {
        why: CloseReason,
        owed_until_us: u64,
    },
    Unbinding {
        why: CloseReason,
        deadline_us: u64,
    },
    Ended,
}

impl Esme {
    /// A session that waits for its transport.
    pub fn new(config: EsmeConfig) -> Self {
        let window = Window::new(config.window, config.first_sequence);
        let link = Link::new(window, config.response_timeout_us, config.enquire_interval_us);
        Self {
            config,
            link,
            frames: Frames::default(),
            events: VecDeque::new(),
            phase: Phase::Idle,
            version: VERSION_3_3,
            owed: 0,
            quiet_us: 0,
        }
    }

    /// The transport is up: the bind is queued.
    pub fn connected(&mut self, now_us: u64) {
        if self.phase != Phase::Idle || self.link.is_closing() {
            return;
        }
        let config = &self.config;
        let bind = Bind {
            system_id: config.system_id.as_bytes(),
            password: config.password.as_bytes(),
            system_type: config.system_type.as_bytes(),
            interface_version: VERSION_3_4,
            address_ton: config.address_ton,
            address_npi: config.address_npi,
            address_range: config.address_range.as_bytes(),
        };
        let sequence = self.link.request(Body::Bind(config.bind, bind));
        let deadline_us = now_us.saturating_add(config.bind_timeout_us);
        self.phase = Phase::Binding { sequence, deadline_us };
    }

    /// What one read returned, cut anywhere.
    pub fn receive(&mut self, now_us: u64, mut bytes: &[u8]) {
        // The frames lend out the PDU being looked at, so they stand apart meanwhile.
        let mut frames = std::mem::take(&mut self.frames);
        while let Some(incoming) = self.link.next(now_us, &mut frames, &mut bytes) {
            self.take(now_us, incoming);
        }
        self.frames = frames;
        self.step(now_us);
    }

    /// How many messages [`Self::submit`] takes now: none unless bound to send, none while draining.
    pub fn room(&self) -> u32 {
        let open = self.phase == Phase::Bound && self.config.bind.submits() && !self.link.is_closing();
        if open { self.link.window.room() } else { 0 }
    }

    /// Requests waiting for their response, those timed out included.
    pub fn in_flight(&self) -> u32 {
        self.link.window.pending() + self.link.window.held()
    }

    /// Queues one message. Its outcome comes as an [`Event`] with this token.
    #[inline]
    pub fn submit(
        &mut self,
        now_us: u64,
        token: u64,
        template: &SubmitTemplate,
        message: &Message<'_>,
    ) -> Result<(), SubmitError> {
        if self.room() == 0 {
            let full = self.phase == Phase::Bound && self.link.window.room() == 0;
            return Err(if full { SubmitError::Full } else { SubmitError::NotBound });
        }
        SubmitTemplate::check(message, self.version)?;
        // The slot is taken before the bytes exist: no response can come first (SMPP 3.4 §5.1.4).
        let (sequence, out) = self.link.occupy(now_us, token);
        template.encode(sequence, message, out);
        self.quiet_us = now_us;
        Ok(())
    }

    /// Answers a receipt or message. Never waits for a slot of the window.
    pub fn answer(&mut self, now_us: u64, reply: Reply, status: u32) {
        self.owed = self.owed.saturating_sub(1);
        self.link.refuse(reply.response, status, reply.sequence);
        self.step(now_us);
    }

    /// Ends the session in order: no more submits, the window drains, our answers go out, unbind, close.
    pub fn unbind(&mut self, now_us: u64) {
        match self.phase {
            Phase::Idle | Phase::Binding { .. } => self.link.close(now_us, CloseReason::Requested),
            Phase::Bound | Phase::Draining { .. } => self.drain(now_us, CloseReason::Requested),
            Phase::Unbinding { .. } | Phase::Ended => {}
        }
    }

    /// The transport is gone. Each request still held ends here, in the order of submission; then `Closed`.
    pub fn disconnected(&mut self, _now_us: u64) {
        if self.phase == Phase::Ended {
            return;
        }
        self.phase = Phase::Ended;
        while let Some(request) = self.link.window.pop_first() {
            let token = request.token;
            let event = if self.link.left(request) { Event::Lost { token } } else { Event::Unsent { token } };
            self.events.push_back(event);
        }
        let why = self.link.end();
        self.events.push_back(Event::Closed { why });
    }

    /// Time has passed. Hand in what was read before: an answer that is here beats its time-out.
    pub fn handle_timeout(&mut self, now_us: u64) {
        while let Some(request) = self.link.overdue(now_us) {
            self.link.window.hold_oldest();
            self.quiet_us = now_us;
            self.events.push_back(Event::TimedOut { token: request.token });
        }
        match self.phase {
            Phase::Binding { deadline_us, .. } if deadline_us <= now_us => {
                self.link.abort(now_us, CloseReason::BindTimedOut);
            }
            Phase::Unbinding { why, deadline_us } if deadline_us <= now_us => self.link.abort(now_us, why),
            _ => {}
        }
        self.link.handle_timeout(now_us);
        self.step(now_us);
    }

    /// What happened, oldest first.
    #[inline]
    pub fn poll_event(&mut self) -> Option<Event> {
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
        if self.phase == Phase::Ended {
            return None;
        }
        let link = self.link.deadline();
        if self.link.is_closing() {
            return link;
        }
        let phase = match self.phase {
            Phase::Binding { deadline_us, .. } | Phase::Unbinding { deadline_us, .. } => Some(deadline_us),
            Phase::Bound if self.only_late() => Some(self.late_until_us()),
            Phase::Draining { why, owed_until_us } if self.link.window.pending() == 0 => {
                self.unbind_at_us(why, owed_until_us)
            }
            _ => None,
        };
        [link, phase].into_iter().flatten().min()
    }

    /// Whether the driver is to close the transport once [`Self::outgoing`] is empty.
    pub fn wants_close(&self) -> bool {
        self.phase != Phase::Ended && self.link.is_closing()
    }

    /// Everything there is to do, one thing at a time: events, bytes, then close or the next deadline.
    ///
    /// Bytes come again until [`Self::wrote`] takes them, so a driver whose transport is full goes on with
    /// [`Self::poll_timeout`].
    pub fn poll_output(&mut self) -> Output<'_> {
        if let Some(event) = self.poll_event() {
            return Output::Event(event);
        }
        if !self.outgoing().is_empty() {
            return Output::Transmit(self.outgoing());
        }
        if self.wants_close() { Output::Close } else { Output::Timeout(self.poll_timeout()) }
    }

    /// Moves on to draining and to unbind as soon as that may be.
    fn step(&mut self, now_us: u64) {
        if self.link.is_closing() {
            return;
        }
        let window = &self.link.window;
        match self.phase {
            Phase::Bound => {
                let half_held = window.held() > 0 && window.held() * 2 >= window.capacity();
                if half_held || (self.only_late() && self.late_until_us() <= now_us) {
                    self.drain(now_us, CloseReason::Unanswered);
                }
            }
            Phase::Draining { why, owed_until_us } if window.pending() == 0 => {
                let at_us = self.unbind_at_us(why, owed_until_us).unwrap_or(now_us);
                if at_us <= now_us {
                    self.link.request(Body::Unbind);
                    let deadline_us = self.link.response_deadline(now_us);
                    self.phase = Phase::Unbinding { why, deadline_us };
                }
            }
            _ => {}
        }
    }

    fn drain(&mut self, now_us: u64, why: CloseReason) {
        let owed_until_us = match self.phase {
            Phase::Draining { owed_until_us, .. } => owed_until_us,
            _ => self.link.response_deadline(now_us),
        };
        self.phase = Phase::Draining { why, owed_until_us };
        self.step(now_us);
    }

    /// Nothing to do but wait for late answers.
    fn only_late(&self) -> bool {
        self.link.window.pending() == 0 && self.link.window.held() > 0
    }

    fn late_until_us(&self) -> u64 {
        self.quiet_us.saturating_add(self.config.late_grace_us)
    }

    /// Until when a drained session waits before it unbinds: for our own answers, and, where it drains because
    /// answers were late, for those. `None` for not at all.
    fn unbind_at_us(&self, why: CloseReason, owed_until_us: u64) -> Option<u64> {
        let owed = (self.owed > 0).then_some(owed_until_us);
        let late = (why == CloseReason::Unanswered && self.only_late()).then(|| self.late_until_us());
        owed.max(late)
    }
}
