//! What every [`Ledger`] promises, as one suite that each implementation runs.

#![expect(clippy::unwrap_used, reason = "this is a test suite; a failed promise is a panic")]

mod rows;

use crate::ledger::{
    Batch, BlockEnd, CommitError, Entry, Ledger, Notice, Outcome, Parked, RemoteId, SnapshotHead,
    SnapshotWrite,
};
use crate::model::{
    BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, CampaignState, Channel, EXCLUDED, GatewayId,
};
use crate::outcome::Step;
use crate::tally::Tally;
use rows::{at, block, campaign, key, launch, launched, notice, outcome, parked};

/// Rows of the largest batch of the suite: beyond the 4,096 that an engine flushes at once, and no
/// multiple of a statement's rows.
const LARGE: u64 = 10_001;

/// Runs every check, each on a ledger of its own.
///
/// `fresh` gives an empty ledger; `again` ends a handle without ado, as a crash would, and gives
/// that of the next process over the same store.
///
/// # Panics
/// Where a promise is broken.
pub fn conform<L: Ledger>(mut fresh: impl FnMut() -> L, mut again: impl FnMut(L) -> L) {
    gateways_keep_their_numbers(fresh(), &mut again);
    a_launch_is_invisible_until_it_is_committed(fresh());
    an_interrupted_launch_leaves_nothing(fresh(), &mut again);
    an_abandoned_launch_frees_its_key(fresh());
    a_key_is_taken_once(fresh());
    campaigns_and_blocks_come_back_as_written(fresh(), &mut again);
    marks_go_up_and_down(fresh(), &mut again);
    the_journal_is_one_sequence(fresh(), &mut again);
    a_batch_is_all_or_nothing(fresh());
    a_reader_sees_commits_only(fresh());
    tallies_and_states_are_set(fresh(), &mut again);
    receipts_are_parked_and_taken_back(fresh(), &mut again);
    a_kept_batch_may_come_again(fresh());
    a_large_batch_is_one_commit(fresh(), &mut again);
    a_snapshot_counts_once_it_is_whole(fresh(), &mut again);
    an_earlier_snapshot_holds_until_the_next_is_whole(fresh());
    the_hash_key_is_given_once(fresh(), &mut again);
}

fn piece(campaign: CampaignId, seq: u64, number: u32) -> SnapshotWrite {
    SnapshotWrite::Piece { campaign, seq, number, data: vec![number as u8; 3_000] }
}

fn sweep<L: Ledger>(ledger: &mut L) {
    while ledger.snapshot(&SnapshotWrite::Sweep).unwrap() {}
}

fn a_snapshot_counts_once_it_is_whole<L: Ledger>(mut ledger: L, again: &mut impl FnMut(L) -> L) {
    let id = launch(&mut ledger, "k", 0);
    let head = SnapshotHead { campaign: id, seq: 1, reaches: 1, pieces: 20 };
    (0..19).for_each(|number| assert!(!ledger.snapshot(&piece(id, 1, number)).unwrap()));
    assert!(matches!(ledger.snapshot(&SnapshotWrite::Head(head)), Err(CommitError::RolledBack(_))));
    assert_eq!(ledger.reader().unwrap().snapshot(id).unwrap(), None);
    ledger.snapshot(&piece(id, 1, 19)).unwrap();
    // A head that promises more than the journal has is none.
    let beyond = SnapshotWrite::Head(SnapshotHead { reaches: 2, ..head });
    assert!(matches!(ledger.snapshot(&beyond), Err(CommitError::RolledBack(_))));
    ledger.snapshot(&SnapshotWrite::Head(head)).unwrap();
    let mut ledger = again(ledger);
    sweep(&mut ledger);
    let mut reader = ledger.reader().unwrap();
    assert_eq!(reader.snapshot(id).unwrap(), Some(head));
    assert_eq!(reader.snapshot_piece(&head, 19).unwrap().unwrap(), [19; 3_000]);
    assert_eq!(reader.snapshot_piece(&head, 20).unwrap(), None);
    ledger.snapshot(&SnapshotWrite::Drop(id)).unwrap();
    sweep(&mut ledger);
    assert_eq!(reader.snapshot(id).unwrap(), None);
    assert_eq!(reader.snapshot_piece(&head, 0).unwrap(), None);
}

