//! kill -9 at a bad moment.

use std::time::Duration;

use bealert_core::ledger::{Entry, Ledger};
use bealert_core::model::{
    BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, CampaignState, Channel, Kind, Policy,
};
use bealert_engine::ledger::{SqliteLedger, check_file, open_reader};

use crate::{batch, child};

#[test]
fn in_the_middle_of_a_launch_leaves_nothing() {
    let Some(dir) = child::dir() else {
        let dir = tempfile::tempdir().unwrap();
        let mut launching = child::start("killed::in_the_middle_of_a_launch_leaves_nothing", dir.path());
        for _ in 0..25 {
            assert!(launching.hear().is_some());
        }
        launching.kill();
        let mut ledger = SqliteLedger::open(dir.path()).unwrap();
        assert_eq!(ledger.open_campaigns().unwrap(), []);
        assert_eq!(rows(dir.path(), "block") + rows(dir.path(), "people"), 0);
        let id = ledger.begin_launch(&campaign()).unwrap();
        assert_eq!(id, CampaignId(2), "the key is free again, the number is not");
        return;
    };
    let mut ledger = SqliteLedger::open(&dir).unwrap();
    let campaign = ledger.begin_launch(&campaign()).unwrap();
    for block in 0.. {
        let key = BlockKey { campaign, channel: Channel::Sms, block };
        let meta = BlockMeta { key, route: 0, len: 2_000, units: 2_000, reserved: 0 };
        ledger.add_blocks(&[BlockRow { meta, data: vec![7; 120_000] }]).unwrap();
        child::say("block");
    }
}

#[test]
fn while_it_commits_loses_nothing_that_was_acknowledged() {
    let Some(dir) = child::dir() else {
        let dir = tempfile::tempdir().unwrap();
        let mut acknowledged = 0;
        for run in 0..5 {
            let name = "killed::while_it_commits_loses_nothing_that_was_acknowledged";
            let mut writer = child::start(name, dir.path());
            for _ in 0..20 {
                acknowledged = writer.hear().unwrap().parse().unwrap();
            }
            std::thread::sleep(Duration::from_millis(7 * run));
            let rest = writer.kill();
            acknowledged = rest.iter().rev().find_map(|line| line.parse().ok()).unwrap_or(acknowledged);
            let journal = open_reader(dir.path()).unwrap().journal(0, usize::MAX).unwrap();
            assert!(journal.iter().map(Entry::seq).eq(1..=journal.len() as u64), "gapless");
            let found = journal.len() as u64;
            assert!(found >= acknowledged, "{found} of {acknowledged}");
            assert_eq!(found % 100, 0, "whole batches only");
            assert_eq!(check_file(dir.path()).unwrap(), [] as [String; 0]);
        }
        return;
    };
    let mut ledger = SqliteLedger::open(&dir).unwrap();
    let mut last = ledger.reader().unwrap().last().unwrap().0;
    loop {
        ledger.commit(&batch(last + 1..=last + 100)).unwrap();
        last += 100;
        child::say(last);
    }
}

fn rows(dir: &std::path::Path, table: &str) -> i64 {
    let file = rusqlite::Connection::open(dir.join("ledger.sqlite")).unwrap();
    file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

fn campaign() -> CampaignRow {
    CampaignRow {
        id: CampaignId(0),
        key: "incident-4711".into(),
        hash: "0".into(),
        scenario: "burglary".into(),
        kind: Kind::Warning,
        policy: Policy::Resend,
        by: "coordinator".into(),
        people: 1_000_000,
        state: CampaignState::Launching,
        launched_at_ms: 1,
        expires_at_ms: 2,
        ended_at_ms: None,
        launched_seq: 0,
        routes: Vec::new(),
        frozen: String::new(),
    }
}
