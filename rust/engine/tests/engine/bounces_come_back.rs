//! What other mail systems report of our letters corrects the report, however it is brought to us.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bealert_core::outcome::State;
use bealert_engine::mail::{Token, Verp};
use bealert_engine::simulate::{Relay, RelayOptions};
use bealert_engine::{BounceMaildir, BounceProtocol, BouncesConfig, CampaignId, Config, Engine};
use bealert_sim::relay::{Fate, Faults, Phase, RelayConfig, Rule, TakenMail};

use crate::bringer::{Bringer, at, free_port, report};
use crate::host::{close, ended, until};
use crate::post::{config, email, launch, relay};
use crate::post_office::PostOffice;

const LIMIT: Duration = Duration::from_secs(60);
const PEOPLE: u32 = 300;

/// A relay of which each tenth letter comes back, and which reports those that arrived.
fn bouncing(reports_to: &str) -> Relay {
    let rules = r#"[{"phase": "dot", "suffix": "3@example.org", "report": "failed"}]"#;
    let options = format!(r#"{{"reports_to": {reports_to:?}, "report_ms": 20, "rules": {rules}}}"#);
    Relay::start(RelayOptions::from_json(&options).unwrap().settings().unwrap(), "127.0.0.1:0").unwrap()
}

fn with_bounces(data: Option<&Path>, port: u16, bounces: BouncesConfig) -> Config {
    let more = r#", "bounces_to": "bounces@alert.example", "receipts": true"#;
    let mut config = config(data, &[relay("mail-a", port, more)]);
    config.bounces = Some(bounces);
    config
}

fn metric(engine: &Engine, name: &str) -> u64 {
    let metrics = engine.metrics().unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("{name} in {metrics}")).parse().unwrap()
}

/// Waits until each letter was told of: a tenth failed, the others arrived.
fn told_of_all(engine: &Engine, id: CampaignId) {
    let tenth = u64::from(PEOPLE / 10);
    until(engine, id, LIMIT, |progress| {
        let tally = email(progress);
        (tally.of(State::Failed), tally.of(State::Delivered)) == (tenth, u64::from(PEOPLE) - tenth)
    });
}

#[test]
fn over_lmtp_and_smtp_each_answered_once_it_is_durable() {
    for (protocol, name) in [(BounceProtocol::Lmtp, "lmtp"), (BounceProtocol::Smtp, "smtp")] {
        let port = free_port();
        let far = bouncing(&format!("{name}://127.0.0.1:{port}"));
        let engine = Engine::open(with_bounces(None, far.port(), at(port, protocol))).unwrap();
        let id = launch(&engine, "alert", PEOPLE, "k");
        told_of_all(&engine, id);
        assert_eq!(far.books().reports, u64::from(PEOPLE));
        assert_eq!(metric(&engine, "bealert_mail_messages_total{kind=\"report\"}"), u64::from(PEOPLE));
        let report = engine.report(id, &mut || true).unwrap();
        let dead = &report.summary().suppress;
        assert_eq!(dead.len() as u32, PEOPLE / 10);
        assert!(dead.iter().all(|person| person.ends_with('3')), "{dead:?}");
        close(&engine);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "nobody listens any more");
    }
}

