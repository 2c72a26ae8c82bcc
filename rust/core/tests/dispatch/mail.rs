//! A dispatcher with mail relays over a ledger in memory: it can be stopped and taken up again.

use std::collections::VecDeque;
use std::sync::Arc;

use bealert_core::block::{BlockWriter, Person, people};
use bealert_core::dispatch::{
    Action, Answer, Dispatcher, Entries, GatewaySpec, Handout, Launch, Named, Next, Settings, Told,
};
use bealert_core::ledger::{Entry, Ledger, MemoryLedger, NoticeCode, Outcome, SnapshotWrite};
use bealert_core::model::{
    BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, CampaignState, Channel, GatewayId, Kind, Policy,
    Route,
};
use bealert_core::outcome::{State, Step};
use bealert_core::retry::{Refusal, RetryRules};

pub(crate) const MS: u64 = 1_000;
pub(crate) const SECOND: u64 = 1_000_000;
pub(crate) const DAY: u64 = 86_400 * SECOND;

/// Relays, their ledger, and what goes through them.
pub(crate) struct Mail {
    pub(crate) now_us: u64,
    pub(crate) dispatcher: Dispatcher,
    ledger: MemoryLedger,
    specs: Vec<GatewaySpec>,
    /// Snapshots that were taken.
    pub(crate) snapshots: u64,
    /// Answers to receipts so far: the bearer's name of each, and whether it is durable.
    pub(crate) replies: VecDeque<(u64, bool)>,
    /// Blocks are asked for and do not come.
    pub(crate) disk_is_slow: bool,
}

/// A relay without a limit that tries until the expiry.
pub(crate) fn relay(name: &str) -> GatewaySpec {
    GatewaySpec {
        id: GatewayId::NONE,
        name: name.into(),
        channel: Channel::Email,
        units_per_second: None,
        domains: Vec::new(),
        receipts: false,
        receipt_wait_us: 60 * SECOND,
        retry: RetryRules::UNTIL_EXPIRY,
    }
}

