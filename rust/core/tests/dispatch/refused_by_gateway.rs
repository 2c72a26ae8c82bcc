//! A relay that refuses us, and not the people: nobody is failed for it (RFC 5321 §4.2.1 leaves it to us
//! to tell whom a 5xx is about).

use bealert_core::dispatch::Next;
use bealert_core::ledger::NoticeCode;
use bealert_core::model::{Kind, Policy};
use bealert_core::outcome::{State, Step};
use bealert_core::retry::Refusal;

use crate::mail::{MS, Mail, SECOND, relay};

#[test]
fn what_it_refuses_goes_elsewhere_unburnt() {
    let mut mail = Mail::new(vec![relay("a"), relay("b")]);
    let id = mail.launch(Kind::News, Policy::Hold, 600_000, &[(&["a", "b"], None, 5)]);
    let refused = mail.all(0);
    assert!(!refused.is_empty());
    refused.iter().for_each(|handout| mail.refuse(handout, Refusal::Gateway));
    assert!(matches!(mail.next(0), Next::Wait(_)));
    let mut taken = Vec::new();
    while taken.len() < 5 {
        mail.pass(10 * MS);
        for handout in mail.all(1) {
            assert_eq!(handout.attempt, 1);
            mail.accept(&handout);
            taken.push(handout.index);
        }
    }
    taken.sort_unstable();
    assert_eq!(taken, [0, 1, 2, 3, 4]);
    assert!(mail.ended(id) && mail.tally(id, State::Accepted) == 5);
    assert_eq!(mail.notices(NoticeCode::GatewayDown).len(), 1);
}

/// Whoever asks a relay that refuses everybody fails a few people to find out; not as many again after each restart.
#[test]
fn how_many_it_had_failed_in_a_row_is_known_after_a_restart() {
    let mut mail = Mail::new(vec![relay("a"), relay("b")]);
    // As in a process: a snapshot for each million rows, and not for each.
    mail.dispatcher.snapshot_every(1_000_000);
    mail.launch(Kind::News, Policy::Hold, 600_000, &[(&["a"], None, 8), (&["b"], None, 8)]);
    let (of_a, of_b) = (mail.all(0), mail.all(1));
    mail.refuse(&of_a[0], Refusal::ForGood);
    mail.accept(&of_a[1]);
    of_a[2..4].iter().for_each(|handout| mail.refuse(handout, Refusal::ForGood));
    mail.refuse(&of_a[4], Refusal::Gateway);
    mail.refuse(&of_b[0], Refusal::ForGood);
    mail.accept(&of_b[1]);
    mail.turn();
    let known = |mail: &Mail| [0, 1].map(|at| mail.dispatcher.failed_before(mail.id(at)));
    assert_eq!(known(&mail), [0, 0]);
    mail.restart();
    assert_eq!(known(&mail), [2, 0]);
}

#[test]
fn with_no_other_relay_all_wait_and_one_message_tries_after_each_pause() {
    let mut mail = Mail::new(vec![relay("a")]);
    let id = mail.launch(Kind::News, Policy::Hold, 3_600_000, &[(&["a"], None, 20)]);
    let refused = mail.all(0);
    assert!(refused.len() > 1);
    refused.iter().for_each(|handout| mail.refuse(handout, Refusal::Gateway));
    let waiting = |mail: &Mail| mail.dispatcher.waiting(mail.now_us, mail.id(0));
    mail.turn();
    assert_eq!(waiting(&mail), 0, "a connection is made for what may not go");
    let (mut tries, mut pauses, mut since_us) = (0, Vec::new(), mail.now_us);
    for _ in 0..400 {
        mail.pass(SECOND);
        let probes = mail.all(0);
        assert!(probes.len() <= 1, "{} try it together", probes.len());
        for probe in probes {
            assert_eq!(probe.attempt, 1, "an attempt was burnt");
            assert_eq!(mail.next(0), Next::Idle);
            mail.refuse(&probe, Refusal::Gateway);
            tries += 1;
            pauses.push((mail.now_us - std::mem::replace(&mut since_us, mail.now_us)) / SECOND);
        }
    }
    assert!((3..=6).contains(&tries), "{pauses:?}");
    assert!(pauses.windows(2).all(|pair| pair[1] >= 2 * pair[0] - 2), "{pauses:?}");
    assert_eq!(mail.notices(NoticeCode::GatewayDown).len(), 1, "it is said once");
    assert_eq!(mail.tally(id, State::Failed), 0);
    // It is put right: the next message that tries it is taken, and then all.
    for _ in 0..1_000 {
        mail.pass(SECOND);
        for handout in mail.all(0) {
            mail.accept(&handout);
        }
        if mail.ended(id) {
            break;
        }
    }
    assert_eq!(mail.tally(id, State::Accepted), 20);
    assert_eq!(mail.notices(NoticeCode::GatewayUp).len(), 1);
}

#[test]
fn what_waits_for_it_ends_expired() {
    let mut mail = Mail::new(vec![relay("a")]);
    let id = mail.launch(Kind::News, Policy::Hold, 60_000, &[(&["a"], None, 3)]);
    for _ in 0..70 {
        for handout in mail.all(0) {
            mail.refuse(&handout, Refusal::Gateway);
        }
        mail.pass(SECOND);
    }
    assert!(mail.ended(id));
    assert_eq!((mail.tally(id, State::Expired), mail.tally(id, State::Failed)), (3, 0));
}

#[test]
fn a_probe_without_an_answer_does_not_hold_up_what_another_relay_takes() {
    let mut mail = Mail::new(vec![relay("a"), relay("b")]);
    let id = mail.launch(Kind::News, Policy::Hold, 3_600_000, &[(&["a", "b"], None, 1)]);
    let first = mail.one(0);
    mail.refuse(&first, Refusal::Gateway);
    let elsewhere = mail.one(1);
    mail.accept(&elsewhere);
    mail.turn();
    assert!(mail.ended(id));
    // The pause is over: the next campaign tries it with one message, which is not answered.
    mail.pass(31 * SECOND);
    let next = mail.launch(Kind::News, Policy::Hold, 3_600_000, &[(&["a", "b"], None, 30)]);
    mail.pass(10 * MS);
    assert_eq!(mail.all(0).len(), 1);
    mail.pass(6 * SECOND);
    let mut taken = 0;
    for _ in 0..10 {
        for handout in mail.all(1) {
            mail.accept(&handout);
            taken += 1;
        }
        mail.pass(10 * MS);
    }
    assert_eq!((taken, mail.tally(next, State::Accepted)), (29, 29));
}

#[test]
fn a_word_about_the_person_shows_that_it_listens() {
    let mut mail = Mail::new(vec![relay("a")]);
    let id = mail.launch(Kind::News, Policy::Hold, 3_600_000, &[(&["a"], None, 10)]);
    let first = mail.one(0);
    mail.refuse(&first, Refusal::Gateway);
    mail.pass(31 * SECOND);
    let probe = mail.one(0);
    mail.refuse(&probe, Refusal::ForGood);
    mail.pass(10 * MS);
    assert!(mail.all(0).len() > 1);
    mail.turn();
    assert_eq!(mail.tally(id, State::Failed), 1);
    let failed = mail.rows().into_iter().filter(|row| row.step == Step::Failed).count();
    assert_eq!(failed, 1);
}
