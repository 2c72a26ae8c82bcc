//! A whole random world from a seed: its gateways, campaigns, commands and disturbances, and then a
//! calm in which everything comes to its end.

mod dice;
mod post;

use bealert_core::model::{BlockRow, CampaignId, CampaignRow};

use super::facts::{Facts, Order, What};
use super::far_end::Machine;
use super::messages::PlainMessages;
use super::{CampaignPlan, Launching, Plant, World, planned};
use crate::chance::Chance;
use crate::relay;
use crate::smsc::Faults;

/// How long everything may take to come to its end once nothing disturbs it any more: every expiry,
/// back-off, receipt wait and repetition of a receipt fits in.
const CALM_US: u64 = 6 * 3_600_000_000;

/// Passes of a whole world, far more than any needs: one that takes more is spinning.
const MOST_PASSES: u64 = 3_000_000;

/// What a random world is made of and what happens to it.
#[derive(Debug, Clone)]
pub struct Script {
    /// Its first moment.
    pub setup: super::Setup,
    /// The campaigns that are launched in it.
    pub campaigns: Vec<CampaignPlan>,
    /// What happens, in the order of its time.
    pub events: Vec<(u64, Happening)>,
    /// When disturbances end.
    pub calm_us: u64,
    /// Calls of the driver between two crashes, one after the other.
    pub crashes: Vec<u64>,
    /// How long the process is gone after each crash.
    pub down_us: Vec<u64>,
}

/// Something that happens to a world from outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// A campaign is launched, by its place in the script; perhaps again.
    Launch(usize),
    /// Another content is launched under a campaign's key.
    LaunchOther(usize),
    /// A campaign is commanded.
    Command(usize, Order),
    /// A gateway's limit is changed.
    Rate(usize, Option<f64>),
    /// A far end changes its ways.
    Faults(usize, Box<Faults>),
    /// A relay changes its ways.
    RelayFaults(usize, Box<relay::Faults>),
    /// A connection breaks.
    Reset(usize, usize),
    /// A gateway's lines fall silent.
    Silence(usize),
    /// A far end does not read for so long.
    NoReading(usize, u64),
    /// A far end can't be reached for so long.
    Deaf(usize, u64),
    /// The wall clock is moved.
    Shift(i64),
    /// The process ends in order.
    Close(u64),
}

/// How a world came to its end.
#[derive(Debug)]
pub struct Outcome {
    /// All that was observed.
    pub facts: Facts,
    /// Why it did not come to its end, if it did not.
    pub stuck: Option<String>,
    /// Rounds of the driver.
    pub passes: u64,
    /// Calls of the driver.
    pub calls: u64,
}

/// Runs the world of a seed to its end.
pub fn run(seed: u64) -> Outcome {
    play(&Script::of(seed), None)
}

/// Runs a script to its end, with a fault planted in the driver or without.
pub fn play(script: &Script, plant: Option<Plant>) -> Outcome {
    let mut world = World::new(script.setup.clone(), Box::<PlainMessages>::default());
    if let Some(plant) = plant {
        world.plant(plant);
    }
    let mut player = Player {
        script,
        rows: script.campaigns.iter().map(planned).collect(),
        ids: vec![None; script.campaigns.len()],
        open_us: None,
        crashes: script.crashes.iter().copied().collect(),
        downs: script.down_us.iter().copied().cycle().take(10_000).collect(),
        timers: Vec::new(),
        world,
    };
    player.arm();
    player.play()
}

struct Player<'a> {
    script: &'a Script,
    rows: Vec<(CampaignRow, Vec<BlockRow>)>,
    ids: Vec<Option<CampaignId>>,
    /// When the process is opened again, if it is gone.
    open_us: Option<u64>,
    crashes: std::collections::VecDeque<u64>,
    downs: std::collections::VecDeque<u64>,
    /// Ends of what lasts for a while: a far end that can be reached again.
    timers: Vec<(u64, usize)>,
    world: World,
}

