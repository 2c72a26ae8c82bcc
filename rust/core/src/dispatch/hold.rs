//! A gateway that refuses us, and not the people: it is given nothing for a while, then one message
//! tries it. Nobody is failed and no attempt is burnt; with no other gateway the messages wait.

use super::flight::Flight;
use super::{Dispatcher, Gateway, Handout, Next};
use crate::ledger::NoticeCode;
use crate::model::GatewayId;

/// The first pause: long enough that a far end that is being put right is not hammered, short for an alert.
const FIRST_US: u64 = 30_000_000;

/// The longest pause. Each is twice the one before.
const LONGEST_US: u64 = 600_000_000;

/// A message that tries a gateway and gets no answer for so long does not keep the others waiting,
/// where another gateway takes them.
const PROBE_US: u64 = 5_000_000;

/// Why and how long nothing goes to a gateway.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hold {
    /// Nothing goes to it before.
    until_us: u64,
    /// Pauses so far, with nothing taken between them.
    pauses: u32,
    /// The one message that tries it after a pause, and since when.
    probe: Option<(u64, u64)>,
}

impl Hold {
    fn pause_us(self) -> u64 {
        let doublings = self.pauses.saturating_sub(1).min(10);
        (FIRST_US << doublings).min(LONGEST_US)
    }

    /// The next moment at which something about it changes by itself.
    fn timeout(self) -> u64 {
        self.probe.map_or(self.until_us, |(_, since_us)| since_us + PROBE_US)
    }
}

impl Gateway {
    /// Whether another gateway is to be given its messages.
    pub(crate) fn on_hold(&self, now_us: u64) -> bool {
        self.hold.is_some_and(|hold| match hold.probe {
            Some((_, since_us)) => now_us >= since_us + PROBE_US,
            None => now_us < hold.until_us,
        })
    }

    /// When that ends, or begins again, if that lies ahead.
    pub(crate) fn hold_timeout(&self, seen_us: u64) -> Option<u64> {
        self.hold.map(Hold::timeout).filter(|at_us| *at_us > seen_us)
    }
}

impl Dispatcher {
    /// A far end has refused us with this message; whether the message is back in its lane.
    pub(crate) fn refused_by_gateway(&mut self, now_us: u64, flight: &Flight, why: &str) -> bool {
        if let Some(gateway) = self.gateway_mut(flight.gateway) {
            gateway.counters.refused += 1;
        }
        self.put_on_hold(now_us, flight.gateway, why);
        let serving = self.route_of(flight.key()).and_then(|route| self.routes[route].serving);
        if flight.timed_out || serving.is_some_and(|serving| serving != flight.gateway) {
            return self.came_back(now_us, flight, why);
        }
        // Others go first when the pause is over: should this one message be what is refused, they pass.
        let until_us =
            self.gateway(flight.gateway).and_then(|gateway| gateway.hold).map(|hold| hold.until_us);
        let later_us = until_us.unwrap_or(now_us) + FIRST_US / 10;
        self.put_off_until(now_us, later_us, flight.due, flight.ordinal, flight.units, why);
        false
    }

    /// What a gateway that is on hold answers to whoever asks for its next message; `None`: one may go.
    pub(crate) fn held(&self, now_us: u64, id: GatewayId) -> Option<Next> {
        let hold = self.gateway(id)?.hold?;
        match hold.probe {
            Some(_) => Some(Next::Idle),
            None => (now_us < hold.until_us).then_some(Next::Wait(hold.until_us)),
        }
    }

    /// How many messages a gateway may be given now, as far as a hold has it.
    pub(crate) fn held_to(&self, now_us: u64, id: GatewayId) -> usize {
        match self.gateway(id).and_then(|gateway| gateway.hold) {
            None => usize::MAX,
            Some(hold) => usize::from(hold.probe.is_none() && now_us >= hold.until_us),
        }
    }

    /// The first message after a pause tries the gateway.
    pub(crate) fn note_probe(&mut self, now_us: u64, handout: &Handout) {
        if let Some(hold) = self.gateway_mut(handout.gateway).and_then(|gateway| gateway.hold.as_mut()) {
            hold.probe = Some((handout.token, now_us));
        }
    }

    /// The far end has judged a message: whatever it said, it listens to us.
    pub(crate) fn end_hold(&mut self, now_us: u64, id: GatewayId) {
        let Some(gateway) = self.gateway_mut(id).filter(|gateway| gateway.hold.is_some()) else { return };
        gateway.hold = None;
        self.takes_again(now_us, id);
    }

    /// The message that tried a gateway has come to nothing: another one tries it, after a pause where the
    /// far end had a word in it.
    pub(crate) fn probe_failed(&mut self, now_us: u64, id: GatewayId, token: u64, pause: bool) {
        let Some(hold) = self.gateway_mut(id).and_then(|gateway| gateway.hold.as_mut()) else { return };
        if hold.probe.is_some_and(|(probe, _)| probe == token) {
            hold.probe = None;
            if pause {
                hold.until_us = now_us + hold.pause_us();
            }
            self.reroute(now_us);
        }
    }

    fn put_on_hold(&mut self, now_us: u64, id: GatewayId, why: &str) {
        let Some(gateway) = self.gateway_mut(id) else { return };
        let known = gateway.hold;
        // What was on its way when the pause began says nothing new.
        if known.is_some_and(|hold| hold.probe.is_none() && now_us < hold.until_us) {
            return;
        }
        let pauses = known.map_or(0, |hold| hold.pauses) + 1;
        let mut hold = Hold { until_us: 0, pauses, probe: None };
        hold.until_us = now_us + hold.pause_us();
        gateway.hold = Some(hold);
        if known.is_none() {
            let text = format!(
                "{} refuses us and not the people ({why}): nobody is failed, one message tries it after each pause",
                gateway.spec.name
            );
            self.notice(now_us, None, id, NoticeCode::GatewayDown, &text);
        }
        self.reroute(now_us);
    }
}