/// Blocks of people, each with its gateways and its domain.
pub(crate) type Lanes<'a> = &'a [(&'a [&'a str], Option<&'a str>, u32)];

impl Mail {
    pub(crate) fn new(mut specs: Vec<GatewaySpec>) -> Self {
        let mut ledger = MemoryLedger::new();
        for spec in &mut specs {
            spec.id = ledger.gateway(&spec.name).unwrap();
        }
        let now_us = SECOND;
        // Open for a while: a pace that is not known yet starts without a burst.
        let mut dispatcher = open(now_us - 100 * MS, &specs, &mut ledger);
        dispatcher.snapshot_every(1);
        Self {
            now_us,
            dispatcher,
            ledger,
            specs,
            snapshots: 0,
            replies: VecDeque::new(),
            disk_is_slow: false,
        }
    }

    /// The process dies and another one opens the ledger: with snapshots it finds what the journal says.
    pub(crate) fn restart(&mut self) {
        self.ledger = self.ledger.crash();
        self.dispatcher = open(self.now_us, &self.specs, &mut self.ledger);
        for row in self.ledger.reader().unwrap().campaigns().unwrap() {
            self.ledger.snapshot(&SnapshotWrite::Drop(row.id)).unwrap();
        }
        let by_the_journal = open(self.now_us, &self.specs, &mut self.ledger);
        assert_eq!(self.dispatcher.digest(), by_the_journal.digest());
        self.dispatcher.snapshot_every(1);
        self.turn();
    }

    /// The number of a relay.
    pub(crate) fn id(&self, at: usize) -> GatewayId {
        self.specs[at].id
    }

    pub(crate) fn launch(
        &mut self,
        kind: Kind,
        policy: Policy,
        expiry_ms: i64,
        lanes: Lanes<'_>,
    ) -> CampaignId {
        let wall_ms = wall_ms(self.now_us);
        let route = |(gateways, domain, _): &(&[&str], Option<&str>, u32)| Route {
            channel: Channel::Email,
            gateways: gateways.iter().map(|name| (*name).to_owned()).collect(),
            domain: domain.map(str::to_owned),
        };
        let mut row = CampaignRow {
            id: CampaignId(0),
            key: format!("{} {}", kind.name(), self.now_us),
            hash: "h".into(),
            scenario: "s".into(),
            kind,
            policy,
            by: "test".into(),
            people: lanes.iter().map(|(.., count)| count).sum(),
            state: CampaignState::Launching,
            launched_at_ms: wall_ms,
            expires_at_ms: wall_ms + expiry_ms,
            ended_at_ms: None,
            launched_seq: self.ledger.reader().unwrap().last().unwrap().0,
            routes: lanes.iter().map(route).collect(),
            frozen: String::new(),
        };
        row.id = self.ledger.begin_launch(&row).unwrap();
        let mut ordinal = 0;
        let mut blocks: Vec<BlockRow> = Vec::new();
        for (route, (.., count)) in (0..).zip(lanes) {
            let mut writer = BlockWriter::default();
            for _ in 0..*count {
                let address = format!("p{ordinal}@example.org");
                writer.push(&Person { ordinal, id: "p", address: &address, units: 1, ..Person::default() });
                ordinal += 1;
            }
            let key = BlockKey { campaign: row.id, channel: Channel::Email, block: route.into() };
            let meta = BlockMeta { key, route, len: *count, units: *count, reserved: 0 };
            blocks.push(BlockRow { meta, data: writer.finish() });
        }
        self.ledger.add_blocks(&blocks).unwrap();
        let metas = blocks.iter().map(|block| block.meta).collect();
        let hash = self.dispatcher.address_hash();
        let loaded = blocks.iter().map(|block| (block.meta.key, entries(block, hash))).collect();
        let id = row.id;
        self.dispatcher.launch(self.now_us, Launch { row, blocks: metas, loaded, excluded: Vec::new() });
        self.turn();
        id
    }

    /// Commits, carries out what is asked for, and what is due.
    pub(crate) fn turn(&mut self) {
        for _ in 0..3 {
            while self.dispatcher.poll_timeout().is_some_and(|at_us| at_us <= self.now_us) {
                let before = self.dispatcher.poll_timeout();
                self.dispatcher.handle_timeout(self.now_us);
                if self.dispatcher.poll_timeout() == before {
                    break;
                }
            }
            self.act();
            if let Some((number, batch)) = self.dispatcher.take_batch(self.now_us) {
                self.ledger.commit(&batch).unwrap();
                self.dispatcher.committed(self.now_us, number);
            }
            while let Some(step) = self.dispatcher.poll_snapshot() {
                self.snapshots += u64::from(matches!(step, SnapshotWrite::Head(_)));
                let kept = self.ledger.snapshot(&step);
                // One that was dropped here reaches nowhere; the dispatcher does not know of that.
                assert!(kept.is_ok() || matches!(step, SnapshotWrite::Reaches { .. }), "{kept:?}");
            }
            self.act();
        }
    }

    fn act(&mut self) {
        while let Some(action) = self.dispatcher.poll_action() {
            match action {
                Action::Load(_) if self.disk_is_slow => {}
                Action::Load(key) => {
                    let block = self.ledger.reader().unwrap().block(key).unwrap().unwrap();
                    let entries = entries(&block, self.dispatcher.address_hash());
                    self.dispatcher.loaded(self.now_us, key, entries);
                }
                Action::Reply { gateway: GatewayId::NONE, session: 3, reply, ok } => {
                    self.replies.push_back((reply, ok));
                }
                Action::Reply { .. } => panic!("{action:?}"),
                Action::Unload(_) | Action::Log(_) => {}
            }
        }
    }

    /// Lets time pass in steps, with a commit in each.
    pub(crate) fn pass(&mut self, us: u64) {
        let until_us = self.now_us + us;
        while self.now_us < until_us {
            let next = self.dispatcher.poll_timeout().unwrap_or(until_us);
            self.now_us = next.clamp(self.now_us + 5 * MS, until_us.max(self.now_us + 5 * MS));
            self.turn();
        }
    }

    /// The next message of a relay.
    pub(crate) fn next(&mut self, relay: usize) -> Next {
        self.dispatcher.next(self.now_us, self.specs[relay].id)
    }

    /// Everything that a relay gets now.
    pub(crate) fn all(&mut self, relay: usize) -> Vec<Handout> {
        let mut all = Vec::new();
        while let Next::Send(handout) = self.next(relay) {
            all.push(handout);
        }
        all
    }

    /// The one message that a relay must get now.
    pub(crate) fn one(&mut self, relay: usize) -> Handout {
        match self.next(relay) {
            Next::Send(handout) => handout,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn answer(&mut self, handout: &Handout, answer: Answer<'_>) {
        self.now_us += MS;
        self.dispatcher.answered(self.now_us, handout.token, answer);
    }

    pub(crate) fn accept(&mut self, handout: &Handout) {
        self.answer(handout, Answer::Accepted { remote: "q1" });
    }

    pub(crate) fn refuse(&mut self, handout: &Handout, refusal: Refusal) {
        self.answer(handout, Answer::Refused { refusal, detail: "550 5.7.1 not you" });
    }

    /// A receipt comes and is committed; whether it was answered as durable.
    pub(crate) fn receipt(&mut self, campaign: CampaignId, ordinal: u32, attempt: u8, step: Step) -> bool {
        self.now_us += MS;
        let named = Named { campaign, channel: Channel::Email, ordinal, attempt };
        let told = Told { step, detail: "5.1.1 smtp; 550 no such user" };
        self.dispatcher.receipt_for(self.now_us, 3, self.now_us, named, told);
        self.now_us += 10 * MS;
        self.turn();
        self.replies.pop_front().is_some_and(|(reply, ok)| ok && reply == self.now_us - 10 * MS)
    }

    pub(crate) fn tally(&self, campaign: CampaignId, state: State) -> u64 {
        let progress = self.dispatcher.progress(campaign).expect("the campaign is held");
        progress.tallies[Channel::Email as usize].unwrap().of(state)
    }

    pub(crate) fn ended(&self, campaign: CampaignId) -> bool {
        self.dispatcher.progress(campaign).expect("the campaign is held").state.ended()
    }

    pub(crate) fn rows(&self) -> Vec<Outcome> {
        let journal = self.ledger.reader().unwrap().journal(0, usize::MAX).unwrap();
        let rows = journal.into_iter().filter_map(|entry| match entry {
            Entry::Outcome(row) => Some(row),
            _ => None,
        });
        rows.collect()
    }

    pub(crate) fn notices(&self, code: NoticeCode) -> Vec<String> {
        let journal = self.ledger.reader().unwrap().journal(0, usize::MAX).unwrap();
        let texts = journal.into_iter().filter_map(|entry| match entry {
            Entry::Notice(notice) if notice.code == code => Some(notice.text.into()),
            _ => None,
        });
        texts.collect()
    }
}

fn wall_ms(now_us: u64) -> i64 {
    1_700_000_000_000 + (now_us / 1_000) as i64
}

fn open(now_us: u64, specs: &[GatewaySpec], ledger: &mut MemoryLedger) -> Dispatcher {
    let campaigns = ledger.open_campaigns().unwrap();
    let mut reader = ledger.reader().unwrap();
    let (last_seq, _) = reader.last().unwrap();
    let settings = Settings { now_us, wall_ms: wall_ms(now_us), last_seq, hash_key: (1, 2) };
    let mut dispatcher = Dispatcher::new(settings);
    specs.iter().for_each(|spec| dispatcher.add_gateway(spec.clone()));
    dispatcher.recover(now_us, campaigns, &mut *reader).unwrap();
    specs.iter().for_each(|spec| dispatcher.session_up(now_us, spec.id, 0));
    dispatcher
}

fn entries(block: &BlockRow, hash: bealert_core::dispatch::AddressHash) -> Arc<Entries> {
    Arc::new(Entries::of(&people(&block.data).unwrap(), hash))
}
