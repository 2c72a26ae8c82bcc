//! Each try of a message has the same return path, so that a relay that greylists lets it in: a bounce to it names
//! the message and not the try.

use bealert_core::dispatch::{Answer, Named};
use bealert_core::model::{CampaignId, Kind, Policy};
use bealert_core::outcome::{State, Step};
use bealert_core::retry::Refusal;

use crate::mail::{Mail, SECOND, relay};

const MINUTE: u64 = 60 * SECOND;

fn launched(policy: Policy) -> (Mail, CampaignId) {
    let mut mail = Mail::new(vec![relay("a")]);
    let id = mail.launch(Kind::Warning, policy, 3_600_000, &[(&["a"], None, 1)]);
    (mail, id)
}

#[test]
fn it_is_about_the_try_that_was_taken() {
    let (mut mail, id) = launched(Policy::Hold);
    let first = mail.one(0);
    mail.answer(&first, Answer::Refused { refusal: Refusal::ForNow, detail: "450 4.7.1 come again" });
    assert!(mail.receipt(id, 0, Named::ANY, Step::Failed), "of what never left");
    assert_eq!(mail.tally(id, State::Failed), 0);
    mail.pass(10 * MINUTE);
    let second = mail.one(0);
    assert_eq!(second.attempt, 2);
    mail.accept(&second);
    mail.turn();
    assert_eq!(mail.tally(id, State::Accepted), 1);
    assert!(mail.receipt(id, 0, Named::ANY, Step::Failed));
    assert_eq!(mail.tally(id, State::Failed), 1);
    mail.restart();
    assert_eq!(mail.tally(id, State::Failed), 1, "it is durable");
}

#[test]
fn it_settles_the_one_doubt_there_is() {
    let (mut mail, id) = launched(Policy::Hold);
    let first = mail.one(0);
    mail.answer(&first, Answer::Lost);
    mail.turn();
    assert_eq!(mail.tally(id, State::Uncertain), 1);
    mail.restart();
    assert!(mail.receipt(id, 0, Named::ANY, Step::Failed));
    assert_eq!((mail.tally(id, State::Failed), mail.tally(id, State::Uncertain)), (1, 0));
}

#[test]
fn one_that_comes_before_the_answer_is_heard_after_it() {
    for restart in [false, true] {
        let (mut mail, id) = launched(Policy::Hold);
        let handout = mail.one(0);
        assert!(mail.receipt(id, 0, Named::ANY, Step::Failed));
        assert_eq!(mail.tally(id, State::Failed), 0);
        if restart {
            mail.restart();
        } else {
            mail.accept(&handout);
            mail.turn();
        }
        assert_eq!(mail.tally(id, State::Failed), 1, "restart: {restart}");
    }
}
