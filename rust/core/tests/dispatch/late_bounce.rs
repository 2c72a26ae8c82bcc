//! Receipts that name their attempt, and come when they come: at once, days later, twice, or never.

use bealert_core::dispatch::Answer;
use bealert_core::ledger::NoticeCode;
use bealert_core::model::{CampaignId, Kind, Policy};
use bealert_core::outcome::{State, Step};

use crate::mail::{DAY, Mail, SECOND, relay};

/// A campaign of which everything was accepted, and that has ended.
fn accepted(mail: &mut Mail, people: u32) -> CampaignId {
    let id = mail.launch(Kind::News, Policy::Hold, 3_600_000, &[(&["a"], None, people)]);
    for _ in 0..50 {
        for handout in mail.all(0) {
            mail.accept(&handout);
        }
        mail.pass(10_000);
    }
    assert_eq!(mail.tally(id, State::Accepted), u64::from(people));
    id
}

#[test]
fn it_corrects_the_report_days_after_the_end_and_over_a_restart() {
    let mut mail = Mail::new(vec![relay("a")]);
    let id = accepted(&mut mail, 3);
    assert!(mail.ended(id));
    mail.pass(5 * DAY);
    mail.restart();
    assert!(mail.receipt(id, 1, 1, Step::Failed));
    assert_eq!((mail.tally(id, State::Failed), mail.tally(id, State::Accepted)), (1, 2));
    let row = mail.rows().pop().unwrap();
    assert_eq!((row.ordinal, row.step, row.attempt), (1, Step::Failed, 1));
    assert_eq!(row.detail.as_deref(), Some("5.1.1 smtp; 550 no such user"));
    mail.restart();
    assert_eq!(mail.tally(id, State::Failed), 1, "it is durable");
}

#[test]
fn what_comes_later_than_that_is_counted_and_told_once() {
    let mut mail = Mail::new(vec![relay("a")]);
    let id = accepted(&mut mail, 3);
    mail.pass(6 * DAY + SECOND);
    assert!(mail.dispatcher.progress(id).is_none(), "it is held too long");
    let rows = mail.rows().len();
    assert!(mail.receipt(id, 1, 1, Step::Failed) && mail.receipt(id, 2, 1, Step::Failed));
    assert_eq!((mail.rows().len(), mail.dispatcher.named_counters().late), (rows, 2));
    assert_eq!(mail.notices(NoticeCode::LateReceipt).len(), 1);
}

#[test]
fn what_says_nothing_new_leaves_no_row() {
    let mut mail = Mail::new(vec![relay("a")]);
    let id = accepted(&mut mail, 3);
    let count = |mail: &mut Mail, ordinal, step| {
        let before = mail.rows().len();
        assert!(mail.receipt(id, ordinal, 1, step));
        mail.rows().len() - before
    };
    // Relayed is noted once and changes nothing; a delivery and a failure each have the last word once.
    assert_eq!([0, 0].map(|_| count(&mut mail, 0, Step::Accepted)), [1, 0]);
    assert_eq!(mail.tally(id, State::Accepted), 3);
    assert_eq!([0, 0].map(|_| count(&mut mail, 0, Step::Failed)), [1, 0]);
    assert_eq!(count(&mut mail, 0, Step::Accepted), 0);
    assert_eq!([0, 0].map(|_| count(&mut mail, 1, Step::Delivered)), [1, 0]);
    assert_eq!(count(&mut mail, 1, Step::Failed), 0);
    assert_eq!((mail.tally(id, State::Delivered), mail.tally(id, State::Failed)), (1, 1));
    // Nobody of that number.
    assert_eq!(count(&mut mail, 77, Step::Failed), 0);
    assert_eq!(mail.dispatcher.named_counters().unmatched, 1);
    assert_eq!(mail.dispatcher.faults(), 0);
}

#[test]
fn one_that_comes_before_the_answer_is_heard_after_it() {
    for restart in [false, true] {
        let mut mail = Mail::new(vec![relay("a")]);
        let id = mail.launch(Kind::News, Policy::Hold, 3_600_000, &[(&["a"], None, 1)]);
        let handout = mail.one(0);
        assert!(mail.receipt(id, 0, 1, Step::Failed));
        assert_eq!(mail.tally(id, State::Failed), 0);
        if restart {
            // Nobody knows whether it left; the bounce does.
            mail.restart();
        } else {
            mail.accept(&handout);
            mail.turn();
        }
        assert_eq!(mail.tally(id, State::Failed), 1, "restart: {restart}");
        assert!(mail.ended(id));
    }
}

#[test]
fn it_settles_the_doubt_that_it_names_and_no_other() {
    let mut mail = Mail::new(vec![relay("a")]);
    let id = mail.launch(Kind::Warning, Policy::Resend, 3_600_000, &[(&["a"], None, 1)]);
    let first = mail.one(0);
    mail.answer(&first, Answer::Lost);
    mail.pass(SECOND);
    let second = mail.one(0);
    assert_eq!(second.attempt, 2);
    mail.answer(&second, Answer::Lost);
    // Both are in doubt. The first has failed, which says nothing of the second.
    assert!(mail.receipt(id, 0, 1, Step::Failed));
    assert!(mail.receipt(id, 0, 1, Step::Failed), "again");
    mail.pass(SECOND);
    let third = mail.one(0);
    mail.accept(&third);
    mail.turn();
    assert_eq!(mail.tally(id, State::Accepted), 1);
    // Whoever brought the first one was interrupted, and brings it again.
    assert!(mail.receipt(id, 0, 1, Step::Failed));
    assert_eq!(mail.tally(id, State::Accepted), 1, "an old failure undid what was taken since");
    // The second bounces too: the third stays what it is.
    assert!(mail.receipt(id, 0, 2, Step::Failed));
    assert_eq!(mail.tally(id, State::Accepted), 1);
    assert!(mail.receipt(id, 0, 3, Step::Failed));
    assert_eq!(mail.tally(id, State::Failed), 1);
    assert_eq!(mail.dispatcher.faults(), 0);
}