fn files(directory: PathBuf) -> Vec<PathBuf> {
    std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn from_a_maildir_whose_files_are_moved_once_they_are_durable() {
    let directory = tempfile::tempdir().unwrap();
    let maildir = directory.path().join("bounces");
    let far = bouncing(&format!("maildir:{}", maildir.display()));
    let bounces = BouncesConfig::Maildir(BounceMaildir { maildir: maildir.clone() });
    let engine = Engine::open(with_bounces(None, far.port(), bounces)).unwrap();
    let id = launch(&engine, "alert", PEOPLE, "k");
    told_of_all(&engine, id);
    until(&engine, id, LIMIT, |_| files(maildir.join("new")).is_empty());
    let seen = files(maildir.join("cur"));
    assert_eq!(seen.len() as u32, PEOPLE);
    assert!(seen.iter().all(|file| file.to_str().unwrap().ends_with(":2,S")), "{seen:?}");
    close(&engine);
}

#[test]
fn after_a_restart_and_an_end() {
    let directory = tempfile::tempdir().unwrap();
    let maildir = directory.path().join("bounces");
    let far = bouncing(&format!("maildir:{}", maildir.display()));
    let mut config = with_bounces(
        Some(&directory.path().join("var")),
        far.port(),
        BouncesConfig::Maildir(BounceMaildir { maildir: maildir.clone() }),
    );
    let bounces = config.bounces.take();
    // nobody looks into it yet, so the campaign ends with what the relay has said
    let more = r#", "bounces_to": "bounces@alert.example""#;
    let without = crate::post::config(config.data.as_deref(), &[relay("mail-a", far.port(), more)]);
    let engine = Engine::open(without).unwrap();
    let id = launch(&engine, "alert", PEOPLE, "k");
    let progress = ended(&engine, id, LIMIT);
    assert_eq!(email(&progress).of(State::Accepted), u64::from(PEOPLE));
    close(&engine);
    config.bounces = bounces;
    let engine = Engine::open(config).unwrap();
    // reports of success were not asked for: the failures alone come back
    until(&engine, id, LIMIT, |_| {
        let report = engine.report(id, &mut || true).unwrap();
        report.summary().suppress.len() as u32 == PEOPLE / 10
    });
    close(&engine);
}

#[test]
fn forged_ones_and_other_mail_change_nothing_and_are_thanked_for() {
    let office = PostOffice::start(RelayConfig { keep_messages: true, ..RelayConfig::default() });
    let port = free_port();
    let engine = Engine::open(with_bounces(None, office.port, at(port, BounceProtocol::Lmtp))).unwrap();
    let id = launch(&engine, "alert", 1, "k");
    until(&engine, id, LIMIT, |progress| email(progress).of(State::Accepted) == 1);
    let sender = office.sim().messages()[0].sender.clone();
    let mut bringer = Bringer::greeted(port);
    let token = Token { campaign: 1, ordinal: 0, attempt: 1 };
    let forged = format!("bounces+{}@alert.example", Verp::new((1, 2)).sign(token));
    for (to, content) in [
        (forged.as_str(), report("failed")),
        ("bounces@alert.example", report("failed")),
        (&sender, "Subject: Away\r\nAuto-Submitted: auto-replied\r\n\r\nUntil Monday.\r\n".to_owned()),
        (&sender, "x".repeat(1_000) + "\r\n"),
    ] {
        assert_eq!(bringer.bring(to, &content), "250 2.0.0 Ok\r\n", "{to}");
    }
    assert_eq!(metric(&engine, "bealert_mail_messages_total{kind=\"foreign\"}"), 2);
    assert_eq!(metric(&engine, "bealert_mail_messages_total{kind=\"other\"}"), 2);
    assert_eq!(email(&engine.progress(id).unwrap()).of(State::Accepted), 1);
    // one that is delayed is no last word; one that failed is, and once is enough
    for (action, failed) in [("delayed", 0), ("failed", 1), ("failed", 1)] {
        assert_eq!(bringer.bring(&sender, &report(action)), "250 2.0.0 Ok\r\n");
        until(&engine, id, LIMIT, |progress| email(progress).of(State::Failed) == failed);
    }
    assert_eq!(metric(&engine, "bealert_mail_receipts_total{kind=\"heard\"}"), 1);
    close(&engine);
}

/// A relay took a letter twice, its first reply being lost. Neither bounce has the envelope's id.
#[test]
fn each_of_two_tries_is_known_by_the_headers_that_come_back() {
    let lost = Rule { times: Some(1), ..Rule::always(Phase::Dot, Fate::ResetAfter) };
    let faults = Faults { rules: vec![lost], ..Faults::default() };
    let office = PostOffice::start(RelayConfig { keep_messages: true, faults, ..RelayConfig::default() });
    let port = free_port();
    let engine = Engine::open(with_bounces(None, office.port, at(port, BounceProtocol::Lmtp))).unwrap();
    let id = launch(&engine, "alert", 1, "k");
    until(&engine, id, LIMIT, |progress| email(progress).of(State::Accepted) == 1);
    let tries = office.sim().messages().to_vec();
    let [first, second] = &tries[..] else { panic!("{} tries", tries.len()) };
    assert_eq!(first.sender, second.sender);
    let mut bringer = Bringer::greeted(port);
    let mut bring = |letter: &TakenMail, failed| {
        let letter = String::from_utf8_lossy(&letter.content).into_owned();
        let headers = letter.split_once("\r\n\r\n").unwrap().0;
        let returned =
            format!("\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{headers}\r\n\r\n--b--\r\n");
        let content = report("failed").replace("\r\n--b--\r\n", &returned);
        assert_eq!(bringer.bring(&first.sender, &content), "250 2.0.0 Ok\r\n");
        until(&engine, id, LIMIT, |progress| email(progress).of(State::Failed) == failed);
    };
    bring(first, 0);
    bring(first, 0);
    bring(second, 1);
    assert_eq!(metric(&engine, "bealert_mail_receipts_total{kind=\"heard\"}"), 2);
    close(&engine);
}

#[test]
fn many_at_once_that_return_a_large_letter() {
    const BRINGERS: u32 = 20;
    let office = PostOffice::start(RelayConfig { keep_messages: true, ..RelayConfig::default() });
    let port = free_port();
    let engine = Engine::open(with_bounces(None, office.port, at(port, BounceProtocol::Lmtp))).unwrap();
    let id = launch(&engine, "alert", BRINGERS, "k");
    until(&engine, id, LIMIT, |progress| email(progress).of(State::Accepted) == u64::from(BRINGERS));
    let senders: Vec<String> = office.sim().messages().iter().map(|mail| mail.sender.clone()).collect();
    let returned = format!(
        "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{}--b--\r\n",
        ("x".repeat(76) + "\r\n").repeat(20_000)
    );
    let content = report("failed").replace("\r\n--b--\r\n", &returned);
    let bringers: Vec<_> = senders
        .into_iter()
        .map(|sender| {
            let content = content.clone();
            std::thread::spawn(move || Bringer::greeted(port).bring(&sender, &content))
        })
        .collect();
    for bringer in bringers {
        assert_eq!(bringer.join().unwrap(), "250 2.0.0 Ok\r\n");
    }
    until(&engine, id, LIMIT, |progress| email(progress).of(State::Failed) == u64::from(BRINGERS));
    close(&engine);
}

#[test]
fn a_port_that_is_taken_is_said_at_once() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let opened = Engine::open(with_bounces(None, 1, at(port, BounceProtocol::Lmtp)));
    let error = opened.err().unwrap().to_string();
    assert!(error.contains("bounces.listen") && error.contains(&port.to_string()), "{error}");
}
