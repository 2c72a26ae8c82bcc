//! The memory ledger keeps the contract, and fails as it is told to.

use bealert_core::ledger::conformance::conform;
use bealert_core::ledger::memory::Fault;
use bealert_core::ledger::{Batch, CommitError, Ledger, MemoryLedger, Notice, NoticeCode};
use bealert_core::model::GatewayId;

#[test]
fn it_conforms() {
    conform(MemoryLedger::new, |mut ledger| ledger.crash());
}

#[test]
fn a_rolled_back_commit_leaves_nothing_and_the_next_one_works() {
    let mut ledger = MemoryLedger::new();
    ledger.fail_next(Fault::RolledBack);
    assert!(matches!(ledger.commit(&batch(1)), Err(CommitError::RolledBack(_))));
    assert_eq!(last(&ledger), 0);
    ledger.commit(&batch(1)).unwrap();
    assert_eq!(last(&ledger), 1);
}

#[test]
fn an_unknown_commit_stops_the_writer_until_it_reopens() {
    for (fault, found) in [(Fault::UnknownKept, 1), (Fault::UnknownLost, 0)] {
        let mut ledger = MemoryLedger::new();
        ledger.fail_next(fault);
        assert!(matches!(ledger.commit(&batch(1)), Err(CommitError::Unknown(_))));
        assert!(matches!(ledger.commit(&batch(1)), Err(CommitError::Unknown(_))));
        assert_eq!(last(&ledger), 0, "no reader sees what may be lost");
        assert_eq!(ledger.reopen().unwrap(), found);
        ledger.commit(&batch(1)).unwrap();
        assert_eq!(last(&ledger), 1);
    }
}

#[test]
fn a_crash_ends_the_handle_and_keeps_what_was_durable() {
    for (fault, found) in [(Fault::UnknownKept, 2), (Fault::UnknownLost, 1)] {
        let mut old = MemoryLedger::new();
        let mut reader = old.reader().unwrap();
        old.commit(&batch(1)).unwrap();
        old.fail_next(fault);
        assert!(old.commit(&batch(2)).is_err());
        let mut new = old.crash();
        assert_eq!(last(&new), found);
        assert!(matches!(old.commit(&batch(2)), Err(CommitError::Unknown(_))));
        assert!(reader.last().is_err() && old.gateway("a").is_err() && old.reopen().is_err());
        new.commit(&batch(found + 1)).unwrap();
    }
}

fn last(ledger: &MemoryLedger) -> u64 {
    ledger.reader().unwrap().last().unwrap().0
}

fn batch(seq: u64) -> Batch {
    let (campaign, gateway, code) = (None, GatewayId(1), NoticeCode::GatewayUp);
    let notice = Notice { seq, at_ms: 1, campaign, gateway, code, text: "".into() };
    Batch { notices: vec![notice], last_seq: seq, ..Batch::default() }
}
