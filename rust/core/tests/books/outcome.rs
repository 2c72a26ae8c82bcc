//! The transition table: what it promises beyond the single edge.

use bealert_core::outcome::{Mark, State, Step, TABLE};
use proptest::prelude::*;

fn walk(steps: &[Step]) -> Mark {
    steps.iter().fold(Mark::default(), |mark, step| mark.after(*step).expect("an edge"))
}

#[test]
fn an_end_state_is_left_only_by_a_better_word() {
    let rank = |state: State| match state {
        State::Confirmed => 5,
        State::Delivered => 4,
        State::Accepted => 3,
        State::Uncertain => 2,
        State::Failed => 1,
        _ => 0,
    };
    let ended = |state: &State| !state.open();
    for (from, step, to) in TABLE.iter().filter(|(from, ..)| ended(from)) {
        let better = rank(*to) >= rank(*from);
        let receipt_of_failure = (*from, *step) == (State::Accepted, Step::Failed);
        let settled = (*from, *step) == (State::Uncertain, Step::Disproved);
        assert!(better || receipt_of_failure || settled, "{from:?} {step:?} {to:?}");
        assert!(ended(to), "{from:?} {step:?} {to:?}: nothing that has ended opens again");
    }
}

#[test]
fn what_never_left_stays_so() {
    for state in [State::Expired, State::Cancelled, State::Skipped] {
        assert!(TABLE.iter().all(|(from, ..)| *from != state));
    }
}

#[test]
fn every_edge_stands_once() {
    for (at, (from, step, _)) in TABLE.iter().enumerate() {
        assert!(TABLE[at + 1..].iter().all(|(f, s, _)| (f, s) != (from, step)), "{from:?} {step:?}");
    }
}

#[test]
fn what_may_have_left_is_never_called_failed_or_cancelled() {
    use Step::{Cancelled, Disproved, Expired, Failed, HandedOut, Resend, Submitting};
    for end in [Failed, Expired, Cancelled] {
        let mark = walk(&[HandedOut, Resend, Submitting, end]);
        assert_eq!(mark.state(), State::Uncertain, "{end:?}");
        assert!(mark.doubted() && mark.resent());
    }
    assert_eq!(walk(&[HandedOut, Resend, Disproved, Submitting, Failed]).state(), State::Failed);
    assert_eq!(walk(&[HandedOut, Resend, Disproved, Cancelled]).state(), State::Failed);
}

#[test]
fn a_resend_names_the_person_for_good() {
    use Step::{Accepted, Delivered, HandedOut, Resend, Submitting};
    let mark = walk(&[HandedOut, Resend, Submitting, Accepted, Delivered]);
    assert_eq!(mark.state(), State::Delivered);
    assert!(mark.resent());
    assert!(!walk(&[HandedOut, Accepted, Delivered]).resent());
}

#[test]
fn a_message_is_as_good_as_its_worst_part() {
    use Step::{Accepted, Cancelled, Delivered, Expired, Failed, HandedOut};
    let part = |steps: &[Step]| walk(steps);
    let delivered = part(&[HandedOut, Accepted, Delivered]);
    let accepted = part(&[HandedOut, Accepted]);
    let state = |parts: &[Mark]| Mark::combine(parts).state();
    assert_eq!(state(&[delivered, delivered]), State::Delivered);
    assert_eq!(state(&[delivered, accepted]), State::Accepted);
    assert_eq!(state(&[delivered, part(&[HandedOut, Failed])]), State::Failed);
    assert_eq!(state(&[delivered, part(&[Cancelled])]), State::Failed, "a part of it has left");
    assert_eq!(state(&[part(&[Expired]), part(&[Expired])]), State::Expired);
    assert_eq!(state(&[accepted, part(&[HandedOut])]), State::Submitted);
    assert_eq!(state(&[accepted, Mark::default()]), State::Waiting);
}

proptest! {
    #[test]
    fn no_walk_leaves_doubt_behind_unnamed(steps in prop::collection::vec(0usize..Step::ALL.len(), 0..40)) {
        let mut mark = Mark::default();
        let mut doubted = false;
        for step in steps.into_iter().map(|at| Step::ALL[at]) {
            if let Ok(next) = mark.after(step) {
                doubted |= step.doubts();
                mark = next;
            }
            prop_assert_eq!(mark.doubted(), doubted);
            prop_assert!(!mark.in_doubt() || doubted);
            let nothing_left = matches!(mark.state(), State::Expired | State::Cancelled);
            prop_assert!(!nothing_left || !doubted);
        }
    }
}
