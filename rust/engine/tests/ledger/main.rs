//! The SQLite ledger: the contract, and one file per way in which things go wrong.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod child;
mod failed_fsync;
mod foreign_file;
mod held_directory;
mod io_error;
mod killed;
mod locks;
mod log_stays_short;
mod permissions;
mod schema_one;

use std::path::Path;

use bealert_core::ledger::conformance::conform;
use bealert_core::ledger::{Batch, Ledger, Outcome, RemoteId};
use bealert_core::model::{CampaignId, Channel, GatewayId};
use bealert_core::outcome::Step;
use bealert_engine::ledger::{SqliteLedger, check_file};

#[test]
fn it_conforms() {
    let root = tempfile::tempdir().unwrap();
    let mut number = 0;
    let fresh = || {
        number += 1;
        SqliteLedger::open(&root.path().join(number.to_string()).join("deep")).unwrap()
    };
    conform(fresh, |ledger| {
        let dir = ledger.dir().to_owned();
        drop(ledger);
        assert_eq!(check_file(&dir).unwrap(), [] as [String; 0]);
        SqliteLedger::open(&dir).unwrap()
    });
}

fn last(dir: &Path) -> u64 {
    bealert_engine::ledger::open_reader(dir).unwrap().last().unwrap().0
}

/// A batch of outcomes with these sequences.
fn batch(seqs: std::ops::RangeInclusive<u64>) -> Batch {
    let last_seq = *seqs.end();
    let outcome = |seq| Outcome {
        seq,
        campaign: CampaignId(1),
        ordinal: seq as u32,
        channel: Channel::Sms,
        attempt: 1,
        part: 0,
        gateway: GatewayId(1),
        step: Step::Accepted,
        remote: RemoteId::from("01234567").unwrap(),
        at_ms: 1_700_000_000_000 + seq as i64,
        took_us: 12_345,
        detail: None,
    };
    Batch { outcomes: seqs.map(outcome).collect(), last_seq, ..Batch::default() }
}

fn commit(ledger: &mut SqliteLedger, seqs: std::ops::RangeInclusive<u64>) {
    ledger.commit(&batch(seqs)).unwrap();
}
