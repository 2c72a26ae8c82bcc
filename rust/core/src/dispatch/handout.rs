//! Handing out: the most urgent message that is durable, on a gateway that may send now.

use super::flight::Flight;
use super::record::Said;
use super::{Dispatcher, Handout, Next};
use crate::model::{CLASSES, GatewayId};
use crate::outcome::{State, Step};
use crate::queue::{Due, Intent};

/// What may go through a gateway now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// The message of this route and class.
    Message(usize, usize, Source),
    /// None that is durable; where one only waits for the limit of its domain, until when.
    None(Option<u64>),
}

/// Where the next message lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Returned,
    Ready,
    Runway,
}

impl Dispatcher {
    /// The next part for any session of a gateway that has room. Takes a token of the gateway's limiter.
    ///
    /// The parts of a message may go over several sessions: one that waited for its own session would
    /// hold up its lane, and what is less urgent would pass it on the others (I5).
    pub fn next(&mut self, now_us: u64, gateway: GatewayId) -> Next {
        if self.closing || self.journal.is_full() {
            return Next::Idle;
        }
        if let Some(held) = self.held(now_us, gateway) {
            return held;
        }
        let (route, class, source) = match self.choose(now_us, gateway) {
            Choice::Message(route, class, source) => (route, class, source),
            Choice::None(short_until_us) => {
                self.note_starved(now_us, gateway);
                return short_until_us.map_or(Next::Idle, Next::Wait);
            }
        };
        let Some(state) = self.gateway_mut(gateway) else { return Next::Idle };
        let ready_us = state.congestion.ready_us(now_us);
        if ready_us > now_us {
            return Next::Wait(ready_us);
        }
        if !state.limiter.take(now_us) {
            // What is more urgent than the last message goes with the very next token.
            let overtakes = class < state.last_class;
            let limiter = &state.limiter;
            return Next::Wait(if overtakes { limiter.ready_us(now_us) } else { limiter.pace_us(now_us) });
        }
        state.congestion.take(now_us);
        state.last_class = class;
        state.turn = state.turn.wrapping_add(1);
        state.counters.handed_out += 1;
        state.counters.in_flight += 1;
        state.meter.count(now_us, 1);
        self.take_of_domain(now_us, route);
        let handout = match source {
            Source::Runway => self.hand_fresh(now_us, gateway, route, class),
            Source::Returned | Source::Ready => self.hand_intent(now_us, gateway, route, class, source),
        };
        let Some(handout) = handout else { return Next::Idle };
        self.note_probe(now_us, &handout);
        Next::Send(handout)
    }

    /// Messages that may go through a gateway, now or after the next commit: what a connection is worth making for.
    /// One that is on hold gets none, and then one; a domain that is slow is worth one.
    pub fn waiting(&self, now_us: u64, gateway: GatewayId) -> usize {
        let routes = self.gateway(gateway).map_or(&[][..], |gateway| &gateway.serving);
        let waiting = routes.iter().map(|route| {
            let ahead: usize = self.routes[*route].lanes.iter().map(|lane| lane.ahead() as usize).sum();
            if self.domain_is_slow(now_us, *route) { ahead.min(1) } else { ahead }
        });
        waiting.sum::<usize>().min(self.held_to(now_us, gateway))
    }

    fn choose(&mut self, now_us: u64, id: GatewayId) -> Choice {
        let committed = self.journal.committed;
        let mut short_until_us: Option<u64> = None;
        for class in 0..CLASSES {
            let Some(gateway) = self.gateway(id) else { return Choice::None(None) };
            let (count, turn, urgent) = (gateway.serving.len(), gateway.turn, class < gateway.last_class);
            for offset in 0..count {
                let Some(gateway) = self.gateway(id) else { return Choice::None(None) };
                let route = gateway.serving[(turn + offset) % count];
                if !self.routes[route].lanes[class].has_durable(committed) {
                    continue;
                }
                if let Some(until_us) = self.domain_is_short(now_us, route, urgent) {
                    short_until_us = Some(short_until_us.map_or(until_us, |known| known.min(until_us)));
                    continue;
                }
                let lane = &self.routes[route].lanes[class];
                let begun = lane.runway.front().is_some_and(|slice| slice.part > 0);
                let fresh = lane.runway.front().is_some_and(|slice| slice.batch <= committed);
                if begun && fresh {
                    return Choice::Message(route, class, Source::Runway);
                }
                for source in [Source::Returned, Source::Ready] {
                    if self.drop_settled(now_us, route, class, source, committed) {
                        return Choice::Message(route, class, source);
                    }
                }
                if fresh {
                    return Choice::Message(route, class, Source::Runway);
                }
            }
        }
        Choice::None(short_until_us)
    }

