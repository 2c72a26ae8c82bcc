//! The report is the journal's fold: who, what, when, and whether it balances.

use crate::story::{LAUNCHED_MS, Story};
use bealert_core::ledger::{Ledger, RemoteId};
use bealert_core::model::{CampaignState, Channel, GatewayId};
use bealert_core::outcome::{State, Step};
use bealert_core::report::{Fold, Reading, Report, Spread};
use proptest::prelude::*;

fn read(story: &Story) -> (Fold, Report) {
    let mut reader = story.ledger.reader().unwrap();
    Reading::whole(&mut *reader, story.id).unwrap().unwrap()
}

#[test]
fn every_dispatch_has_a_row_and_the_whole_balances() {
    let mut story = Story::launch(&[&[(3, 1), (0, 1), (5, 2)], &[(1, 1), (6, 1)], &[(2, 0), (4, 1)]]);
    story.reserve(0, 3);
    story.reserve(1, 1);
    // 3: refused for now, sent again elsewhere, delivered.
    story.tell(3, 0, Step::Deferred, |row| {
        row.at_ms = LAUNCHED_MS + 150;
        row.took_us = 50_999;
        row.detail = Some("0x14 queue full".into());
    });
    story.tell(3, 0, Step::Submitting, |row| (row.attempt, row.gateway) = (2, GatewayId(2)));
    story.tell(3, 0, Step::Accepted, |row| {
        (row.attempt, row.gateway) = (2, GatewayId(2));
        row.at_ms = LAUNCHED_MS + 900;
        row.remote = RemoteId::from("id-3").unwrap();
    });
    story.tell(3, 0, Step::Delivered, |row| {
        (row.attempt, row.gateway, row.at_ms) = (2, GatewayId(2), LAUNCHED_MS + 1_400);
    });
    // 0: uncertain, sent again, both taken.
    story.tell(0, 0, Step::Resend, |row| row.detail = Some("connection lost".into()));
    story.tell(0, 0, Step::Submitting, |row| row.attempt = 2);
    story.tell(0, 0, Step::Accepted, |row| row.attempt = 2);
    // 5: one part arrives, one does not.
    story.tell(5, 0, Step::Accepted, |row| row.at_ms = LAUNCHED_MS + 2_000);
    story.tell(5, 1, Step::Accepted, |row| row.at_ms = LAUNCHED_MS + 2_000);
    story.tell(5, 0, Step::Delivered, |_| ());
    story.tell(5, 1, Step::Failed, |row| {
        row.at_ms = LAUNCHED_MS + 3_000;
        row.detail = Some("absent".into());
    });
    // 1: nobody knows. 6: never handed out.
    story.tell(1, 0, Step::Uncertain, |_| ());
    let (_, report) = read(&story);
    assert!(!report.balanced(), "it has not ended");
    story.end_block(0, 3, Step::Expired);
    story.end_block(1, 1, Step::Expired);
    story.end(CampaignState::Done);

    let (fold, report) = read(&story);
    assert_eq!(report.imbalances, [] as [String; 0]);
    let state = |ordinal| fold.row(Channel::Sms, ordinal).unwrap().mark.state();
    let states: Vec<State> = (0..7).map(state).collect();
    use State::{Accepted, Delivered, Expired, Failed, Skipped, Uncertain};
    assert_eq!(states, [Accepted, Uncertain, Skipped, Delivered, Skipped, Failed, Expired]);
    assert_eq!((report.excluded, report.totals[0].1.total()), (2, 7));
    assert_eq!(report.possibly_doubled, ["p0"]);
    assert_eq!(report.uncertain, ["p1"]);
    assert_eq!(fold.rows().map(|(_, ordinal, _)| ordinal).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);

    let row = fold.row(Channel::Sms, 3).unwrap();
    assert_eq!((row.attempts, row.gateway, row.remote, row.reason), (2, GatewayId(2), "id-3", ""));
    assert_eq!(row.submitted_at_ms, Some(LAUNCHED_MS + 100), "its first attempt");
    assert_eq!(row.receipt_at_ms, Some(LAUNCHED_MS + 1_400));
    let row = fold.row(Channel::Sms, 5).unwrap();
    assert_eq!((row.reason, row.receipt_at_ms), ("absent", Some(LAUNCHED_MS + 3_000)));
    let row = fold.row(Channel::Sms, 4).unwrap();
    assert_eq!((row.reason, row.attempts, row.submitted_at_ms), ("no number", 0, None));
    assert_eq!(fold.row(Channel::Sms, 7), None);
    assert_eq!(fold.row(Channel::Email, 3), None);
    assert_eq!(fold.id(3), "p3");

    // 0 and its intent at 7 ms, 3 at 100 ms, 5 at 2,000 ms.
    assert_eq!(report.launch_to_first_ms, Some(7));
    assert_eq!(report.submitted_ms, Some(Spread { p50: 100, p95: 2_000, p99: 2_000, p100: 2_000 }));
    assert_eq!(report.receipt_ms, Some(Spread { p50: 500, p95: 500, p99: 500, p100: 500 }));
    let of = |gateway: usize, step| report.gateways[gateway].of(step);
    assert_eq!((of(0, Step::Accepted), of(1, Step::Accepted), of(1, Step::Delivered)), (3, 1, 1));
}