impl Player<'_> {
    fn play(mut self) -> Outcome {
        let mut events = self.script.events.iter().peekable();
        while let Some((at_us, happening)) = events.next_if(|(at_us, _)| *at_us < self.script.calm_us) {
            self.run_until(*at_us);
            self.happen(happening);
        }
        self.run_until(self.script.calm_us);
        let stuck = self.calm_down();
        let (passes, calls) = (self.world.passes(), self.world.calls());
        Outcome { facts: self.world.facts(), stuck, passes, calls }
    }

    /// The next crash, if there is one to come.
    fn arm(&mut self) {
        let call = self.crashes.pop_front().map(|after| self.world.calls() + after);
        self.world.crash_at_call(call);
    }

    fn run_until(&mut self, until_us: u64) {
        while self.world.now_us() < until_us && self.world.passes() < MOST_PASSES {
            self.keep_open();
            let timer = self.timers.iter().map(|(at_us, _)| *at_us);
            let next_us = timer.chain(self.open_us).min().unwrap_or(until_us).min(until_us);
            self.world.step(next_us.max(self.world.now_us() + 1));
        }
    }

    /// Opens the process again once it has been gone long enough, and ends what lasted for a while.
    fn keep_open(&mut self) {
        let now_us = self.world.now_us();
        let over: Vec<_> = self.timers.extract_if(.., |(at_us, _)| *at_us <= now_us).collect();
        over.into_iter().for_each(|(_, gateway)| self.world.set_deaf(gateway, false));
        match self.open_us {
            _ if self.world.is_open() => self.open_us = None,
            None => self.open_us = Some(now_us + self.downs.pop_front().unwrap_or(1_000)),
            Some(at_us) if at_us <= now_us => {
                self.open_us = None;
                self.world.open();
                self.arm();
            }
            Some(_) => {}
        }
    }

    fn happen(&mut self, happening: &Happening) {
        let now_us = self.world.now_us();
        match happening {
            Happening::Launch(at) => self.launch(*at),
            Happening::LaunchOther(at) => {
                let (row, blocks) = &self.rows[*at];
                if self.world.reader().find(&row.key).is_ok_and(|known| known.is_some()) {
                    let other = CampaignRow { hash: format!("{} other", row.hash), ..row.clone() };
                    self.world.launch(&other, self.script.campaigns[*at].expiry_ms, blocks);
                }
            }
            Happening::Command(at, order) => {
                if let Some(id) = self.ids[*at] {
                    self.world.command(id, *order);
                }
            }
            Happening::Rate(gateway, rate) => self.world.set_rate(*gateway, *rate),
            Happening::Faults(gateway, faults) => self.world.set_faults(*gateway, (**faults).clone()),
            Happening::RelayFaults(gateway, faults) => {
                self.world.set_relay_faults(*gateway, (**faults).clone());
            }
            Happening::Reset(gateway, session) => self.world.reset(*gateway, *session),
            Happening::Silence(gateway) => self.world.silence(*gateway),
            Happening::NoReading(gateway, us) => self.world.stop_reading(*gateway, now_us + us),
            Happening::Deaf(gateway, us) => {
                self.world.set_deaf(*gateway, true);
                self.timers.push((now_us + us, *gateway));
            }
            Happening::Shift(ms) => self.world.shift_wall(*ms),
            Happening::Close(drain_us) => self.world.close(*drain_us),
        }
    }

    fn launch(&mut self, at: usize) {
        let (row, blocks) = &self.rows[at];
        match self.world.launch(row, self.script.campaigns[at].expiry_ms, blocks) {
            Launching::Known(id) | Launching::Begun(id) => self.ids[at] = Some(id),
            Launching::Conflict(_) | Launching::NotNow => {}
        }
    }

    /// Nothing disturbs the world any more: every launch that was asked for is repeated until it has an
    /// answer, what is paused goes on, and all comes to its end. Why it does not, if it does not.
    fn calm_down(&mut self) -> Option<String> {
        self.world.crash_at_call(None);
        self.crashes.clear();
        self.world.be_calm();
        for gateway in 0..self.world.gateways().len() {
            let calm = Faults { receipt_us: 1_000, response_us: 1_000, ..Faults::default() };
            self.world.set_faults(gateway, calm);
            let calm = relay::Faults { latency_us: 1_000, report_us: 1_000, ..relay::Faults::default() };
            self.world.set_relay_faults(gateway, calm);
        }
        let until_us = self.world.now_us() + CALM_US;
        let mut turn = 0;
        while self.world.now_us() < until_us {
            self.run_until(self.world.now_us() + 500_000 * (1 << (turn / 8).min(9)));
            turn += 1;
            if self.world.passes() >= MOST_PASSES {
                return Some(format!("the driver went round {} times: it spins", self.world.passes()));
            }
            if self.settled() {
                self.run_until(self.world.now_us() + 2_000_000);
                return None;
            }
        }
        let open: Vec<_> = self.world.open_campaigns();
        Some(format!("after {} hours not all is over: {open:?}", CALM_US / 3_600_000_000))
    }

    fn settled(&mut self) -> bool {
        if !self.world.is_open() {
            return false;
        }
        for at in 0..self.rows.len() {
            let told = self.world.log_has_told(&self.rows[at].0.key);
            if self.world.log_has_asked(&self.rows[at].0.key) && !told && !self.world.commands_pending() {
                self.launch(at);
                return false;
            }
        }
        for id in self.world.paused() {
            self.world.command(id, Order::Resume);
        }
        self.world.open_campaigns().is_empty()
            && !self.world.commands_pending()
            && self.world.receipts_settled()
    }
}

impl World {
    /// The ledger takes everything at once from now on.
    fn be_calm(&mut self) {
        self.calm = true;
        let disk = &mut self.setup.disk;
        (disk.stalls, disk.rolled_back, disk.unknown) = (0.0, 0.0, 0.0);
        (0..self.far_ends.len()).for_each(|gateway| self.set_deaf(gateway, false));
    }

    fn open_campaigns(&self) -> Vec<CampaignId> {
        let rows = self.reader().campaigns().unwrap_or_default();
        rows.iter().filter(|row| !row.state.ended()).map(|row| row.id).collect()
    }

    fn paused(&self) -> Vec<CampaignId> {
        let rows = self.reader().campaigns().unwrap_or_default();
        let paused = |row: &&CampaignRow| row.state == bealert_core::model::CampaignState::Paused;
        rows.iter().filter(paused).map(|row| row.id).collect()
    }

    fn log_has_asked(&self, wanted: &str) -> bool {
        let asked = |what: &What| matches!(what, What::LaunchAsked { key, .. } if key == wanted);
        self.log.facts.timeline.iter().any(|fact| asked(&fact.what))
    }

    fn log_has_told(&self, wanted: &str) -> bool {
        let told = |what: &What| matches!(what, What::LaunchTold { key, .. } if key == wanted);
        self.log.facts.timeline.iter().any(|fact| told(&fact.what))
    }

    /// Whether every receipt that was to come has come and was answered.
    fn receipts_settled(&self) -> bool {
        let answered = self.far_ends.iter().all(|far_end| match &far_end.machine {
            Machine::Smsc(smsc) => far_end.due <= smsc.books().receipts,
            Machine::Relay(_) => true,
        });
        answered && self.reports_kept()
    }
}

impl Script {
    /// The random script of a seed.
    pub fn of(seed: u64) -> Self {
        let mut script = dice::throw(&mut Chance::new(seed), seed);
        post::add(&mut script, seed);
        script
    }
}
