//! A bounce of a message that left more than once: who did not get it is never guessed, and what came back is told.

use bealert_core::dispatch::{Answer, Named};
use bealert_core::model::{CampaignId, Kind, Policy};
use bealert_core::outcome::{State, Step};

use crate::mail::{Mail, SECOND, relay};

const ANY: u8 = Named::ANY;

/// A message whose first tries are in doubt; the last one is taken, if it is said.
fn left(tries_in_doubt: u32, and_taken: bool) -> (Mail, CampaignId) {
    let mut mail = Mail::new(vec![relay("a")]);
    let id = mail.launch(Kind::Warning, Policy::Resend, 3_600_000, &[(&["a"], None, 1)]);
    for _ in 0..tries_in_doubt {
        let handout = mail.one(0);
        mail.answer(&handout, Answer::Lost);
        mail.pass(SECOND);
    }
    if and_taken {
        let last = mail.one(0);
        mail.accept(&last);
        mail.turn();
    }
    (mail, id)
}

/// What was said of the message since so many rows.
fn said(mail: &Mail, before: usize) -> Vec<(Step, u8, String)> {
    let rows = mail.rows().split_off(before);
    rows.into_iter()
        .map(|row| (row.step, row.attempt, row.detail.map(String::from).unwrap_or_default()))
        .collect()
}

#[test]
fn one_that_names_no_try_is_told_once_and_settles_nothing() {
    for restart in [false, true] {
        let (mut mail, id) = left(1, true);
        let rows = mail.rows().len();
        assert!(mail.receipt(id, 0, ANY, Step::Failed));
        let told = [(Step::Bounced, ANY, "5.1.1 smtp; 550 no such user (one of 2 tries)".to_owned())];
        assert_eq!(said(&mail, rows), told);
        assert_eq!(mail.tally(id, State::Accepted), 1);
        if restart {
            mail.restart();
        }
        let rows = mail.rows().len();
        assert!(mail.receipt(id, 0, ANY, Step::Failed));
        assert_eq!(said(&mail, rows), [], "it may be the same again");
        assert!(mail.receipt(id, 0, 2, Step::Failed));
        assert_eq!((mail.tally(id, State::Accepted), mail.tally(id, State::Uncertain)), (0, 1), "{restart}");
    }
}

/// Whoever brought the bounce of the first try was interrupted, and brings it again when the second is in doubt.
#[test]
fn a_bounce_that_comes_again_does_not_settle_a_later_try() {
    for restart in [false, true] {
        let mut mail = Mail::new(vec![relay("a")]);
        let id = mail.launch(Kind::Warning, Policy::Resend, 3_600_000, &[(&["a"], None, 1)]);
        let first = mail.one(0);
        mail.answer(&first, Answer::Lost);
        mail.turn();
        assert!(mail.receipt(id, 0, ANY, Step::Failed), "it is about the one try there is");
        mail.pass(SECOND);
        let second = mail.one(0);
        mail.answer(&second, Answer::Lost);
        mail.turn();
        if restart {
            mail.restart();
        }
        let rows = mail.rows().len();
        assert!(mail.receipt(id, 0, ANY, Step::Failed));
        assert_eq!(said(&mail, rows).last().map(|row| (row.0, row.1)), Some((Step::Bounced, ANY)));
        mail.pass(SECOND);
        let third = mail.one(0);
        mail.answer(
            &third,
            Answer::Refused { refusal: bealert_core::retry::Refusal::ForGood, detail: "550 5.7.1 no" },
        );
        mail.turn();
        assert_eq!(mail.tally(id, State::Uncertain), 1, "the second try may have arrived: {restart}");
        assert!(mail.receipt(id, 0, 2, Step::Failed));
        if restart {
            // The third was about to leave then, and may have.
            assert!(mail.receipt(id, 0, 3, Step::Failed));
        }
        assert_eq!(mail.tally(id, State::Failed), 1, "{restart}");
    }
}

#[test]
fn whichever_try_arrived_the_person_has_it() {
    for (doubts, taken) in [(1, true), (2, false), (2, true)] {
        for restart in [false, true] {
            let (mut mail, id) = left(doubts, taken);
            if restart {
                mail.restart();
            }
            assert!(mail.receipt(id, 0, ANY, Step::Delivered));
            assert_eq!(mail.tally(id, State::Delivered), 1, "{doubts} {taken} {restart}");
            let rows = mail.rows().len();
            for (attempt, step) in
                [(ANY, Step::Failed), (1, Step::Failed), (2, Step::Failed), (ANY, Step::Delivered)]
            {
                assert!(mail.receipt(id, 0, attempt, step));
            }
            mail.pass(SECOND);
            assert!(mail.all(0).is_empty(), "nothing is sent to who has it");
            assert_eq!(mail.tally(id, State::Delivered), 1);
            assert!(said(&mail, rows).iter().all(|(step, ..)| *step == Step::Disproved));
            assert_eq!(mail.dispatcher.faults(), 0);
        }
    }
}
