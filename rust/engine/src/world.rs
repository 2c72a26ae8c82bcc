//! A simulated world for host applications: plans, campaigns and reports of the engine, sent in virtual
//! time to simulated far ends, without a socket, thread or file.
//!
//! The world itself is that of `bealert_sim`; here it gets the engine's configuration, templates and
//! reports.

mod gateways;
mod letters;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bealert_core::dispatch::Progress;
use bealert_core::model::{CampaignId, CampaignRow};
use bealert_sim::relay::TakenMail;
use bealert_sim::smsc::TakenMessage;
use bealert_sim::world::{DiskSetup, Launching, Machine, Setup, World as Simulated};

use crate::config::{Config, GatewayConfig};
use crate::error::EngineError;
use crate::events::EventOut;
use crate::launch::row_of;
use crate::plan::{Plan, PlanRefused, Planner};
use crate::simulate::{RelayOptions, SmscOptions};
use crate::view::EngineView;
use gateways::{WALL_MS, setup_of};
use letters::Letters;

pub use bealert_sim::world::Order;

/// The secret of the letters of a world: a world is the same every time.
const HASH_KEY: (u64, u64) = (0, 0);

/// How long a command may take to be durable in virtual time: far beyond any stall that a host asks for.
const DURABLE_US: u64 = 24 * 3_600_000_000;

/// How far a call that waits for something goes at once.
const STEP_US: u64 = 1_000;

/// How far one call may let time pass: longer than a campaign is kept for late receipts.
const LONGEST_US: u64 = 400 * 24 * 3_600_000_000;

/// Events taken at once.
const SLICE: usize = 4_096;

/// A world; see the module.
pub struct World {
    config: Config,
    simulated: Arc<Mutex<Simulated>>,
}

impl World {
    /// A world with these gateways and scenarios. `far_ends` gives the simulator options of each gateway
    /// by its name, as JSON.
    ///
    /// # Errors
    /// [`EngineError::Config`] where an option is unknown or out of its range.
    pub fn open(mut config: Config, seed: u64, far_ends: &[(String, String)]) -> Result<Self, EngineError> {
        for gateway in &mut config.gateways {
            // Secrets play no part: a world is given none to sign with.
            if let GatewayConfig::Smtp(smtp) = gateway {
                smtp.dkim.clear();
            }
        }
        let mut gateways = Vec::new();
        for (at, gateway_config) in config.gateways.iter().enumerate() {
            let name = gateway_config.name();
            let options = far_ends.iter().find(|(known, _)| known == name);
            let options = options.map_or("{}", |(_, options)| options.as_str());
            let setup = setup_of(gateway_config, options, seed ^ at as u64);
            let named = |problem| EngineError::Config(format!("the far end of {name:?}: {problem}"));
            gateways.push(setup.map_err(named)?);
        }
        let letters = Letters::new(&config, HASH_KEY).map_err(EngineError::Config)?;
        let mut setup = Setup::calm(seed, gateways);
        setup.wall_ms = WALL_MS;
        setup.keep_messages = true;
        let simulated = Simulated::new(setup, Box::new(letters));
        Ok(Self { config, simulated: Arc::new(Mutex::new(simulated)) })
    }

    /// Begins a plan, as an engine does.
    ///
    /// # Errors
    /// [`PlanRefused`] where the scenario can't be planned at all.
    pub fn planner(&self, scenario: &str, values: Vec<(String, String)>) -> Result<Planner, PlanRefused> {
        Planner::new(&self.config, scenario, values)
    }

    /// Launches a plan, as an engine does; the time that its commit takes passes.
    ///
    /// # Errors
    /// [`EngineError::KeyConflict`], [`EngineError::PlanStale`], and [`EngineError::Closed`] where the
    /// process has died before it was durable: the same key tells what became of it.
    pub fn launch(&self, plan: &Plan, by: &str, key: &str) -> Result<CampaignId, EngineError> {
        if plan.gateways_fingerprint != self.config.gateways_fingerprint() {
            return Err(EngineError::PlanStale("the gateways are not those the plan was made for".into()));
        }
        let mut simulated = self.lock();
        let row = row_of(plan, by, key, 0, 0);
        match simulated.launch(&row, plan.expiry_ms, &plan.blocks) {
            Launching::Known(id) => Ok(id),
            Launching::Conflict(id) => Err(EngineError::KeyConflict { key: key.to_owned(), id }),
            Launching::Begun(id) => wait_durable(&mut simulated).map(|()| id),
            Launching::NotNow => Err(EngineError::Closed),
        }
    }

