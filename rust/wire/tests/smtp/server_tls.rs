//! STARTTLS (RFC 3207): nothing said in plain text counts afterwards.

use bealert_wire::smtp::ServerConfig;
use bealert_wire::smtp::server::ServerFault;

use crate::server_owner::{Owner, config, refusal};

#[test]
fn what_came_behind_starttls_was_never_said() {
    let mut owner = Owner::greeted(config());
    // CVE-2011-0411: commands of an attacker, buffered, and read as if they had come encrypted
    assert_eq!(owner.codes("STARTTLS\r\nRSET\r\nMAIL FROM:<evil@b>\r\n"), [220]);
    assert_eq!(owner.faults, [ServerFault::PlainBeforeTls]);
    owner.tls();
    assert_eq!(owner.said(), "");
    assert_eq!(owner.codes("MAIL FROM:<a@b>\r\n"), [503], "it has to greet again");
    let offers = owner.say("EHLO client.example\r\n");
    assert!(offers.contains("AUTH PLAIN LOGIN XOAUTH2") && !offers.contains("STARTTLS"), "{offers}");
    assert_eq!(owner.codes("STARTTLS\r\n"), [503]);
}

#[test]
fn what_comes_in_plain_before_the_handshake_was_never_said_either() {
    let mut owner = Owner::greeted(config());
    assert_eq!(owner.codes("STARTTLS\r\n"), [220]);
    // the same in another read, behind the reply
    assert_eq!(owner.say("EHLO evil\r\nMAIL FROM:<evil@b>\r\n"), "");
    assert_eq!(owner.faults, [ServerFault::PlainBeforeTls]);
    owner.tls();
    assert_eq!(owner.said(), "", "nothing of it is answered inside TLS");
    assert_eq!(owner.codes("MAIL FROM:<a@b>\r\n"), [503], "it has to greet again");
}

#[test]
fn a_server_that_asks_for_it_takes_nothing_without() {
    let mut owner = Owner::greeted(ServerConfig { tls_required: true, ..config() });
    assert_eq!(owner.codes("MAIL FROM:<a@b>\r\n"), [530]);
    assert_eq!(owner.codes("STARTTLS\r\n"), [220]);
    owner.tls();
    assert_eq!(owner.codes("EHLO client.example\r\n"), [250]);
    assert_eq!(owner.codes("MAIL FROM:<a@b>\r\n"), [250]);
}

#[test]
fn a_refusal_leaves_everything_as_it_was() {
    let mut owner = Owner::judged(config(), |what, _| (what == "starttls").then(|| refusal(454, (4, 7, 0))));
    owner.say("EHLO client.example\r\n");
    assert_eq!(owner.codes("STARTTLS\r\n"), [454]);
    assert!(!owner.server.wants_tls());
    assert_eq!(owner.codes("MAIL FROM:<a@b>\r\n"), [250]);
}

#[test]
fn not_offered_it_is_out_of_order() {
    let mut settings = config();
    settings.extensions.starttls = false;
    let mut owner = Owner::greeted(settings);
    assert_eq!(owner.codes("STARTTLS\r\n"), [503]);
}