fn an_earlier_snapshot_holds_until_the_next_is_whole<L: Ledger>(mut ledger: L) {
    let id = launch(&mut ledger, "k", 0);
    let first = SnapshotHead { campaign: id, seq: 1, reaches: 1, pieces: 1 };
    ledger.snapshot(&piece(id, 1, 0)).unwrap();
    ledger.snapshot(&SnapshotWrite::Head(first)).unwrap();
    let notice = Notice { seq: 2, ..launched(id, 1).notices[0].clone() };
    ledger.commit(&Batch { notices: vec![notice], last_seq: 2, ..Batch::default() }).unwrap();
    assert!(ledger.snapshot(&SnapshotWrite::Reaches { campaign: id, reaches: 3 }).is_err());
    ledger.snapshot(&SnapshotWrite::Reaches { campaign: id, reaches: 2 }).unwrap();
    ledger.snapshot(&piece(id, 2, 0)).unwrap();
    let mut reader = ledger.reader().unwrap();
    assert_eq!(reader.snapshot(id).unwrap(), Some(SnapshotHead { reaches: 2, ..first }));
    let second = SnapshotHead { campaign: id, seq: 2, reaches: 2, pieces: 1 };
    ledger.snapshot(&SnapshotWrite::Head(second)).unwrap();
    sweep(&mut ledger);
    assert_eq!(reader.snapshot(id).unwrap(), Some(second));
    assert_eq!(reader.snapshot_piece(&first, 0).unwrap(), None);
    assert!(reader.snapshot_piece(&second, 0).unwrap().is_some());
}

fn the_hash_key_is_given_once<L: Ledger>(mut ledger: L, again: &mut impl FnMut(L) -> L) {
    assert_eq!(ledger.hash_key((u64::MAX, 7)).unwrap(), (u64::MAX, 7));
    assert_eq!(ledger.hash_key((1, 2)).unwrap(), (u64::MAX, 7));
    assert_eq!(again(ledger).hash_key((1, 2)).unwrap(), (u64::MAX, 7));
}

fn gateways_keep_their_numbers<L: Ledger>(mut ledger: L, again: &mut impl FnMut(L) -> L) {
    let a = ledger.gateway("sms-a").unwrap();
    let b = ledger.gateway("sms-b").unwrap();
    assert!(a != b && a != GatewayId::NONE && b != GatewayId::NONE);
    assert_eq!(ledger.gateway("sms-a").unwrap(), a);
    let mut ledger = again(ledger);
    assert_eq!(ledger.gateway("sms-b").unwrap(), b);
    let c = ledger.gateway("sms-c").unwrap();
    let named = [(a, "sms-a".to_owned()), (b, "sms-b".into()), (c, "sms-c".into())];
    assert_eq!(ledger.reader().unwrap().gateways().unwrap(), named);
}

fn a_launch_is_invisible_until_it_is_committed<L: Ledger>(mut ledger: L) {
    let id = ledger.begin_launch(&campaign("k")).unwrap();
    ledger.add_blocks(&[block(id, 0, 3)]).unwrap();
    let mut reader = ledger.reader().unwrap();
    assert_eq!(reader.campaigns().unwrap(), []);
    assert_eq!(reader.campaign(id).unwrap(), None);
    assert_eq!(reader.find("k").unwrap(), None);
    assert_eq!(reader.blocks(id).unwrap(), []);
    assert!(reader.block(key(id, 0)).unwrap().is_some());
    ledger.commit(&launched(id, 0)).unwrap();
    assert_eq!(reader.find("k").unwrap().unwrap().state, CampaignState::Running);
    assert_eq!(reader.campaign(id).unwrap().unwrap().id, id);
    assert_eq!(reader.blocks(id).unwrap().len(), 1);
    assert!(reader.block(key(id, 0)).unwrap().is_some());
}

fn an_interrupted_launch_leaves_nothing<L: Ledger>(mut ledger: L, again: &mut impl FnMut(L) -> L) {
    let kept = launch(&mut ledger, "kept", 0);
    let lost = ledger.begin_launch(&campaign("lost")).unwrap();
    ledger.add_blocks(&[block(lost, 0, 3), block(lost, 1, 3)]).unwrap();
    let mut ledger = again(ledger);
    let open: Vec<_> = ledger.open_campaigns().unwrap().iter().map(|row| row.id).collect();
    assert_eq!(open, [kept]);
    let next = ledger.begin_launch(&campaign("lost")).unwrap();
    assert!(next > lost, "a number is never given twice");
    ledger.commit(&launched(next, 1)).unwrap();
    assert_eq!(ledger.reader().unwrap().blocks(next).unwrap(), []);
}

