//! One connection that a relay may have, as the engine drives it, on a line instead of a socket. It comes
//! and goes with the work.

use std::collections::HashSet;

use bealert_core::dispatch::{Answer, Handout};
use bealert_core::retry::Refusal;
use bealert_wire::smtp::{
    Client, ClientConfig, CloseReason, Content, Envelope, Event, Notify, SubmitError, TlsMode,
};

use super::facts::What;
use super::far_end::FarEnd;
use super::fuse::Crash;
use super::line::Line;
use super::messages::Mail;
use super::plant::{NOBODY, Plant};
use super::session::Hands;
use super::setup::LineSetup;
use crate::client::{Ending, HeardMail, WORKED_US, ending, hear_mail};

#[derive(Debug)]
pub(super) struct MailSession {
    link: Link,
    /// Messages can be sent over it.
    pub(super) ready: bool,
    opened_us: u64,
    /// It has carried a message, or lived for a while; and since the gateway last asked.
    useful: bool,
    worked: bool,
    closing: bool,
    change: Option<Change>,
    /// Messages whose time is over: their loss puts nothing more in doubt.
    overdue: HashSet<u64>,
}

/// What the relay hears of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Up,
    Ended(Ending),
}

#[derive(Debug)]
enum Link {
    Resting,
    Up { line: Line, client: Box<Client> },
    Ended,
}

impl MailSession {
    pub(super) fn new() -> Self {
        Self {
            link: Link::Resting,
            ready: false,
            opened_us: 0,
            useful: false,
            worked: false,
            closing: false,
            change: None,
            overdue: HashSet::new(),
        }
    }

