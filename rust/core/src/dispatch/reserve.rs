//! Reserving ahead: how far each lane may go after the next commit, and which blocks to load.

use super::journal::FLUSH_US;
use super::live::Campaign;
use super::record::Said;
use super::{Action, Dispatcher, Entries, RouteState};
use crate::model::{BLOCK_LEN, BlockKey, CLASSES, CampaignId, GatewayId};
use crate::outcome::{State, Step};
use crate::queue::{Due, Intent, Lane};

use std::sync::Arc;

/// Fewest dispatches reserved ahead: a slow gateway must not commit for each.
const AHEAD_LEAST: u32 = 8;

/// Most dispatches reserved ahead: what a crash makes uncertain is bounded by it.
const AHEAD_MOST: u32 = 8_192;

/// A block that takes longer to load is not waited for: less urgent campaigns go on meanwhile.
const LOAD_US: u64 = 1_000_000;

/// Blocks loaded beyond those that the reservation will reach.
const LOAD_AHEAD: usize = 2;

/// What is to be done with a due retry.
enum Intended {
    /// Its `submitting` row is in the batch.
    Ready(Intent),
    /// Something else has settled it.
    Gone,
    /// Its block is being loaded.
    Loading,
}

impl Dispatcher {
    /// A block's entries are at hand.
    pub fn loaded(&mut self, _now_us: u64, key: BlockKey, entries: Arc<Entries>) {
        let Some(campaign) = self.campaigns.get_mut(&key.campaign) else {
            return self.actions.push_back(Action::Unload(key));
        };
        if let Some(block) = campaign.block_mut(key) {
            block.asked_us = None;
            block.note_range(&entries.ordinals);
            block.entries = Some(entries);
            self.journal.urgent |= self.journal.oldest_us.is_some();
        }
    }

    /// Reserves for every gateway that runs low, or for all of them when a commit is due anyway.
    pub(crate) fn refill(&mut self, now_us: u64, due: bool) {
        if self.closing {
            return;
        }
        for at in 0..self.gateways.len() {
            self.refill_gateway(now_us, GatewayId(at as u16), due);
        }
    }

    fn refill_gateway(&mut self, now_us: u64, id: GatewayId, due: bool) {
        let Some(gateway) = self.gateway(id) else { return };
        let routes = gateway.serving.clone();
        // Of a slow domain little can leave, however much of it waits: the others go on beside it.
        let top = |slow: &dyn Fn(usize) -> bool| {
            let stocked =
                |class: &usize| routes.iter().any(|at| slow(*at) && self.can_send(now_us, *at, *class));
            (0..CLASSES).find(stocked)
        };
        let top_of_all = top(&|route| !self.domain_is_slow(now_us, route));
        let tops: Vec<(usize, Option<usize>)> = routes
            .iter()
            .map(|route| match self.domain_is_slow(now_us, *route) {
                false => (*route, top_of_all),
                true => (*route, [top_of_all, top(&|at| at == *route)].into_iter().flatten().min()),
            })
            .collect();
        if tops.iter().all(|(_, top)| top.is_none()) {
            return;
        }
        let target = self.reserve_ahead(now_us, id);
        for (route, top) in &tops {
            let Some(top) = *top else { continue };
            let target = target.min(self.domain_ahead(*route));
            let lane = &self.routes[*route].lanes[top];
            if lane.has_stock() && (due || lane.ahead() <= target / 2) {
                self.fill_lane(now_us, id, *route, top, target);
            }
        }
        for (route, top) in tops {
            let Some(top) = top else { continue };
            // While a block is read, what is reserved already goes on in its order.
            if routes.iter().any(|at| self.routes[*at].lanes[top].ahead() > 0) {
                (top + 1..CLASSES).for_each(|class| self.release(now_us, route, class, |_| true, true));
            }
        }
    }

    /// The most that is reserved ahead for a route, where its domain has a limit.
    fn domain_ahead(&self, route: usize) -> u32 {
        self.domain_rate(route).map_or(AHEAD_MOST, |rate| self.two_cycles(rate))
    }

    /// Twice what leaves between two commits at a rate, within the bounds.
    fn two_cycles(&self, rate: f64) -> u32 {
        let cycle_s = (FLUSH_US as f64 + self.journal.slow_commit_us) / 1e6;
        ((2.0 * cycle_s * rate).ceil() as u32).clamp(AHEAD_LEAST, AHEAD_MOST)
    }

