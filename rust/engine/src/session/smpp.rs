//! The driver of one SMPP session as a client: connect, bind, move bytes, come back after a loss.

mod hear;

use std::sync::Arc;
use std::task::{Context, Poll};

use bealert_core::dispatch::Handout;
use bealert_core::model::GatewayId;
use bealert_sim::client::{Backoff, Replies, WORKED_US};
use bealert_wire::smpp::{
    BindMode, CloseReason, Esme, EsmeConfig, Event, Reply, StatusClass, SubmitError, class, status,
};

use super::line::{Line, Lost};
use super::stream::{Opening, open_smpp};
use super::{Change, Greeting, NotSent, Pass};
use crate::config::{BindKind, SmppConfig};
use crate::fork::Descriptors;
use crate::r#loop::store::Store;
use crate::metrics::ResponseTimes;

/// How long a connection may take to come up.
const CONNECT_US: u64 = 10_000_000;

/// One session of a gateway, over all its connections.
pub(crate) struct SmppSession {
    gateway: GatewayId,
    /// Its number within the gateway.
    number: u16,
    config: Arc<SmppConfig>,
    descriptors: Arc<Descriptors>,
    link: Link,
    backoff: Backoff,
    replies: Replies<Reply>,
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
    Waiting {
        until_us: u64,
    },
    Connecting {
        connecting: Opening,
        deadline_us: u64,
    },
    Up(Line<Esme>),
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
        let more = self.read(cx, pass);
        self.handle_timeout(pass);
        self.tell(pass);
        more
    }

    fn read(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) -> bool {
        let Link::Up(line) = &mut self.link else { return false };
        line.read(cx, pass.now_us, pass.buffer).unwrap_or_else(|lost| {
            self.lost(pass, lost);
            false
        })
    }

    fn poll_connect(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) {
        if let Link::Waiting { until_us } = self.link
            && until_us <= pass.now_us
        {
            let connecting = open_smpp(&self.config.host, self.config.port, &self.descriptors);
            self.link = Link::Connecting { connecting, deadline_us: pass.now_us + CONNECT_US };
        }
        let Link::Connecting { connecting, deadline_us } = &mut self.link else { return };
        let deadline_us = *deadline_us;
        match connecting.as_mut().poll(cx) {
            Poll::Ready(Ok(stream)) => {
                let mut esme = Box::new(Esme::new(esme_config(&self.config)));
                esme.connected(pass.now_us);
                self.connected_us = pass.now_us;
                self.link = Link::Up(Line::new(stream, esme));
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
        let Link::Up(line) = &mut self.link else { return };
        line.handle_timeout(pass.now_us);
        if self.greeting.is_some() && pass.now_us >= self.connected_us + WORKED_US {
            self.backoff.worked();
        }
    }

    /// What went up or down since the last call.
    pub(crate) fn take_change(&mut self) -> Option<Change> {
        self.change.take()
    }

    /// Messages it takes now. None while the socket does not take what is there already.
    pub(crate) fn room(&self) -> u32 {
        match &self.link {
            Link::Up(line) => line.room(),
            _ => 0,
        }
    }

    /// Whether there would be room if what is there already were written.
    pub(crate) fn has_more_room(&self) -> bool {
        matches!(&self.link, Link::Up(line) if line.has_more_room())
    }

    /// Takes one message; it is written by [`SmppSession::flush`].
    #[inline]
    pub(crate) fn send(
        &mut self,
        pass: &mut Pass<'_>,
        store: &mut Store,
        handout: &Handout,
    ) -> Result<(), NotSent> {
        let Link::Up(line) = &mut self.link else { return Err(NotSent::NoRoom) };
        let (template, message) = store.sms(handout, &self.config).map_err(NotSent::Unfit)?;
        line.session.submit(pass.now_us, handout.token, template, &message).map_err(|error| match error {
            SubmitError::NotBound | SubmitError::Full => NotSent::NoRoom,
            error => NotSent::Never(error.to_string()),
        })
    }

    /// Answers a receipt that the dispatcher has kept, or can't keep for now (`ok` is false).
    pub(crate) fn answer(&mut self, now_us: u64, name: u64, ok: bool) {
        if let Some(reply) = self.replies.take(name)
            && let Link::Up(line) = &mut self.link
        {
            // A temporary error makes the SMSC send it again.
            let status = if ok { status::ESME_ROK } else { status::ESME_RX_T_APPN };
            line.session.answer(now_us, reply, status);
        }
    }

    fn answer_now(&mut self, now_us: u64, reply: Reply) {
        if let Link::Up(line) = &mut self.link {
            line.session.answer(now_us, reply, status::ESME_ROK);
        }
    }

    /// Writes what waits, and closes where that is due.
    pub(crate) fn flush(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) {
        let Link::Up(line) = &mut self.link else { return };
        if let Err(lost) = line.write(cx, pass.now_us, pass.buffer) {
            self.lost(pass, lost);
        }
    }

    /// The next time at which [`SmppSession::poll`] has something to do.
    pub(crate) fn timeout(&self) -> Option<u64> {
        match &self.link {
            Link::Waiting { until_us } => Some(*until_us),
            Link::Connecting { deadline_us, .. } => Some(*deadline_us),
            Link::Up(line) => line.session.poll_timeout(),
            Link::Ended => None,
        }
    }

    /// Ends the session in order: no more messages, the window drains, unbind.
    pub(crate) fn close(&mut self, now_us: u64) {
        self.closing = true;
        match &mut self.link {
            Link::Up(line) => line.session.unbind(now_us),
            link => *link = Link::Ended,
        }
    }

    /// Ends the session now; what is not answered stays uncertain.
    pub(crate) fn drop_now(&mut self, pass: &mut Pass<'_>) {
        self.closing = true;
        self.lost(pass, Lost(None));
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
            Link::Up(line) => line.session.in_flight(),
            _ => 0,
        }
    }

    /// The connection is gone: every request gets its last word, then the dispatcher hears it.
    #[cold]
    fn lost(&mut self, pass: &mut Pass<'_>, Lost(error): Lost) {
        let Link::Up(line) = std::mem::replace(&mut self.link, Link::Ended) else { return };
        let (_, mut esme) = line.into_parts();
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
        let fatal =
            matches!(reason, CloseReason::BindRefused { status } if class(status) == StatusClass::BindFatal);
        self.down(pass.now_us, why, fatal);
    }

    fn down(&mut self, now_us: u64, why: String, fatal: bool) {
        self.change = Some(Change::Down { why, fatal });
        self.link = if self.closing {
            Link::Ended
        } else {
            let wait_us = if fatal { self.backoff.fatal_us(now_us) } else { self.backoff.wait_us(now_us) };
            Link::Waiting { until_us: now_us + wait_us }
        };
    }

    fn name(&self) -> String {
        format!("{} session {}", self.config.name, self.number + 1)
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