    /// Drops intents from the head that something else has settled meanwhile (a late answer, a
    /// receipt); whether a durable one is left at the head.
    fn drop_settled(
        &mut self,
        now_us: u64,
        route: usize,
        class: usize,
        source: Source,
        committed: u64,
    ) -> bool {
        loop {
            let lane = &mut self.routes[route].lanes[class];
            let queue = if source == Source::Ready { &mut lane.ready } else { &mut lane.returned };
            let Some(Intent { due, batch, .. }) = queue.front().copied() else { return false };
            if batch > committed {
                return false;
            }
            let ordinal = self.entry(due.key, due.index).map(|(ordinal, ..)| ordinal);
            let state = ordinal.and_then(|ordinal| self.part_state(due.key, ordinal, due.part));
            if state == Some(State::Submitted) {
                return true;
            }
            let lane = &mut self.routes[route].lanes[class];
            if source == Source::Ready {
                lane.ready.pop_front()
            } else {
                lane.returned.pop_front()
            };
            self.leave_block(due.key);
            self.check_end(now_us, due.key.campaign);
        }
    }

    fn hand_fresh(&mut self, now_us: u64, gateway: GatewayId, route: usize, class: usize) -> Option<Handout> {
        let lane = &mut self.routes[route].lanes[class];
        let slice = lane.runway.front_mut()?;
        let (key, index, part) = (slice.key, slice.next, slice.part);
        let campaign = self.campaigns.get_mut(&key.campaign)?;
        let live = campaign.live(key.channel)?;
        let block = live.blocks.get_mut(key.block as usize)?;
        let entries = block.entries.as_ref().expect("what is reserved is loaded");
        let (ordinal, units) = (entries.ordinals[index as usize], entries.units[index as usize]);
        let address = entries.addresses[index as usize];
        let (begins, ends) = (part == 0, part + 1 == units);
        // A begun message needs its block until its last part is handed out, however soon the others
        // are answered.
        block.users += u32::from(begins && !ends);
        block.users += 1;
        block.users -= u32::from(ends && !begins);
        live.units_left = live.units_left.saturating_sub(1);
        if begins {
            block.sent = index + 1;
            live.sent += 1;
        }
        if ends {
            lane.advance();
        } else {
            slice.part += 1;
        }
        let due = Due { key, index, part, attempt: 1, resends: 0, resend: false };
        let said = Said {
            key,
            ordinal,
            part,
            units,
            attempt: 1,
            gateway,
            step: Step::HandedOut,
            remote: "",
            took_us: 0,
            detail: "",
        };
        if !self.record(now_us, said) {
            self.leave_block(key);
            return None;
        }
        let campaign = self.campaigns.get_mut(&key.campaign)?;
        campaign.meter.count(now_us, 1);
        campaign.flying += 1;
        Some(self.fly(now_us, gateway, (ordinal, units, address), Intent { due, batch: 0, first: true }))
    }

    fn hand_intent(
        &mut self,
        now_us: u64,
        gateway: GatewayId,
        route: usize,
        class: usize,
        source: Source,
    ) -> Option<Handout> {
        let lane = &mut self.routes[route].lanes[class];
        let queue = if source == Source::Ready { &mut lane.ready } else { &mut lane.returned };
        let intent = queue.pop_front()?;
        let entry = self.entry(intent.due.key, intent.due.index)?;
        if let Some(campaign) = self.campaigns.get_mut(&intent.due.key.campaign) {
            campaign.flying += 1;
            campaign.meter.count(now_us, 1);
        }
        Some(self.fly(now_us, gateway, entry, intent))
    }

    fn fly(&mut self, now_us: u64, gateway: GatewayId, entry: (u32, u8, u64), intent: Intent) -> Handout {
        let (Intent { due, first, .. }, (ordinal, units, address)) = (intent, entry);
        let flight =
            Flight { due, ordinal, units, gateway, handed_us: now_us, first, address, timed_out: false };
        let token = self.flights.insert(flight);
        let Due { key, index, part, attempt, .. } = due;
        Handout { token, gateway, key, index, part, parts: units, attempt }
    }
}
