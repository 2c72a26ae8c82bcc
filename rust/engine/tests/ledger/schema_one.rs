//! A ledger of the first schema: it is read as it is, and brought up to date by the next holder.

use bealert_core::ledger::{Ledger, SnapshotHead, SnapshotWrite};
use bealert_core::model::CampaignId;
use bealert_engine::ledger::{SqliteLedger, check_file, open_reader};
use rusqlite::Connection;

use crate::{commit, last};

/// "BEAL", as every schema has it.
const APPLICATION_ID: i32 = 0x4245_414C;

#[test]
fn a_ledger_of_schema_one_is_read_and_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let file = Connection::open(dir.path().join("ledger.sqlite")).unwrap();
    file.execute_batch(include_str!("../../src/ledger/sql/schema_1.sql")).unwrap();
    file.execute_batch(
        "INSERT INTO notice (seq, at_ms, code, text) VALUES (1, 5, 8, 'up');
         INSERT INTO campaign VALUES (7, 'k', 'h', 's', 0, 0, 'me', 0, 5, 1, 2, 3, 0, '[]', '{}');",
    )
    .unwrap();
    file.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    file.pragma_update(None, "user_version", 1).unwrap();
    drop(file);

    let mut reader = open_reader(dir.path()).unwrap();
    assert_eq!(reader.find("k").unwrap().unwrap().id, CampaignId(7));
    assert_eq!(reader.snapshot(CampaignId(7)).unwrap(), None);
    drop(reader);

    let mut ledger = SqliteLedger::open(dir.path()).unwrap();
    commit(&mut ledger, 2..=9);
    assert_eq!(ledger.hash_key((3, 4)).unwrap(), (3, 4));
    let head = SnapshotHead { campaign: CampaignId(7), seq: 9, reaches: 9, pieces: 0 };
    ledger.snapshot(&SnapshotWrite::Head(head)).unwrap();
    drop(ledger);
    assert_eq!(last(dir.path()), 9);
    assert_eq!(open_reader(dir.path()).unwrap().snapshot(CampaignId(7)).unwrap(), Some(head));
    assert_eq!(check_file(dir.path()).unwrap(), [] as [String; 0]);
}
