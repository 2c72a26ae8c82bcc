//! The rate and the time that is left, as an operator reads them while a relay says "not now".

use bealert_core::dispatch::Progress;
use bealert_core::model::{CampaignId, Kind, Policy};
use bealert_core::outcome::State;
use bealert_core::retry::Refusal;

use crate::mail::{MS, Mail, SECOND, relay};

const PEOPLE: u32 = 400;

#[test]
fn what_waits_to_be_tried_again_is_not_done_in_no_time() {
    let (mut mail, id) = launched();
    deferred(&mut mail, PEOPLE);
    let now = seen(&mail, id);
    assert_eq!((now.units_left[1], now.eta_s), (0, None), "{now:?}");

    mail.pass(30 * SECOND);
    for _ in 0..1_000 {
        mail.pass(10 * MS);
        mail.all(0).iter().for_each(|handout| mail.accept(handout));
    }
    mail.turn();
    assert_eq!((mail.tally(id, State::Accepted), seen(&mail, id).eta_s), (PEOPLE.into(), Some(0.0)));
}

#[test]
fn those_refused_for_now_are_counted_with_those_not_sent_yet() {
    let (mut mail, id) = launched();
    deferred(&mut mail, PEOPLE / 2 + 1);
    let now = seen(&mail, id);
    let fresh_s = now.units_left[1] as f64 / now.rate;
    assert!(now.eta_s.unwrap() > 1.9 * fresh_s, "{now:?}");
}

#[test]
fn a_rate_of_before_is_none_of_now() {
    let (mut mail, id) = launched();
    deferred(&mut mail, PEOPLE / 2);
    let now = seen(&mail, id);
    assert!(now.rate > 10.0 && now.eta_s.is_some(), "{now:?}");
    let later = now.at(mail.now_us + 3 * SECOND);
    assert_eq!((later.rate, later.eta_s), (0.0, None));
}

fn launched() -> (Mail, CampaignId) {
    let mut mail = Mail::new(vec![relay("a")]);
    let id = mail.launch(Kind::Warning, Policy::Resend, 7_200_000, &[(&["a"], None, PEOPLE)]);
    (mail, id)
}

/// So many are handed out over some seconds, and refused for now.
fn deferred(mail: &mut Mail, count: u32) {
    for _ in 0..count {
        let handout = mail.one(0);
        mail.refuse(&handout, Refusal::ForNow);
        mail.pass(5 * MS);
    }
    mail.turn();
}

fn seen(mail: &Mail, id: CampaignId) -> Progress {
    mail.dispatcher.progress(id).unwrap().at(mail.now_us)
}
