//! A deterministic world: the dispatcher, SMPP and SMTP sessions, simulated SMSCs and relays and a ledger in
//! memory, in virtual time, from one seed. No socket, thread, clock or file is in it.
//!
//! What a production process does between its sockets and its disk is done here by the same code: the
//! [`Dispatcher`], [`Esme`](bealert_wire::smpp::Esme) and [`Client`](bealert_wire::smtp::Client) sessions and what lies between them
//! ([`client`](crate::client)). The driver around them does in virtual time what the engine's loop does
//! in real time, in the same order, and may be stopped between any two of its calls. A crash loses all
//! that is not in the ledger; far ends live on.
//!
//! A world writes down what it shows as [`Facts`], and [`check`](check) says whether they keep the
//! invariants I1 to I10. [`script::run`] is a whole random world from a seed.

mod build;
pub mod check;
mod command;
mod commit;
mod facts;
mod far_end;
mod fuse;
mod launch;
mod line;
mod mail;
mod messages;
mod open;
mod pass;
mod plant;
mod relay;
mod reports;
pub mod script;
mod session;
mod setup;
mod sms;

use std::collections::HashMap;

use bealert_core::dispatch::{Dispatcher, Progress};
use bealert_core::ledger::{Ledger, LedgerReader, MemoryLedger};
use bealert_core::model::{BlockKey, CampaignId, CampaignState, GatewayId};

pub use build::{CampaignPlan, PlannedPerson, planned};
pub use facts::{Audience, AudienceBlock, Fact, Facts, Order, Part, Person, Sent, What};
pub use far_end::Machine;
pub use launch::Launching;
pub use messages::{Mail, Messages, PlainMessages, TEXT};
pub use plant::Plant;
pub use setup::{DiskSetup, FarEndSetup, GatewaySetup, LineSetup, RelaySetup, Setup, SmscSetup};

use crate::chance::Chance;
use crate::relay::{self as mail_relay, TakenMail};
use crate::smsc::{Faults, Noted, TakenMessage};
use command::Waiting;
use commit::Flight;
use far_end::FarEnd;
use fuse::Fuse;
use open::Closing;
use relay::Desk;
use reports::Reports;
use session::Session;

/// Passes that end with something due at once are this far apart, as the engine's are.
const LEAST_STEP_US: u64 = 50;

/// A world; see the module.
pub struct World {
    setup: Setup,
    now_us: u64,
    /// How far the wall clock has been moved since the start.
    wall_shift_ms: i64,
    chance: Chance,
    fuse: Fuse,
    ledger: MemoryLedger,
    far_ends: Vec<FarEnd>,
    host: Option<Host>,
    messages: Box<dyn Messages>,
    log: Log,
    plant: Option<Plant>,
    /// What each message that was ever sent was about.
    letters: HashMap<(String, Vec<u8>), Part>,
    /// Reports of relays on their way.
    reports: Reports,
    /// Nothing disturbs it any more.
    calm: bool,
    passes: u64,
}

/// The process: all of it is lost in a crash.
struct Host {
    dispatcher: Dispatcher,
    gateways: Vec<HostGateway>,
    flight: Option<Flight>,
    waiting: Vec<Waiting>,
    /// Blocks that are being read and rendered, and when they are here.
    loads: Vec<(u64, BlockKey)>,
    closing: Option<Closing>,
    /// A session had its share of a pass and would take more.
    unfinished: bool,
}

struct HostGateway {
    id: GatewayId,
    sessions: Vec<Session>,
    /// What the connections of a relay have in common.
    desk: Option<Desk>,
    turn: usize,
    /// When the limiter lets the next part through, if it was what ended the last pass.
    ready_us: Option<u64>,
}

/// What was observed.
#[derive(Debug, Default)]
struct Log {
    facts: Facts,
}

impl World {
    /// When a world begins: above zero, so that nothing has to fear a time before it.
    pub const START_US: u64 = 1_000_000;

