//! Dispatcher, memory ledger, far ends and virtual time in one object.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bealert_core::block::people;
use bealert_core::dispatch::{Action, Answer, Dispatcher, Entries, Handout, Next, Receipt};
use bealert_core::ledger::{Batch, Ledger, MemoryLedger, SnapshotWrite};
use bealert_core::model::{BlockKey, CampaignId, CampaignState, GatewayId};
use bealert_core::outcome::Step;
use bealert_core::retry::Refusal;
use bealert_core::tally::Tally;

use crate::far_end::{Chance, FarEnd, Part, Say};
use crate::opening::open;

const WINDOW: usize = 20;
pub(crate) const WALL_MS: i64 = 1_800_000_000_000;
const LIMIT_STEPS: u64 = 4_000_000;

/// How a world behaves.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) crash_per_mille: u64,
    pub(crate) command_per_mille: u64,
    /// Every message is accepted and no session resets.
    pub(crate) calm: bool,
    pub(crate) rate: Option<f64>,
    pub(crate) expiry_ms: i64,
    /// Unanswered requests that a session takes.
    pub(crate) window: usize,
    /// Answers come before anything else can happen.
    pub(crate) prompt: bool,
    /// Receipts come this much later than they would.
    pub(crate) receipts_late_us: u64,
    /// Rows of the journal between two snapshots.
    pub(crate) snapshot_rows: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            crash_per_mille: 0,
            command_per_mille: 0,
            calm: false,
            rate: None,
            expiry_ms: 7_200_000,
            window: WINDOW,
            prompt: false,
            receipts_late_us: 0,
            snapshot_rows: 150,
        }
    }
}

#[derive(Debug)]
struct Flying {
    handout: Handout,
    session: u16,
    say: Say,
    answer_us: u64,
    timed_out: bool,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    chance: Chance,
    pub(crate) now: u64,
    pub(crate) ledger: MemoryLedger,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) far_ends: Vec<FarEnd>,
    /// Per gateway, the live session number, if any, and when to try again.
    sessions: Vec<(Option<u16>, u64)>,
    next_session: u16,
    flying: Vec<Flying>,
    /// Receipts sent on a live session and not answered: gateway, reply, remote.
    unanswered: BTreeMap<u64, (usize, String)>,
    next_reply: u64,
    /// A campaign whose blocks can't be loaded.
    pub(crate) unreadable: Option<CampaignId>,
    batch: Option<(u64, Batch, u64)>,
    durable_marks: BTreeMap<BlockKey, u32>,
    durable_intents: BTreeSet<(CampaignId, u32, u8, u8)>,
    loads: Vec<BlockKey>,
    addresses: BTreeMap<BlockKey, Vec<(u32, String)>>,
    handed: BTreeMap<CampaignId, u64>,
    times: Vec<u64>,
    pub(crate) campaigns: Vec<CampaignId>,
    pub(crate) snapshots: u64,
}

impl World {
    pub(crate) fn new(seed: u64, plan: Plan) -> Self {
        let mut ledger = MemoryLedger::new();
        let dispatcher = open(&mut ledger, 0, &plan);
        Self {
            chance: Chance::new(seed),
            now: 0,
            dispatcher,
            ledger,
            far_ends: vec![FarEnd::new("a", plan.calm), FarEnd::new("b", plan.calm)],
            sessions: vec![(None, 0), (None, 0)],
            next_session: 1,
            flying: Vec::new(),
            unanswered: BTreeMap::new(),
            next_reply: 0,
            unreadable: None,
            batch: None,
            durable_marks: BTreeMap::new(),
            durable_intents: BTreeSet::new(),
            loads: Vec::new(),
            addresses: BTreeMap::new(),
            handed: BTreeMap::new(),
            times: Vec::new(),
            campaigns: Vec::new(),
            snapshots: 0,
            plan,
        }
    }

