//! I5: the urgent never wait behind what is less so.

use std::collections::HashMap;

use bealert_core::model::{BlockKey, CampaignId, CampaignState, Route};

use crate::world::facts::{Audience, Facts, Order, Sent, What};

/// Commits after which a mark that was lowered or raised is durable: one may be in flight, without it.
const COMMITS: u32 = 2;

/// I5: a higher priority never waits behind a lower one longer than what is already on the wire. While
/// something of a more urgent campaign on the same route is reserved and not sent, or could have been
/// reserved by the last commit, nothing less urgent is handed out, but the rest of a message that has
/// begun.
pub fn i5_the_urgent_never_wait(facts: &Facts) -> Result<(), String> {
    let mut lanes = Lanes { facts, campaigns: HashMap::new(), wall: (0, 0) };
    for fact in &facts.timeline {
        match &fact.what {
            What::Opened { wall_ms } => lanes.open(fact.at_us, *wall_ms),
            What::Durable { batch } => {
                for (id, state, _) in &batch.states {
                    let campaign = lanes.of(*id);
                    campaign.launched |= *state == CampaignState::Running;
                    campaign.over |= state.ended();
                    campaign.held = matches!(state, CampaignState::Paused | CampaignState::Cancelling);
                }
                for (key, mark) in &batch.marks {
                    lanes.of(key.campaign).marks.insert(*key, *mark);
                }
                lanes.campaigns.values_mut().for_each(|campaign| campaign.commits += 1);
            }
            What::Asked { campaign, order } => {
                let campaign = lanes.of(*campaign);
                campaign.commits = 0;
                campaign.stopped = *order != Order::Resume;
            }
            // A gateway that comes or goes takes reservations back.
            What::Up { .. } | What::Down { .. } => lanes.unsettle(),
            What::Sent(sent) => {
                if let Some(waiting) = lanes.passed_over(fact.at_us, sent) {
                    let what = format!("{sent:?} left while campaign {waiting} waited");
                    return Err(format!("at {} us {what}", fact.at_us));
                }
                let sent_to = lanes.of(sent.key.campaign).sent.entry(sent.key).or_default();
                if sent.attempt == 1 {
                    *sent_to = (*sent_to).max(sent.index + 1);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

struct Lanes<'a> {
    facts: &'a Facts,
    campaigns: HashMap<CampaignId, Lane>,
    /// When the process opened, and its wall clock then.
    wall: (u64, i64),
}

/// What is known of a campaign in this process.
#[derive(Default)]
struct Lane {
    launched: bool,
    over: bool,
    stopped: bool,
    /// By the ledger.
    held: bool,
    /// Commits since its reservations may have been taken back.
    commits: u32,
    marks: HashMap<BlockKey, u32>,
    sent: HashMap<BlockKey, u32>,
}

impl Lanes<'_> {
    fn of(&mut self, id: CampaignId) -> &mut Lane {
        self.campaigns.entry(id).or_default()
    }

    /// A new process: what lies below the marks is never sent for the first time again, and of commands
    /// those count that were durable.
    fn open(&mut self, at_us: u64, wall_ms: i64) {
        self.wall = (at_us, wall_ms);
        for campaign in self.campaigns.values_mut() {
            campaign.sent = campaign.marks.clone();
            campaign.commits = 0;
            campaign.stopped = campaign.held;
        }
    }

    fn unsettle(&mut self) {
        self.campaigns.values_mut().for_each(|campaign| campaign.commits = 0);
    }

    /// A more urgent campaign that waited while this was sent.
    fn passed_over(&self, at_us: u64, sent: &Sent) -> Option<CampaignId> {
        let audience = self.facts.audiences.get(&sent.key.campaign)?;
        if sent.part > 0 {
            return None;
        }
        let route = route_of(audience, sent.key)?;
        // What came back before it left needs no new reservation: it may fill the time of a slow commit.
        let before = self.campaigns.get(&sent.key.campaign).and_then(|lane| lane.sent.get(&sent.key));
        let fresh =
            sent.attempt == 1 && before.is_none_or(|before| sent.index >= *before) && !self.facts.slow_loads;
        let more_urgent = self.facts.audiences.iter().filter(|(_, other)| {
            other.row.kind.class() < audience.row.kind.class()
                && (other.row.expires_at_ms - self.wall.1) as f64 * 1e3 > (at_us - self.wall.0) as f64
        });
        more_urgent
            .filter(|(id, _)| self.campaigns.get(id).is_some_and(Lane::settled))
            .find(|(id, other)| {
                let lane = &self.campaigns[id];
                let on_it = other.blocks.iter().filter(|block| route_of(other, block.key) == Some(route));
                on_it.into_iter().any(|block| {
                    let sent = lane.sent.get(&block.key).copied().unwrap_or(0);
                    let mark = lane.marks.get(&block.key).copied().unwrap_or(0);
                    let stock = if fresh { block.people.len() as u32 } else { mark };
                    sent < stock
                })
            })
            .map(|(id, _)| *id)
    }
}

impl Lane {
    fn settled(&self) -> bool {
        self.launched && !self.over && !self.stopped && self.commits >= COMMITS
    }
}

/// The gateways of a block, in their order, and its domain; campaigns that have the same wait in the same lanes.
fn route_of(audience: &Audience, key: BlockKey) -> Option<&Route> {
    audience.route(key)
}