    /// A world at that time, with an empty ledger. The process is opened.
    pub fn new(setup: Setup, messages: Box<dyn Messages>) -> Self {
        let mut ledger = MemoryLedger::new();
        let mut log = Log::default();
        log.facts.slow_loads = setup.load_us >= 1_000_000;
        let far_end = |gateway: &GatewaySetup| {
            let id = ledger.gateway(&gateway.name).expect("a fresh ledger takes a gateway");
            log.facts.gateways.insert(id, gateway.name.clone());
            FarEnd::new(id, &gateway.far_end)
        };
        let far_ends = setup.gateways.iter().map(far_end).collect();
        let mut world = Self {
            chance: Chance::new(setup.seed),
            setup,
            now_us: Self::START_US,
            wall_shift_ms: 0,
            fuse: Fuse::default(),
            ledger,
            far_ends,
            host: None,
            messages,
            log,
            plant: None,
            letters: HashMap::new(),
            reports: Reports::default(),
            calm: false,
            passes: 0,
        };
        world.open();
        world
    }

    /// Microseconds since the world began, and a second.
    pub fn now_us(&self) -> u64 {
        self.now_us
    }

    /// The wall clock.
    pub fn wall_ms(&self) -> i64 {
        self.setup.wall_ms + (self.now_us / 1_000) as i64 + self.wall_shift_ms
    }

    /// Moves the wall clock, as an operator or a time server does. A process reads it when it opens.
    pub fn shift_wall(&mut self, ms: i64) {
        self.wall_shift_ms += ms;
    }

    /// Lets time pass, up to a moment.
    pub fn run_until(&mut self, until_us: u64) {
        while self.now_us < until_us {
            self.step(until_us);
        }
    }

    /// Does what is due now, then goes to the next moment at which something is, at most to `until_us`.
    pub fn step(&mut self, until_us: u64) {
        self.passes += 1;
        if self.pass().is_err() {
            self.die();
        }
        self.note_diaries();
        let next_us = self.timeout().unwrap_or(until_us);
        self.now_us = next_us.max(self.now_us + LEAST_STEP_US).min(until_us.max(self.now_us + 1));
    }

    /// How often the driver went round: a world that spins does so far more often than things happen.
    pub fn passes(&self) -> u64 {
        self.passes
    }

    /// How many calls the driver has made so far: each is a place for a crash.
    pub fn calls(&self) -> u64 {
        self.fuse.calls
    }

    /// The process will die at this call of its driver.
    pub fn crash_at_call(&mut self, call: Option<u64>) {
        self.fuse.blows_at = call;
    }

    /// From now on the driver does this wrong.
    pub fn plant(&mut self, plant: Plant) {
        self.plant = Some(plant);
    }

    /// Whether the process lives.
    pub fn is_open(&self) -> bool {
        self.host.is_some()
    }

    /// Changes how an SMSC behaves from now on; a relay has [`Self::set_relay_faults`].
    pub fn set_faults(&mut self, gateway: usize, faults: Faults) {
        let now_us = self.now_us;
        if let Machine::Smsc(smsc) = &mut self.far_ends[gateway].machine {
            smsc.set_faults(now_us, faults);
        }
    }

    /// Changes how a relay behaves from now on.
    pub fn set_relay_faults(&mut self, gateway: usize, faults: mail_relay::Faults) {
        if let Machine::Relay(relay) = &mut self.far_ends[gateway].machine {
            relay.set_faults(faults);
        }
    }

    /// The far end of a gateway: its faults and its books.
    pub fn far_end(&self, gateway: usize) -> &Machine {
        &self.far_ends[gateway].machine
    }

    /// Nobody answers at a far end's port from now on, or somebody does again.
    pub fn set_deaf(&mut self, gateway: usize, deaf: bool) {
        self.far_ends[gateway].deaf = deaf;
    }

