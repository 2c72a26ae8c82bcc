//! Refused for now, again and again: tried until the campaign expires, however often that is.

use bealert_core::model::{Kind, Policy};
use bealert_core::outcome::{State, Step};
use bealert_core::retry::{Refusal, RetryRules};

use crate::mail::{Mail, SECOND, relay};

#[test]
fn it_is_tried_more_often_than_attempts_have_numbers() {
    let mut a = relay("a");
    a.retry = RetryRules { attempts: None, first_us: SECOND, max_us: SECOND };
    let mut mail = Mail::new(vec![a]);
    let id = mail.launch(Kind::Warning, Policy::Resend, 500_000, &[(&["a"], None, 1)]);
    let mut tries = 0;
    while !mail.ended(id) {
        for handout in mail.all(0) {
            tries += 1;
            assert_eq!(usize::from(handout.attempt), tries.min(255));
            mail.refuse(&handout, Refusal::ForNow);
        }
        mail.pass(SECOND / 10);
    }
    assert!(tries > 350, "{tries}");
    assert_eq!((mail.tally(id, State::Expired), mail.tally(id, State::Failed)), (1, 0));
    assert!(mail.rows().iter().all(|row| row.step != Step::Failed));
}

#[test]
fn the_wait_goes_on_over_a_restart() {
    let mut mail = Mail::new(vec![relay("a")]);
    let id = mail.launch(Kind::Warning, Policy::Resend, 7_200_000, &[(&["a"], None, 1)]);
    let first = mail.one(0);
    mail.refuse(&first, Refusal::ForNow);
    mail.pass(SECOND);
    mail.restart();
    mail.pass(25 * SECOND);
    assert!(mail.all(0).is_empty(), "it is tried before its wait is over");
    mail.pass(15 * SECOND);
    let again = mail.one(0);
    assert_eq!(again.attempt, 2);
    mail.accept(&again);
    mail.turn();
    assert!(mail.ended(id));
}
