//! Launching a campaign in a world.

use bealert_core::block::Person;
use bealert_core::dispatch::Launch;
use bealert_core::expand::Expander;
use bealert_core::ledger::Ledger;
use bealert_core::model::{CampaignId, CampaignRow, CampaignState, Channel, EXCLUDED, Kind, Route};

use crate::world::{WALL_MS, World};

impl World {
    pub(crate) fn launch(&mut self, key: &str, kind: Kind, count: u32) -> CampaignId {
        let mut expander = Expander::new();
        let mut excluded = Vec::new();
        for ordinal in 0..count {
            let address = format!("3247{:07}", self.campaigns.len() as u32 * 1_000_000 + ordinal);
            let units = if ordinal % 7 == 3 { 3 } else { 1 };
            let out = ordinal % 50 == 49;
            let person = Person {
                ordinal,
                id: "x",
                address: &address,
                units,
                reason: if out { "no number" } else { "" },
                ..Person::default()
            };
            if out {
                excluded.push((Channel::Sms, ordinal));
            }
            expander.push(Channel::Sms, if out { EXCLUDED } else { 0 }, &person);
        }
        let mut blocks = expander.finish();
        let wall_ms = WALL_MS + (self.now / 1_000) as i64;
        let mut row = CampaignRow {
            id: CampaignId(0),
            key: key.into(),
            hash: key.into(),
            scenario: "s".into(),
            kind,
            policy: kind.default_policy(),
            by: "test".into(),
            people: count,
            state: CampaignState::Launching,
            launched_at_ms: wall_ms,
            expires_at_ms: wall_ms + self.plan.expiry_ms,
            ended_at_ms: None,
            launched_seq: 0,
            routes: vec![Route {
                channel: Channel::Sms,
                gateways: vec!["a".into(), "b".into()],
                domain: None,
            }],
            frozen: String::new(),
        };
        row.id = self.ledger.begin_launch(&row).unwrap();
        blocks.iter_mut().for_each(|block| block.meta.key.campaign = row.id);
        self.ledger.add_blocks(&blocks).unwrap();
        let id = row.id;
        let metas = blocks.iter().map(|block| block.meta).collect();
        let launch = Launch { row, blocks: metas, loaded: Vec::new(), excluded };
        let commit = self.dispatcher.launch(self.now, launch);
        self.campaigns.push(id);
        // A crash before the launch is durable would take it back: this world launches safely.
        let crash = std::mem::take(&mut self.plan.crash_per_mille);
        while self.dispatcher.committed_number() < commit.0 {
            self.step();
        }
        self.plan.crash_per_mille = crash;
        id
    }
}