    pub(crate) fn run_to_the_end(&mut self) {
        for _ in 0..LIMIT_STEPS {
            self.step();
            if self.campaigns.iter().all(|id| self.state(*id).ended()) && self.unsent_receipts() == 0 {
                break;
            }
        }
        self.plan.crash_per_mille = 0;
        for _ in 0..2_000 {
            self.step();
        }
        assert_eq!(self.dispatcher.faults(), 0, "I6: a step that the table does not have");
        for id in self.campaigns.clone() {
            assert!(
                self.state(id).ended(),
                "I1: campaign {id} does not end: {:?}",
                self.dispatcher.progress(id)
            );
        }
    }

    pub(crate) fn run_for(&mut self, us: u64) {
        let until = self.now + us;
        while self.now < until {
            self.step();
        }
    }

    /// One pass of a driver, then a step of time.
    pub(crate) fn step(&mut self) {
        self.connect();
        self.answer();
        self.receipts();
        self.dispatcher.handle_timeout(self.now);
        self.hand_out();
        self.act();
        self.commit();
        if self.plan.command_per_mille > 0 && self.chance.per_mille(self.plan.command_per_mille) {
            self.command();
        }
        if self.plan.crash_per_mille > 0 && self.chance.per_mille(self.plan.crash_per_mille) {
            self.crash();
        }
        self.now += self.chance.below(3_000) + 1;
    }

    fn connect(&mut self) {
        for gateway in 0..2 {
            let (session, retry_us) = self.sessions[gateway];
            if session.is_none() && self.now >= retry_us {
                let session = self.next_session;
                self.next_session += 1;
                self.sessions[gateway].0 = Some(session);
                self.dispatcher.session_up(self.now, GatewayId(gateway as u16), session);
            } else if let Some(session) = session
                && !self.plan.calm
                && self.chance.per_mille(6)
            {
                self.reset(gateway, session);
            }
        }
    }

    fn reset(&mut self, gateway: usize, session: u16) {
        let (lost, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.flying).into_iter().partition(|flying| flying.session == session);
        self.flying = kept;
        for flying in lost {
            // The newest may not have been written; then the far end has not got it.
            self.dispatcher.answered(self.now, flying.handout.token, Answer::Lost);
        }
        self.unanswered.retain(|_, (at, _)| *at != gateway);
        self.sessions[gateway] = (None, self.now + self.chance.below(200_000));
        self.dispatcher.session_down(self.now, GatewayId(gateway as u16), session);
    }

    fn answer(&mut self) {
        let now = self.now;
        let (due, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.flying)
            .into_iter()
            .partition(|flying| flying.answer_us <= now && !matches!(flying.say, Say::Silence));
        self.flying = kept;
        for flying in due {
            let token = flying.handout.token;
            let refuse = |refusal, detail| Answer::Refused { refusal, detail };
            let answer = match &flying.say {
                Say::Accepted(remote) => Answer::Accepted { remote },
                Say::ForNow => refuse(Refusal::ForNow, "busy"),
                Say::ForGood => refuse(Refusal::ForGood, "bad number"),
                Say::Throttled => refuse(Refusal::Throttled, "throttled"),
                Say::Silence => continue,
            };
            self.dispatcher.answered(now, token, answer);
        }
        for flying in &mut self.flying {
            if !flying.timed_out && now > flying.handout_us() + 400_000 {
                flying.timed_out = true;
                self.dispatcher.answered(now, flying.handout.token, Answer::TimedOut);
            }
        }
        // A session whose unanswered requests are all over their time is reopened.
        for gateway in 0..2 {
            let Some(session) = self.sessions[gateway].0 else { continue };
            let mine = || self.flying.iter().filter(|flying| flying.session == session);
            if mine().next().is_some() && mine().all(|flying| flying.timed_out) {
                self.reset(gateway, session);
            }
        }
    }