#[test]
fn a_late_yes_is_undone_by_its_own_bounce_alone() {
    for restart in [false, true] {
        let mut mail = Mail::new(vec![relay("a")]);
        let id = mail.launch(Kind::Warning, Policy::Resend, 3_600_000, &[(&["a"], None, 1)]);
        let first = mail.one(0);
        mail.answer(&first, Answer::TimedOut);
        mail.accept(&first);
        mail.turn();
        assert_eq!(mail.tally(id, State::Accepted), 1);
        if restart {
            mail.restart();
        }
        assert!(mail.receipt(id, 0, 2, Step::Failed), "of an attempt that never was");
        assert_eq!(mail.tally(id, State::Accepted), 1);
        assert!(mail.receipt(id, 0, 1, Step::Failed));
        assert_eq!(mail.tally(id, State::Failed), 1, "restart: {restart}");
    }
}

#[test]
fn a_snapshot_tells_which_attempt_was_taken() {
    let mut mail = Mail::new(vec![relay("a")]);
    let id = mail.launch(Kind::Warning, Policy::Resend, 3_600_000, &[(&["a"], None, 2)]);
    let both = mail.all(0);
    mail.answer(&both[0], Answer::Lost);
    mail.answer(&both[1], Answer::Lost);
    mail.pass(SECOND);
    for handout in mail.all(0) {
        mail.accept(&handout);
    }
    mail.turn();
    assert!(mail.snapshots > 0);
    // The first attempts bounce, of one before the restart, of the other after it; then the second one of one.
    assert!(mail.receipt(id, 0, 1, Step::Failed));
    mail.restart();
    assert!(mail.receipt(id, 1, 1, Step::Failed));
    assert_eq!(mail.tally(id, State::Accepted), 2);
    assert!(mail.receipt(id, 1, 2, Step::Failed));
    mail.restart();
    assert!(mail.receipt(id, 0, 1, Step::Failed));
    assert_eq!((mail.tally(id, State::Accepted), mail.tally(id, State::Failed)), (1, 1));
}

#[test]
fn what_is_held_in_doubt_is_settled_days_later() {
    let mut mail = Mail::new(vec![relay("a")]);
    let id = mail.launch(Kind::News, Policy::Hold, 3_600_000, &[(&["a"], None, 2)]);
    for handout in mail.all(0) {
        mail.answer(&handout, Answer::Lost);
    }
    mail.turn();
    assert_eq!(mail.tally(id, State::Uncertain), 2);
    mail.pass(2 * DAY);
    mail.restart();
    assert!(mail.receipt(id, 0, 1, Step::Delivered) && mail.receipt(id, 1, 1, Step::Failed));
    assert_eq!((mail.tally(id, State::Delivered), mail.tally(id, State::Failed)), (1, 1));
}

#[test]
fn a_campaign_that_asked_for_receipts_ends_when_all_have_come_or_their_time_is_over() {
    let mut asking = relay("a");
    asking.receipts = true;
    // Without a restart, with one that reads a snapshot, with one that reads the journal alone.
    for (restart, snapshot_every) in [(false, 1), (true, 1), (true, u64::MAX)] {
        let mut mail = Mail::new(vec![asking.clone()]);
        mail.dispatcher.snapshot_every(snapshot_every);
        let all_come = accepted(&mut mail, 2);
        assert!(!mail.ended(all_come));
        assert!(mail.receipt(all_come, 0, 1, Step::Delivered) && mail.receipt(all_come, 1, 1, Step::Failed));
        assert!(mail.ended(all_come));
        let none_comes = accepted(&mut mail, 2);
        assert_eq!(mail.dispatcher.progress(none_comes).unwrap().awaiting, 2);
        if restart {
            mail.pass(20 * SECOND);
            mail.restart();
        }
        mail.pass(if restart { 38 } else { 58 } * SECOND);
        assert!(!mail.ended(none_comes), "restart: {restart}");
        mail.pass(3 * SECOND);
        assert!(mail.ended(none_comes), "restart: {restart}");
        assert_eq!(mail.tally(none_comes, State::Accepted), 2);
    }
}

#[test]
fn a_try_that_bounces_does_not_undo_another_that_was_taken_too() {
    for restart in [false, true] {
        let mut mail = Mail::new(vec![relay("a")]);
        let id = mail.launch(Kind::Warning, Policy::Resend, 3_600_000, &[(&["a"], None, 1)]);
        let first = mail.one(0);
        mail.answer(&first, Answer::Lost);
        mail.pass(SECOND);
        let second = mail.one(0);
        mail.accept(&second);
        // The first was taken as well, and went on to a host that does not report.
        assert!(mail.receipt(id, 0, 1, Step::Accepted));
        assert!(mail.receipt(id, 0, 2, Step::Failed));
        assert_eq!(mail.tally(id, State::Accepted), 1, "the first stands");
        if restart {
            mail.restart();
        }
        assert!(mail.receipt(id, 0, 2, Step::Failed), "again");
        assert_eq!(mail.tally(id, State::Accepted), 1, "the first stands, restart: {restart}");
        assert!(mail.receipt(id, 0, 1, Step::Failed));
        assert_eq!(mail.tally(id, State::Failed), 1, "restart: {restart}");
        assert_eq!(mail.dispatcher.faults(), 0);
    }
}
