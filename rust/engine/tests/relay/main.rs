//! The simulated relay on a port of this machine, as a client over TCP sees it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod caller;

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use bealert_engine::simulate::{Relay, RelayOptions};

use caller::{Caller, message};

fn start(options: &str) -> Relay {
    Relay::start(RelayOptions::from_json(options).unwrap().settings().unwrap(), "127.0.0.1:0").unwrap()
}

/// Waits for what another thread does.
fn eventually(what: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !what() {
        assert!(Instant::now() < end, "not within 10 s");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn joined_groups_and_books_over_a_socket() {
    const MESSAGES: u64 = 5_000;
    let relay = start(r#"{"keep_messages": true}"#);
    assert!(relay.address().ip().is_loopback());
    let mut caller = Caller::greeted(&relay);
    caller.send_joined(0..MESSAGES);
    let books = relay.books();
    assert_eq!((books.messages, books.unique, books.duplicates), (MESSAGES, MESSAGES, 0));
    assert_eq!((books.connections, books.faults, books.malformed), (1, 0, 0));
    let messages = relay.messages();
    assert_eq!(messages.len() as u64, MESSAGES);
    assert_eq!(messages[7].recipients[0].0, "user7@b.example");
    assert_eq!(String::from_utf8_lossy(&messages[7].content), message(7).strip_suffix(".\r\n").unwrap());
    assert_eq!(caller.codes("QUIT\r\n", 1), [221]);
    assert_eq!(caller.end(), None, "an end, no reset");
    assert_eq!(relay.failure(), None);
}

#[test]
fn starttls_and_tls_from_the_start() {
    for (tls, certificate) in [("starttls", caller::certificate()), ("implicit", caller::certificate())] {
        let (pem, key) = (&certificate.pem, &certificate.key);
        let options = serde_json::json!({"tls": tls, "certificate": pem, "key": key, "auth": ["plain"]});
        let relay = start(&options.to_string());
        let mut caller = Caller::connect(&relay);
        if tls == "starttls" {
            caller.codes("", 1);
            assert!(caller.say("EHLO a.example\r\n").contains("STARTTLS"));
            caller.codes("STARTTLS\r\n", 1);
        }
        caller.secure(&certificate);
        if tls == "implicit" {
            assert_eq!(caller.codes("", 1), [220]);
        }
        let offers = caller.say("EHLO a.example\r\n");
        assert!(offers.contains("AUTH PLAIN") && !offers.contains("STARTTLS"), "{offers}");
        caller.send_joined(0..500);
        assert_eq!((relay.books().unique, relay.books().encrypted), (500, 1));
        assert_eq!(caller.codes("QUIT\r\n", 1), [221]);
    }
}

#[test]
fn a_421_is_heard_though_more_was_sent() {
    let relay = start(r#"{"max_messages": 1}"#);
    let mut caller = Caller::greeted(&relay);
    let group = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";
    assert_eq!(caller.codes(group, 3), [250, 250, 354]);
    // the next group is refused, and what follows it is never looked at
    assert_eq!(caller.codes(&(message(1) + group + &"NOOP\r\n".repeat(10_000)), 2), [250, 421]);
    assert_eq!(caller.end(), None);
    eventually(|| relay.books().hung_up == 1);
}

#[test]
fn a_reset_is_a_reset() {
    let relay = start("{}");
    let mut caller = Caller::greeted(&relay);
    assert_eq!(relay.reset_connections(), 1);
    assert_eq!(caller.end(), Some(ErrorKind::ConnectionReset));
    assert_eq!(relay.books().resets, 1);
}

#[test]
fn delays_pass_on_the_wall_clock() {
    let relay = start(r#"{"latency_ms": 40}"#);
    let started = Instant::now();
    let mut caller = Caller::greeted(&relay);
    caller.send_joined(0..1);
    // the greeting, EHLO, the group and the message
    let taken = started.elapsed();
    assert!(taken.as_millis() >= 160, "{taken:?}");
}

#[test]
fn faults_change_while_it_runs() {
    let relay = start("{}");
    let mut caller = Caller::greeted(&relay);
    caller.send_joined(0..3);
    let faults = RelayOptions::from_json(r#"{"refuse": 1}"#).unwrap().change(relay.faults()).unwrap();
    relay.set_faults(faults);
    let group = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";
    assert_eq!(caller.codes(group, 3), [250, 550, 554]);
    assert_eq!((relay.books().messages, relay.books().refused), (3, 1));
}

#[test]
fn messages_go_to_a_maildir_before_they_are_answered() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mail");
    let relay = start(&serde_json::json!({"maildir": path, "keep_messages": true}).to_string());
    let mut caller = Caller::greeted(&relay);
    caller.send_joined(0..20);
    let mut files: Vec<String> = std::fs::read_dir(path.join("new"))
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    files.sort();
    assert_eq!(files.len(), 20);
    let seventh = files.iter().find(|file| file.contains("user7@")).unwrap();
    let body = message(7).replace("\r\n", "\n");
    let body = body.strip_suffix(".\n").unwrap();
    assert_eq!(*seventh, format!("Return-Path: <alert@be.example>\nDelivered-To: user7@b.example\n{body}"));
    assert_eq!(std::fs::read_dir(path.join("tmp")).unwrap().count(), 0);
    assert_eq!(relay.messages().len(), 20, "kept besides");
}

#[test]
fn a_maildir_that_cannot_be_written_ends_it_and_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mail");
    let relay = start(&serde_json::json!({ "maildir": path }).to_string());
    std::fs::remove_dir_all(&path).unwrap();
    let mut caller = Caller::greeted(&relay);
    caller.write("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n");
    caller.read(3);
    caller.write(&message(1));
    caller.end();
    eventually(|| relay.failure().is_some());
    assert_eq!(relay.messages().len(), 0);
}

#[test]
fn reports_are_carried_to_a_server_and_again_until_it_takes_them() {
    for protocol in ["smtp", "lmtp"] {
        let inbound = start(
            &serde_json::json!({"keep_messages": true, "protocol": protocol, "rules":
            [{"phase": "mail", "reply": "451 4.3.0 not now", "times": 2}]})
            .to_string(),
        );
        let to = format!("{protocol}://{}", inbound.address());
        let relay = start(&serde_json::json!({"reports_to": to, "bounces": 1.0}).to_string());
        Caller::greeted(&relay).send_joined(0..10);
        eventually(|| inbound.books().messages == 10);
        assert_eq!((relay.books().reports, inbound.books().deferred), (10, 2));
        let report = &inbound.messages()[3];
        assert_eq!((report.sender.as_str(), report.recipients[0].0.as_str()), ("", "alert@be.example"));
        let content = String::from_utf8_lossy(&report.content);
        assert!(content.contains("Final-Recipient: rfc822; user3@b.example\r\n"), "{content}");
        assert_eq!((inbound.books().faults, inbound.books().malformed), (0, 0));
    }
}

#[test]
fn replies_one_by_one_with_nagle_wait_for_acknowledgements() {
    let relay = start(r#"{"one_by_one": true, "nagle": true}"#);
    let mut caller = Caller::greeted(&relay);
    // what the kernel does with it is its own affair; everything arrives all the same
    caller.send_joined(0..20);
    assert_eq!(relay.books().unique, 20);
}

#[test]
fn stopping_hangs_up_and_keeps_the_books() {
    let relay = start("{}");
    let mut caller = Caller::greeted(&relay);
    caller.send_joined(0..10);
    relay.stop();
    relay.stop();
    caller.end();
    assert_eq!(relay.books().messages, 10);
}
