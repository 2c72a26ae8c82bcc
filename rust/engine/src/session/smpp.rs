//! The driver of one SMPP session as a client: connect, bind, move bytes, come back after a loss.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use bealert_core::dispatch::{Answer, Receipt as FinalReceipt};
use bealert_core::model::GatewayId;
use bealert_core::outcome::Step;
use bealert_core::retry::Refusal;
use bealert_wire::smpp::{
    BindMode, CloseReason, Esme, EsmeConfig, Event, Message, Receipt, ReceiptState, Reply, Status, StatusClass,
    SubmitError, SubmitTemplate, class, status,
};

use super::backoff::Backoff;
use super::tcp::{Connecting, Tcp, connect};
use super::{Change, Greeting, PASS_BYTES, Pass};
use crate::config::{BindKind, SmppConfig};
use crate::fork::Descriptors;
use crate::metrics::ResponseTimes;
use crate::text::brief;

/// How long a connection may take to come up.
const CONNECT_US: u64 = 10_000_000;

/// A session that lived this long has shown that its far end works, even if nothing was sent.
const WORKED_US: u64 = 5_000_000;

/// One session of a gateway, over all its connections.
pub(crate) struct SmppSession {
    gateway: GatewayId,
    /// Its number within the gateway.
    number: u16,
    config: Arc<SmppConfig>,
    descriptors: Arc<Descriptors>,
    link: Link,
    backoff: Backoff,
    replies: Replies,
    greeting: Option<Greeting>,
    connected_us: u64,
    closing: bool,
    times: ResponseTimes,
    /// What the gateway has not heard yet.
    change: Option<Change>,
    /// For tests: panic at the next poll.
    pub(crate) panics: bool,
}

enum Link {
    /// Not before this time.
    Waiting { until_us: u64 },
    Connecting { connecting: Connecting, deadline_us: u64 },
    Up { tcp: Tcp, esme: Box<Esme>, stuck: bool },
    /// Closed for good.
    Ended,
}

impl SmppSession {
    pub(crate) fn new(
        gateway: GatewayId,
        number: u16,
        config: Arc<SmppConfig>,
        descriptors: Arc<Descriptors>,
        seed: u64,
    ) -> Self {
        let backoff = Backoff::new(config.reconnect_max_ms.saturating_mul(1_000), seed);
        Self {
            gateway,
            number,
            config,
            descriptors,
            link: Link::Waiting { until_us: 0 },
            backoff,
            replies: Replies::default(),
            greeting: None,
            connected_us: 0,
            closing: false,
            times: ResponseTimes::default(),
            change: None,
            panics: false,
        }
    }

