//! The driver of one connection to a mail relay: made when there is work, encrypted, given back when there is none.

mod advice;
mod hear;
mod in_plain;
mod offer;
mod relay;
mod returns;
pub(crate) mod secret;

use std::sync::Arc;
use std::task::{Context, Poll};

use bealert_core::dispatch::Handout;
use bealert_sim::client::WORKED_US;
use bealert_wire::smtp::{Client, SubmitError};

use super::line::{Line, Lost};
use super::stream::{Opening, open_smtp};
use super::tls::{Step, is_certificate, not_open};
use super::{Change, Greeting, NotSent, Pass};
use crate::fork::Descriptors;
use crate::r#loop::store::Store;
use crate::mail::Tried;
use crate::metrics::ResponseTimes;

pub(crate) use advice::{WANTS_IMPLICIT, advised};
pub(crate) use offer::Offer;
pub(crate) use relay::{Refusals, Relay, client_config, tls_of};
pub(crate) use returns::Returns;

/// A relay that has not greeted for so long is told of, and others take over, though it may go on for the minutes that
/// RFC 5321 §4.5.3.2.1 gives it: those that make callers wait on purpose take a few seconds.
const SILENT_US: u64 = 10_000_000;

/// One of the connections that a relay may have, over all the times that it is made.
pub(crate) struct SmtpSession {
    /// Its number within the gateway.
    number: u16,
    relay: Arc<Relay>,
    descriptors: Arc<Descriptors>,
    link: Link,
    greeting: Option<Greeting>,
    opened_us: u64,
    /// Until when the greeting of a new connection is waited for before that is told.
    greeted_by_us: Option<u64>,
    /// The connection has carried a message, or lived for a while; and since the gateway last asked.
    useful: bool,
    worked: bool,
    /// A connection or a handshake was begun, and nothing wakes the loop for it yet.
    fresh: bool,
    closing: bool,
    times: ResponseTimes,
    /// What the gateway has not heard yet.
    change: Option<Change>,
    /// For tests: panic at the next poll.
    pub(crate) panics: bool,
    /// The reverse-path of the message being handed in; kept for its memory.
    sender: String,
}

enum Link {
    /// No connection, and none wanted.
    Resting,
    /// A connection is made, or is being encrypted: then `client` is the session that asked for it.
    Opening {
        opening: Opening,
        client: Option<Box<Client>>,
        deadline_us: u64,
    },
    Up(Line<Client>),
    /// Closed for good.
    Ended,
}

impl SmtpSession {
    pub(crate) fn new(number: u16, relay: Arc<Relay>, descriptors: Arc<Descriptors>) -> Self {
        Self {
            number,
            relay,
            descriptors,
            link: Link::Resting,
            greeting: None,
            opened_us: 0,
            greeted_by_us: None,
            useful: false,
            worked: false,
            fresh: false,
            closing: false,
            times: ResponseTimes::default(),
            change: None,
            panics: false,
            sender: String::new(),
        }
    }

    /// Whether it has no connection, and could have one.
    pub(crate) fn rests(&self) -> bool {
        matches!(self.link, Link::Resting)
    }

    /// Makes its connection.
    pub(crate) fn open(&mut self, now_us: u64) {
        if !self.rests() {
            return;
        }
        let (host, port) = self.relay.address();
        let connecting = open_smtp(host, port, self.relay.implicit_tls(), &self.descriptors);
        let opening = match self.relay.secret_file() {
            Some(path) => {
                let relay = Arc::clone(&self.relay);
                Box::pin(async move {
                    relay.renew_secret(path).await;
                    connecting.await
                })
            }
            None => connecting,
        };
        self.opened_us = now_us;
        self.useful = false;
        let deadline_us = now_us + self.relay.connect_us();
        self.link = Link::Opening { opening, client: None, deadline_us };
        self.fresh = true;
    }