fn an_abandoned_launch_frees_its_key<L: Ledger>(mut ledger: L) {
    let first = ledger.begin_launch(&campaign("k")).unwrap();
    ledger.add_blocks(&[block(first, 0, 3)]).unwrap();
    ledger.abandon_launch(first).unwrap();
    refused(ledger.add_blocks(&[block(first, 1, 3)]));
    let second = ledger.begin_launch(&campaign("k")).unwrap();
    assert!(second > first);
    ledger.commit(&launched(second, 0)).unwrap();
    refused(ledger.abandon_launch(second));
    assert_eq!(ledger.open_campaigns().unwrap().len(), 1);
}

fn a_key_is_taken_once<L: Ledger>(mut ledger: L) {
    let id = ledger.begin_launch(&campaign("k")).unwrap();
    assert!(matches!(ledger.begin_launch(&campaign("k")), Err(CommitError::RolledBack(_))));
    ledger.commit(&launched(id, 0)).unwrap();
    assert!(matches!(ledger.begin_launch(&campaign("k")), Err(CommitError::RolledBack(_))));
    launch(&mut ledger, "other", 1);
    assert_eq!(ledger.reader().unwrap().find("k").unwrap().unwrap().id, id);
}

fn campaigns_and_blocks_come_back_as_written<L: Ledger>(mut ledger: L, again: &mut impl FnMut(L) -> L) {
    let mut row = campaign("clé 4711");
    row.id = ledger.begin_launch(&row).unwrap();
    row.state = CampaignState::Running;
    let email = BlockKey { channel: Channel::Email, ..key(row.id, 0) };
    let mut blocks = vec![block(row.id, 0, 2_000), block(row.id, 1, 7), block(row.id, 0, 9)];
    blocks[1].meta.route = EXCLUDED;
    blocks[1].data = vec![0, 255, 3];
    blocks[2].meta.key = email;
    ledger.add_blocks(&blocks[2..]).unwrap();
    ledger.add_blocks(&blocks[..2]).unwrap();
    refused(ledger.add_blocks(&blocks[..1]));
    ledger.commit(&launched(row.id, 0)).unwrap();
    refused(ledger.add_blocks(&[block(row.id, 9, 1)]));

    let mut ledger = again(ledger);
    assert_eq!(ledger.open_campaigns().unwrap(), [row.clone()]);
    let mut reader = ledger.reader().unwrap();
    assert!(!row.frozen.is_empty(), "or it would show nothing");
    assert_eq!(reader.campaigns().unwrap(), [CampaignRow { frozen: String::new(), ..row.clone() }]);
    assert_eq!(reader.find(&row.key).unwrap(), Some(row.clone()));
    let metas: Vec<BlockMeta> = blocks.iter().map(|block| block.meta).collect();
    assert_eq!(reader.blocks(row.id).unwrap(), metas, "by channel and number");
    for block in blocks {
        assert_eq!(reader.block(block.meta.key).unwrap(), Some(block));
    }
    assert_eq!(reader.block(key(row.id, 5)).unwrap(), None);
}

fn marks_go_up_and_down<L: Ledger>(mut ledger: L, again: &mut impl FnMut(L) -> L) {
    let id = ledger.begin_launch(&campaign("k")).unwrap();
    ledger.add_blocks(&[block(id, 0, 2_000), block(id, 1, 2_000)]).unwrap();
    let mut batch = launched(id, 0);
    batch.marks.push((key(id, 0), 800));
    ledger.commit(&batch).unwrap();
    let marks = |ledger: &L| -> Vec<u32> {
        let blocks = ledger.reader().unwrap().blocks(id).unwrap();
        blocks.iter().map(|meta| meta.reserved).collect()
    };
    assert_eq!(marks(&ledger), [800, 0]);
    ledger.commit(&Batch { marks: vec![(key(id, 0), 2_000), (key(id, 1), 5)], ..at(1) }).unwrap();
    assert_eq!(marks(&ledger), [2_000, 5]);
    ledger.commit(&Batch { marks: vec![(key(id, 0), 17)], ..at(1) }).unwrap();
    let ledger = again(ledger);
    assert_eq!(marks(&ledger), [17, 5]);
    let data = ledger.reader().unwrap().block(key(id, 0)).unwrap().unwrap();
    assert_eq!(data, BlockRow { meta: BlockMeta { reserved: 17, ..data.meta }, ..block(id, 0, 2_000) });
}

