//! The dispatcher: reserve -> committed -> submit -> outcome, for every campaign and gateway.
//!
//! It is driven like a protocol core. After every input (`answered`, `receipt`, `committed`,
//! `loaded`, a command, `handle_timeout`) the driver
//!
//! 1. pulls messages with [`Dispatcher::next`] while a session has room,
//! 2. carries out [`Dispatcher::poll_action`],
//! 3. gives [`Dispatcher::take_batch`] to the ledger's writer and later says `committed`,
//! 4. arms [`Dispatcher::poll_timeout`].
//!
//! Nothing leaves before the batch that holds its reservation or its `submitting` row is committed
//! (I2); the driver may crash between any two of these calls.

mod answer;
mod book;
mod command;
mod digest;
mod domains;
mod doubts;
mod flight;
mod fold;
mod handout;
mod hold;
mod journal;
mod live;
mod named;
mod parking;
mod places;
mod receipts;
mod record;
mod recover;
mod reserve;
mod restore;
mod sessions;
mod snapshots;
mod timers;
mod traces;
mod tries;
mod values;

use std::collections::{BinaryHeap, VecDeque};

use crate::congestion::Congestion;
use crate::ledger::NoticeCode;
use crate::limit::Limiter;
use crate::model::{CLASSES, CampaignId, Channel, GatewayId};
use crate::queue::{Due, Lane};
use hashbrown::{HashMap, HashSet};

use book::{Moment, ReceiptBook};
use domains::Bucket;
use doubts::Doubts;
use flight::Flights;
use hold::Hold;
pub use journal::HELD_ROWS;
use journal::Journal;
use live::{Campaign, Meter};
use named::NamedReceipts;
use parking::Parking;
use snapshots::Snapshots;
use traces::Traces;
pub(crate) use tries::Fate;
use tries::Tries;
pub use values::{
    Action, AddressHash, Answer, CommandError, Commit, Counters, Entries, GatewaySpec, Handout, Launch,
    Named, NamedCounters, Next, Progress, Receipt, Settings, Told,
};

/// See the module.
#[derive(Debug)]
pub struct Dispatcher {
    clock: Clock,
    hash: AddressHash,
    campaigns: HashMap<CampaignId, Campaign>,
    /// By the gateway's number.
    gateways: Vec<Option<Gateway>>,
    routes: Vec<RouteState>,
    flights: Flights,
    book: ReceiptBook,
    parking: Parking,
    doubts: Doubts,
    traces: Traces,
    named: NamedReceipts,
    tries: Tries,
    snapshots: Snapshots,
    /// Retries and resends by the time they are due.
    waiting: BinaryHeap<std::cmp::Reverse<(u64, Due)>>,
    journal: Journal,
    actions: VecDeque<Action>,
    changed: HashSet<CampaignId>,
    closing: bool,
    faults: u64,
    /// When it was last looked at whether a hold has ended.
    looked_us: u64,
}

#[derive(Debug)]
pub(crate) struct Gateway {
    spec: GatewaySpec,
    limiter: Limiter,
    /// Its limits for the people of some domains.
    buckets: Vec<Bucket>,
    sessions: Vec<u16>,
    /// Routes for which it is the first healthy choice.
    serving: Vec<usize>,
    /// Where the turn among those stands.
    turn: usize,
    /// The class of the message that went last.
    last_class: usize,
    /// Dispatches reserved ahead where there is no limit of ours, and whether they were too few.
    ahead: u32,
    starved: bool,
    /// Until then another gateway of its routes is preferred: it takes nothing, though it is connected.
    unfit_until_us: u64,
    /// It was said that it takes nothing, and it has taken nothing since.
    told_unfit: bool,
    /// It refuses us, and not the people: nothing goes to it for now.
    hold: Option<Hold>,
    /// Refusals since it last took something.
    refusals: u32,
    /// People whom it had failed when this process began, since it last took anybody.
    failed_before: u32,
    /// What the far end was found to take, beside the limit.
    congestion: Congestion,
    /// The last refusal for too much, once there was one.
    throttled_us: Option<u64>,
    meter: Meter,
    counters: Counters,
    /// Attempts that a restart made uncertain and that may have left through it.
    uncertain_at_start: u64,
    /// Ends of receipt waits in order, with the number in the book.
    waits: VecDeque<(Moment, u32)>,
}

#[derive(Debug)]
pub(crate) struct RouteState {
    channel: Channel,
    gateways: Vec<GatewayId>,
    /// The domain of its people, where that may have a limit.
    domain: Option<String>,
    serving: Option<GatewayId>,
    /// The limit for its domain at the gateway that serves it.
    bucket: Option<usize>,
    lanes: [Lane; CLASSES],
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    now_us: u64,
    wall_ms: i64,
}

impl Clock {
    /// Wall clock at `now_us`, from the one reading at the start.
    fn at_ms(self, now_us: u64) -> i64 {
        self.wall_ms + (now_us.saturating_sub(self.now_us) / 1_000) as i64
    }

    /// What is left at the start of a span that began at a wall-clock time.
    fn left_us(self, since_ms: i64, span_us: u64) -> u64 {
        let past_ms = u64::try_from(self.wall_ms - since_ms).unwrap_or(0);
        span_us.saturating_sub(past_ms.saturating_mul(1_000))
    }

