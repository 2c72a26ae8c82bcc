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
    /// Gateway names of each route of text messages, the preferred ones first; none where it has no such.
    pub routes: Vec<Vec<String>>,
    /// The same of mail, each with the domain of its people where that has a limit.
    pub mail_routes: Vec<(Vec<String>, Option<String>)>,
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
    /// The mail address and its route, or none where the person is excluded from mail.
    pub mail: Option<(String, u16)>,
}

/// The rows of a plan: its campaign, not launched yet, and its blocks.
pub fn planned(plan: &CampaignPlan) -> (CampaignRow, Vec<BlockRow>) {
    let sms = plan.routes.iter().map(|names| {
        let gateways = names.clone();
        Route { channel: Channel::Sms, gateways, domain: None }
    });
    let mail = plan.mail_routes.iter().map(|(names, domain)| {
        let (gateways, domain) = (names.clone(), domain.clone());
        Route { channel: Channel::Email, gateways, domain }
    });
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
        routes: sms.chain(mail).collect(),
        frozen: String::new(),
    };
    let mut blocks = Vec::new();
    let mut add =
        |channel, number: &mut u32, route: Option<u16>, to: &dyn Fn(&PlannedPerson) -> Option<To>| {
            let people = (0..).zip(&plan.people).filter_map(|(ordinal, person)| Some((ordinal, to(person)?)));
            let people: Vec<(u32, To)> = people.collect();
            for some in people.chunks(plan.block_len.max(1)) {
                blocks.push(block(channel, *number, route, some));
                *number += 1;
            }
        };
    let (sms_routes, mut number) = (plan.routes.len() as u16, 0);
    for route in (0..sms_routes).map(Some).chain((sms_routes > 0).then_some(None)) {
        add(Channel::Sms, &mut number, route, &|person| {
            (person.route == route).then(|| To::of_number(person))
        });
    }
    let (mail_routes, mut number) = (plan.mail_routes.len() as u16, 0);
    for route in (0..mail_routes).map(Some).chain((mail_routes > 0).then_some(None)) {
        let of_all = route.map(|route| sms_routes + route);
        add(Channel::Email, &mut number, of_all, &|person| {
            let (address, of) = person.mail.clone().unzip();
            (of == route).then(|| To { address: address.unwrap_or_default(), text: String::new(), units: 1 })
        });
    }
    (row, blocks)
}

/// Where a message of one channel goes.
struct To {
    address: String,
    text: String,
    units: u8,
}

impl To {
    fn of_number(person: &PlannedPerson) -> Self {
        let (address, text) = (person.address.clone(), person.text.clone());
        Self { units: shape(&text).parts as u8, address, text }
    }
}

fn block(channel: Channel, number: u32, route: Option<u16>, people: &[(u32, To)]) -> BlockRow {
    let mut writer = BlockWriter::default();
    for (ordinal, to) in people {
        writer.push(&Person {
            ordinal: *ordinal,
            id: "x",
            address: &to.address,
            values: vec![(TEXT, &to.text)],
            units: to.units,
            reason: if route.is_none() { "no address" } else { "" },
            ..Person::default()
        });
    }
    let key = BlockKey { campaign: CampaignId(0), channel, block: number };
    let (len, units) = (writer.len(), writer.units());
    let meta = BlockMeta { key, route: route.unwrap_or(EXCLUDED), len, units, reserved: 0 };
    BlockRow { meta, data: writer.finish() }
}
