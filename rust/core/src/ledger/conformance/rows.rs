//! Rows that the suite writes.

use crate::ledger::{Batch, Ledger, Notice, NoticeCode, Outcome, Parked, RemoteId};
use crate::model::{
    BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, CampaignState, Channel, GatewayId, Kind, Policy,
    Route,
};
use crate::outcome::Step;

pub(super) fn launch<L: Ledger>(ledger: &mut L, name: &str, last: u64) -> CampaignId {
    let id = ledger.begin_launch(&campaign(name)).unwrap();
    ledger.add_blocks(&[block(id, 0, 4)]).unwrap();
    ledger.commit(&launched(id, last)).unwrap();
    id
}

pub(super) fn launched(id: CampaignId, last: u64) -> Batch {
    let states = vec![(id, CampaignState::Running, None)];
    Batch { notices: vec![notice(Some(id), last + 1)], states, ..at(last + 1) }
}

pub(super) fn at(last_seq: u64) -> Batch {
    Batch { last_seq, ..Batch::default() }
}

pub(super) fn campaign(name: &str) -> CampaignRow {
    let routes = [
        (Channel::Sms, ["sms-a", "a\n\"b\""], None),
        (Channel::Voice, ["x", "y"], None),
        (Channel::Email, ["m", "n"], Some("bücher.example")),
    ];
    CampaignRow {
        id: CampaignId(0),
        key: name.into(),
        hash: "0123abcd".into(),
        scenario: "burglary".into(),
        kind: Kind::Preventive,
        policy: Policy::Hold,
        by: "coördinator".into(),
        people: 1_234_567,
        state: CampaignState::Launching,
        launched_at_ms: 1_700_000_000_123,
        expires_at_ms: 1_700_007_200_123,
        ended_at_ms: None,
        launched_seq: 0,
        routes: routes
            .map(|(channel, names, domain)| {
                let gateways = names.map(str::to_owned).into();
                Route { channel, gateways, domain: domain.map(str::to_owned) }
            })
            .into(),
        frozen: "{\"sms\": \"Inbraak\"}".into(),
    }
}

pub(super) fn key(campaign: CampaignId, block: u32) -> BlockKey {
    BlockKey { campaign, channel: Channel::Sms, block }
}

pub(super) fn block(campaign: CampaignId, number: u32, len: u32) -> BlockRow {
    let meta = BlockMeta { key: key(campaign, number), route: 1, len, units: 2 * len, reserved: 0 };
    BlockRow { meta, data: (0..len * 50).map(|byte| byte as u8).collect() }
}

pub(super) fn outcome(campaign: CampaignId, seq: u64) -> Outcome {
    Outcome {
        seq,
        campaign,
        ordinal: seq as u32 % 4,
        channel: Channel::Sms,
        attempt: 1,
        part: 0,
        gateway: GatewayId(1),
        step: Step::Accepted,
        remote: RemoteId::new(),
        at_ms: 1_000 + seq as i64,
        took_us: 250,
        detail: None,
    }
}

pub(super) fn notice(campaign: Option<CampaignId>, seq: u64) -> Notice {
    let code = if campaign.is_some() { NoticeCode::Launched } else { NoticeCode::GatewayDown };
    Notice { seq, at_ms: 1_000, campaign, gateway: GatewayId(2), code, text: "why \0 ü".into() }
}

pub(super) fn parked(id: u64) -> Parked {
    Parked {
        id,
        gateway: GatewayId(1),
        remote: RemoteId::from("7f").unwrap(),
        address: arrayvec::ArrayString::from("32470123456").unwrap(),
        step: Step::Delivered,
        detail: id.is_multiple_of(2).then(|| "000".into()),
        at_ms: 5,
    }
}
