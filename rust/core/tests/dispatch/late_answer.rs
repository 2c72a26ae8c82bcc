//! An answer that comes after its time: it settles what it is about, as one in time would (RFC 5321 §6.1).

use bealert_core::dispatch::Answer;
use bealert_core::model::{CampaignId, Kind, Policy};
use bealert_core::outcome::State;
use bealert_core::retry::Refusal;

use crate::mail::{Mail, SECOND, relay};

const LATE: [Answer<'static>; 3] = [
    Answer::Refused { refusal: Refusal::ForNow, detail: "451 4.3.0 later" },
    Answer::Refused { refusal: Refusal::ForGood, detail: "550 5.1.1 no such user" },
    Answer::Unsent,
];

/// A message whose answer did not come in time, and then comes.
fn late(policy: Policy, answer: Answer<'_>) -> (Mail, CampaignId) {
    let mut mail = Mail::new(vec![relay("a")]);
    let id = mail.launch(Kind::Warning, policy, 3_600_000, &[(&["a"], None, 1)]);
    let first = mail.one(0);
    mail.answer(&first, Answer::TimedOut);
    mail.pass(SECOND);
    assert!(mail.all(0).is_empty(), "it is sent again while its answer may still come");
    mail.answer(&first, answer);
    mail.pass(SECOND);
    (mail, id)
}

#[test]
fn what_was_not_taken_goes_again_and_nobody_is_in_doubt() {
    for answer in LATE {
        let (mut mail, id) = late(Policy::Resend, answer);
        let second = mail.one(0);
        assert_eq!(second.attempt, 2, "{answer:?}");
        mail.refuse(&second, Refusal::ForGood);
        mail.turn();
        assert_eq!(mail.tally(id, State::Failed), 1, "{answer:?}: the first try is still in doubt");
        assert_eq!(mail.dispatcher.faults(), 0);
    }
}

#[test]
fn what_is_held_is_known_to_have_failed() {
    for answer in LATE {
        let (mut mail, id) = late(Policy::Hold, answer);
        assert!(mail.all(0).is_empty(), "{answer:?}");
        assert_eq!(mail.tally(id, State::Failed), 1, "{answer:?}");
    }
}

#[test]
fn what_was_taken_is_accepted_and_does_not_go_again() {
    for policy in [Policy::Resend, Policy::Hold] {
        let (mut mail, id) = late(policy, Answer::Accepted { remote: "q1" });
        assert!(mail.all(0).is_empty());
        assert_eq!(mail.tally(id, State::Accepted), 1, "{policy:?}");
        assert!(mail.ended(id));
    }
}