    /// Commands a campaign; the time that its commit takes passes.
    ///
    /// # Errors
    /// [`EngineError::UnknownCampaign`], [`EngineError::CampaignEnded`], [`EngineError::Closed`].
    pub fn command(&self, id: CampaignId, order: Order) -> Result<(), EngineError> {
        let mut simulated = self.lock();
        let row = simulated.reader().campaign(id)?;
        let row = row.ok_or_else(|| EngineError::UnknownCampaign(id.to_string()))?;
        if !simulated.is_open() {
            return Err(EngineError::Closed);
        }
        if simulated.command(id, order) {
            return wait_durable(&mut simulated);
        }
        if !simulated.is_open() {
            return Err(EngineError::Closed);
        }
        let state = simulated.progress(id).map_or(row.state, |progress| progress.state);
        Err(EngineError::CampaignEnded { id, state: state.name() })
    }

    /// Lets so much time pass.
    pub fn advance(&self, us: u64) {
        let mut simulated = self.lock();
        let until_us = simulated.now_us().saturating_add(us.min(LONGEST_US));
        simulated.run_until(until_us);
    }

    /// Microseconds since the world began.
    pub fn now_us(&self) -> u64 {
        self.lock().now_us() - Simulated::START_US
    }

    /// The wall clock of the world, in milliseconds since 1970.
    pub fn wall_ms(&self) -> i64 {
        self.lock().wall_ms()
    }

    /// Moves the wall clock; a process reads it when it opens.
    pub fn shift_wall(&self, ms: i64) {
        self.lock().shift_wall(ms);
    }

    /// The process dies now, is gone for so long, and is opened again.
    pub fn crash(&self, down_us: u64) {
        self.lock().crash();
        self.reopen(down_us);
    }

    /// The process will die after so many more calls of its driver, wherever that is.
    pub fn crash_in(&self, calls: u64) {
        let mut simulated = self.lock();
        let at = simulated.calls().saturating_add(calls.max(1));
        simulated.crash_at_call(Some(at));
    }

    /// The process ends in order within `drain_us`, is gone for so long, and is opened again.
    pub fn restart(&self, drain_us: u64, down_us: u64) {
        let mut simulated = self.lock();
        simulated.close(drain_us);
        let until_us = simulated.now_us() + DURABLE_US;
        while simulated.is_open() && simulated.now_us() < until_us {
            step(&mut simulated);
        }
        drop(simulated);
        self.reopen(down_us);
    }

    /// Opens the process again after so long; nothing but time passes if it lives. A crash that was to
    /// come does not.
    pub fn reopen(&self, down_us: u64) {
        self.advance(down_us);
        let mut simulated = self.lock();
        simulated.crash_at_call(None);
        simulated.open();
    }

    /// Whether the process lives.
    pub fn is_open(&self) -> bool {
        self.lock().is_open()
    }

    /// The disk stalls for so long with this share of the commits, and takes none of another share.
    pub fn set_disk(&self, stalls: f64, stall_us: u64, rolled_back: f64, unknown: f64) {
        let disk = DiskSetup { stalls, stall_us, rolled_back, unknown, ..DiskSetup::default() };
        self.lock().set_disk(disk);
    }

    /// A campaign by its key or number.
    ///
    /// # Errors
    /// [`EngineError::Ledger`].
    pub fn find(&self, id_or_key: &str) -> Result<Option<CampaignRow>, EngineError> {
        self.view().find(id_or_key)
    }

    /// How far a campaign is: as its process has it, or by the ledger. Its state is never ahead of the
    /// ledger, as in an engine.
    ///
    /// # Errors
    /// [`EngineError::UnknownCampaign`].
    pub fn progress(&self, id: CampaignId) -> Result<Progress, EngineError> {
        let (held, state) = {
            let simulated = self.lock();
            (simulated.progress(id), simulated.state(id))
        };
        match (held, state) {
            (Some(progress), Some(state)) if !state.ended() => Ok(Progress { state, ..progress }),
            _ => self.view().progress(id),
        }
    }

    /// Everything in the journal after a sequence, of one campaign or of all.
    ///
    /// # Errors
    /// [`EngineError::EventsGone`], [`EngineError::UnknownCampaign`].
    pub fn events(
        &self,
        after: Option<u64>,
        campaign: Option<CampaignId>,
    ) -> Result<Vec<EventOut>, EngineError> {
        let after = after.or(campaign.is_none().then_some(0));
        let subscription = self.view().events(after, campaign)?;
        let mut events = Vec::new();
        loop {
            let some = subscription.take(SLICE)?;
            if some.is_empty() {
                return Ok(events);
            }
            events.extend(some);
        }
    }

