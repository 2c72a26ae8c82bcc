//! What a relay bears: messages and connections are kept to it, and nobody pays for finding out.

use std::time::{Duration, Instant};

use bealert_core::outcome::State;
use bealert_engine::{CampaignState, Engine, EventOut};
use bealert_sim::relay::{Fate, Faults, Limit, Phase, RelayConfig, Rule, Tarpit};
use bealert_wire::smtp::{EnhancedCode, Reply};

use crate::host::{ended, events, until};
use crate::post::{accepted, config, email, launch, relay};
use crate::post_office::PostOffice;

/// Everybody gets one letter, none twice.
fn sends(office: &PostOffice, more: &str, people: u32) -> Engine {
    let engine = Engine::open(config(None, &[relay("mail-a", office.port, more)])).unwrap();
    let id = launch(&engine, "alert", people, "k");
    let progress = ended(&engine, id, Duration::from_secs(60));
    let count = u64::from(people);
    assert_eq!((progress.state, accepted(&progress)), (CampaignState::Done, count), "{progress:?}");
    let books = office.books();
    assert_eq!((books.unique, books.duplicates), (count, 0), "{books:?}");
    engine
}

#[test]
fn messages_on_a_connection_are_learnt_from_421() {
    let office = PostOffice::faulty(Faults { max_messages: Some(20), ..Faults::default() });
    sends(&office, "", 1_000);
    let books = office.books();
    assert!((50..=80).contains(&books.connections), "{books:?}");
    // Each of the first connections finds it out by itself; the others know.
    assert!(books.throttled <= 24, "{books:?}");
}

