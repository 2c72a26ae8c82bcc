//! A dispatcher with one gateway, and a campaign to send through it.

use std::sync::Arc;

use bealert_core::dispatch::{Dispatcher, Entries, GatewaySpec, Launch, Settings};
use bealert_core::ledger::{Ledger, LedgerReader, MemoryLedger};
use bealert_core::model::{
    BlockKey, BlockMeta, CampaignId, CampaignRow, CampaignState, Channel, GatewayId, Kind, Route,
};
use bealert_core::retry::RetryRules;

pub(crate) const NOW_US: u64 = 1_000_000;

/// Open for so long: a pace that is not known yet starts without a burst.
const OPEN_US: u64 = 100_000;
pub(crate) const GATEWAY: GatewayId = GatewayId(1);

pub(crate) fn dispatcher() -> Dispatcher {
    let mut dispatcher =
        Dispatcher::new(Settings { now_us: NOW_US - OPEN_US, wall_ms: 1_000, last_seq: 0, hash_key: (1, 2) });
    dispatcher.add_gateway(GatewaySpec {
        id: GATEWAY,
        name: "a".into(),
        channel: Channel::Sms,
        units_per_second: None,
        domains: Vec::new(),
        receipts: true,
        receipt_wait_us: 60_000_000,
        retry: RetryRules::default(),
    });
    dispatcher.recover(NOW_US, Vec::new(), &mut *reader()).unwrap();
    dispatcher.session_up(NOW_US, GATEWAY, 0);
    dispatcher
}

fn reader() -> Box<dyn LedgerReader> {
    MemoryLedger::new().reader().unwrap()
}

/// A campaign of people with one part each, loaded.
pub(crate) fn launch(dispatcher: &mut Dispatcher, people: u32) {
    let key = BlockKey { campaign: CampaignId(1), channel: Channel::Sms, block: 0 };
    let row = CampaignRow {
        id: CampaignId(1),
        key: "k".into(),
        hash: "h".into(),
        scenario: "s".into(),
        kind: Kind::Warning,
        policy: Kind::Warning.default_policy(),
        by: "test".into(),
        people,
        state: CampaignState::Launching,
        launched_at_ms: 1_000,
        expires_at_ms: 10_000_000,
        ended_at_ms: None,
        launched_seq: 0,
        routes: vec![Route { channel: Channel::Sms, gateways: vec!["a".into()], domain: None }],
        frozen: String::new(),
    };
    let entries = Entries {
        ordinals: (0..people).collect(),
        units: vec![1; people as usize],
        addresses: (0..people).map(|n| dispatcher.address_hash().of(&number(n))).collect(),
    };
    let meta = BlockMeta { key, route: 0, len: people, units: people, reserved: 0 };
    let loaded = vec![(key, Arc::new(entries))];
    dispatcher.launch(NOW_US, Launch { row, blocks: vec![meta], loaded, excluded: Vec::new() });
}

/// The number of a person.
pub(crate) fn number(person: u32) -> String {
    format!("32470{person:06}")
}