    /// A far end breaks every connection; how many there were.
    pub fn reset_connections(&mut self, gateway: usize) -> usize {
        self.far_ends[gateway].machine.reset_connections()
    }

    /// How commits go from now on.
    pub fn set_disk(&mut self, disk: DiskSetup) {
        self.setup.disk = disk;
    }

    /// What an SMSC took; empty unless [`Setup::keep_messages`].
    pub fn messages(&self, gateway: usize) -> Vec<TakenMessage> {
        match self.far_end(gateway) {
            Machine::Smsc(smsc) => smsc.messages(),
            Machine::Relay(_) => Vec::new(),
        }
    }

    /// What a relay took; empty unless [`Setup::keep_messages`].
    pub fn mails(&self, gateway: usize) -> &[TakenMail] {
        &self.far_ends[gateway].mails
    }

    /// The gateways it was made of.
    pub fn gateways(&self) -> &[GatewaySetup] {
        &self.setup.gateways
    }

    /// How far a campaign is, while a process holds it.
    pub fn progress(&self, campaign: CampaignId) -> Option<Progress> {
        Some(self.host.as_ref()?.dispatcher.progress(campaign)?.at(self.now_us))
    }

    /// Where a campaign stands by the ledger.
    pub fn state(&self, campaign: CampaignId) -> Option<CampaignState> {
        Some(self.reader().campaign(campaign).ok()??.state)
    }

    /// Reads what is durable.
    pub fn reader(&self) -> Box<dyn LedgerReader> {
        self.ledger.reader().expect("the ledger lives as long as the world")
    }

    /// Everything that was observed so far.
    pub fn facts(&self) -> Facts {
        let mut facts = self.log.facts.clone();
        let mut reader = self.reader();
        facts.rows = reader.campaigns().expect("the ledger lives");
        facts.journal = reader.journal(0, usize::MAX).expect("the ledger lives");
        for row in &facts.rows {
            let tallies = reader.tallies(row.id).expect("the ledger lives");
            facts.tallies.extend(tallies.into_iter().map(|(channel, tally)| ((row.id, channel), tally)));
        }
        facts.faults += self.host.as_ref().map_or(0, |host| host.dispatcher.faults());
        facts
    }

    /// What far ends noted since the last look.
    fn note_diaries(&mut self) {
        for far_end in &mut self.far_ends {
            let gateway = far_end.id;
            match &mut far_end.machine {
                Machine::Smsc(smsc) => {
                    for noted in smsc.take_diary() {
                        let what = match noted {
                            Noted::Taken { id, destination, body, receipt } => {
                                let letter = (destination.as_str().to_owned(), body);
                                let part = self.letters.get(&letter).copied();
                                far_end.due += u64::from(receipt.is_some());
                                What::Taken { gateway, remote: id.as_str().into(), part, receipt }
                            }
                            Noted::Settled { id, delivered, .. } => {
                                What::Settled { gateway, remote: id.as_str().into(), delivered }
                            }
                        };
                        self.log.add(self.now_us, what);
                    }
                }
                Machine::Relay(relay) => {
                    for mail in relay.take_messages() {
                        for (recipient, _) in &mail.recipients {
                            let letter = (recipient.clone(), reports::name_of(&mail.content).to_vec());
                            let part = self.letters.get(&letter).copied();
                            self.log.add(self.now_us, What::MailTaken { gateway, part });
                        }
                        if self.setup.keep_messages {
                            far_end.mails.push(mail);
                        }
                    }
                }
            }
        }
        self.fetch_reports();
    }

    /// Hears of each relay whether it can be sent to.
    fn judge_relays(&mut self) {
        let Some(host) = &mut self.host else { return };
        let closing = host.closing.is_some();
        for gateway in &mut host.gateways {
            gateway.judge(self.now_us, &mut host.dispatcher, &mut self.log, closing);
        }
    }
}

impl Log {
    fn add(&mut self, at_us: u64, what: What) {
        self.facts.timeline.push(Fact { at_us, what });
    }
}
