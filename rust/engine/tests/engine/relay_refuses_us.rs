//! A relay that can't be sent through: said once with what to do, nobody is failed, and nothing is hammered.

use std::time::Duration;

use bealert_core::outcome::State;
use bealert_engine::{Engine, EventOut, Subscription};
use bealert_sim::relay::{Fate, Faults, Phase, RelayConfig, Rule};
use bealert_wire::smtp::{EnhancedCode, Reply};

use crate::host::{close, ended, until};
use crate::post::{accepted, config, email, launch, relay};
use crate::post_office::{Encryption, PostOffice};

/// What is said of the gateway when it is down.
fn said(events: &Subscription) -> String {
    for _ in 0..1_000 {
        for event in events.take(100).unwrap() {
            if let EventOut::Notice { code: "gateway_down", text, .. } = event {
                return text;
            }
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nothing is said of the gateway");
}

fn account(password: &str, office: &PostOffice, tls: &str) -> String {
    let more = format!(r#", "username": "bealert", "password": "{password}", "ca": {:?}"#, office.ca);
    relay("mail-a", office.port, &more).replace("\"none\"", &format!("{tls:?}"))
}

fn with_accounts() -> RelayConfig {
    let mut config = RelayConfig {
        user: Some("bealert".into()),
        password: Some("secret".into()),
        auth_required: true,
        ..RelayConfig::default()
    };
    config.extensions.auth.plain = true;
    config
}

fn nobody_fails(engine: &Engine) {
    let id = launch(engine, "short", 200, "k");
    let progress = ended(engine, id, Duration::from_secs(20));
    assert_eq!(email(&progress).of(State::Expired), 200, "{progress:?}");
}

#[test]
fn a_wrong_password_is_said_and_not_hammered() {
    let office = PostOffice::start_encrypted(with_accounts(), Encryption::StartTls, "127.0.0.1");
    let engine = Engine::open(config(None, &[account("wrong", &office, "required")])).unwrap();
    let events = engine.events(Some(0), None).unwrap();
    let text = said(&events);
    assert!(text.contains("refuses the account") && text.contains("tried again slowly"), "{text}");
    nobody_fails(&engine);
    let books = office.books();
    assert_eq!((books.refused_accounts, books.connections, books.messages), (1, 1, 0));
    let [check] = &engine.check(&mut || true).unwrap()[..] else { panic!("one gateway") };
    assert!(!check.ok && check.text.contains("refuses the account"), "{check:?}");
}

#[test]
fn a_certificate_of_another_name_is_not_believed() {
    let office = PostOffice::start_encrypted(with_accounts(), Encryption::StartTls, "relay.example");
    let engine = Engine::open(config(None, &[account("secret", &office, "required")])).unwrap();
    let text = said(&engine.events(Some(0), None).unwrap());
    assert!(text.contains("certificate does not verify"), "{text}");
    nobody_fails(&engine);
    let [check] = &engine.check(&mut || true).unwrap()[..] else { panic!("one gateway") };
    assert!(!check.ok && check.text.contains("certificate does not verify"), "{check:?}");
    assert_eq!(office.books().authenticated, 0, "the password is told to nobody");
}

#[test]
fn a_certificate_of_an_unknown_authority_is_not_believed() {
    let office = PostOffice::start_encrypted(with_accounts(), Encryption::Implicit, "127.0.0.1");
    let other = PostOffice::start_encrypted(with_accounts(), Encryption::Implicit, "127.0.0.1");
    let gateway = account("secret", &office, "implicit")
        .replace(&format!("{:?}", office.ca), &format!("{:?}", other.ca));
    let engine = Engine::open(config(None, &[gateway])).unwrap();
    let text = said(&engine.events(Some(0), None).unwrap());
    assert!(text.contains("certificate does not verify"), "{text}");
    assert_eq!(office.books().authenticated, 0);
}

#[test]
fn without_starttls_nothing_is_told_where_tls_is_required() {
    let office = PostOffice::start(with_accounts());
    let engine = Engine::open(config(None, &[account("secret", &office, "required")])).unwrap();
    let text = said(&engine.events(Some(0), None).unwrap());
    assert!(text.contains("does not offer TLS"), "{text}");
    nobody_fails(&engine);
    assert_eq!((office.books().messages, office.books().authenticated), (0, 0));
}

#[test]
fn with_opportunistic_tls_any_certificate_keeps_off_who_only_listens() {
    let office = PostOffice::start_encrypted(RelayConfig::default(), Encryption::StartTls, "relay.example");
    let gateway = relay("mail-a", office.port, "").replace("\"none\"", "\"opportunistic\"");
    let engine = Engine::open(config(None, &[gateway])).unwrap();
    let id = launch(&engine, "alert", 100, "k");
    let progress = ended(&engine, id, Duration::from_secs(20));
    assert_eq!(accepted(&progress), 100);
    assert_eq!(office.books().encrypted, office.books().connections);
}

#[test]
fn a_relay_that_waits_for_us_to_begin_with_tls_is_told_of_and_another_takes_over() {
    let silent = PostOffice::start_encrypted(RelayConfig::default(), Encryption::Implicit, "127.0.0.1");
    let other = PostOffice::start(RelayConfig::default());
    let gateways = [
        relay("mail-a", silent.port, r#", "priority": 0, "timeouts": {"connect_ms": 300}"#),
        relay("mail-b", other.port, r#", "priority": 1"#),
    ];
    let engine = Engine::open(config(None, &gateways)).unwrap();
    let id = launch(&engine, "alert", 100, "k");
    let text = said(&engine.events(Some(0), None).unwrap());
    assert!(text.contains("no greeting within 0.3 s") && text.contains("\"implicit\""), "{text}");
    let progress = ended(&engine, id, Duration::from_secs(20));
    assert_eq!((accepted(&progress), other.books().messages), (100, 100));
}

#[test]
fn a_relay_that_hangs_up_without_a_word_may_want_tls() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().take(3).for_each(drop));
    let engine = Engine::open(config(None, &[relay("mail-a", port, "")])).unwrap();
    let text = said(&engine.events(Some(0), None).unwrap());
    assert!(text.contains("before the relay said anything") && text.contains("\"implicit\""), "{text}");
}

#[test]
fn a_sender_that_the_relay_does_not_take_fails_nobody() {
    let reply = Reply::new(550, Some(EnhancedCode(5, 7, 1)), "Sender not owned by user");
    let refuses = Faults { rules: vec![Rule::always(Phase::Mail, Fate::Reply(reply))], ..Faults::default() };
    let office = PostOffice::faulty(refuses);
    let engine = Engine::open(config(None, &[relay("mail-a", office.port, "")])).unwrap();
    let id = launch(&engine, "alert", 500, "k");
    let text = said(&engine.events(Some(0), None).unwrap());
    assert!(text.contains("Sender not owned"), "{text}");
    let progress = until(&engine, id, Duration::from_secs(1), |_| true);
    assert_eq!((email(&progress).of(State::Failed), accepted(&progress)), (0, 0));
    engine.cancel(id, &mut || true).unwrap();
    ended(&engine, id, Duration::from_secs(20));
}

#[test]
fn a_reply_that_everybody_gets_fails_few_though_many_connections_hear_it() {
    let reply = Reply::new(554, Some(EnhancedCode(5, 7, 1)), "Not you");
    let refuses = Faults { rules: vec![Rule::always(Phase::Rcpt, Fate::Reply(reply))], ..Faults::default() };
    let (first, second) = (PostOffice::faulty(refuses), PostOffice::start(RelayConfig::default()));
    let gateways = [relay("mail-a", first.port, ""), relay("mail-b", second.port, "")];
    let engine = Engine::open(config(None, &gateways)).unwrap();
    let id = launch(&engine, "alert", 500, "k");
    let progress = ended(&engine, id, Duration::from_secs(20));
    let failed = email(&progress).of(State::Failed);
    assert!((1..=10).contains(&failed), "{failed} were failed for it");
    assert_eq!(accepted(&progress), 500 - failed, "the other relay takes the rest");
    assert!(first.books().connections > 1);
}

#[test]
fn a_relay_that_refuses_everybody_fails_no_more_of_them_after_a_restart() {
    let reply = Reply::new(554, Some(EnhancedCode(5, 7, 1)), "We take nothing from you");
    let refuses = Faults { rules: vec![Rule::always(Phase::Rcpt, Fate::Reply(reply))], ..Faults::default() };
    let office = PostOffice::faulty(refuses);
    let directory = tempfile::tempdir().unwrap();
    let open = || {
        // One after the other, so that a second connection does not hear of it meanwhile.
        let gateway = relay("mail-a", office.port, r#", "connections": 1, "mode": "lockstep""#);
        Engine::open(config(Some(directory.path()), &[gateway])).unwrap()
    };
    let mut engine = open();
    let id = launch(&engine, "alert", 100, "k");
    for restart in 0..3 {
        let asked = office.books().refused;
        until(&engine, id, Duration::from_secs(20), |_| office.books().refused > asked);
        until(&engine, id, Duration::from_secs(20), |progress| email(progress).of(State::Failed) >= 10);
        std::thread::sleep(Duration::from_millis(300));
        let progress = engine.progress(id).unwrap();
        assert_eq!(email(&progress).of(State::Failed), 10, "after {restart} restarts");
        close(&engine);
        engine = open();
    }
}

#[test]
fn an_account_that_could_be_told_to_anybody_is_refused_on_open() {
    for (tls, words) in [("none", "inside TLS"), ("opportunistic", "\"required\" or \"implicit\"")] {
        let account = relay("mail-a", 25, r#", "username": "bealert", "password": "secret""#)
            .replace("\"none\"", &format!("{tls:?}"));
        let Err(error) = Engine::open(config(None, &[account])) else { panic!("{tls} is taken") };
        let text = error.to_string();
        assert!(text.contains("mail-a") && text.contains(words), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