    fn receipts(&mut self) {
        for gateway in 0..2 {
            let Some(session) = self.sessions[gateway].0 else { continue };
            let due: Vec<_> = self.far_ends[gateway]
                .receipts
                .iter()
                .filter(|(at, receipt)| {
                    *at + self.plan.receipts_late_us <= self.now
                        && !self.unanswered.values().any(|(g, r)| *g == gateway && *r == receipt.remote)
                })
                .map(|(_, receipt)| receipt.clone())
                .collect();
            for receipt in due {
                let reply = self.next_reply;
                self.next_reply += 1;
                self.unanswered.insert(reply, (gateway, receipt.remote.clone()));
                let step = if receipt.delivered { Step::Delivered } else { Step::Failed };
                let said =
                    Receipt { remote: &receipt.remote, address: &receipt.address, step, detail: "000" };
                self.dispatcher.receipt(self.now, GatewayId(gateway as u16), session, reply, said);
            }
        }
    }

    fn hand_out(&mut self) {
        for gateway in 0..2 {
            let Some(session) = self.sessions[gateway].0 else { continue };
            while self.flying.iter().filter(|flying| flying.session == session).count() < self.plan.window {
                match self.dispatcher.next(self.now, GatewayId(gateway as u16)) {
                    Next::Send(handout) => self.send(gateway, session, handout),
                    Next::Wait(at) => {
                        assert!(at > self.now);
                        break;
                    }
                    Next::Idle => break,
                }
            }
        }
    }

    fn send(&mut self, gateway: usize, session: u16, handout: Handout) {
        self.assert_durable(&handout);
        if handout.part == 0 && handout.attempt == 1 {
            *self.handed.entry(handout.key.campaign).or_default() += 1;
        }
        self.times.push(self.now);
        let (ordinal, address) = self.addresses[&handout.key][handout.index as usize].clone();
        if !self.plan.calm && self.chance.per_mille(4) {
            self.dispatcher.answered(self.now, handout.token, Answer::Unsent);
            return;
        }
        let part: Part = (handout.key.campaign.0, ordinal, handout.part);
        let say = self.far_ends[gateway].submit(self.now, part, &address, &mut self.chance);
        let answer_us =
            if self.plan.prompt { self.now } else { self.now + 1_000 + self.chance.below(40_000) };
        self.flying.push(Flying { handout, session, say, answer_us, timed_out: false });
    }

    /// I2: a first attempt lies below its durable mark; any other has a durable `submitting` row.
    fn assert_durable(&mut self, handout: &Handout) {
        let mark = self.durable_marks.get(&handout.key).copied().unwrap_or(0);
        if handout.attempt == 1 && handout.index < mark {
            return;
        }
        let ordinal = self.addresses[&handout.key][handout.index as usize].0;
        let intent = (handout.key.campaign, ordinal, handout.part, handout.attempt);
        assert!(self.durable_intents.contains(&intent), "I2: {handout:?} left above mark {mark}");
    }

    fn make_durable(&mut self, batch: &Batch) {
        self.ledger.commit(batch).unwrap();
        self.durable_marks.extend(batch.marks.iter().copied());
        let intents = batch.outcomes.iter().filter(|row| row.step == Step::Submitting);
        let intents = intents.map(|row| (row.campaign, row.ordinal, row.part, row.attempt));
        self.durable_intents.extend(intents);
    }

    fn act(&mut self) {
        while let Some(action) = self.dispatcher.poll_action() {
            match action {
                Action::Load(key) => self.loads.push(key),
                Action::Unload(_) => {}
                Action::Reply { gateway, reply, ok, .. } => {
                    let Some((_, remote)) = self.unanswered.remove(&reply) else { continue };
                    let far_end = &mut self.far_ends[usize::from(gateway.0)];
                    if ok {
                        far_end.receipts.retain(|(_, receipt)| receipt.remote != remote);
                        far_end.answered.insert(remote);
                    }
                }
                Action::Log(line) => panic!("{line}"),
            }
        }
        if self.chance.below(3) > 0 {
            let loads = std::mem::take(&mut self.loads);
            for key in loads.into_iter().filter(|key| Some(key.campaign) != self.unreadable) {
                let row = self.ledger.reader().unwrap().block(key).unwrap().unwrap();
                let inside = people(&row.data).unwrap();
                let addresses = inside.iter().map(|p| (p.ordinal, p.address.to_owned())).collect();
                self.addresses.insert(key, addresses);
                let entries = Entries::of(&inside, self.dispatcher.address_hash());
                self.dispatcher.loaded(self.now, key, Arc::new(entries));
            }
        }
    }