    /// Whether it is to be polled before the loop may wait.
    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Connects, reads what there is, and tells the dispatcher what it heard. Gives whether more may be waiting.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) -> bool {
        assert!(!self.panics, "injected into a session");
        self.fresh = false;
        self.poll_opening(cx, pass);
        let more = self.read(cx, pass);
        self.handle_timeout(pass);
        self.tell(pass);
        more
    }

    fn poll_opening(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) {
        let Link::Opening { opening, client, deadline_us } = &mut self.link else { return };
        let step = if client.is_some() { Step::StartTls } else { Step::Connect };
        match opening.as_mut().poll(cx) {
            Poll::Ready(Ok(stream)) => {
                let client = match client.take() {
                    Some(mut client) => {
                        self.relay.tls_works();
                        client.tls_started(pass.now_us);
                        client
                    }
                    None => {
                        let mut client = Box::new(self.relay.client(pass.now_us));
                        client.connected(pass.now_us);
                        self.greeted_by_us = Some(pass.now_us + self.relay.connect_us().min(SILENT_US));
                        client
                    }
                };
                self.link = Link::Up(Line::new(stream, client));
            }
            Poll::Ready(Err(error)) => {
                let encrypting = step == Step::StartTls || self.relay.implicit_tls().is_some();
                let for_good = encrypting && is_certificate(&error);
                self.failed(pass.now_us, step, not_open(step, &error), for_good);
            }
            Poll::Pending if *deadline_us <= pass.now_us => {
                let seconds = self.relay.connect_us() / 1_000_000;
                let what = if step == Step::StartTls { "TLS" } else { "connection" };
                self.failed(pass.now_us, step, format!("no {what} within {seconds} s"), false);
            }
            Poll::Pending => {}
        }
    }

    fn read(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) -> bool {
        let Link::Up(line) = &mut self.link else { return false };
        line.read(cx, pass.now_us, pass.buffer).unwrap_or_else(|lost| {
            self.lost(pass, lost);
            false
        })
    }

    fn handle_timeout(&mut self, pass: &mut Pass<'_>) {
        let Link::Up(line) = &mut self.link else { return };
        line.handle_timeout(pass.now_us);
        if !line.session.is_silent() {
            self.greeted_by_us = None;
        } else if self.greeted_by_us.is_some_and(|at_us| at_us <= pass.now_us) {
            self.greeted_by_us = None;
            let why = advice::silent(self.relay.tls_mode(), self.relay.connect_us().min(SILENT_US));
            self.change = Some(Change::Down { why, fatal: false });
        }
        if self.greeting.is_some() && pass.now_us >= self.opened_us + WORKED_US {
            (self.useful, self.worked) = (true, true);
        }
    }

    /// Whether its connection has shown since the last call that the relay works.
    pub(crate) fn take_worked(&mut self) -> bool {
        std::mem::take(&mut self.worked)
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

    /// Takes one message; it is written by [`SmtpSession::flush`], and its body once the relay wants it.
    #[inline]
    pub(crate) fn send(
        &mut self,
        pass: &mut Pass<'_>,
        store: &mut Store,
        handout: &Handout,
    ) -> Result<(), NotSent> {
        let Link::Up(line) = &mut self.link else { return Err(NotSent::NoRoom) };
        let mail = store.mail(handout, self.relay.name()).map_err(NotSent::Unfit)?;
        let recipients = [mail.to];
        let envelope = self.relay.envelope(handout, &mail, pass.wall_ms, &mut self.sender, &recipients);
        let letter = Tried::of(mail.letter, handout.attempt, envelope.envid);
        line.session.submit(pass.now_us, handout.token, &envelope, &letter).map_err(|error| match error {
            SubmitError::NotReady | SubmitError::Full => NotSent::NoRoom,
            // Another relay may take what is too large for this one.
            SubmitError::Sender(_) | SubmitError::Envid | SubmitError::TooLarge { .. } => {
                NotSent::Unfit(error.to_string())
            }
            error => NotSent::Never(error.to_string()),
        })
    }

    /// No receipt comes over this session.
    pub(crate) fn answer(&mut self, _now_us: u64, _name: u64, _ok: bool) {}

    /// Writes what waits, and closes or encrypts where that is due.
    pub(crate) fn flush(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) {
        let Link::Up(line) = &mut self.link else { return };
        match line.write(cx, pass.now_us, pass.buffer) {
            Ok(written) => {
                line.acknowledge();
                if written && line.session.wants_tls() {
                    self.encrypt(pass.now_us);
                }
            }
            Err(lost) => self.lost(pass, lost),
        }
    }

    fn encrypt(&mut self, now_us: u64) {
        let Link::Up(line) = std::mem::replace(&mut self.link, Link::Resting) else { return };
        let (stream, client) = line.into_parts();
        let tls = self.relay.tls().expect("a session that may ask for TLS has it");
        let deadline_us = now_us + self.relay.connect_us();
        self.link = Link::Opening { opening: stream.secure(tls), client: Some(client), deadline_us };
        self.fresh = true;
    }

    /// The next time at which [`SmtpSession::poll`] has something to do.
    pub(crate) fn timeout(&self) -> Option<u64> {
        match &self.link {
            Link::Opening { deadline_us, .. } => Some(*deadline_us),
            Link::Up(line) => [line.session.poll_timeout(), self.greeted_by_us].into_iter().flatten().min(),
            Link::Resting | Link::Ended => None,
        }
    }

    /// Ends the session in order: no more messages, those under way are answered, QUIT.
    pub(crate) fn close(&mut self, now_us: u64) {
        self.closing = true;
        match &mut self.link {
            Link::Up(line) => line.session.quit(now_us),
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

    /// What the relay said of itself, while it can be sent to.
    pub(crate) fn greeting(&self) -> Option<&Greeting> {
        self.greeting.as_ref()
    }

    /// How long the relay took to answer.
    pub(crate) fn times(&self) -> &ResponseTimes {
        &self.times
    }

    /// Messages waiting for an answer.
    pub(crate) fn in_flight(&self) -> u32 {
        match &self.link {
            Link::Up(line) => line.session.in_flight(),
            _ => 0,
        }
    }

    /// No connection came of it, or none with TLS.
    #[cold]
    fn failed(&mut self, now_us: u64, step: Step, why: String, for_good: bool) {
        let without = if step == Step::StartTls { self.relay.tls_failed(now_us, &why) } else { None };
        self.change = Some(match without {
            Some(true) => Change::InPlain { why },
            Some(false) => Change::Rested,
            None => Change::Down { why, fatal: for_good },
        });
        self.link = if self.closing { Link::Ended } else { Link::Resting };
    }

    /// The connection is gone: every message gets its last word.
    #[cold]
    fn lost(&mut self, pass: &mut Pass<'_>, Lost(error): Lost) {
        let Link::Up(line) = std::mem::replace(&mut self.link, Link::Resting) else { return };
        let (_, mut client) = line.into_parts();
        // Whoever says that TLS may begin and hangs up has no TLS: that is not left to the handshake.
        let before_handshake = client.wants_tls();
        client.disconnected(pass.now_us);
        let mut reason = None;
        while let Some(event) = client.poll_event() {
            if let Some(why) = self.hear(pass, event) {
                reason = Some(why);
            }
        }
        self.greeting = None;
        if before_handshake {
            let why = match error {
                Some(error) => format!("no TLS: {error}"),
                None => "no TLS: the relay hung up before the handshake".to_owned(),
            };
            return self.failed(pass.now_us, Step::StartTls, why, false);
        }
        self.change = Some(hear::change(&self.relay, reason, error, self.useful));
        if self.closing {
            self.link = Link::Ended;
        }
    }

    fn log_name(&self) -> String {
        format!("{} connection {}", self.relay.name(), self.number + 1)
    }
}
