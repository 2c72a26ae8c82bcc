//! Small campaigns for worlds: people, blocks of any length, routes.

use bealert_core::block::{BlockWriter, Person};
use bealert_core::model::{
    BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, CampaignState, Channel, EXCLUDED, Kind, Policy,
    Route,
};
use bealert_wire::text::shape;

use super::messages::TEXT;

/// A campaign before its launch.
#[derive(Debug, Clone)]
pub struct CampaignPlan {
    /// Its key.
    pub key: String,
    /// Its kind.
    pub kind: Kind,
    /// What becomes of the uncertain.
    pub policy: Policy,
    /// What is not sent by then ends `expired`.
    pub expiry_ms: i64,
    /// Gateway names of each route, the preferred ones first.
    pub routes: Vec<Vec<String>>,
    /// Whom it alerts.
    pub people: Vec<PlannedPerson>,
    /// People in a block, at most.
    pub block_len: usize,
}

/// One person of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPerson {
    /// The number, digits without `+`.
    pub address: String,
    /// The message.
    pub text: String,
    /// The route, or none where the person is excluded.
    pub route: Option<u16>,
}

/// The rows of a plan: its campaign, not launched yet, and its blocks.
pub fn planned(plan: &CampaignPlan) -> (CampaignRow, Vec<BlockRow>) {
    let row = CampaignRow {
        id: CampaignId(0),
        key: plan.key.clone(),
        hash: format!("{} {} {}", plan.kind.name(), plan.people.len(), plan.policy.name()),
        scenario: "world".into(),
        kind: plan.kind,
        policy: plan.policy,
        by: "world".into(),
        people: plan.people.len() as u32,
        state: CampaignState::Launching,
        launched_at_ms: 0,
        expires_at_ms: 0,
        ended_at_ms: None,
        launched_seq: 0,
        routes: plan
            .routes
            .iter()
            .map(|names| Route { channel: Channel::Sms, gateways: names.clone(), domain: None })
            .collect(),
        frozen: String::new(),
    };
    let mut blocks = Vec::new();
    let routes = (0..plan.routes.len() as u16).map(Some).chain([None]);
    for route in routes {
        let people = (0..).zip(&plan.people).filter(|(_, person)| person.route == route);
        let people: Vec<(u32, &PlannedPerson)> = people.collect();
        for some in people.chunks(plan.block_len.max(1)) {
            blocks.push(block(blocks.len() as u32, route, some));
        }
    }
    (row, blocks)
}

fn block(number: u32, route: Option<u16>, people: &[(u32, &PlannedPerson)]) -> BlockRow {
    let mut writer = BlockWriter::default();
    for (ordinal, person) in people {
        writer.push(&Person {
            ordinal: *ordinal,
            id: "x",
            address: &person.address,
            values: vec![(TEXT, &person.text)],
            units: shape(&person.text).parts as u8,
            reason: if route.is_none() { "no number" } else { "" },
            ..Person::default()
        });
    }
    let key = BlockKey { campaign: CampaignId(0), channel: Channel::Sms, block: number };
    let (len, units) = (writer.len(), writer.units());
    let meta = BlockMeta { key, route: route.unwrap_or(EXCLUDED), len, units, reserved: 0 };
    BlockRow { meta, data: writer.finish() }
}