    /// Connects, reads what one read gives, and tells the dispatcher what it heard. Gives whether
    /// more may be waiting.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) -> bool {
        assert!(!self.panics, "injected into a session");
        self.poll_connect(cx, pass);
        let Link::Up { tcp, esme, .. } = &mut self.link else { return false };
        let mut more = false;
        match tcp.poll_read(cx, pass.buffer) {
            Poll::Ready(Ok(0)) => self.lost(pass, None),
            Poll::Ready(Ok(read)) => {
                esme.receive(pass.now_us, &pass.buffer[..read]);
                more = read == pass.buffer.len();
            }
            Poll::Ready(Err(error)) => self.lost(pass, Some(error)),
            Poll::Pending => {}
        }
        self.handle_timeout(pass);
        self.tell(pass);
        more
    }

    fn poll_connect(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) {
        if let Link::Waiting { until_us } = self.link
            && until_us <= pass.now_us
        {
            let connecting = connect(&self.config.host, self.config.port, &self.descriptors);
            self.link = Link::Connecting { connecting, deadline_us: pass.now_us + CONNECT_US };
        }
        let Link::Connecting { connecting, deadline_us } = &mut self.link else { return };
        let deadline_us = *deadline_us;
        match connecting.as_mut().poll(cx) {
            Poll::Ready(Ok(tcp)) => {
                let mut esme = Box::new(Esme::new(esme_config(&self.config)));
                esme.connected(pass.now_us);
                self.connected_us = pass.now_us;
                self.link = Link::Up { tcp, esme, stuck: false };
            }
            Poll::Ready(Err(error)) => self.down(pass.now_us, format!("no connection: {error}"), false),
            Poll::Pending if deadline_us <= pass.now_us => {
                let seconds = CONNECT_US / 1_000_000;
                self.down(pass.now_us, format!("no connection within {seconds} s"), false);
            }
            Poll::Pending => {}
        }
    }

    fn handle_timeout(&mut self, pass: &mut Pass<'_>) {
        let Link::Up { esme, .. } = &mut self.link else { return };
        if esme.poll_timeout().is_some_and(|at_us| at_us <= pass.now_us) {
            esme.handle_timeout(pass.now_us);
        }
        if self.greeting.is_some() && pass.now_us >= self.connected_us + WORKED_US {
            self.backoff.worked();
        }
    }

    /// Passes on what the pure session has to say.
    fn tell(&mut self, pass: &mut Pass<'_>) {
        while let Link::Up { esme, .. } = &mut self.link
            && let Some(event) = esme.poll_event()
        {
            self.hear(pass, event);
        }
    }

    #[inline]
    fn hear(&mut self, pass: &mut Pass<'_>, event: Event) {
        let now_us = pass.now_us;
        match event {
            Event::Accepted { token, id, took_us, .. } => {
                self.times.add(took_us);
                self.backoff.worked();
                pass.dispatcher.answered(now_us, token, Answer::Accepted { remote: &id });
            }
            Event::Rejected { token, status, took_us, .. } => {
                self.times.add(took_us);
                self.backoff.worked();
                let detail = brief::<64>(format_args!("{}", Status(status)));
                let answer = Answer::Refused { refusal: refusal(status), detail: &detail };
                pass.dispatcher.answered(now_us, token, answer);
            }
            Event::TimedOut { token } => pass.dispatcher.answered(now_us, token, Answer::TimedOut),
            Event::Lost { token } => pass.dispatcher.answered(now_us, token, Answer::Lost),
            Event::Unsent { token } => pass.dispatcher.answered(now_us, token, Answer::Unsent),
            Event::Receipt { reply, receipt } => self.hear_receipt(pass, reply, &receipt),
            other => self.hear_rarely(pass, other),
        }
    }

    fn hear_receipt(&mut self, pass: &mut Pass<'_>, reply: Reply, receipt: &Receipt) {
        let step = match receipt.state {
            ReceiptState::Delivered => Step::Delivered,
            ReceiptState::Expired
            | ReceiptState::Deleted
            | ReceiptState::Undeliverable
            | ReceiptState::Rejected => Step::Failed,
            // Not final: nothing to make durable, so it is answered at once.
            ReceiptState::Enroute | ReceiptState::Accepted | ReceiptState::Unknown => {
                return self.answer_now(pass.now_us, reply);
            }
        };
        let detail = match step {
            Step::Delivered => Default::default(),
            _ if receipt.code.is_empty() => brief::<64>(format_args!("{}", receipt.state.word())),
            _ => brief::<64>(format_args!("{} {}", receipt.state.word(), receipt.code)),
        };
        let told = FinalReceipt { remote: &receipt.id, address: &receipt.source, step, detail: &detail };
        let name = self.replies.keep(reply);
        pass.dispatcher.receipt(pass.now_us, self.gateway, self.number, name, told);
    }

    #[cold]
    fn hear_rarely(&mut self, pass: &mut Pass<'_>, event: Event) {
        let name = self.name();
        match event {
            Event::Bound { smsc, version } => {
                let round_trip_us = pass.now_us - self.connected_us;
                pass.log.info("gateway", format!("{name}: bound to {smsc:?}, version {version:#04x}"));
                self.greeting = Some(Greeting { smsc, version, round_trip_us });
                self.change = Some(Change::Up);
                pass.dispatcher.session_up(pass.now_us, self.gateway, self.number);
            }
            Event::Message { reply, source, destination } => {
                let text = format!("{name}: a message from {source} to {destination} was dropped");
                pass.log.info("gateway", text);
                self.answer_now(pass.now_us, reply);
            }
            Event::Fault { what } => pass.log.warning("gateway", format!("{name}: {what}")),
            Event::Unbound => pass.log.info("gateway", format!("{name}: the far end unbound")),
            Event::Closed { why } => pass.log.debug("gateway", format!("{name}: closed, {why}")),
            _ => {}
        }
    }

    /// What went up or down since the last call.
    pub(crate) fn take_change(&mut self) -> Option<Change> {
        self.change.take()
    }

    /// Messages it takes now. None while the socket does not take what is there already.
    pub(crate) fn room(&self) -> u32 {
        match &self.link {
            Link::Up { esme, stuck: false, .. } if esme.outgoing().len() < PASS_BYTES => esme.room(),
            _ => 0,
        }
    }

    /// Whether there would be room if the other sessions had had their turn.
    pub(crate) fn has_more_room(&self) -> bool {
        matches!(&self.link, Link::Up { esme, stuck: false, .. } if esme.room() > 0)
    }

    /// Takes one message; it is written by [`SmppSession::flush`].
    #[inline]
    pub(crate) fn submit(
        &mut self,
        now_us: u64,
        token: u64,
        template: &SubmitTemplate,
        message: &Message<'_>,
    ) -> Result<(), SubmitError> {
        match &mut self.link {
            Link::Up { esme, .. } => esme.submit(now_us, token, template, message),
            _ => Err(SubmitError::NotBound),
        }
    }

    /// Answers a receipt that the dispatcher has kept, or can't keep for now (`ok` is false).
    pub(crate) fn answer(&mut self, now_us: u64, name: u64, ok: bool) {
        if let Some(reply) = self.replies.take(name)
            && let Link::Up { esme, .. } = &mut self.link
        {
            // A temporary error makes the SMSC send it again.
            let status = if ok { status::ESME_ROK } else { status::ESME_RX_T_APPN };
            esme.answer(now_us, reply, status);
        }
    }

    fn answer_now(&mut self, now_us: u64, reply: Reply) {
        if let Link::Up { esme, .. } = &mut self.link {
            esme.answer(now_us, reply, status::ESME_ROK);
        }
    }

    /// Writes what waits, and closes where that is due.
    pub(crate) fn flush(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) {
        let Link::Up { tcp, esme, stuck } = &mut self.link else { return };
        *stuck = false;
        while !esme.outgoing().is_empty() {
            match tcp.poll_write(cx, esme.outgoing()) {
                Poll::Ready(Ok(wrote)) => esme.wrote(wrote),
                Poll::Ready(Err(error)) => return self.lost(pass, Some(error)),
                Poll::Pending => {
                    *stuck = true;
                    break;
                }
            }
        }
        if esme.wants_close() && esme.outgoing().is_empty() {
            self.lost(pass, None);
        }
    }

    /// The next time at which [`SmppSession::poll`] has something to do.
    pub(crate) fn timeout(&self) -> Option<u64> {
        match &self.link {
            Link::Waiting { until_us } => Some(*until_us),
            Link::Connecting { deadline_us, .. } => Some(*deadline_us),
            Link::Up { esme, .. } => esme.poll_timeout(),
            Link::Ended => None,
        }
    }

    /// Ends the session in order: no more messages, the window drains, unbind.
    pub(crate) fn close(&mut self, now_us: u64) {
        self.closing = true;
        match &mut self.link {
            Link::Up { esme, .. } => esme.unbind(now_us),
            link => *link = Link::Ended,
        }
    }

    /// Ends the session now; what is not answered stays uncertain.
    pub(crate) fn drop_now(&mut self, pass: &mut Pass<'_>) {
        self.closing = true;
        self.lost(pass, None);
        self.link = Link::Ended;
    }

    /// Whether a close has come to its end.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.link, Link::Ended)
    }

    /// What the far end said of itself, while bound.
    pub(crate) fn greeting(&self) -> Option<&Greeting> {
        self.greeting.as_ref()
    }

    /// How long the far end took to answer.
    pub(crate) fn times(&self) -> &ResponseTimes {
        &self.times
    }

    /// Requests waiting for a response.
    pub(crate) fn in_flight(&self) -> u32 {
        match &self.link {
            Link::Up { esme, .. } => esme.in_flight(),
            _ => 0,
        }
    }

    /// The connection is gone: every request gets its last word, then the dispatcher hears it.
    #[cold]
    fn lost(&mut self, pass: &mut Pass<'_>, error: Option<io::Error>) {
        let Link::Up { mut esme, .. } = std::mem::replace(&mut self.link, Link::Ended) else { return };
        esme.disconnected(pass.now_us);
        let mut reason = CloseReason::Dropped;
        while let Some(event) = esme.poll_event() {
            if let Event::Closed { why } = &event {
                reason = *why;
            }
            self.hear(pass, event);
        }
        self.replies.clear();
        if self.greeting.take().is_some() {
            pass.dispatcher.session_down(pass.now_us, self.gateway, self.number);
        }
        let why = match error {
            Some(error) if reason == CloseReason::Dropped => format!("{reason}: {error}"),
            _ => reason.to_string(),
        };
        let fatal = matches!(reason, CloseReason::BindRefused { status } if class(status) == StatusClass::BindFatal);
        self.down(pass.now_us, why, fatal);
    }

    fn down(&mut self, now_us: u64, why: String, fatal: bool) {
        self.change = Some(Change::Down { why, fatal });
        self.link = if self.closing {
            Link::Ended
        } else {
            let wait_us = if fatal { self.backoff.fatal_us() } else { self.backoff.wait_us() };
            Link::Waiting { until_us: now_us + wait_us }
        };
    }

    fn name(&self) -> String {
        format!("{} session {}", self.config.name, self.number + 1)
    }
}