    /// When a wall-clock time comes, on the monotonic clock; what has passed is now.
    fn at_us(self, wall_ms: i64) -> u64 {
        let ahead_ms = u64::try_from(wall_ms - self.wall_ms).unwrap_or(0);
        self.now_us.saturating_add(ahead_ms.saturating_mul(1_000))
    }
}

impl Dispatcher {
    /// A dispatcher without gateways and campaigns.
    pub fn new(settings: Settings) -> Self {
        let hash = AddressHash(settings.hash_key);
        Self {
            clock: Clock { now_us: settings.now_us, wall_ms: settings.wall_ms },
            hash,
            campaigns: HashMap::new(),
            gateways: Vec::new(),
            routes: Vec::new(),
            flights: Flights::default(),
            book: ReceiptBook::default(),
            parking: Parking::default(),
            doubts: Doubts::default(),
            traces: Traces::default(),
            named: NamedReceipts::default(),
            tries: Tries::default(),
            snapshots: Snapshots::default(),
            waiting: BinaryHeap::new(),
            journal: Journal::new(settings.last_seq),
            actions: VecDeque::new(),
            changed: HashSet::new(),
            closing: false,
            faults: 0,
            looked_us: settings.now_us,
        }
    }

    /// Adds a gateway, before campaigns are recovered or launched.
    pub fn add_gateway(&mut self, spec: GatewaySpec) {
        let at = usize::from(spec.id.0);
        if self.gateways.len() <= at {
            self.gateways.resize_with(at + 1, || None);
        }
        let mut limiter = Limiter::new(spec.units_per_second);
        limiter.start_charged(self.clock.now_us, 0);
        let congestion = Congestion::new(self.clock.now_us, spec.units_per_second.is_some());
        self.gateways[at] = Some(Gateway {
            limiter,
            buckets: Bucket::all(self.clock.now_us, &spec.domains),
            spec,
            sessions: Vec::new(),
            serving: Vec::new(),
            turn: 0,
            last_class: 0,
            ahead: 0,
            starved: false,
            unfit_until_us: 0,
            told_unfit: false,
            hold: None,
            refusals: 0,
            failed_before: 0,
            congestion,
            throttled_us: None,
            meter: Meter::default(),
            counters: Counters::default(),
            uncertain_at_start: 0,
            waits: VecDeque::new(),
        });
    }

    /// Changes a gateway's limit from now on.
    pub fn set_rate(&mut self, gateway: GatewayId, units_per_second: Option<f64>) {
        if let Some(gateway) = self.gateway_mut(gateway) {
            gateway.spec.units_per_second = units_per_second;
            gateway.limiter.set_rate(units_per_second);
        }
    }

    /// The hash under which blocks hold addresses.
    pub fn address_hash(&self) -> AddressHash {
        self.hash
    }

    /// Says something that is no outcome, in the journal.
    pub fn notice(
        &mut self,
        now_us: u64,
        campaign: Option<CampaignId>,
        gateway: GatewayId,
        code: NoticeCode,
        text: &str,
    ) {
        let at_ms = self.clock.at_ms(now_us);
        self.journal.notice(now_us, at_ms, campaign, gateway, code, text);
    }

    /// The next thing for the driver to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Campaigns whose progress changed since the last call.
    pub fn changed(&mut self) -> Vec<CampaignId> {
        let mut changed: Vec<CampaignId> = self.changed.drain().collect();
        changed.sort_unstable();
        changed
    }

    /// How far a campaign is; `None` where it is not held (never launched, or ended long ago).
    pub fn progress(&self, campaign: CampaignId) -> Option<Progress> {
        self.campaigns.get(&campaign).map(Campaign::progress)
    }

    /// What went through a gateway.
    pub fn counters(&self, gateway: GatewayId) -> Counters {
        self.gateway(gateway).map_or(Counters::default(), |gateway| gateway.counters)
    }

    /// Units per second that a gateway was found to take, where it has refused some for being too many.
    pub fn learned_rate(&self, gateway: GatewayId) -> Option<f64> {
        self.gateway(gateway)?.congestion.learned()
    }

    /// People whom a gateway had failed in a row, with nobody taken after them, when the journal was taken up: as many
    /// more would be failed after each restart if nobody remembered.
    pub fn failed_before(&self, gateway: GatewayId) -> u32 {
        self.gateway(gateway).map_or(0, |gateway| gateway.failed_before)
    }

    /// A far end has told its load in percent beside an answer (congestion_state).
    pub fn congestion_state(&mut self, now_us: u64, gateway: GatewayId, load: u8) {
        if let Some(gateway) = self.gateway_mut(gateway) {
            gateway.congestion.told(now_us, load);
        }
    }

    /// Steps that the transition table does not have: above 0 only by a fault of ours.
    pub fn faults(&self) -> u64 {
        self.faults
    }

    fn gateway(&self, id: GatewayId) -> Option<&Gateway> {
        self.gateways.get(usize::from(id.0))?.as_ref()
    }

    fn gateway_mut(&mut self, id: GatewayId) -> Option<&mut Gateway> {
        self.gateways.get_mut(usize::from(id.0))?.as_mut()
    }
}
