//! AUTH (RFC 4954): PLAIN, LOGIN and XOAUTH2, inside TLS unless that was decided otherwise.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bealert_wire::smtp::ServerConfig;
use bealert_wire::smtp::server::ServerFault;

use crate::server_owner::{Judge, Owner, config, refusal};

const WRONG: Judge = |what, secret| (what == "auth" && secret != "secret").then(|| refusal(535, (5, 7, 8)));

fn encrypted(settings: ServerConfig) -> Owner {
    let mut owner = Owner::judged(settings, WRONG);
    owner.say("EHLO client.example\r\nSTARTTLS\r\n".split_inclusive('\n').next().unwrap());
    owner.say("STARTTLS\r\n");
    owner.tls();
    owner.say("EHLO client.example\r\n");
    owner
}

#[test]
fn each_mechanism_lets_the_account_in() {
    let encode = |text: &str| STANDARD.encode(text);
    for lines in [
        vec![(format!("AUTH PLAIN {}\r\n", encode("\0account\0secret")), 235)],
        vec![("AUTH PLAIN\r\n".into(), 334), (encode("\0account\0secret") + "\r\n", 235)],
        vec![
            ("AUTH LOGIN\r\n".into(), 334),
            (encode("account") + "\r\n", 334),
            (encode("secret") + "\r\n", 235),
        ],
        vec![(format!("AUTH XOAUTH2 {}\r\n", encode("user=account\u{1}auth=Bearer secret\u{1}\u{1}")), 235)],
        vec![(
            format!("AUTH OAUTHBEARER {}\r\n", encode("n,a=account,\u{1}auth=Bearer secret\u{1}\u{1}")),
            235,
        )],
    ] {
        let mut owner = encrypted(ServerConfig { auth_required: true, ..config() });
        assert_eq!(owner.codes("MAIL FROM:<a@b>\r\n"), [530]);
        for (line, code) in lines {
            assert_eq!(owner.codes(&line), [code], "{line}");
        }
        assert_eq!(owner.accounts, [("account".to_owned(), "secret".to_owned())]);
        assert_eq!(owner.codes("MAIL FROM:<a@b>\r\n"), [250]);
        assert_eq!(owner.codes("AUTH LOGIN\r\n"), [503], "once is enough");
    }
}

#[test]
fn a_wrong_password_may_be_followed_by_the_right_one() {
    let mut owner = encrypted(config());
    assert_eq!(owner.codes(format!("AUTH PLAIN {}\r\n", STANDARD.encode("\0account\0guess"))), [535]);
    assert_eq!(owner.codes(format!("AUTH PLAIN {}\r\n", STANDARD.encode("\0account\0secret"))), [235]);
}

#[test]
fn xoauth2_tells_why_before_it_refuses() {
    let mut owner = encrypted(config());
    let response = STANDARD.encode("user=account\u{1}auth=Bearer old\u{1}\u{1}");
    let told = owner.say(format!("AUTH XOAUTH2 {response}\r\n"));
    let told = STANDARD.decode(told.trim_end().strip_prefix("334 ").unwrap()).unwrap();
    assert_eq!(told, br#"{"status":"400","schemes":"Bearer"}"#);
    assert_eq!(owner.say("\r\n"), "535 5.7.8 no\r\n");
    assert_eq!(owner.codes("NOOP\r\n"), [250]);
}

#[test]
fn oauthbearer_tells_why_before_it_refuses() {
    let mut owner = encrypted(config());
    let response = STANDARD.encode("n,a=account,\u{1}auth=Bearer old\u{1}\u{1}");
    let told = owner.say(format!("AUTH OAUTHBEARER {response}\r\n"));
    let told = STANDARD.decode(told.trim_end().strip_prefix("334 ").unwrap()).unwrap();
    assert_eq!(told, br#"{"status":"invalid_token"}"#);
    assert_eq!(owner.say("AQ==\r\n"), "535 5.7.8 no\r\n");
    assert_eq!(owner.codes("NOOP\r\n"), [250]);
}

#[test]
fn nobody_is_asked_for_a_password_in_plain_text() {
    let mut owner = Owner::greeted(config());
    assert_eq!(owner.codes("AUTH PLAIN AGEAYg==\r\n"), [530]);
    assert_eq!((owner.accounts.len(), &owner.faults[..]), (0, &[ServerFault::NotEncrypted][..]));
    let mut owner = Owner::greeted(ServerConfig { auth_in_plain: true, ..config() });
    assert_eq!(owner.codes(format!("AUTH PLAIN {}\r\n", STANDARD.encode("\0account\0secret"))), [235]);
}

#[test]
fn what_cannot_be_read_is_refused() {
    let mut owner = encrypted(config());
    assert_eq!(owner.codes("AUTH CRAM-MD5\r\n"), [504]);
    assert_eq!(owner.codes("AUTH PLAIN !!!\r\n"), [501]);
    assert_eq!(owner.codes("AUTH LOGIN\r\n"), [334]);
    assert_eq!(owner.codes("*\r\n"), [501], "given up");
    assert_eq!(owner.codes("AUTH LOGIN\r\n"), [334]);
    assert_eq!(owner.codes(format!("{}\r\n", "A".repeat(13_000))), [500]);
    assert_eq!(owner.codes("NOOP\r\n"), [250]);
}

#[test]
fn secrets_are_in_no_debug_output() {
    let credentials = bealert_wire::smtp::server::Credentials {
        mechanism: bealert_wire::smtp::Mechanism::Plain,
        user: "account",
        secret: "hunter2",
    };
    assert!(!format!("{credentials:?}").contains("hunter2"));
}