    /// Twice what leaves between two commits, within the bounds. Without a limit of ours it doubles
    /// each time a session with room finds nothing that is durable, and follows the measured rate down.
    fn reserve_ahead(&mut self, now_us: u64, id: GatewayId) -> u32 {
        let cycle_s = (FLUSH_US as f64 + self.journal.slow_commit_us) / 1e6;
        if let Some(rate) = self.gateway(id).and_then(|gateway| gateway.spec.units_per_second) {
            return self.two_cycles(rate);
        }
        let Some(gateway) = self.gateway_mut(id) else { return AHEAD_LEAST };
        let measured = gateway.meter.rate(now_us);
        if std::mem::take(&mut gateway.starved) {
            gateway.ahead = gateway.ahead.saturating_mul(2);
        } else if measured > 0.0 {
            gateway.ahead = gateway.ahead.min((4.0 * cycle_s * measured).ceil() as u32);
        }
        gateway.ahead = gateway.ahead.clamp(AHEAD_LEAST, AHEAD_MOST);
        gateway.ahead
    }

    /// What leaves through a gateway while a commit runs: with that much ahead, the next commit that is
    /// due anyway is soon enough.
    fn leaves_meanwhile(&self, id: GatewayId, route: usize) -> u32 {
        let rate = self.gateway(id).and_then(|gateway| gateway.spec.units_per_second);
        let rate = [rate, self.domain_rate(route)].into_iter().flatten().reduce(f64::min);
        rate.map_or(u32::MAX, |rate| (self.journal.slow_commit_us / 1e6 * rate).ceil() as u32)
    }

    /// A session has room and nothing durable to send, though something waits to be reserved.
    pub(crate) fn note_starved(&mut self, now_us: u64, id: GatewayId) {
        let Some(gateway) = self.gateway(id) else { return };
        let stocked = |at: &usize| {
            !self.domain_is_slow(now_us, *at) && self.routes[*at].lanes.iter().any(Lane::has_stock)
        };
        if gateway.serving.iter().any(stocked)
            && let Some(gateway) = self.gateway_mut(id)
        {
            gateway.starved = true;
        }
    }

    /// Whether a lane has something that can be sent now, or after a commit and a load. What can't be
    /// loaded must not hold up what is less urgent.
    fn can_send(&self, now_us: u64, route: usize, class: usize) -> bool {
        let RouteState { channel, lanes, .. } = &self.routes[route];
        let lane = &lanes[class];
        let fronts = lane.fronts(*channel);
        let due = lane.due.iter().chain(&lane.resends).next().map(|due| due.key);
        lane.ahead() > 0 || fronts.chain(due).any(|key| self.loads_in_time(now_us, key))
    }

    fn loads_in_time(&self, now_us: u64, key: BlockKey) -> bool {
        let block = self.campaigns.get(&key.campaign).and_then(|campaign| campaign.block(key));
        block.is_some_and(|block| {
            block.entries.is_some() || block.asked_us.is_none_or(|asked_us| now_us < asked_us + LOAD_US)
        })
    }

    fn fill_lane(&mut self, now_us: u64, gateway: GatewayId, route: usize, class: usize, target: u32) {
        let ahead = |this: &Self| this.routes[route].lanes[class].ahead();
        let before = ahead(self);
        while ahead(self) < target && self.fill_from_due(now_us, gateway, route, class, false) {}
        while ahead(self) < target && self.reserve_fresh(now_us, route, class, target - ahead(self)) {}
        if !self.routes[route].lanes[class].has_fresh() {
            while ahead(self) < target && self.fill_from_due(now_us, gateway, route, class, true) {}
        }
        // What was reserved may leave after the commit only: do not let the gateway wait for it.
        self.journal.urgent |= ahead(self) > before && before < self.leaves_meanwhile(gateway, route);
        self.prefetch(now_us, route, class, target);
    }

    fn reserve_fresh(&mut self, now_us: u64, route: usize, class: usize, count: u32) -> bool {
        let Self { routes, campaigns, journal, .. } = self;
        let RouteParts { channel, lane } = RouteParts::of(&mut routes[route], class);
        let loaded = |key: BlockKey| {
            campaigns.get(&key.campaign).and_then(|c| c.block(key)).is_some_and(|b| b.entries.is_some())
        };
        let Some((key, mark)) = lane.reserve(channel, count, journal.number, loaded) else { return false };
        journal.mark(now_us, key, mark);
        if let Some(block) = campaigns.get_mut(&key.campaign).and_then(|c| c.block_mut(key)) {
            block.meta.reserved = mark;
        }
        true
    }

