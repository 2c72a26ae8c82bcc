//! What a session hears from its relay: what is about a message goes to the dispatcher.

use std::io;

use bealert_sim::client::{Ending, HeardMail, ending};
use bealert_wire::smtp::{CloseReason, Event, Ready};

use super::offer::Offer;
use super::relay::Relay;
use super::{Link, SmtpSession};
use crate::session::{Change, Greeting, Pass};

impl SmtpSession {
    /// Passes on what the pure session has to say.
    pub(super) fn tell(&mut self, pass: &mut Pass<'_>) {
        while let Link::Up(line) = &mut self.link
            && let Some(event) = line.session.poll_event()
        {
            self.hear(pass, event);
        }
    }

    /// Gives why the session ended, if that is what it hears.
    #[inline]
    pub(super) fn hear(&mut self, pass: &mut Pass<'_>, event: Event) -> Option<CloseReason> {
        match self.relay.hear(pass.now_us, pass.dispatcher, &event) {
            HeardMail::Told => {}
            HeardMail::Accepted { took_us } => {
                self.times.add(took_us);
                (self.useful, self.worked) = (true, true);
            }
            HeardMail::Refused { took_us, code } => {
                self.times.add(took_us);
                self.relay.refused(code);
            }
            HeardMail::NotAMessage => return self.hear_rarely(pass, event),
        }
        None
    }

    #[cold]
    fn hear_rarely(&mut self, pass: &mut Pass<'_>, event: Event) -> Option<CloseReason> {
        match event {
            Event::Ready(ready) => self.is_ready(pass, *ready),
            Event::Learnt(lesson) => {
                if let Some(text) = self.relay.learn(lesson) {
                    pass.log.info("gateway", format!("{}: {text}", self.relay.name()));
                }
            }
            Event::Fault { what } => pass.log.warning("gateway", format!("{}: {what}", self.log_name())),
            Event::Closed { why } => {
                pass.log.debug("gateway", format!("{}: closed, {why}", self.log_name()));
                return Some(why);
            }
            _ => {}
        }
        None
    }

    fn is_ready(&mut self, pass: &mut Pass<'_>, ready: Ready) {
        let secured = match &self.link {
            Link::Up(line) => line.stream().secured(),
            _ => None,
        };
        let round_trip_us = pass.now_us.saturating_sub(self.opened_us);
        let name = ready.greeting.text.to_string();
        let offer = Offer::of(&ready, secured);
        self.relay.met(&offer);
        pass.log.debug("gateway", format!("{}: {name}: {offer}", self.log_name()));
        self.greeting = Some(Greeting { name, version: None, round_trip_us, offer: Some(offer) });
        self.change = Some(Change::Up);
    }
}

/// What the end of a connection means for its gateway. `worked`: it has carried a message, or lived for a while.
pub(super) fn change(
    relay: &Relay,
    reason: Option<CloseReason>,
    error: Option<io::Error>,
    worked: bool,
) -> Change {
    let reason = reason.unwrap_or(CloseReason::Dropped);
    let why = relay.advised(reason, error.as_ref());
    match ending(reason, worked) {
        Ending::Rested => Change::Rested,
        Ending::Crowded => Change::Crowded { why },
        Ending::Lost => Change::Lost { why },
        Ending::Down { fatal } => Change::Down { why, fatal },
    }
}
