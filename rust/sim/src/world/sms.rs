//! One SMPP session of a gateway over all its connections, as the engine drives it, on a line instead of a
//! socket.

use std::collections::HashSet;

use bealert_wire::smpp::{Esme, EsmeConfig, Event, Reply, status};

use super::facts::What;
use super::far_end::FarEnd;
use super::fuse::Crash;
use super::line::{BUFFER_OCTETS, Line};
use super::plant::Plant;
use super::session::Hands;
use super::setup::{GatewaySetup, LineSetup, SmscSetup};
use crate::client::{Backoff, Heard, Origin, Replies, WORKED_US, hear};

#[derive(Debug)]
pub(super) struct SmsSession {
    pub(super) origin: Origin,
    account: EsmeConfig,
    way: LineSetup,
    link: Link,
    backoff: Backoff,
    replies: Replies<Reply>,
    bound: bool,
    connected_us: u64,
    closing: bool,
    /// Requests whose time is over: their loss puts nothing more in doubt.
    overdue: HashSet<u64>,
}

#[derive(Debug)]
enum Link {
    Waiting { until_us: u64 },
    Up { line: Line, esme: Box<Esme> },
    Ended,
}

impl SmsSession {
    pub(super) fn new(
        origin: Origin,
        setup: &GatewaySetup,
        smsc: &SmscSetup,
        now_us: u64,
        seed: u64,
    ) -> Self {
        Self {
            origin,
            account: smsc.esme.clone(),
            way: setup.line,
            link: Link::Waiting { until_us: now_us },
            backoff: Backoff::new(setup.reconnect_max_us, seed),
            replies: Replies::default(),
            bound: false,
            connected_us: 0,
            closing: false,
            overdue: HashSet::new(),
        }
    }

    /// Connects, reads what has arrived, and tells the dispatcher what it heard.
    pub(super) fn poll(&mut self, hands: &mut Hands<'_>) -> Result<(), Crash> {
        self.connect(hands);
        self.read(hands)?;
        if let Link::Up { esme, .. } = &mut self.link {
            if esme.poll_timeout().is_some_and(|at_us| at_us <= hands.now_us) {
                hands.fuse.point()?;
                esme.handle_timeout(hands.now_us);
            }
            if self.bound && hands.now_us >= self.connected_us + WORKED_US {
                self.backoff.worked();
            }
        }
        while let Link::Up { esme, .. } = &mut self.link
            && let Some(event) = esme.poll_event()
        {
            self.hear(hands, event)?;
        }
        Ok(())
    }

    fn connect(&mut self, hands: &mut Hands<'_>) {
        let Link::Waiting { until_us } = self.link else { return };
        if until_us > hands.now_us {
            return;
        }
        if hands.far_end.deaf {
            return self.down(hands.now_us);
        }
        let line = Line::new(hands.far_end.machine.connect(hands.now_us, false), self.way);
        let mut esme = Box::new(Esme::new(self.account.clone()));
        esme.connected(hands.now_us);
        self.connected_us = hands.now_us;
        self.link = Link::Up { line, esme };
    }

    fn read(&mut self, hands: &mut Hands<'_>) -> Result<(), Crash> {
        while let Link::Up { line, esme } = &mut self.link {
            match line.read(hands.now_us, hands.chance) {
                Some(bytes) => {
                    hands.fuse.point()?;
                    esme.receive(hands.now_us, &bytes);
                }
                None if line.at_end() => return self.lost(hands, 0),
                None => break,
            }
        }
        Ok(())
    }

    fn hear(&mut self, hands: &mut Hands<'_>, event: Event) -> Result<(), Crash> {
        hands.fuse.point()?;
        let now_us = hands.now_us;
        match event {
            Event::TimedOut { token } => {
                self.overdue.insert(token);
                self.note_doubt(hands, false);
            }
            Event::Lost { token } if !self.overdue.contains(&token) => self.note_doubt(hands, true),
            Event::Accepted { .. }
                if hands.plant == Some(Plant::AnswerDropped) && hands.chance.happens(0.2) =>
            {
                return Ok(());
            }
            Event::Receipt { reply, .. } if hands.plant == Some(Plant::ReceiptDropped) => {
                self.answer_now(now_us, reply);
                return Ok(());
            }
            _ => {}
        }
        match hear(now_us, hands.dispatcher, self.origin, &mut self.replies, &event) {
            Heard::Told => {}
            Heard::Answered { .. } => self.backoff.worked(),
            Heard::AnswerNow(reply) => self.answer_now(now_us, reply),
            Heard::NotAMessage => match event {
                Event::Bound { .. } => {
                    self.bound = true;
                    let Origin { gateway, session } = self.origin;
                    hands.dispatcher.session_up(now_us, gateway, session);
                    hands.log.add(now_us, What::Up { gateway, session });
                }
                Event::Message { reply, .. } => self.answer_now(now_us, reply),
                _ => {}
            },
        }
        Ok(())
    }

