//! Connections that are lost: what may have left is uncertain and named, and nothing else is sent twice.

use std::time::Duration;

use bealert_core::outcome::State;
use bealert_engine::{CampaignId, CampaignState, Engine, EventOut};
use bealert_sim::relay::{Cut, Fate, Faults, Phase, RelayConfig, Rule};

use crate::host::{close, ended, events, until};
use crate::post::{accepted, config, email, launch, relay};
use crate::post_office::PostOffice;

/// As often as a message is sent again at most: however the losses fall, everybody gets theirs.
const TIMES: u32 = 3;

fn open(office: &PostOffice, more: &str) -> Engine {
    Engine::open(config(None, &[relay("mail-a", office.port, more)])).unwrap()
}

fn some(times: u32, phase: Phase, fate: Fate) -> Faults {
    Faults { rules: vec![Rule { times: Some(times), ..Rule::always(phase, fate) }], ..Faults::default() }
}

/// Attempts of a campaign that became uncertain, as its events tell.
fn doubts(engine: &Engine, id: CampaignId) -> u64 {
    let uncertain = |event: &&EventOut| match event {
        EventOut::Event { state, .. } => *state == "uncertain" || *state == "resending",
        EventOut::Notice { .. } => false,
    };
    let counted = engine.metrics().unwrap();
    let line = counted.lines().find(|line| line.starts_with("bealert_gateway_uncertain_total")).unwrap();
    let metric = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(events(engine, id).iter().filter(uncertain).count() as u64 <= metric);
    metric
}