#[test]
fn messages_on_a_connection_as_configured_are_never_passed() {
    let office = PostOffice::faulty(Faults { max_messages: Some(20), ..Faults::default() });
    sends(&office, r#", "messages_per_connection": 20"#, 1_000);
    assert_eq!((office.books().throttled, office.books().hung_up), (0, 0));
}

#[test]
fn connections_are_no_more_than_it_wants() {
    let office = PostOffice::faulty(Faults { max_connections: Some(3), ..Faults::default() });
    sends(&office, r#", "connections": 12"#, 3_000);
    let books = office.books();
    assert!(books.refused_connections <= 12, "{books:?}");
}

#[test]
fn a_421_in_the_middle_burns_no_attempt() {
    let reply = Reply::new(421, Some(EnhancedCode(4, 3, 2)), "Service shutting down");
    for phase in [Phase::Mail, Phase::Rcpt, Phase::Data, Phase::Dot] {
        let rule = Rule { times: Some(5), ..Rule::always(phase, Fate::Reply(reply)) };
        let office = PostOffice::faulty(Faults { rules: vec![rule], ..Faults::default() });
        let engine = sends(&office, "", 500);
        let metrics = engine.metrics().unwrap();
        let refused = metrics.lines().find(|line| line.starts_with("bealert_gateway_refused_total")).unwrap();
        assert!(refused.ends_with(" 0"), "{refused} at {phase}");
    }
}

#[test]
fn a_rate_that_it_refuses_costs_time_and_nobody() {
    let limit = Limit { per_second: 200.0, burst: 50 };
    let office = PostOffice::faulty(Faults { limit: Some(limit), ..Faults::default() });
    sends(&office, "", 1_000);
}

#[test]
fn a_rate_of_ours_is_kept() {
    let office = PostOffice::faulty(Faults::default());
    let began = Instant::now();
    sends(&office, r#", "messages_per_second": 200"#, 500);
    let took = began.elapsed().as_secs_f64();
    assert!(took > 2.4, "{took} s for what may leave in 2.48 s at the earliest");
}

#[test]
fn greylisting_is_waited_for() {
    let office = PostOffice::faulty(Faults { greylist_us: Some(400_000), ..Faults::default() });
    sends(&office, "", 300);
    assert!(office.books().greylisted >= 300);
}

/// A relay that asks everybody to come again is told of everybody over the connections that there are.
#[test]
fn to_be_refused_for_now_costs_few_connections() {
    for mode in ["lockstep", "joined"] {
        let office = PostOffice::faulty(Faults { greylist_us: Some(400_000), ..Faults::default() });
        sends(&office, &format!(r#", "connections": 4, "mode": {mode:?}"#), 1_000);
        let books = office.books();
        assert!(books.greylisted >= 1_000 && books.connections <= 50, "{mode}: {books:?}");
    }
}

/// Postfix waits a second with each reply after ten errors, and hangs up at twenty.
#[test]
fn a_relay_that_slows_down_for_refusals_does_so_once() {
    let tarpit = Tarpit { after: 10, delay_us: 600_000, hang_up_at: Some(20) };
    let greylist_us = Some(1_000_000);
    let office = PostOffice::faulty(Faults { tarpit: Some(tarpit), greylist_us, ..Faults::default() });
    let began = Instant::now();
    sends(&office, r#", "connections": 1, "mode": "pipelined""#, 100);
    assert!(office.books().connections >= 100 / 5, "{:?}", office.books());
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// It knows a message again by sender and recipient (RFC 6647 §2): the return path is the same on every try.
#[test]
fn greylisting_is_waited_for_with_a_return_path_of_each_letter_s_own() {
    let office = PostOffice::faulty(Faults { greylist_us: Some(400_000), ..Faults::default() });
    sends(&office, r#", "bounces_to": "bounces@alert.example""#, 300);
    assert!(office.books().greylisted >= 300);
}

#[test]
fn people_that_it_does_not_know_fail_alone() {
    let office = PostOffice::faulty(Faults { refuse: 0.1, ..Faults::default() });
    let engine = Engine::open(config(None, &[relay("mail-a", office.port, "")])).unwrap();
    let id = launch(&engine, "alert", 1_000, "k");
    let progress = ended(&engine, id, Duration::from_secs(60));
    let failed = email(&progress).of(State::Failed);
    assert!((50..=150).contains(&failed), "{progress:?}");
    assert_eq!(accepted(&progress) + failed, 1_000);
    assert_eq!(office.books().unique, accepted(&progress));
}

#[test]
fn connections_come_with_the_work_and_not_before() {
    let office = PostOffice::faulty(Faults::default());
    let engine =
        Engine::open(config(None, &[relay("mail-a", office.port, r#", "connections": 8"#)])).unwrap();
    crate::host::bound(&engine);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(office.books().connections, 1, "one, to know whether it works");
    let id = launch(&engine, "alert", 2, "few");
    ended(&engine, id, Duration::from_secs(20));
    assert!(office.books().connections <= 2, "{:?}", office.books());
    let id = launch(&engine, "alert", 3_000, "many");
    ended(&engine, id, Duration::from_secs(20));
    assert_eq!(office.books().connections, 8);
}

#[test]
fn a_relay_that_restarts_is_found_again() {
    let office = PostOffice::faulty(Faults::default());
    let engine =
        Engine::open(config(None, &[relay("mail-a", office.port, r#", "messages_per_second": 500"#)]))
            .unwrap();
    let id = launch(&engine, "alert", 1_000, "k");
    until(&engine, id, Duration::from_secs(20), |progress| accepted(progress) > 100);
    office.sim().reset_connections();
    let progress = ended(&engine, id, Duration::from_secs(60));
    assert_eq!(accepted(&progress), 1_000);
    assert_eq!(office.books().unique, 1_000);
}

#[test]
fn a_server_with_nagle_that_answers_one_by_one_is_not_waited_for() {
    let config =
        RelayConfig { faults: Faults { one_by_one: true, ..Faults::default() }, ..RelayConfig::default() };
    let office = PostOffice::start_with_nagle(config);
    let began = Instant::now();
    sends(&office, r#", "connections": 1, "mode": "pipelined""#, 500);
    // At 40 ms for each group it would be 20 s.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn a_connection_that_the_relay_closed_meanwhile_costs_nobody_anything() {
    let office = PostOffice::start(RelayConfig { idle_timeout_us: 200_000, ..RelayConfig::default() });
    let engine = sends(&office, "", 100);
    std::thread::sleep(Duration::from_millis(600));
    assert!(office.sim().connections().is_empty());
    let id = launch(&engine, "letter", 100, "again");
    let progress = ended(&engine, id, Duration::from_secs(20));
    assert_eq!(accepted(&progress), 100, "{progress:?}");
    let notices = engine.events(Some(0), None).unwrap();
    let down = notices
        .take(10_000)
        .unwrap()
        .into_iter()
        .any(|event| matches!(event, EventOut::Notice { code: "gateway_down", .. }));
    assert!(!down, "a relay is not down for having closed what was idle");
}

/// A relay that takes letters of at most 900 octets, which ours are not.
fn small() -> PostOffice {
    let mut config = RelayConfig::default();
    config.extensions.size = Some(900);
    PostOffice::start(config)
}

#[test]
fn a_letter_that_is_too_large_is_told_of_once_and_fails_nobody() {
    let office = small();
    let engine = Engine::open(config(None, &[relay("mail-a", office.port, "")])).unwrap();
    let id = launch(&engine, "short", 100, "k");
    let progress = ended(&engine, id, Duration::from_secs(20));
    assert_eq!(email(&progress).of(State::Expired), 100, "{progress:?}");
    assert_eq!(office.books().messages, 0);
    let about = |event: &EventOut| matches!(event, EventOut::Notice { code: "no_gateway", text, .. } if text.contains("relay takes 900"));
    let told = events(&engine, id).iter().filter(|event| about(event)).count();
    assert_eq!(told, 1);
}

#[test]
fn what_is_too_large_for_one_relay_goes_through_another() {
    let (office, other) = (small(), PostOffice::faulty(Faults::default()));
    let gateways = [
        relay("mail-a", office.port, r#", "priority": 0"#),
        relay("mail-b", other.port, r#", "priority": 1"#),
    ];
    let engine = Engine::open(config(None, &gateways)).unwrap();
    let id = launch(&engine, "alert", 300, "k");
    let progress = ended(&engine, id, Duration::from_secs(60));
    assert_eq!(accepted(&progress), 300, "{progress:?}");
    assert_eq!((office.books().messages, other.books().unique), (0, 300));
}