    /// What a far end has counted, each with its name.
    ///
    /// # Errors
    /// [`EngineError::Config`] where there is no gateway of that name.
    pub fn books(&self, gateway: &str) -> Result<Vec<(&'static str, u64)>, EngineError> {
        let (at, simulated) = (self.place(gateway)?, self.lock());
        Ok(match simulated.far_end(at) {
            Machine::Smsc(smsc) => smsc.books().counts().to_vec(),
            Machine::Relay(relay) => relay.books().counts().to_vec(),
        })
    }

    /// What an SMSC took; nothing where the gateway has a relay.
    ///
    /// # Errors
    /// [`EngineError::Config`] where there is no gateway of that name.
    pub fn messages(&self, gateway: &str) -> Result<Vec<TakenMessage>, EngineError> {
        Ok(self.lock().messages(self.place(gateway)?))
    }

    /// What a relay took; nothing where the gateway has an SMSC.
    ///
    /// # Errors
    /// [`EngineError::Config`] where there is no gateway of that name.
    pub fn mails(&self, gateway: &str) -> Result<Vec<TakenMail>, EngineError> {
        Ok(self.lock().mails(self.place(gateway)?).to_vec())
    }

    /// Changes how a far end behaves, by simulator options as JSON.
    ///
    /// # Errors
    /// [`EngineError::Config`] where an option or the gateway is unknown, or a value out of its range.
    pub fn change(&self, gateway: &str, options: &str) -> Result<(), EngineError> {
        let at = self.place(gateway)?;
        let mut simulated = self.lock();
        match simulated.far_end(at) {
            Machine::Smsc(smsc) => {
                let before = smsc.faults().clone();
                let faults = SmscOptions::from_json(options).and_then(|options| options.change(before));
                simulated.set_faults(at, faults.map_err(EngineError::Config)?);
            }
            Machine::Relay(relay) => {
                let before = relay.faults().clone();
                let faults = RelayOptions::from_json(options).and_then(|options| options.change(before));
                simulated.set_relay_faults(at, faults.map_err(EngineError::Config)?);
            }
        }
        Ok(())
    }

    /// A far end breaks its connections; how many there were.
    ///
    /// # Errors
    /// [`EngineError::Config`] where there is no gateway of that name.
    pub fn reset_connections(&self, gateway: &str) -> Result<usize, EngineError> {
        let at = self.place(gateway)?;
        Ok(self.lock().reset_connections(at))
    }

    /// Whether anybody answers at a far end's port.
    ///
    /// # Errors
    /// [`EngineError::Config`] where there is no gateway of that name.
    pub fn set_reachable(&self, gateway: &str, reachable: bool) -> Result<(), EngineError> {
        let at = self.place(gateway)?;
        self.lock().set_deaf(at, !reachable);
        Ok(())
    }

    /// Reads the ledger as it is; readers do not outlive a crash, so it is made anew each time.
    pub fn view(&self) -> EngineView {
        let simulated = Arc::clone(&self.simulated);
        EngineView::of_readers(move || lock(&simulated).reader())
    }

    fn place(&self, gateway: &str) -> Result<usize, EngineError> {
        let found = self.config.gateways.iter().position(|known| known.name() == gateway);
        found.ok_or_else(|| EngineError::Config(format!("there is no gateway {gateway:?}")))
    }

    fn lock(&self) -> MutexGuard<'_, Simulated> {
        lock(&self.simulated)
    }
}

/// Lets time pass until what was commanded is durable.
fn wait_durable(simulated: &mut Simulated) -> Result<(), EngineError> {
    let until_us = simulated.now_us() + DURABLE_US;
    while simulated.is_open() && simulated.commands_pending() && simulated.now_us() < until_us {
        step(simulated);
    }
    match (simulated.is_open(), simulated.commands_pending()) {
        (false, _) => Err(EngineError::Closed),
        (true, true) => Err(EngineError::Ledger("the ledger of this world takes nothing".into())),
        (true, false) => Ok(()),
    }
}

/// One step, and no more time than that: where the process dies in it, nothing else may be due for days.
fn step(simulated: &mut Simulated) {
    simulated.step(simulated.now_us() + STEP_US);
}

/// A panic in the world has said what it had to say: the next call may find it in any state.
fn lock(simulated: &Mutex<Simulated>) -> MutexGuard<'_, Simulated> {
    simulated.lock().unwrap_or_else(PoisonError::into_inner)
}
