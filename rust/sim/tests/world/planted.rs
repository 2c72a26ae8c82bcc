//! Faults planted in the driver, in real runs: the check that each concerns sees it.

use bealert_sim::world::{Plant, check, script};

use crate::base;

fn broken(plant: Plant) -> Vec<&'static str> {
    let outcome = script::play(&base::script(), Some(plant));
    let mut names: Vec<_> = check::failures(&outcome.facts).into_iter().map(|(name, _)| name).collect();
    // What never comes to its end has lost somebody.
    if outcome.stuck.is_some() && !names.contains(&"I1") {
        names.push("stuck");
    }
    names
}

#[test]
fn without_a_fault_every_invariant_holds() {
    let outcome = script::play(&base::script(), None);
    assert_eq!(outcome.stuck, None);
    assert_eq!(check::failures(&outcome.facts), []);
}

#[test]
fn an_answer_that_never_reaches_the_dispatcher_loses_somebody() {
    assert_eq!(broken(Plant::AnswerDropped), ["I1"]);
}

#[test]
fn a_batch_said_to_be_durable_too_soon_lets_something_leave_too_soon() {
    assert!(broken(Plant::CommittedTooSoon).contains(&"I2"));
}

#[test]
fn what_is_sent_twice_is_a_duplicate_that_nobody_names() {
    assert_eq!(broken(Plant::SentTwice), ["I3"]);
}

#[test]
fn a_dispatcher_without_the_limit_passes_it() {
    assert_eq!(broken(Plant::NoLimit), ["I4"]);
}

#[test]
fn what_is_urgent_waits_if_the_dispatcher_does_not_know_that_it_is() {
    assert_eq!(broken(Plant::NotUrgent), ["I5"]);
}

#[test]
fn rows_that_cannot_be_are_seen() {
    assert!(broken(Plant::RowsGarbled).contains(&"I6"));
}

#[test]
fn counts_that_are_off_by_one_are_seen() {
    assert_eq!(broken(Plant::CountsOff), ["I7"]);
}

#[test]
fn a_key_that_is_launched_again_is_two_campaigns() {
    assert!(broken(Plant::KeyForgotten).contains(&"I8"));
}

#[test]
fn receipts_that_are_answered_and_not_kept_are_lost() {
    assert_eq!(broken(Plant::ReceiptDropped), ["I9"]);
}

#[test]
fn a_pause_that_is_not_carried_out_is_seen() {
    assert_eq!(broken(Plant::PauseIgnored), ["I10"]);
}
