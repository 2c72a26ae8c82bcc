//! Sessions that come and go, and which gateway serves a route.

use super::{Dispatcher, RouteState};
use crate::ledger::NoticeCode;
use crate::model::{CLASSES, GatewayId, Route};

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
    pub(crate) fn route_index(&mut self, route: &Route) -> usize {
        let Route { channel, gateways: ref names, ref domain } = *route;
        let named = |name: &String| {
            let fits =
                |gateway: &&super::Gateway| gateway.spec.name == *name && gateway.spec.channel == channel;
            self.gateways.iter().flatten().find(fits).map(|gateway| gateway.spec.id)
        };
        let gateways: Vec<GatewayId> = names.iter().filter_map(named).collect();
        let same = |r: &RouteState| r.channel == channel && r.gateways == gateways && r.domain == *domain;
        let known = self.routes.iter().position(same);
        known.unwrap_or_else(|| {
            let (domain, lanes) = (domain.clone(), Default::default());
            self.routes.push(RouteState { channel, gateways, domain, serving: None, bucket: None, lanes });
            self.routes.len() - 1
        })
    }

    /// A gateway that is connected and takes nothing: others of its routes are preferred for a while. That is
    /// said once, until it takes something.
    pub(crate) fn set_unfit(&mut self, now_us: u64, id: GatewayId, why: &str) {
        let Some(gateway) = self.gateway_mut(id) else { return };
        gateway.refusals = 0;
        gateway.unfit_until_us = now_us + UNFIT_US;
        if !std::mem::replace(&mut gateway.told_unfit, true) {
            let text = format!("{} takes nothing ({why}): others are preferred for now", gateway.spec.name);
            self.notice(now_us, None, id, NoticeCode::GatewayDown, &text);
        }
        self.reroute(now_us);
    }

    /// A gateway of which it was said that it takes nothing has taken something.
    pub(crate) fn end_unfit(&mut self, now_us: u64, id: GatewayId) {
        let Some(gateway) = self.gateway_mut(id).filter(|gateway| gateway.told_unfit) else { return };
        (gateway.told_unfit, gateway.unfit_until_us) = (false, 0);
        self.takes_again(now_us, id);
    }

    /// Says that a gateway takes messages again, and gives it its routes back.
    pub(crate) fn takes_again(&mut self, now_us: u64, id: GatewayId) {
        let Some(gateway) = self.gateway(id) else { return };
        let text = format!("{} takes messages again", gateway.spec.name);
        self.notice(now_us, None, id, NoticeCode::GatewayUp, &text);
        self.reroute(now_us);
    }

    /// Gives each route to its first gateway that has a session and takes something; where none
    /// does, to the first that has a session. A route that nobody serves takes its reservations back.
    pub(crate) fn reroute(&mut self, now_us: u64) {
        for at in 0..self.routes.len() {
            // Nothing at all goes to one that is on hold; one that is unfit is still given something.
            let rank = |id: &&GatewayId| {
                let gateway = self.gateway(**id).filter(|gateway| !gateway.sessions.is_empty())?;
                Some((gateway.on_hold(now_us), gateway.unfit_until_us > now_us))
            };
            let choices = self.routes[at].gateways.iter().filter_map(|id| Some((rank(&id)?, id)));
            let serving = choices.min_by_key(|(rank, _)| *rank).map(|(_, id)| *id);
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
            self.routes[at].bucket = serving.and_then(|id| self.bucket_at(id, at));
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