    pub(super) fn rests(&self) -> bool {
        matches!(self.link, Link::Resting)
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.link, Link::Ended)
    }

    pub(super) fn take_worked(&mut self) -> bool {
        std::mem::take(&mut self.worked)
    }

    pub(super) fn take_change(&mut self) -> Option<Change> {
        self.change.take()
    }

    pub(super) fn line(&mut self) -> Option<&mut Line> {
        match &mut self.link {
            Link::Up { line, .. } => Some(line),
            _ => None,
        }
    }

    /// Makes its connection.
    pub(super) fn open(&mut self, now_us: u64, far_end: &mut FarEnd, way: LineSetup, config: ClientConfig) {
        if far_end.deaf {
            self.change = Some(Change::Ended(Ending::Down { fatal: false }));
            return;
        }
        let encrypted = config.tls == TlsMode::Implicit;
        let line = Line::new(far_end.machine.connect(now_us, encrypted), way);
        let mut client = Box::new(Client::new(config));
        client.connected(now_us);
        self.opened_us = now_us;
        self.useful = false;
        self.link = Link::Up { line, client };
    }

    /// Reads what has arrived, and tells the dispatcher what it heard.
    pub(super) fn poll(&mut self, hands: &mut Hands<'_>) -> Result<(), Crash> {
        self.read(hands)?;
        if let Link::Up { client, .. } = &mut self.link {
            if client.poll_timeout().is_some_and(|at_us| at_us <= hands.now_us) {
                hands.fuse.point()?;
                client.handle_timeout(hands.now_us);
            }
            if self.ready && hands.now_us >= self.opened_us + WORKED_US {
                (self.useful, self.worked) = (true, true);
            }
        }
        while let Link::Up { client, .. } = &mut self.link
            && let Some(event) = client.poll_event()
        {
            self.hear(hands, event)?;
        }
        Ok(())
    }

    fn read(&mut self, hands: &mut Hands<'_>) -> Result<(), Crash> {
        while let Link::Up { line, client } = &mut self.link {
            match line.read(hands.now_us, hands.chance) {
                Some(bytes) => {
                    hands.fuse.point()?;
                    client.receive(hands.now_us, &bytes);
                }
                None if line.at_end() => return self.lost(hands, 0),
                None => break,
            }
        }
        Ok(())
    }

    /// Gives why the connection ended, if that is what it hears.
    fn hear(&mut self, hands: &mut Hands<'_>, mut event: Event) -> Result<Option<CloseReason>, Crash> {
        hands.fuse.point()?;
        let now_us = hands.now_us;
        match event {
            Event::TimedOut { token, .. } => {
                self.overdue.insert(token);
                hands.log.add(now_us, What::InDoubt { gateway: hands.far_end.id, lost: false });
            }
            Event::Lost { token, recipient } if !self.overdue.contains(&token) => {
                if hands.plant == Some(Plant::LostIsUnsent) {
                    event = Event::Unsent { token, recipient };
                } else {
                    hands.log.add(now_us, What::InDoubt { gateway: hands.far_end.id, lost: true });
                }
            }
            Event::Accepted { .. }
                if hands.plant == Some(Plant::AnswerDropped) && hands.chance.happens(0.2) =>
            {
                return Ok(None);
            }
            _ => {}
        }
        let Some(desk) = &mut *hands.desk else { return Ok(None) };
        match hear_mail(now_us, hands.dispatcher, &mut desk.breaker, &event) {
            HeardMail::Told | HeardMail::Refused { .. } => {}
            HeardMail::Accepted { .. } => (self.useful, self.worked) = (true, true),
            HeardMail::NotAMessage => match event {
                Event::Ready(_) => {
                    self.ready = true;
                    self.change = Some(Change::Up);
                }
                Event::Learnt(lesson) => drop(desk.learnt.take(lesson)),
                Event::Closed { why } => return Ok(Some(why)),
                _ => {}
            },
        }
        Ok(None)
    }

    /// Messages it takes now.
    pub(super) fn room(&self) -> u32 {
        match &self.link {
            Link::Up { line, client } if !line.stuck => client.room(),
            _ => 0,
        }
    }

    /// Hands a message over; what the dispatcher is to be told where it is not taken.
    pub(super) fn submit(
        &mut self,
        now_us: u64,
        handout: &Handout,
        mail: &Mail,
        receipts: bool,
        twice: bool,
    ) -> Result<(), (Answer<'static>, String)> {
        let unsent = (Answer::Unsent, String::new());
        let Link::Up { client, .. } = &mut self.link else { return Err(unsent) };
        let recipients = [mail.recipient.as_str()];
        let mut envelope = Envelope::new(&mail.sender, &recipients);
        envelope.envid = mail.envid.as_deref();
        if receipts {
            envelope.notify = Notify::On { success: true, failure: true, delay: false };
        }
        match client.submit(now_us, handout.token, &envelope, &Ready(&mail.content)) {
            Ok(()) => {
                if twice {
                    let _ = client.submit(now_us, NOBODY, &envelope, &Ready(&mail.content));
                }
                Ok(())
            }
            Err(SubmitError::NotReady | SubmitError::Full) => Err(unsent),
            Err(error) => Err((Answer::Refused { refusal: Refusal::ForGood, detail: "" }, error.to_string())),
        }
    }

    /// Writes what waits, and closes where that is due.
    pub(super) fn flush(&mut self, hands: &mut Hands<'_>) -> Result<(), Crash> {
        let Link::Up { line, client } = &mut self.link else { return Ok(()) };
        line.stuck = false;
        while !client.outgoing().is_empty() && !line.stuck {
            hands.fuse.point()?;
            let wrote = line.write(hands.now_us, hands.chance, client.outgoing());
            client.wrote(wrote);
        }
        if client.wants_close() && client.outgoing().is_empty() {
            return self.lost(hands, usize::MAX);
        }
        Ok(())
    }

    /// The next time at which it has something to do.
    pub(super) fn timeout(&self) -> Option<u64> {
        match &self.link {
            Link::Up { line, client } => [line.timeout(), client.poll_timeout()].into_iter().flatten().min(),
            Link::Resting | Link::Ended => None,
        }
    }

    /// Ends it in order.
    pub(super) fn close(&mut self, now_us: u64) {
        self.closing = true;
        match &mut self.link {
            Link::Up { client, .. } => client.quit(now_us),
            link => *link = Link::Ended,
        }
    }

    /// Breaks the connection, as a network does: of what was written, this many octets arrive.
    pub(super) fn reset(&mut self, hands: &mut Hands<'_>, kept: usize) -> Result<(), Crash> {
        if matches!(self.link, Link::Up { .. }) { self.lost(hands, kept) } else { Ok(()) }
    }

    /// The process has died: the connection is gone, and nobody hears of it.
    pub(super) fn die(self, now_us: u64, far_end: &mut FarEnd, kept: usize) {
        if let Link::Up { line, .. } = self.link {
            line.near_end_gone(now_us, &mut far_end.machine, kept);
        }
    }

    /// The connection is gone: every message gets its last word.
    fn lost(&mut self, hands: &mut Hands<'_>, kept: usize) -> Result<(), Crash> {
        let Link::Up { line, mut client } = std::mem::replace(&mut self.link, Link::Resting) else {
            return Ok(());
        };
        line.near_end_gone(hands.now_us, &mut hands.far_end.machine, kept);
        client.disconnected(hands.now_us);
        let mut reason = CloseReason::Dropped;
        while let Some(event) = client.poll_event() {
            if let Some(why) = self.hear(hands, event)? {
                reason = why;
            }
        }
        self.overdue.clear();
        self.ready = false;
        self.change = Some(Change::Ended(ending(reason, self.useful)));
        if self.closing {
            self.link = Link::Ended;
        }
        Ok(())
    }
}

/// Content that keeps the promise of [`Content::dot_free`].
struct Ready<'a>(&'a [u8]);

impl Content for Ready<'_> {
    fn size(&self) -> usize {
        self.0.len()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0);
    }

    fn dot_free(&self) -> bool {
        true
    }
}
