//! A small campaign in a memory ledger, told step by step, with a naive account of it beside it.

use std::collections::BTreeMap;

use bealert_core::block::{BlockWriter, Person};
use bealert_core::ledger::{Batch, BlockEnd, Ledger, MemoryLedger, Notice, NoticeCode, Outcome, RemoteId};
use bealert_core::model::{
    BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, CampaignState, Channel, EXCLUDED, GatewayId,
    Kind, Policy, Route,
};
use bealert_core::outcome::{Mark, State, Step};
use bealert_core::tally::Tally;

pub(crate) const LAUNCHED_MS: i64 = 1_000_000;

pub(crate) struct Story {
    pub(crate) ledger: MemoryLedger,
    pub(crate) id: CampaignId,
    pub(crate) seq: u64,
    /// Ordinals and parts of each block.
    pub(crate) blocks: Vec<Vec<(u32, u8)>>,
    /// The naive account: every part of every dispatch.
    pub(crate) parts: BTreeMap<(u32, u8), Mark>,
}

impl Story {
    /// A campaign on SMS with these blocks of (ordinal, parts); the last block is excluded.
    pub(crate) fn launch(blocks: &[&[(u32, u8)]]) -> Self {
        let mut ledger = MemoryLedger::new();
        let people = blocks.iter().map(|block| block.len() as u32).sum();
        let id = ledger.begin_launch(&campaign(people)).unwrap();
        let mut parts = BTreeMap::new();
        for (number, block) in blocks.iter().enumerate() {
            let excluded = number + 1 == blocks.len();
            ledger.add_blocks(&[row(id, number as u32, block, excluded)]).unwrap();
            let mark = if excluded { Mark::SKIPPED } else { Mark::default() };
            for (ordinal, units) in *block {
                parts.extend((0..(*units).max(1)).map(|part| ((*ordinal, part), mark)));
            }
        }
        let blocks = blocks.iter().map(|block| block.to_vec()).collect();
        let mut story = Self { ledger, id, seq: 0, blocks, parts };
        let notice = story.notice(NoticeCode::Launched);
        let states = vec![(id, CampaignState::Running, None)];
        story.commit(Batch { notices: vec![notice], states, ..Batch::default() });
        story
    }

    pub(crate) fn key(&self, block: u32) -> BlockKey {
        BlockKey { campaign: self.id, channel: Channel::Sms, block }
    }

    pub(crate) fn reserve(&mut self, block: u32, reserved: u32) {
        let marks = vec![(self.key(block), reserved)];
        self.commit(Batch { marks, ..Batch::default() });
    }

    /// A row about a part; `edit` says what is special about it. `false` if the table has no edge.
    pub(crate) fn tell(
        &mut self,
        ordinal: u32,
        part: u8,
        step: Step,
        edit: impl FnOnce(&mut Outcome),
    ) -> bool {
        let mark = self.parts.get_mut(&(ordinal, part)).unwrap();
        let Ok(after) = mark.after(step) else { return false };
        *mark = after;
        self.seq += 1;
        let mut outcome = Outcome {
            seq: self.seq,
            campaign: self.id,
            ordinal,
            channel: Channel::Sms,
            attempt: 1,
            part,
            gateway: GatewayId(1),
            step,
            remote: RemoteId::new(),
            at_ms: LAUNCHED_MS + self.seq as i64,
            took_us: 0,
            detail: None,
        };
        edit(&mut outcome);
        self.commit(Batch { outcomes: vec![outcome], ..Batch::default() });
        true
    }

    pub(crate) fn end_block(&mut self, block: u32, from: u32, step: Step) {
        for (index, (ordinal, units)) in self.blocks[block as usize].iter().enumerate() {
            for part in 0..*units {
                let mark = self.parts.get_mut(&(*ordinal, part)).unwrap();
                let open = if index < from as usize { State::Waiting } else { State::Queued };
                if mark.state() == open {
                    *mark = mark.after(step).unwrap();
                }
            }
        }
        self.seq += 1;
        let end = BlockEnd { seq: self.seq, key: self.key(block), from, step, at_ms: LAUNCHED_MS };
        self.commit(Batch { block_ends: vec![end], ..Batch::default() });
    }

    pub(crate) fn end(&mut self, state: CampaignState) {
        let notice = self.notice(NoticeCode::Ended);
        let states = vec![(self.id, state, Some(LAUNCHED_MS + 9_000))];
        self.commit(Batch { notices: vec![notice], states, ..Batch::default() });
    }

    pub(crate) fn mark(&self, ordinal: u32) -> Mark {
        let parts: Vec<Mark> =
            self.parts.range((ordinal, 0)..=(ordinal, u8::MAX)).map(|(_, mark)| *mark).collect();
        Mark::combine(&parts)
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for (ordinal, _) in self.blocks.iter().flatten() {
            tally.add(self.mark(*ordinal).state());
        }
        tally.settled()
    }

    fn notice(&mut self, code: NoticeCode) -> Notice {
        self.seq += 1;
        Notice {
            seq: self.seq,
            at_ms: LAUNCHED_MS,
            campaign: Some(self.id),
            gateway: GatewayId::NONE,
            code,
            text: "".into(),
        }
    }

    fn commit(&mut self, batch: Batch) {
        let tallies = vec![(self.id, Channel::Sms, self.tally())];
        self.ledger.commit(&Batch { tallies, last_seq: self.seq, ..batch }).unwrap();
    }
}

fn row(campaign: CampaignId, block: u32, people: &[(u32, u8)], excluded: bool) -> BlockRow {
    let mut writer = BlockWriter::default();
    for (ordinal, units) in people {
        let id = format!("p{ordinal}");
        let reason = if excluded { "no number" } else { "" };
        writer.push(&Person { ordinal: *ordinal, id: &id, units: *units, reason, ..Person::default() });
    }
    let key = BlockKey { campaign, channel: Channel::Sms, block };
    let (len, units) = (writer.len(), writer.units());
    let route = if excluded { EXCLUDED } else { 0 };
    BlockRow { meta: BlockMeta { key, route, len, units, reserved: 0 }, data: writer.finish() }
}

fn campaign(people: u32) -> CampaignRow {
    CampaignRow {
        id: CampaignId(0),
        key: "k".into(),
        hash: "h".into(),
        scenario: "burglary".into(),
        kind: Kind::Warning,
        policy: Policy::Resend,
        by: "coordinator".into(),
        people,
        state: CampaignState::Launching,
        launched_at_ms: LAUNCHED_MS,
        expires_at_ms: LAUNCHED_MS + 10_000,
        ended_at_ms: None,
        launched_seq: 0,
        routes: vec![Route { channel: Channel::Sms, gateways: vec!["sms-a".into()], domain: None }],
        frozen: String::new(),
    }
}
