//! What becomes due without input: retries, ends of receipt waits, expiries, late replies.

use super::Dispatcher;
use crate::model::{CampaignId, CampaignState};

impl Dispatcher {
    /// The next moment at which [`Self::handle_timeout`] or [`Self::take_batch`] has something to do.
    pub fn poll_timeout(&self) -> Option<u64> {
        let retry = self.waiting.peek().map(|std::cmp::Reverse((at, _))| *at);
        let wait =
            self.gateways.iter().flatten().filter_map(|g| g.waits.front()).map(|(at, _)| at.us()).min();
        let ends = self.campaigns.values().filter_map(|campaign| {
            let running = !campaign.row.state.ended();
            let expires = (running && campaign.stopped.is_none()).then_some(campaign.expires_us);
            let receipts = campaign.receipts_until_us.filter(|_| running);
            let purge = campaign.forget_ids_us.or(campaign.purge_us);
            [expires, receipts, purge].into_iter().flatten().min()
        });
        let unfit = self.gateways.iter().flatten().map(|g| g.unfit_until_us).filter(|at| *at > 0).min();
        let hold = self.gateways.iter().flatten().filter_map(|g| g.hold_timeout(self.looked_us)).min();
        [retry, wait, unfit, hold, ends.min(), self.parking.timeout(), self.journal.timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now_us: u64) {
        self.queue_due(now_us);
        self.try_unfit_again(now_us);
        self.end_receipt_waits(now_us);
        self.end_campaigns(now_us);
        while let Some(key) = self.parking.expired(now_us) {
            self.give_up_parked(now_us, key);
        }
        self.refuse_late_replies(now_us);
    }

    fn queue_due(&mut self, now_us: u64) {
        while let Some(std::cmp::Reverse((at, due))) = self.waiting.peek().copied() {
            if at > now_us {
                return;
            }
            self.waiting.pop();
            let Some(campaign) = self.campaigns.get_mut(&due.key.campaign) else { continue };
            if campaign.row.state == CampaignState::Paused {
                campaign.held.push(due);
                continue;
            }
            if campaign.stopped.is_some() {
                continue;
            }
            let class = campaign.class();
            if let Some(route) = self.route_of(due.key) {
                let lane = &mut self.routes[route].lanes[class];
                if due.resend { lane.resends.push_back(due) } else { lane.due.push_back(due) }
            }
        }
    }

    fn try_unfit_again(&mut self, now_us: u64) {
        let over = |gateway: &&mut super::Gateway| (1..=now_us).contains(&gateway.unfit_until_us);
        // A pause is over, or a message that tries a gateway takes too long.
        let turned = |gateway: &super::Gateway| {
            gateway.hold_timeout(self.looked_us).is_some_and(|at_us| at_us <= now_us)
        };
        let mut any = self.gateways.iter().flatten().any(turned);
        self.looked_us = now_us;
        for gateway in self.gateways.iter_mut().flatten().filter(over) {
            gateway.unfit_until_us = 0;
            any = true;
        }
        if any {
            self.reroute(now_us);
        }
    }

    fn end_receipt_waits(&mut self, now_us: u64) {
        for at in 0..self.gateways.len() {
            while let Some(gateway) = &mut self.gateways[at]
                && let Some((until, number)) = gateway.waits.front().copied()
                && until.us() <= now_us
            {
                gateway.waits.pop_front();
                if let Some(campaign) = self.stop_waiting(number) {
                    self.check_end(now_us, campaign);
                }
            }
        }
    }

    fn end_campaigns(&mut self, now_us: u64) {
        let over = |test: fn(&super::Campaign, u64) -> bool| -> Vec<CampaignId> {
            let over = self.campaigns.iter().filter(|(_, c)| test(c, now_us));
            let mut ids: Vec<CampaignId> = over.map(|(id, _)| *id).collect();
            ids.sort_unstable();
            ids
        };
        let expired = over(|campaign, now_us| {
            campaign.expires_us <= now_us && campaign.stopped.is_none() && !campaign.row.state.ended()
        });
        let waited = over(|campaign, now_us| {
            !campaign.row.state.ended() && campaign.receipts_until_us.is_some_and(|at| at <= now_us)
        });
        let late = over(|campaign, now_us| campaign.forget_ids_us.is_some_and(|at| at <= now_us));
        let purged = over(|campaign, now_us| campaign.purge_us.is_some_and(|at| at <= now_us));
        for id in expired {
            self.expire(now_us, id);
        }
        for id in waited {
            if let Some(campaign) = self.campaigns.get_mut(&id) {
                campaign.receipts_until_us = None;
            }
            self.check_end(now_us, id);
        }
        for id in late {
            if let Some(campaign) = self.campaigns.get_mut(&id) {
                campaign.forget_ids_us = None;
            }
            self.book.forget(id);
        }
        for id in purged {
            self.forget(id);
            self.drop_snapshot(id);
        }
    }
}