/// Receipts whose answer waits for a commit. Their names carry the connection they came on, so that
/// an answer that is late by a reconnect goes nowhere.
#[derive(Default)]
struct Replies {
    connection: u32,
    slots: Vec<Option<Reply>>,
    free: Vec<u32>,
}

impl Replies {
    fn keep(&mut self, reply: Reply) -> u64 {
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        self.slots[at as usize] = Some(reply);
        u64::from(self.connection) << 32 | u64::from(at)
    }

    fn take(&mut self, name: u64) -> Option<Reply> {
        if name >> 32 != u64::from(self.connection) {
            return None;
        }
        let reply = self.slots.get_mut(name as u32 as usize)?.take()?;
        self.free.push(name as u32);
        Some(reply)
    }

    fn clear(&mut self) {
        self.connection = self.connection.wrapping_add(1);
        self.slots.clear();
        self.free.clear();
    }
}

/// What a status means for the message.
fn refusal(status: u32) -> Refusal {
    match class(status) {
        StatusClass::Throttled => Refusal::Throttled,
        StatusClass::Retry => Refusal::ForNow,
        StatusClass::Accepted | StatusClass::Permanent | StatusClass::BindFatal => Refusal::ForGood,
    }
}

/// The settings of the pure session.
pub(crate) fn esme_config(config: &SmppConfig) -> EsmeConfig {
    EsmeConfig {
        system_id: config.system_id.clone(),
        password: config.password.clone(),
        system_type: config.system_type.clone(),
        bind: match config.bind {
            BindKind::Transceiver => BindMode::Transceiver,
            BindKind::Transmitter => BindMode::Transmitter,
        },
        window: config.window,
        response_timeout_us: config.response_timeout_ms.saturating_mul(1_000),
        enquire_interval_us: config.enquire_interval_ms.saturating_mul(1_000),
        ..EsmeConfig::default()
    }
}