    fn note_doubt(&self, hands: &mut Hands<'_>, lost: bool) {
        hands.log.add(hands.now_us, What::InDoubt { gateway: self.origin.gateway, lost });
    }

    fn answer_now(&mut self, now_us: u64, reply: Reply) {
        if let Link::Up { esme, .. } = &mut self.link {
            esme.answer(now_us, reply, status::ESME_ROK);
        }
    }

    /// Answers a receipt that the dispatcher has kept, or can't keep for now.
    pub(super) fn answer(&mut self, now_us: u64, name: u64, ok: bool) {
        if let Some(reply) = self.replies.take(name)
            && let Link::Up { esme, .. } = &mut self.link
        {
            esme.answer(now_us, reply, if ok { status::ESME_ROK } else { status::ESME_RX_T_APPN });
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.link, Link::Ended)
    }

    pub(super) fn esme(&mut self) -> Option<&mut Esme> {
        match &mut self.link {
            Link::Up { esme, .. } => Some(esme),
            _ => None,
        }
    }

    pub(super) fn line(&mut self) -> Option<&mut Line> {
        match &mut self.link {
            Link::Up { line, .. } => Some(line),
            _ => None,
        }
    }

    /// Messages it takes now.
    pub(super) fn room(&self) -> u32 {
        match &self.link {
            Link::Up { line, esme } if !line.stuck && esme.outgoing().len() < BUFFER_OCTETS => esme.room(),
            _ => 0,
        }
    }

    /// Writes what waits, and closes where that is due.
    pub(super) fn flush(&mut self, hands: &mut Hands<'_>) -> Result<(), Crash> {
        let Link::Up { line, esme } = &mut self.link else { return Ok(()) };
        line.stuck = false;
        while !esme.outgoing().is_empty() && !line.stuck {
            hands.fuse.point()?;
            let wrote = line.write(hands.now_us, hands.chance, esme.outgoing());
            esme.wrote(wrote);
        }
        if esme.wants_close() && esme.outgoing().is_empty() {
            return self.lost(hands, usize::MAX);
        }
        Ok(())
    }

    /// The next time at which it has something to do.
    pub(super) fn timeout(&self) -> Option<u64> {
        match &self.link {
            Link::Waiting { until_us } => Some(*until_us),
            Link::Up { line, esme } => [line.timeout(), esme.poll_timeout()].into_iter().flatten().min(),
            Link::Ended => None,
        }
    }

    /// Ends it in order.
    pub(super) fn close(&mut self, now_us: u64) {
        self.closing = true;
        match &mut self.link {
            Link::Up { esme, .. } => esme.unbind(now_us),
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

    /// The connection is gone: every request gets its last word, then the dispatcher hears it.
    fn lost(&mut self, hands: &mut Hands<'_>, kept: usize) -> Result<(), Crash> {
        let Link::Up { line, mut esme } = std::mem::replace(&mut self.link, Link::Ended) else {
            return Ok(());
        };
        line.near_end_gone(hands.now_us, &mut hands.far_end.machine, kept);
        esme.disconnected(hands.now_us);
        while let Some(event) = esme.poll_event() {
            self.hear(hands, event)?;
        }
        self.replies.clear();
        self.overdue.clear();
        if std::mem::take(&mut self.bound) {
            hands.fuse.point()?;
            let Origin { gateway, session } = self.origin;
            hands.dispatcher.session_down(hands.now_us, gateway, session);
            hands.log.add(hands.now_us, What::Down { gateway, session });
        }
        self.down(hands.now_us);
        Ok(())
    }

    fn down(&mut self, now_us: u64) {
        self.link = if self.closing {
            Link::Ended
        } else {
            Link::Waiting { until_us: now_us + self.backoff.wait_us(now_us) }
        };
    }
}
