//! Commands: launch, pause, resume, cancel, close; and the end of a campaign.

use super::live::Campaign;
use super::{CommandError, Commit, Dispatcher, Launch};
use crate::ledger::NoticeCode;
use crate::model::{BlockMeta, CLASSES, CampaignId, CampaignRow, CampaignState, EXCLUDED, GatewayId};
use crate::outcome::Step;
use crate::queue::Intent;

/// How long the ids of an ended campaign's receipts are held, so that late ones still correct it: no SMSC
/// keeps trying for longer.
pub(crate) const LATE_US: u64 = 24 * 3_600 * 1_000_000;

/// How long a campaign with mail is held: relays give up after up to five days (RFC 5321 §4.5.4.1), and
/// the bounce takes its time. That costs an octet per person and channel.
const LATE_MAIL_US: u64 = 6 * 24 * 3_600 * 1_000_000;

impl Dispatcher {
    /// Runs a campaign whose blocks are written. The batch that makes it so carries the first
    /// reservation.
    pub fn launch(&mut self, now_us: u64, launch: Launch) -> Commit {
        let Launch { row, blocks, loaded, excluded } = launch;
        let id = row.id;
        let text = format!("{} launched by {} for {} people", row.scenario, row.by, row.people);
        self.admit(row, blocks);
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.row.state = CampaignState::Running;
            for (channel, ordinal) in excluded {
                if let Some(live) = campaign.live(channel) {
                    live.skip(ordinal);
                }
            }
            for (key, entries) in loaded {
                if let Some(block) = campaign.block_mut(key) {
                    block.note_range(&entries.ordinals);
                    block.entries = Some(entries);
                }
            }
        }
        self.journal.state(now_us, id, CampaignState::Running, None);
        self.journal.dirty.insert(id);
        self.notice(now_us, Some(id), GatewayId::NONE, NoticeCode::Launched, &text);
        self.enqueue(now_us, id);
        self.changed.insert(id);
        let commit = self.journal.command(now_us);
        self.check_end(now_us, id);
        commit
    }

    /// Holds a campaign: nothing more of it is handed out. Its expiry goes on.
    ///
    /// # Errors
    /// [`CommandError`] where there is nothing to pause.
    pub fn pause(&mut self, now_us: u64, id: CampaignId) -> Result<Commit, CommandError> {
        if self.running(id)?.row.state == CampaignState::Running {
            self.set_state(now_us, id, CampaignState::Paused, None);
            self.dequeue(now_us, id, "paused");
            self.unload_idle(id);
            self.notice(now_us, Some(id), GatewayId::NONE, NoticeCode::Paused, "paused");
        }
        Ok(self.journal.command(now_us))
    }

    /// Goes on with a paused campaign.
    ///
    /// # Errors
    /// [`CommandError`] where there is nothing to resume.
    pub fn resume(&mut self, now_us: u64, id: CampaignId) -> Result<Commit, CommandError> {
        if self.running(id)?.row.state == CampaignState::Paused {
            self.set_state(now_us, id, CampaignState::Running, None);
            let held = self.campaigns.get_mut(&id).map(|c| std::mem::take(&mut c.held));
            for due in held.unwrap_or_default() {
                self.schedule(now_us, due);
            }
            self.enqueue(now_us, id);
            self.notice(now_us, Some(id), GatewayId::NONE, NoticeCode::Resumed, "resumed");
        }
        Ok(self.journal.command(now_us))
    }

    /// Ends a campaign: what was not handed out ends `cancelled`, what is on its way is awaited.
    ///
    /// # Errors
    /// [`CommandError`] where there is nothing to cancel.
    pub fn cancel(&mut self, now_us: u64, id: CampaignId) -> Result<Commit, CommandError> {
        let state = self.campaigns.get(&id).map(|campaign| campaign.row.state);
        if state == Some(CampaignState::Cancelling) || self.running(id)?.stopped.is_some() {
            // Nothing of it can leave any more: there is nothing to add.
            return Ok(self.journal.command(now_us));
        }
        self.set_state(now_us, id, CampaignState::Cancelling, None);
        self.notice(now_us, Some(id), GatewayId::NONE, NoticeCode::Cancelled, "cancelled");
        self.stop(now_us, id, Step::Cancelled);
        Ok(self.journal.command(now_us))
    }

    /// Lets go of a campaign that has ended: late receipts correct it no more. Everything of it is durable
    /// once the commit is.
    ///
    /// # Errors
    /// [`CommandError::Running`] where it has not ended.
    pub fn retire(&mut self, now_us: u64, id: CampaignId) -> Result<Commit, CommandError> {
        if let Some(campaign) = self.campaigns.get(&id) {
            if !campaign.row.state.ended() {
                return Err(CommandError::Running(campaign.row.state));
            }
            self.tell_tallies(id);
            self.forget(id);
            self.drop_snapshot(id);
        }
        Ok(self.journal.command(now_us))
    }

    /// Hands out nothing more: marks are lowered, and what is about to be sent again is put off.
    /// The driver then drains its sessions and commits what is left.
    pub fn close(&mut self, now_us: u64) {
        self.closing = true;
        for route in 0..self.routes.len() {
            for class in 0..CLASSES {
                self.take_back(now_us, route, class, |_| true, "the engine was closed");
            }
        }
        self.journal.urgent = true;
    }

    /// What is not sent by its expiry ends `expired`.
    pub(crate) fn expire(&mut self, now_us: u64, id: CampaignId) {
        self.notice(now_us, Some(id), GatewayId::NONE, NoticeCode::Expired, "the expiry has passed");
        self.stop(now_us, id, Step::Expired);
    }

    /// Takes a campaign in, without queueing it.
    pub(crate) fn admit(&mut self, row: CampaignRow, blocks: Vec<BlockMeta>) {
        let id = row.id;
        let expires_us = self.clock.at_us(row.expires_at_ms);
        let routes = row.routes.iter().map(|route| self.route_index(route)).collect();
        self.campaigns.insert(id, Campaign::new(row, expires_us, routes, blocks));
    }

    /// Queues what of a campaign was never handed out.
    pub(crate) fn enqueue(&mut self, now_us: u64, id: CampaignId) {
        let Some(campaign) = self.campaigns.get(&id).filter(|campaign| campaign.may_send()) else { return };
        let class = campaign.class();
        let mut unrouted = false;
        for (local, route) in campaign.routes.iter().enumerate() {
            let blocks = campaign.channels.iter().flatten().flat_map(|live| &live.blocks);
            let rest = blocks
                .filter(|block| usize::from(block.meta.route) == local && block.sent < block.meta.len)
                .map(|block| (block.meta.key.block, block.sent, block.meta.len));
            self.routes[*route].lanes[class].push(id, rest);
            unrouted |= self.routes[*route].gateways.is_empty();
        }
        if unrouted {
            let text = "none of its gateways is configured here: it waits for one of that name";
            self.notice(now_us, Some(id), GatewayId::NONE, NoticeCode::NoGateway, text);
        }
        self.reroute(now_us);
    }

    /// Takes a campaign off every lane.
    fn dequeue(&mut self, now_us: u64, id: CampaignId, why: &str) {
        let Some(campaign) = self.campaigns.get(&id) else { return };
        let (class, routes) = (campaign.class(), campaign.routes.clone());
        for route in routes {
            self.take_back(now_us, route, class, |campaign| campaign == id, why);
            let lane = &mut self.routes[route].lanes[class];
            lane.forget(id);
            for due in lane.take_due(id) {
                self.schedule(now_us, due);
            }
        }
    }

    /// Takes back everything on a lane that was not handed out: reservations, messages that came
    /// back, and retries under a `submitting` row.
    pub(crate) fn take_back(
        &mut self,
        now_us: u64,
        route: usize,
        class: usize,
        which: impl Fn(CampaignId) -> bool + Copy,
        why: &str,
    ) {
        self.release(now_us, route, class, which, false);
        self.withdraw(now_us, route, class, |intent| which(intent.due.key.campaign), why);
    }

    /// Puts off messages that came back or are under a `submitting` row; a later one takes its place.
    pub(crate) fn withdraw(
        &mut self,
        now_us: u64,
        route: usize,
        class: usize,
        which: impl Fn(&Intent) -> bool,
        why: &str,
    ) {
        for Intent { due, .. } in self.routes[route].lanes[class].withdraw(which) {
            if let Some((ordinal, units, _)) = self.entry(due.key, due.index) {
                self.put_off(now_us, due, ordinal, units, why);
            }
            self.leave_block(due.key);
        }
    }

    /// Ends everything of a campaign that is not in flight; a row per block tells it.
    fn stop(&mut self, now_us: u64, id: CampaignId, step: Step) {
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        campaign.stopped = Some(step);
        campaign.held.clear();
        self.dequeue(now_us, id, step.name());
        let at_ms = self.clock.at_ms(now_us);
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        for live in campaign.channels.iter_mut().flatten() {
            for block in live.blocks.iter().filter(|block| block.meta.route != EXCLUDED) {
                self.journal.block_end(now_us, at_ms, block.meta.key, block.sent, step);
            }
            live.stop(step);
        }
        self.journal.dirty.insert(id);
        self.changed.insert(id);
        self.unload_idle(id);
        self.check_end(now_us, id);
    }

    /// Ends a campaign once everything is answered and nothing is waited for.
    pub(crate) fn check_end(&mut self, now_us: u64, id: CampaignId) {
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        if campaign.row.state.ended() || !campaign.settled(now_us) {
            return;
        }
        campaign.purge_us = Some(now_us + late_us(&campaign.row));
        campaign.forget_ids_us = Some(now_us + LATE_US);
        let cancelled = campaign.row.state == CampaignState::Cancelling;
        let state = if cancelled { CampaignState::Cancelled } else { CampaignState::Done };
        self.journal.dirty.insert(id);
        self.set_state(now_us, id, state, Some(self.clock.at_ms(now_us)));
        self.notice(now_us, Some(id), GatewayId::NONE, NoticeCode::Ended, state.name());
        self.unload_idle(id);
        self.journal.urgent = true;
    }

    fn set_state(&mut self, now_us: u64, id: CampaignId, state: CampaignState, ended: Option<i64>) {
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.row.state = state;
            campaign.row.ended_at_ms = ended;
            self.journal.state(now_us, id, state, ended);
            self.changed.insert(id);
        }
    }

    fn running(&self, id: CampaignId) -> Result<&Campaign, CommandError> {
        let campaign = self.campaigns.get(&id).ok_or(CommandError::Unknown)?;
        match campaign.row.state {
            CampaignState::Running | CampaignState::Paused => Ok(campaign),
            state => Err(CommandError::Ended(state)),
        }
    }
}

/// How long what is held of a campaign corrects it after its end.
pub(crate) fn late_us(row: &CampaignRow) -> u64 {
    let named = row.routes.iter().any(|route| route.channel.receipts_name_attempts());
    if named { LATE_MAIL_US } else { LATE_US }
}
