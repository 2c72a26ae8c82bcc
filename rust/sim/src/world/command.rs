//! Commands, and the answers that wait for a commit.

use bealert_core::dispatch::Commit;
use bealert_core::model::{CampaignId, GatewayId};

use super::World;
use super::facts::{Order, What};
use super::fuse::Crash;
use super::plant::Plant;

/// A command that has its effect and waits to be durable.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) commit: Commit,
    pub(super) told: What,
}

impl World {
    /// Commands a campaign; whether it was taken. It is durable when [`Self::commands_pending`] is
    /// over.
    pub fn command(&mut self, campaign: CampaignId, order: Order) -> bool {
        let taken = self.take_command(campaign, order);
        if taken.is_err() {
            self.die();
        }
        taken == Ok(true)
    }

    fn take_command(&mut self, campaign: CampaignId, order: Order) -> Result<bool, Crash> {
        self.fuse.point()?;
        let Some(host) = self.host.as_mut().filter(|host| host.closing.is_none()) else { return Ok(false) };
        let done = match order {
            Order::Pause if self.plant == Some(Plant::PauseIgnored) => {
                host.dispatcher.resume(self.now_us, campaign)
            }
            Order::Pause => host.dispatcher.pause(self.now_us, campaign),
            Order::Resume => host.dispatcher.resume(self.now_us, campaign),
            Order::Cancel => host.dispatcher.cancel(self.now_us, campaign),
        };
        let Ok(commit) = done else { return Ok(false) };
        host.waiting.push(Waiting { commit, told: What::Promised { campaign, order } });
        self.log.add(self.now_us, What::Asked { campaign, order });
        Ok(true)
    }

    /// Whether commands or launches wait to be durable.
    pub fn commands_pending(&self) -> bool {
        self.host.as_ref().is_some_and(|host| !host.waiting.is_empty())
    }

    /// Changes a gateway's limit from now on, as long as this process lives.
    pub fn set_rate(&mut self, gateway: usize, units_per_second: Option<f64>) {
        let Some(host) = &mut self.host else { return };
        let gateway: GatewayId = host.gateways[gateway].id;
        if self.plant != Some(Plant::NoLimit) {
            host.dispatcher.set_rate(gateway, units_per_second);
        }
        self.log.add(self.now_us, What::Limit { gateway, units_per_second });
    }

    /// Breaks a session's connection, as a network does: what was written arrives up to some octet.
    pub fn reset(&mut self, gateway: usize, session: usize) {
        let kept = self.chance.below(2_000) as usize;
        let (wanted, mut at) = (self.far_ends[gateway].id, 0);
        let broken = self.each_session(|one, hands| {
            if hands.far_end.id != wanted {
                return Ok(());
            }
            at += 1;
            if at == session + 1 { one.reset(hands, kept) } else { Ok(()) }
        });
        if broken.is_err() {
            self.die();
        }
    }

    /// Nothing passes on a gateway's lines any more, and nobody is told.
    pub fn silence(&mut self, gateway: usize) {
        self.each_line(gateway, |line| line.silent = true);
    }

    /// A far end does not read before then.
    pub fn stop_reading(&mut self, gateway: usize, until_us: u64) {
        self.each_line(gateway, |line| line.unread_until_us = until_us);
    }

    fn each_line(&mut self, gateway: usize, mut work: impl FnMut(&mut super::line::Line)) {
        let Some(host) = &mut self.host else { return };
        for session in &mut host.gateways[gateway].sessions {
            if let Some(line) = session.line() {
                work(line);
            }
        }
    }

    /// Tells those whose command is durable.
    pub(super) fn answer_commands(&mut self) -> Result<(), Crash> {
        let Some(host) = &mut self.host else { return Ok(()) };
        let committed = host.dispatcher.committed_number();
        let done: Vec<Waiting> =
            host.waiting.extract_if(.., |waiting| waiting.commit.0 <= committed).collect();
        for waiting in done {
            self.fuse.point()?;
            self.log.add(self.now_us, waiting.told);
        }
        Ok(())
    }
}