fn the_journal_is_one_sequence<L: Ledger>(mut ledger: L, again: &mut impl FnMut(L) -> L) {
    assert_eq!(ledger.reader().unwrap().last().unwrap(), (0, 0));
    assert_eq!(ledger.reader().unwrap().journal(0, 10).unwrap(), []);
    let id = launch(&mut ledger, "k", 0);
    let mut batch = at(8);
    batch.outcomes = vec![outcome(id, 2), outcome(id, 4), outcome(id, 5), outcome(id, 8)];
    batch.outcomes[1].gateway = GatewayId::NONE;
    batch.outcomes[2].remote = RemoteId::from("é-0042").unwrap();
    batch.outcomes[2].detail = Some("0x58 throttled".into());
    batch.outcomes[3].step = Step::Delivered;
    batch.outcomes[3].at_ms = 99_999;
    batch.notices = vec![notice(None, 3), notice(Some(id), 7)];
    batch.block_ends = vec![BlockEnd { seq: 6, key: key(id, 0), from: 2, step: Step::Cancelled, at_ms: -1 }];
    ledger.commit(&batch).unwrap();
    ledger.commit(&Batch { outcomes: vec![outcome(id, 9)], ..at(9) }).unwrap();

    let mut ledger = again(ledger);
    let mut reader = ledger.reader().unwrap();
    let all = reader.journal(0, usize::MAX).unwrap();
    assert_eq!(all.iter().map(Entry::seq).collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
    assert_eq!(all[2], Entry::Notice(batch.notices[0].clone()));
    assert_eq!(all[3], Entry::Outcome(batch.outcomes[1].clone()));
    assert_eq!(all[4], Entry::Outcome(batch.outcomes[2].clone()));
    assert_eq!(all[5], Entry::BlockEnd(batch.block_ends[0].clone()));
    assert_eq!(all[7], Entry::Outcome(batch.outcomes[3].clone()));
    for after in 0..=10 {
        for limit in 0..=10 {
            let from = all.len().min(after);
            let slice = &all[from..all.len().min(from + limit)];
            assert_eq!(reader.journal(after as u64, limit).unwrap(), slice, "{after} {limit}");
        }
    }
    let (seq, at_ms) = reader.last().unwrap();
    assert_eq!(seq, 9);
    assert!(at_ms >= 1_009, "at least that of the last row, not {at_ms}");
    assert_eq!(ledger.reopen().unwrap(), 9);
    let mut reader = ledger.reader().unwrap();
    assert_eq!(reader.journal(0, usize::MAX).unwrap(), all);
}

fn a_batch_is_all_or_nothing<L: Ledger>(mut ledger: L) {
    let id = launch(&mut ledger, "k", 0);
    let good = || Batch {
        outcomes: vec![outcome(id, 2), outcome(id, 3)],
        marks: vec![(key(id, 0), 1)],
        tallies: vec![(id, Channel::Sms, Tally::queued(4))],
        parked: vec![parked(7)],
        ..at(3)
    };
    let bad = [
        Batch { outcomes: vec![outcome(id, 2), outcome(id, 4)], ..good() },
        Batch { outcomes: vec![outcome(id, 3), outcome(id, 4)], ..good() },
        Batch { outcomes: vec![outcome(id, 1), outcome(id, 2)], ..good() },
        Batch { outcomes: vec![outcome(id, 3), outcome(id, 2)], ..good() },
        Batch { notices: vec![notice(None, 3)], ..good() },
        Batch { marks: vec![(key(id, 0), 1), (key(id, 77), 1)], ..good() },
        Batch { states: vec![(CampaignId(77), CampaignState::Done, None)], ..good() },
    ];
    for batch in bad {
        let result = ledger.commit(&batch);
        assert!(matches!(result, Err(CommitError::RolledBack(_))), "{result:?} of {batch:?}");
        let mut reader = ledger.reader().unwrap();
        assert_eq!(reader.last().unwrap().0, 1);
        assert_eq!(reader.blocks(id).unwrap()[0].reserved, 0);
        assert_eq!(reader.tallies(id).unwrap(), []);
        assert_eq!(reader.parked().unwrap(), []);
    }
    ledger.commit(&good()).unwrap();
    assert_eq!(ledger.reader().unwrap().last().unwrap().0, 3);
}

fn a_reader_sees_commits_only<L: Ledger>(mut ledger: L) {
    let id = launch(&mut ledger, "k", 0);
    let mut reader = ledger.reader().unwrap();
    let mut cursor = 0;
    for seq in 2..50 {
        let before = reader.journal(cursor, 100).unwrap();
        assert_eq!(before.last().map_or(cursor, Entry::seq), seq - 1);
        cursor = seq - 1;
        ledger.commit(&Batch { outcomes: vec![outcome(id, seq)], ..at(seq) }).unwrap();
        assert_eq!(reader.last().unwrap().0, seq);
    }
}

fn tallies_and_states_are_set<L: Ledger>(mut ledger: L, again: &mut impl FnMut(L) -> L) {
    let id = launch(&mut ledger, "k", 0);
    let other = launch(&mut ledger, "other", 1);
    let (sms, email) = (Tally(std::array::from_fn(|i| i as u64 * 1_000_000)), Tally::queued(3));
    let tallies = vec![(id, Channel::Email, email), (id, Channel::Sms, Tally::queued(9))];
    ledger.commit(&Batch { tallies, ..at(2) }).unwrap();
    let tallies = vec![(id, Channel::Sms, sms)];
    let states = vec![(id, CampaignState::Done, Some(5_000)), (other, CampaignState::Paused, None)];
    ledger.commit(&Batch { tallies, states, ..at(2) }).unwrap();

    let mut ledger = again(ledger);
    let mut reader = ledger.reader().unwrap();
    assert_eq!(reader.tallies(id).unwrap(), [(Channel::Sms, sms), (Channel::Email, email)]);
    assert_eq!(reader.tallies(other).unwrap(), []);
    let row = reader.campaign(id).unwrap().unwrap();
    assert_eq!((row.state, row.ended_at_ms), (CampaignState::Done, Some(5_000)));
    let open = ledger.open_campaigns().unwrap();
    assert_eq!(
        open.iter().map(|row| (row.id, row.state)).collect::<Vec<_>>(),
        [(other, CampaignState::Paused)]
    );
}

fn receipts_are_parked_and_taken_back<L: Ledger>(mut ledger: L, again: &mut impl FnMut(L) -> L) {
    let all: Vec<Parked> = (1..=5).map(parked).collect();
    ledger.commit(&Batch { parked: all.clone(), ..at(0) }).unwrap();
    ledger.commit(&Batch { unparked: vec![2, 99], ..at(0) }).unwrap();
    ledger.commit(&Batch { parked: vec![parked(6)], unparked: vec![1, 6], ..at(0) }).unwrap();
    let mut reader = again(ledger).reader().unwrap();
    assert_eq!(reader.parked().unwrap(), all[2..]);
}

/// After an unknown commit the writer needn't know which it was: it commits the batch again, and
/// rows that were kept aren't appended twice.
fn a_kept_batch_may_come_again<L: Ledger>(mut ledger: L) {
    let id = launch(&mut ledger, "k", 0);
    let batch = Batch {
        outcomes: vec![outcome(id, 2), outcome(id, 3)],
        marks: vec![(key(id, 0), 2)],
        parked: vec![parked(1)],
        ..at(3)
    };
    ledger.commit(&batch).unwrap();
    refused(ledger.commit(&batch));
    assert_eq!(ledger.reopen().unwrap(), 3);
    ledger.commit(&batch).unwrap();
    refused(ledger.commit(&batch));
    ledger.reopen().unwrap();
    let longer = Batch { outcomes: vec![outcome(id, 3), outcome(id, 4)], ..at(4) };
    ledger.commit(&longer).unwrap();
    let mut reader = ledger.reader().unwrap();
    let seqs: Vec<u64> = reader.journal(0, 10).unwrap().iter().map(Entry::seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4]);
    assert_eq!(reader.blocks(id).unwrap()[0].reserved, 2);
    assert_eq!(reader.parked().unwrap(), [parked(1)]);
}

fn a_large_batch_is_one_commit<L: Ledger>(mut ledger: L, again: &mut impl FnMut(L) -> L) {
    let id = launch(&mut ledger, "k", 0);
    let outcomes: Vec<Outcome> = (2..2 + LARGE).map(|seq| outcome(id, seq)).collect();
    let batch = Batch { outcomes, ..at(1 + LARGE) };
    ledger.commit(&batch).unwrap();
    let mut reader = again(ledger).reader().unwrap();
    assert_eq!(reader.last().unwrap().0, 1 + LARGE);
    let mut expected = batch.outcomes.into_iter().map(Entry::Outcome);
    let mut cursor = 1;
    while let slice = reader.journal(cursor, 999).unwrap()
        && let Some(last) = slice.last()
    {
        cursor = last.seq();
        assert!(slice.into_iter().eq(expected.by_ref().take((cursor - 2) as usize % 999 + 1)));
    }
    assert_eq!(cursor, 1 + LARGE);
}

fn refused(result: Result<(), CommitError>) {
    assert!(matches!(result, Err(CommitError::RolledBack(_))), "{result:?}");
}
