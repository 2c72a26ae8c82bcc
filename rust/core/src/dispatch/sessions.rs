//! Sessions that come and go, and which gateway serves a route.

use super::{Dispatcher, RouteState};
use crate::ledger::NoticeCode;
use crate::model::{CLASSES, Channel, GatewayId};

/// How long a gateway that takes nothing is passed over; then it is tried again.
const UNFIT_US: u64 = 30_000_000;

impl Dispatcher {
    /// A session of a gateway can send.
    pub fn session_up(&mut self, now_us: u64, gateway: GatewayId, session: u16) {
        if let Some(state) = self.gateway_mut(gateway) {
            state.sessions.retain(|known| *known != session);
            state.sessions.push(session);
            self.reroute(now_us);
        }
    }

    /// A session has ended; what it held has been answered `Lost` or `Unsent`.
    pub fn session_down(&mut self, now_us: u64, gateway: GatewayId, session: u16) {
        if let Some(state) = self.gateway_mut(gateway) {
            state.sessions.retain(|known| *known != session);
        }
        self.forget_replies(gateway, session);
        self.reroute(now_us);
    }

    /// The number of a route, made at first sight.
    pub(crate) fn route_index(&mut self, channel: Channel, names: &[String]) -> usize {
        let named = |name: &String| {
            let fits =
                |gateway: &&super::Gateway| gateway.spec.name == *name && gateway.spec.channel == channel;
            self.gateways.iter().flatten().find(fits).map(|gateway| gateway.spec.id)
        };
        let gateways: Vec<GatewayId> = names.iter().filter_map(named).collect();
        let known = self.routes.iter().position(|r| r.channel == channel && r.gateways == gateways);
        known.unwrap_or_else(|| {
            let lanes = Default::default();
            self.routes.push(RouteState { channel, gateways, serving: None, lanes });
            self.routes.len() - 1
        })
    }

    /// A gateway that is connected and takes nothing: others of its routes are preferred for a while.
    pub(crate) fn set_unfit(&mut self, now_us: u64, id: GatewayId, why: &str) {
        let Some(gateway) = self.gateway_mut(id) else { return };
        gateway.refusals = 0;
        gateway.unfit_until_us = now_us + UNFIT_US;
        let text = format!("{} takes nothing ({why}): others are preferred for now", gateway.spec.name);
        self.notice(now_us, None, id, NoticeCode::GatewayDown, &text);
        self.reroute(now_us);
    }

    /// Gives each route to its first gateway that has a session and takes something; where none
    /// does, to the first that has a session. A route that nobody serves takes its reservations back.
    pub(crate) fn reroute(&mut self, now_us: u64) {
        for at in 0..self.routes.len() {
            let connected = |id: &&GatewayId| self.gateway(**id).is_some_and(|g| !g.sessions.is_empty());
            let fit = |id: &&GatewayId| self.gateway(**id).is_some_and(|g| g.unfit_until_us <= now_us);
            let mut choices = self.routes[at].gateways.iter().filter(connected);
            let first = choices.clone().next();
            let serving = choices.find(fit).or(first).copied();
            if serving == self.routes[at].serving {
                continue;
            }
            if let Some(old) = self.routes[at].serving.and_then(|id| self.gateway_mut(id)) {
                old.serving.retain(|route| *route != at);
            }
            if let Some(new) = serving.and_then(|id| self.gateway_mut(id)) {
                new.serving.push(at);
            }
            self.routes[at].serving = serving;
            for class in 0..CLASSES {
                if serving.is_none() {
                    self.take_back(now_us, at, class, |_| true, "no gateway");
                } else {
                    // The row of an intent names the gateway it leaves through: a receipt is told by it.
                    self.withdraw(now_us, at, class, |intent| !intent.first, "another gateway takes over");
                }
            }
        }
    }
}
