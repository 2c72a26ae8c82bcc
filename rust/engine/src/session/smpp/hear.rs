//! What a session hears from its far end: what is about a message goes to the dispatcher.

use bealert_sim::client::{Heard, Origin, hear};
use bealert_wire::smpp::Event;

use super::{Link, SmppSession};
use crate::session::{Change, Greeting, Pass};

impl SmppSession {
    /// Passes on what the pure session has to say.
    pub(super) fn tell(&mut self, pass: &mut Pass<'_>) {
        while let Link::Up(line) = &mut self.link
            && let Some(event) = line.session.poll_event()
        {
            self.hear(pass, event);
        }
    }

    #[inline]
    pub(super) fn hear(&mut self, pass: &mut Pass<'_>, event: Event) {
        let origin = Origin { gateway: self.gateway, session: self.number };
        match hear(pass.now_us, pass.dispatcher, origin, &mut self.replies, &event) {
            Heard::Told => {}
            Heard::Answered { took_us } => {
                self.times.add(took_us);
                self.backoff.worked();
            }
            Heard::AnswerNow(reply) => self.answer_now(pass.now_us, reply),
            Heard::NotAMessage => self.hear_rarely(pass, event),
        }
    }

    #[cold]
    fn hear_rarely(&mut self, pass: &mut Pass<'_>, event: Event) {
        let name = self.name();
        match event {
            Event::Bound { smsc, version } => {
                let round_trip_us = pass.now_us - self.connected_us;
                pass.log.info("gateway", format!("{name}: bound to {smsc:?}, version {version:#04x}"));
                self.greeting =
                    Some(Greeting { name: smsc, version: Some(version), round_trip_us, offer: None });
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
}