#[test]
fn a_reply_to_the_dot_that_is_lost_is_uncertain_and_an_alert_is_sent_again() {
    for mode in ["lockstep", "joined", "bdat"] {
        let office = PostOffice::faulty(some(TIMES, Phase::Dot, Fate::ResetAfter));
        let engine = open(&office, &format!(r#", "mode": "{mode}""#));
        let id = launch(&engine, "alert", 500, "k");
        let progress = ended(&engine, id, Duration::from_secs(60));
        assert_eq!((progress.state, accepted(&progress)), (CampaignState::Done, 500));
        let (books, doubts) = (office.books(), doubts(&engine, id));
        assert_eq!(books.unique, 500, "{mode}: {books:?}");
        // With a window, what waits behind the lost reply is uncertain too.
        assert!((u64::from(TIMES)..=doubts).contains(&books.duplicates), "{mode}: {doubts}, {books:?}");
    }
}

#[test]
fn news_is_not_sent_again() {
    let office = PostOffice::faulty(some(10, Phase::Dot, Fate::ResetAfter));
    let engine = open(&office, "");
    let id = launch(&engine, "letter", 500, "k");
    let progress = ended(&engine, id, Duration::from_secs(60));
    let uncertain = email(&progress).of(State::Uncertain);
    assert!((10..=20).contains(&uncertain), "{progress:?}");
    assert_eq!(accepted(&progress) + uncertain, 500);
    assert_eq!((office.books().unique, office.books().duplicates), (500, 0));
}

#[test]
fn a_connection_cut_in_the_middle_of_a_body_has_sent_nothing() {
    for received in [60, 700, 1_000] {
        let cut = Cut { received: Some(received), sent: None, times: Some(6) };
        let office = PostOffice::faulty(Faults { cut: Some(cut), ..Faults::default() });
        let engine = open(&office, r#", "mode": "pipelined", "connections": 2"#);
        let id = launch(&engine, "letter", 200, "k");
        let progress = ended(&engine, id, Duration::from_secs(60));
        // What the relay has not read may have left us all the same, to the last octet.
        let uncertain = email(&progress).of(State::Uncertain);
        assert!(uncertain <= 6, "{progress:?}");
        assert_eq!(accepted(&progress) + uncertain, 200);
        assert_eq!((office.books().unique, office.books().duplicates), (accepted(&progress), 0));
    }
}

#[test]
fn a_relay_that_does_not_answer_the_dot_is_waited_for_and_then_left() {
    let office = PostOffice::faulty(some(2, Phase::Dot, Fate::Silent));
    let engine = open(&office, r#", "connections": 2, "timeouts": {"dot_ms": 400}"#);
    let id = launch(&engine, "alert", 200, "k");
    let progress = ended(&engine, id, Duration::from_secs(60));
    assert_eq!(accepted(&progress), 200);
    let books = office.books();
    assert_eq!(books.unique, 200);
    assert!(books.duplicates >= 1 && books.duplicates <= doubts(&engine, id), "{books:?}");
}

#[test]
fn another_relay_takes_over() {
    let (one, other) = (PostOffice::faulty(Faults::default()), PostOffice::faulty(Faults::default()));
    let gateways = [
        relay("mail-a", one.port, r#", "priority": 0, "messages_per_second": 300"#),
        relay("mail-b", other.port, r#", "priority": 1"#),
    ];
    let engine = Engine::open(config(None, &gateways)).unwrap();
    let id = launch(&engine, "alert", 1_000, "k");
    until(&engine, id, Duration::from_secs(20), |progress| accepted(progress) > 50);
    drop(one);
    let progress = ended(&engine, id, Duration::from_secs(60));
    assert_eq!(accepted(&progress), 1_000, "{progress:?}");
    assert!(other.books().unique > 500);
}

#[test]
fn another_takes_over_from_a_relay_that_loses_every_connection_before_it_has_worked() {
    let one = PostOffice::faulty(Faults {
        rules: vec![Rule::always(Phase::Mail, Fate::Reset)],
        ..Faults::default()
    });
    let other = PostOffice::faulty(Faults::default());
    let gateways =
        [relay("mail-a", one.port, r#", "priority": 0"#), relay("mail-b", other.port, r#", "priority": 1"#)];
    let engine = Engine::open(config(None, &gateways)).unwrap();
    let id = launch(&engine, "alert", 500, "k");
    let progress = ended(&engine, id, Duration::from_secs(60));
    assert_eq!(accepted(&progress), 500, "{progress:?}");
    assert_eq!((other.books().unique, other.books().duplicates), (500, 0));
}

#[test]
fn relays_of_one_priority_share_the_people_by_weight() {
    let (one, other) = (PostOffice::faulty(Faults::default()), PostOffice::faulty(Faults::default()));
    let gateways =
        [relay("mail-a", one.port, r#", "weight": 3"#), relay("mail-b", other.port, r#", "weight": 1"#)];
    let engine = Engine::open(config(None, &gateways)).unwrap();
    let id = launch(&engine, "alert", 2_000, "k");
    let progress = ended(&engine, id, Duration::from_secs(60));
    assert_eq!(accepted(&progress), 2_000);
    let (one, other) = (one.books().unique, other.books().unique);
    assert_eq!(one + other, 2_000);
    assert!((1_400..=1_600).contains(&one), "{one} and {other}");
}

#[test]
fn stopped_means_stopped_and_what_was_not_sent_is_cancelled() {
    let office = PostOffice::faulty(Faults::default());
    let engine = open(&office, r#", "messages_per_second": 400"#);
    let id = launch(&engine, "alert", 2_000, "k");
    until(&engine, id, Duration::from_secs(20), |progress| accepted(progress) > 100);
    engine.pause(id, &mut || true).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let paused = office.books().unique;
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(office.books().unique, paused);
    engine.resume(id, &mut || true).unwrap();
    until(&engine, id, Duration::from_secs(20), |progress| accepted(progress) > paused + 100);
    engine.cancel(id, &mut || true).unwrap();
    let progress = ended(&engine, id, Duration::from_secs(20));
    assert_eq!(progress.state, CampaignState::Cancelled);
    assert_eq!(accepted(&progress) + email(&progress).of(State::Cancelled), 2_000);
    assert_eq!(office.books().unique, accepted(&progress));
}

#[test]
fn what_is_refused_for_now_ends_with_the_alert_and_not_before() {
    let office = PostOffice::faulty(Faults { greylist_us: Some(3_600_000_000), ..Faults::default() });
    let engine = open(&office, "");
    let id = launch(&engine, "short", 100, "k");
    let progress = ended(&engine, id, Duration::from_secs(20));
    assert_eq!(email(&progress).of(State::Expired), 100, "{progress:?}");
    assert!(office.books().greylisted >= 300, "more than two tries each: {:?}", office.books());
}

#[test]
fn what_was_sent_before_a_close_is_not_sent_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let office = PostOffice::start(RelayConfig::default());
    let gateways = [relay("mail-a", office.port, r#", "messages_per_second": 400"#)];
    let engine = Engine::open(config(Some(directory.path()), &gateways)).unwrap();
    let id = launch(&engine, "alert", 1_000, "k");
    until(&engine, id, Duration::from_secs(20), |progress| accepted(progress) > 100);
    close(&engine);
    drop(engine);
    let engine = Engine::open(config(Some(directory.path()), &gateways)).unwrap();
    let progress = ended(&engine, id, Duration::from_secs(60));
    assert_eq!((progress.state, accepted(&progress)), (CampaignState::Done, 1_000));
    assert_eq!((office.books().unique, office.books().duplicates), (1_000, 0));
}
