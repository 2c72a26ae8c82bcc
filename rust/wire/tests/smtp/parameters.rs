//! smtp.md 6.17 and 6.20: what is asked for with a message, only of a server that offers it.

use bealert_wire::smtp::{BodyKind, Envelope, Mode, Notify, SubmitError};

use crate::scripted::{Server, Session, config, message, text};

const TO: [&str; 1] = ["a+b=c@example.org"];

fn envelope() -> Envelope<'static> {
    Envelope {
        notify: Notify::On { success: true, failure: true, delay: false },
        envid: Some("c1=2+3"),
        orcpt: true,
        priority: Some(7),
        deliver_by_s: Some(7_200),
        ..Envelope::new("s@alert.example", &TO)
    }
}

fn said(offers: &[&str], envelope: &Envelope<'_>) -> Result<Vec<String>, SubmitError> {
    let mut session = Session::ready(config(Mode::Lockstep), Server::offering(offers));
    session.client.submit(session.now, 1, envelope, &message(1))?;
    session.run();
    Ok(session.server.heard[..2].to_vec())
}

fn size() -> usize {
    text(1).len()
}

#[test]
fn point_17_receipts_are_asked_for_only_where_offered() {
    assert_eq!(
        said(&["DSN"], &envelope()).unwrap(),
        [
            "MAIL FROM:<s@alert.example> RET=HDRS ENVID=c1+3D2+2B3",
            "RCPT TO:<a+b=c@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+2Bb+3Dc@example.org"
        ]
    );
    assert_eq!(
        said(&["PIPELINING"], &envelope()).unwrap(),
        ["MAIL FROM:<s@alert.example>", "RCPT TO:<a+b=c@example.org>"]
    );
}

#[test]
fn point_17_never_stands_alone_and_nothing_asked_says_nothing() {
    let rcpt = |notify| {
        let envelope = Envelope { notify, ..Envelope::new("s@alert.example", &TO) };
        said(&["DSN"], &envelope).unwrap().join(" | ")
    };
    let bare = "MAIL FROM:<s@alert.example> | RCPT TO:<a+b=c@example.org>";
    assert_eq!(rcpt(Notify::Default), bare);
    assert!(rcpt(Notify::Never).ends_with("> NOTIFY=NEVER"));
    let none = Notify::On { success: false, failure: false, delay: false };
    assert!(rcpt(none).ends_with("> NOTIFY=NEVER"));
    assert!(
        rcpt(Notify::On { success: false, failure: true, delay: true }).ends_with("> NOTIFY=FAILURE,DELAY")
    );
}

#[test]
fn point_17_an_envid_has_at_most_100_characters_as_it_is_sent() {
    let with = |envid: &str| said(&["DSN"], &Envelope { envid: Some(envid), ..envelope() }).map(|_| ());
    assert_eq!(with(&"i".repeat(100)), Ok(()));
    assert_eq!(with(&"i".repeat(101)), Err(SubmitError::Envid));
    assert_eq!(with(&"+".repeat(34)), Err(SubmitError::Envid));
    assert_eq!(with(""), Err(SubmitError::Envid));
}

#[test]
fn priority_and_deadline_where_offered() {
    let mail = |offers: &[&str], envelope: &Envelope<'_>| said(offers, envelope).unwrap().swap_remove(0);
    assert_eq!(mail(&["MT-PRIORITY MIXER"], &envelope()), "MAIL FROM:<s@alert.example> MT-PRIORITY=7");
    let low = Envelope { priority: Some(-128), ..envelope() };
    assert_eq!(mail(&["MT-PRIORITY"], &low), "MAIL FROM:<s@alert.example> MT-PRIORITY=-9");
    assert_eq!(mail(&["DELIVERBY"], &envelope()), "MAIL FROM:<s@alert.example> BY=7200;R");
    assert_eq!(mail(&["DELIVERBY 7200"], &envelope()), "MAIL FROM:<s@alert.example> BY=7200;R");
    assert_eq!(mail(&["DELIVERBY 7201"], &envelope()), "MAIL FROM:<s@alert.example>", "it would refuse");
    let now = Envelope { deliver_by_s: Some(0), ..envelope() };
    assert_eq!(mail(&["DELIVERBY"], &now), "MAIL FROM:<s@alert.example>");
}

#[test]
fn point_20_utf8_only_when_needed_and_offered() {
    let plain = Envelope::new("s@alert.example", &TO);
    assert_eq!(said(&["SMTPUTF8"], &plain).unwrap()[0], "MAIL FROM:<s@alert.example>");
    let headers = Envelope { utf8: true, ..plain };
    assert_eq!(said(&["SMTPUTF8"], &headers).unwrap()[0], "MAIL FROM:<s@alert.example> SMTPUTF8");
    let person = ["jos\u{e9}@example.org"];
    let addressed = Envelope { recipients: &person, ..plain };
    let heard = said(&["SMTPUTF8"], &addressed).unwrap();
    assert_eq!(heard, ["MAIL FROM:<s@alert.example> SMTPUTF8", "RCPT TO:<jos\u{e9}@example.org>"]);
    for needs in [headers, addressed] {
        assert_eq!(said(&["8BITMIME"], &needs), Err(SubmitError::NeedsUtf8));
    }
}

#[test]
fn point_20_8bitmime_only_where_offered() {
    let eight = Envelope { body: BodyKind::EightBit, ..Envelope::new("s@alert.example", &TO) };
    assert_eq!(said(&["8BITMIME"], &eight).unwrap()[0], "MAIL FROM:<s@alert.example> BODY=8BITMIME");
    assert_eq!(said(&["SIZE"], &eight), Err(SubmitError::NeedsEightBit));
    let seven = Envelope { body: BodyKind::SevenBit, ..eight };
    assert_eq!(said(&["8BITMIME"], &seven).unwrap()[0], "MAIL FROM:<s@alert.example>");
}

#[test]
fn point_20_a_size_is_declared_and_judged_before_anything_is_sent_and_0_is_no_limit() {
    let plain = Envelope::new("s@alert.example", &TO);
    let declared = format!("MAIL FROM:<s@alert.example> SIZE={}", size());
    for limit in ["SIZE", "SIZE 0", "SIZE 99999999999999999999", &format!("SIZE {}", size())] {
        assert_eq!(said(&[limit], &plain).unwrap()[0], declared, "{limit}");
    }
    let (size, limit) = (size() as u64, size() as u64 - 1);
    assert_eq!(said(&[&format!("SIZE {limit}")], &plain), Err(SubmitError::TooLarge { size, limit }));
}

#[test]
fn limits_name_the_recipients_of_a_transaction() {
    let two = ["a@example.org", "b@example.org", "c@example.org"];
    let many = Envelope::new("s@alert.example", &two);
    assert_eq!(said(&["LIMITS RCPTMAX=2"], &many), Err(SubmitError::ManyRecipients { limit: 2 }));
    said(&["LIMITS RCPTMAX=3"], &many).unwrap();
}