    /// Turns one due retry (or resend) into an intent; `false` where none can be now.
    fn fill_from_due(
        &mut self,
        now_us: u64,
        gateway: GatewayId,
        route: usize,
        class: usize,
        resend: bool,
    ) -> bool {
        let lane = &mut self.routes[route].lanes[class];
        let queue = if resend { &mut lane.resends } else { &mut lane.due };
        let Some(due) = queue.front().copied() else { return false };
        let intended = self.intend(now_us, gateway, due);
        if matches!(intended, Intended::Loading) {
            // Others need not wait for its block.
            let lane = &mut self.routes[route].lanes[class];
            let queue = if resend { &mut lane.resends } else { &mut lane.due };
            queue.rotate_left(1);
            return false;
        }
        let lane = &mut self.routes[route].lanes[class];
        if resend {
            lane.resends.pop_front()
        } else {
            lane.due.pop_front()
        };
        if let Intended::Ready(intent) = intended {
            lane.ready.push_back(intent);
        }
        true
    }

    fn intend(&mut self, now_us: u64, gateway: GatewayId, due: Due) -> Intended {
        let Some((ordinal, units, _)) = self.entry(due.key, due.index) else {
            // A campaign that has ended has nobody left to try again, and its blocks are not kept.
            let waits = |c: &Campaign| !c.row.state.ended() && c.block(due.key).is_some();
            if !self.campaigns.get(&due.key.campaign).is_some_and(waits) {
                return Intended::Gone;
            }
            self.load(now_us, due.key);
            return Intended::Loading;
        };
        if self.part_state(due.key, ordinal, due.part) != Some(State::Waiting) {
            return Intended::Gone;
        }
        let said = Said {
            key: due.key,
            ordinal,
            part: due.part,
            units,
            attempt: due.attempt,
            gateway,
            step: Step::Submitting,
            remote: "",
            took_us: 0,
            detail: "",
        };
        if !self.record(now_us, said) {
            return Intended::Gone;
        }
        self.use_block(due.key);
        Intended::Ready(Intent { due, batch: self.journal.number, first: false })
    }

    fn prefetch(&mut self, now_us: u64, route: usize, class: usize, target: u32) {
        let RouteParts { channel, lane } = RouteParts::of(&mut self.routes[route], class);
        let count = target as usize / BLOCK_LEN + LOAD_AHEAD + lane.campaigns();
        for key in lane.upcoming(channel, count) {
            self.load(now_us, key);
        }
    }

    /// Asks for a block's entries, once.
    pub(crate) fn load(&mut self, now_us: u64, key: BlockKey) {
        let Some(block) = self.campaigns.get_mut(&key.campaign).and_then(|c| c.block_mut(key)) else {
            return;
        };
        if block.entries.is_none() && block.asked_us.is_none() {
            block.asked_us = Some(now_us);
            self.actions.push_back(Action::Load(key));
        }
    }

    /// Lowers marks to what was handed out. A begun message is finished where `keep_begun` says so;
    /// otherwise the rest of it is recorded as deferred, or as the campaign's end.
    pub(crate) fn release(
        &mut self,
        now_us: u64,
        route: usize,
        class: usize,
        which: impl Fn(CampaignId) -> bool,
        keep_begun: bool,
    ) {
        let slices = self.routes[route].lanes[class].release(which, keep_begun);
        for slice in slices.iter().rev() {
            let mark = slice.first_unbegun();
            self.journal.mark(now_us, slice.key, mark);
            if let Some(block) =
                self.campaigns.get_mut(&slice.key.campaign).and_then(|c| c.block_mut(slice.key))
            {
                block.meta.reserved = mark;
            }
        }
        for slice in slices.iter().filter(|slice| slice.part > 0) {
            self.put_off_rest(now_us, slice);
            self.leave_block(slice.key);
        }
    }
}

/// A route's channel beside one of its lanes.
struct RouteParts<'a> {
    channel: crate::model::Channel,
    lane: &'a mut Lane,
}

impl<'a> RouteParts<'a> {
    fn of(route: &'a mut RouteState, class: usize) -> Self {
        Self { channel: route.channel, lane: &mut route.lanes[class] }
    }
}
