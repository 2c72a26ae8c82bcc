//! How a world opens: as the engine does.

use bealert_core::dispatch::{Dispatcher, GatewaySpec, Settings};
use bealert_core::ledger::{Ledger, MemoryLedger};
use bealert_core::model::Channel;
use bealert_core::retry::RetryRules;

use crate::snapshots::Other;
use crate::world::{Plan, WALL_MS};

/// A snapshot rounds the end of a wait up to a tick of 16 ms, at every restart once.
const TICKS_US: u64 = 500_000;

/// Opens a dispatcher from snapshots and the rows after them, and another from the whole journal: they
/// must hold the same.
pub(crate) fn open(ledger: &mut MemoryLedger, now: u64, plan: &Plan) -> Dispatcher {
    let campaigns = ledger.open_campaigns().unwrap();
    let mut whole = closed(ledger, now, plan);
    let mut reader = Other::without_snapshots(ledger.reader().unwrap());
    whole.recover(now, campaigns.clone(), &mut reader).unwrap();
    let mut dispatcher = closed(ledger, now, plan);
    let mut reader = ledger.reader().unwrap();
    dispatcher.recover(now, campaigns, reader.as_mut()).unwrap();
    let (held, expected) = (dispatcher.digest(), whole.digest());
    for (held, expected) in held.iter().zip(&expected) {
        assert_eq!(held, expected, "a snapshot says otherwise than the journal");
    }
    assert_eq!(held.len(), expected.len());
    let (held, expected) = (dispatcher.awaited(), whole.awaited());
    for (key, until) in held.iter().chain(&expected) {
        let over = *until <= now + TICKS_US;
        let near = |other: &u64| until.abs_diff(*other) <= TICKS_US;
        let both = held.get(key).is_some_and(near) && expected.get(key).is_some_and(near);
        assert!(
            over || both,
            "a snapshot waits for another receipt than the journal: {key:016x} until {until}"
        );
    }
    dispatcher
}

pub(crate) fn closed(ledger: &mut MemoryLedger, now: u64, plan: &Plan) -> Dispatcher {
    let last_seq = ledger.reader().unwrap().last().unwrap().0;
    let wall_ms = WALL_MS + (now / 1_000) as i64;
    let hash_key = ledger.hash_key((1, 2)).unwrap();
    let mut dispatcher = Dispatcher::new(Settings { now_us: now, wall_ms, last_seq, hash_key });
    dispatcher.snapshot_every(plan.snapshot_rows);
    for name in ["a", "b"] {
        let id = ledger.gateway(name).unwrap();
        dispatcher.add_gateway(GatewaySpec {
            id,
            name: name.into(),
            channel: Channel::Sms,
            units_per_second: plan.rate,
            domains: Vec::new(),
            receipts: true,
            receipt_wait_us: 3_000_000,
            retry: RetryRules { attempts: Some(3), first_us: 50_000, max_us: 200_000 },
        });
    }
    dispatcher
}