    fn commit(&mut self) {
        if let Some((number, batch, done_us)) = self.batch.take() {
            if done_us > self.now {
                self.batch = Some((number, batch, done_us));
            } else {
                self.make_durable(&batch);
                self.dispatcher.committed(self.now, number);
            }
        }
        self.keep_snapshots();
        if self.batch.is_none()
            && let Some((number, batch)) = self.dispatcher.take_batch(self.now)
        {
            let slow = if !self.plan.calm && self.chance.per_mille(3) {
                2_500_000
            } else {
                self.chance.below(4_000)
            };
            self.batch = Some((number, batch, self.now + slow));
        }
    }

    /// Some steps of a snapshot, never one of a batch in doubt; a crash may come between any two.
    fn keep_snapshots(&mut self) {
        while self.chance.below(4) > 0
            && let Some(step) = self.dispatcher.poll_snapshot()
        {
            if let SnapshotWrite::Head(_) = step {
                self.snapshots += 1;
            }
            self.ledger.snapshot(&step).unwrap();
        }
    }

    fn command(&mut self) {
        let at = self.chance.below(self.campaigns.len() as u64) as usize;
        let id = self.campaigns[at];
        let _ = match self.chance.below(9) {
            0..=3 => self.dispatcher.pause(self.now, id),
            4..=7 => self.dispatcher.resume(self.now, id),
            _ if self.chance.below(20) == 0 => self.dispatcher.cancel(self.now, id),
            _ => self.dispatcher.resume(self.now, id),
        };
    }

    /// Opens another dispatcher over the ledger as it is; what it says for the log.
    pub(crate) fn open_again(&mut self) -> Vec<String> {
        let mut dispatcher = open(&mut self.ledger, self.now, &self.plan);
        let actions = std::iter::from_fn(|| dispatcher.poll_action());
        let line = |action| if let Action::Log(line) = action { Some(line) } else { None };
        actions.filter_map(line).collect()
    }

    /// The process dies. A commit in flight may have been durable; what was in flight may have arrived.
    pub(crate) fn crash(&mut self) {
        if let Some((_, batch, _)) = self.batch.take()
            && self.chance.below(2) == 0
        {
            self.make_durable(&batch);
        }
        self.ledger = self.ledger.crash();
        self.flying.clear();
        self.loads.clear();
        self.unanswered.clear();
        self.sessions = vec![(None, self.now); 2];
        self.now += 1_000 + self.chance.below(50_000);
        self.dispatcher = open(&mut self.ledger, self.now, &self.plan);
    }

    pub(crate) fn state(&self, id: CampaignId) -> CampaignState {
        self.dispatcher.progress(id).map_or_else(
            || self.ledger.reader().unwrap().campaign(id).unwrap().unwrap().state,
            |progress| progress.state,
        )
    }

    pub(crate) fn handed(&self, id: CampaignId) -> u64 {
        self.handed.get(&id).copied().unwrap_or(0)
    }

    pub(crate) fn send_times(&self) -> &[u64] {
        &self.times
    }

    fn unsent_receipts(&self) -> usize {
        self.far_ends.iter().map(|far_end| far_end.receipts.len()).sum()
    }

    pub(crate) fn tally(&self, id: CampaignId) -> Tally {
        self.ledger.reader().unwrap().tallies(id).unwrap()[0].1
    }
}

impl Flying {
    fn handout_us(&self) -> u64 {
        self.answer_us.saturating_sub(1_000)
    }
}
