//! A ledger that takes nothing: what waits for it in memory has a bound, and then nothing more comes in.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

use std::sync::Arc;

use bealert_core::dispatch::{
    Action, Dispatcher, Entries, GatewaySpec, HELD_ROWS, Launch, Next, Receipt, Settings,
};
use bealert_core::model::{
    BlockKey, BlockMeta, CampaignId, CampaignRow, CampaignState, Channel, GatewayId, Kind, Route,
};
use bealert_core::outcome::Step;
use bealert_core::retry::RetryRules;

const NOW_US: u64 = 1_000_000;

/// Open for so long: a pace that is not known yet starts without a burst.
const OPEN_US: u64 = 100_000;
const GATEWAY: GatewayId = GatewayId(1);
const PEOPLE: u32 = 100;

fn dispatcher() -> Dispatcher {
    let mut dispatcher =
        Dispatcher::new(Settings { now_us: NOW_US - OPEN_US, wall_ms: 1_000, last_seq: 0, hash_key: (1, 2) });
    dispatcher.add_gateway(GatewaySpec {
        id: GATEWAY,
        name: "a".into(),
        channel: Channel::Sms,
        units_per_second: None,
        receipts: true,
        receipt_wait_us: 60_000_000,
        retry: RetryRules::default(),
    });
    dispatcher.recover(NOW_US, Vec::new(), &mut *reader()).unwrap();
    dispatcher.session_up(NOW_US, GATEWAY, 0);
    dispatcher
}

fn reader() -> Box<dyn bealert_core::ledger::LedgerReader> {
    use bealert_core::ledger::{Ledger, MemoryLedger};
    MemoryLedger::new().reader().unwrap()
}

fn launch(dispatcher: &mut Dispatcher) {
    let key = BlockKey { campaign: CampaignId(1), channel: Channel::Sms, block: 0 };
    let row = CampaignRow {
        id: CampaignId(1),
        key: "k".into(),
        hash: "h".into(),
        scenario: "s".into(),
        kind: Kind::Warning,
        policy: Kind::Warning.default_policy(),
        by: "test".into(),
        people: PEOPLE,
        state: CampaignState::Launching,
        launched_at_ms: 1_000,
        expires_at_ms: 10_000_000,
        ended_at_ms: None,
        launched_seq: 0,
        routes: vec![Route { channel: Channel::Sms, gateways: vec!["a".into()] }],
        frozen: String::new(),
    };
    let entries = Entries {
        ordinals: (0..PEOPLE).collect(),
        units: vec![1; PEOPLE as usize],
        addresses: (0..u64::from(PEOPLE)).collect(),
    };
    let meta = BlockMeta { key, route: 0, len: PEOPLE, units: PEOPLE, reserved: 0 };
    let loaded = vec![(key, Arc::new(entries))];
    dispatcher.launch(NOW_US, Launch { row, blocks: vec![meta], loaded, excluded: Vec::new() });
}

/// Receipts that were refused for now since the last call, and those that were answered well.
fn replies(dispatcher: &mut Dispatcher) -> (usize, usize) {
    let (mut refused, mut kept) = (0, 0);
    while let Some(action) = dispatcher.poll_action() {
        match action {
            Action::Reply { ok: true, .. } => kept += 1,
            Action::Reply { ok: false, .. } => refused += 1,
            _ => {}
        }
    }
    (refused, kept)
}

fn receipts(dispatcher: &mut Dispatcher, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let remote = format!("unknown-{number}");
        let receipt = Receipt { remote: &remote, address: "32470", step: Step::Delivered, detail: "" };
        dispatcher.receipt(NOW_US, GATEWAY, 0, number as u64, receipt);
    }
}

#[test]
fn beyond_the_bound_receipts_are_refused_and_nothing_is_handed_out() {
    let mut dispatcher = dispatcher();
    launch(&mut dispatcher);
    let (first, _) = dispatcher.take_batch(NOW_US).unwrap();
    dispatcher.committed(NOW_US, first);
    assert!(matches!(dispatcher.next(NOW_US, GATEWAY), Next::Send(_)), "something is reserved");
    receipts(&mut dispatcher, 0..1);
    let (stuck, _) = dispatcher.take_batch(NOW_US + 10_000).unwrap();

    // Each is kept for an answer to come, until too many are: a far end may invent ids without end.
    let mut number = 1;
    while dispatcher.held_rows() < HELD_ROWS {
        receipts(&mut dispatcher, number..number + 1);
        number += 1;
    }
    assert!(number <= HELD_ROWS + 1);
    assert_eq!(replies(&mut dispatcher), (0, 0), "all of them wait for the ledger");
    assert_eq!(dispatcher.next(NOW_US, GATEWAY), Next::Idle);
    let held = dispatcher.held_rows();
    receipts(&mut dispatcher, number..number + 500);
    assert_eq!((replies(&mut dispatcher), dispatcher.held_rows()), ((500, 0), held));

    dispatcher.committed(NOW_US + 20_000, stuck);
    assert_eq!(replies(&mut dispatcher), (0, 1));
    let (next, batch) = dispatcher.take_batch(NOW_US + 20_000).unwrap();
    assert!(batch.parked.len() + batch.unparked.len() >= held);
    assert!(matches!(dispatcher.next(NOW_US + 20_000, GATEWAY), Next::Send(_)), "it goes on");
    dispatcher.committed(NOW_US + 30_000, next);
    assert_eq!(replies(&mut dispatcher).1, number - 1);
}