#[test]
fn a_late_receipt_after_the_end_is_in_the_report() {
    let mut story = Story::launch(&[&[(0, 1)], &[]]);
    story.reserve(0, 1);
    story.tell(0, 0, Step::Accepted, |_| ());
    story.end(CampaignState::Done);
    story.tell(0, 0, Step::Delivered, |_| ());
    let (fold, report) = read(&story);
    assert_eq!(fold.row(Channel::Sms, 0).unwrap().mark.state(), State::Delivered);
    assert!(report.balanced(), "{:?}", report.imbalances);
}

#[test]
fn percentiles_are_ranks() {
    assert_eq!(Spread::of(vec![]), None);
    assert_eq!(Spread::of(vec![4]), Some(Spread { p50: 4, p95: 4, p99: 4, p100: 4 }));
    let spread = Spread::of((1..=200).rev().collect());
    assert_eq!(spread, Some(Spread { p50: 100, p95: 190, p99: 198, p100: 200 }));
}

proptest! {
    /// Whatever happens, in whatever order: the fold says what a naive account says, and a campaign
    /// that has ended with everybody settled balances.
    #[test]
    fn the_fold_is_the_naive_account(
        steps in prop::collection::vec((0u32..9, 0u8..3, 1u8..12), 0..120),
        (ends, cancelled) in (prop::array::uniform2(0u32..5), any::<bool>()),
    ) {
        let mut story = Story::launch(&[
            &[(7, 1), (2, 3), (0, 1), (3, 2)],
            &[(1, 1), (8, 1), (5, 2)],
            &[(4, 1), (6, 1)],
        ]);
        for (ordinal, part, step) in steps {
            let step = Step::from_u8(step).unwrap();
            if story.parts.contains_key(&(ordinal, part)) && !matches!(ordinal, 4 | 6) {
                story.tell(ordinal, part, step, |row| row.attempt = 1);
            }
        }
        let step = if cancelled { Step::Cancelled } else { Step::Expired };
        story.end_block(0, ends[0], step);
        story.end_block(1, ends[1], step);
        story.end(if cancelled { CampaignState::Cancelled } else { CampaignState::Done });
        let (fold, report) = read(&story);
        for ordinal in 0..9 {
            prop_assert_eq!(fold.row(Channel::Sms, ordinal).unwrap().mark, story.mark(ordinal));
        }
        prop_assert_eq!(&report.totals, &[(Channel::Sms, story.tally())]);
        prop_assert_eq!(report.balanced(), story.tally().open() == 0, "{:?}", report.imbalances);
    }
}
