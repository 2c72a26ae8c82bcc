//! smtp.md 6.16: the account is told inside TLS only (RFC 4954), and shown nowhere.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bealert_wire::smtp::{
    ClientConfig, CloseReason, ConfigProblem, Credentials, Event, Mechanism, Mode, Secret, TlsMode,
};

use crate::scripted::{ALL, Server, Session, config, outcomes};

fn account(secret: Secret, mechanism: Mechanism) -> Option<Credentials> {
    Some(Credentials { user: "bealert".into(), secret, mechanism })
}

fn password() -> Secret {
    Secret::Password("hunter2".into())
}

fn session(auth: Option<Credentials>, mechanisms: &str) -> Session {
    let config = ClientConfig { tls: TlsMode::Implicit, auth, ..config(Mode::Joined) };
    let mut offers = ALL.to_vec();
    offers.extend((!mechanisms.is_empty()).then_some(mechanisms));
    Session::new(config, Server::offering(&offers))
}

fn base64(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

/// What it says between EHLO and the first message, to a server that asks with `prompts`.
fn dialogue(mut session: Session, prompts: &'static [&'static str]) -> (Vec<String>, Vec<Event>, Session) {
    let mut said = 0;
    session.server.rule = Box::new(move |line| {
        if line.starts_with("EHLO") || said == prompts.len() {
            return None;
        }
        said += 1;
        Some(prompts[said - 1].to_owned())
    });
    let events = session.run();
    (session.server.heard[1..].to_vec(), events, session)
}

#[test]
fn point_16_plain_login_and_xoauth2_as_their_servers_want_them() {
    let ok = "235 2.7.0 Authentication successful";
    let plain = session(account(password(), Mechanism::Auto), "AUTH LOGIN PLAIN");
    let (heard, events, _) = dialogue(plain, &["235 2.7.0 Authentication successful"]);
    assert_eq!(heard, [format!("AUTH PLAIN {}", base64("\0bealert\0hunter2"))]);
    assert!(matches!(&events[..], [Event::Ready(ready)] if ready.authenticated && ready.tls));

    for (mechanism, offer) in [(Mechanism::Auto, "AUTH LOGIN"), (Mechanism::Login, "AUTH=LOGIN PLAIN")] {
        let login = session(account(password(), mechanism), offer);
        let (heard, events, _) = dialogue(login, &["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 ok"]);
        assert_eq!(heard, ["AUTH LOGIN".to_owned(), base64("bealert"), base64("hunter2")]);
        assert!(matches!(&events[..], [Event::Ready(ready)] if ready.authenticated), "{ok}");
    }

    let token = session(account(Secret::Token("t0k".into()), Mechanism::Auto), "AUTH PLAIN XOAUTH2");
    let (heard, events, _) = dialogue(token, &["235 ok"]);
    let initial = base64("user=bealert\x01auth=Bearer t0k\x01\x01");
    assert_eq!(heard, [format!("AUTH XOAUTH2 {initial}")]);
    assert!(matches!(&events[..], [Event::Ready(_)]));
}

#[test]
fn point_16_an_error_inside_334_gets_an_empty_line() {
    let token = session(account(Secret::Token("old".into()), Mechanism::Xoauth2), "AUTH XOAUTH2");
    let (heard, events, mut session) =
        dialogue(token, &["334 eyJzdGF0dXMiOiI0MDEifQ==", "535 5.7.8 token expired"]);
    assert_eq!(heard[1], "", "{heard:?}");
    let [Event::AuthRefused { reply }] = events[..] else { panic!("{events:?}") };
    assert_eq!(reply.to_string(), "535 5.7.8 token expired");
    assert!(matches!(session.disconnect()[..], [Event::Closed { why: CloseReason::AuthRefused { .. } }]));
}

#[test]
fn point_16_oauthbearer_is_preferred_for_a_token_and_told_as_rfc_7628_has_it() {
    let user = "be,al=ert".to_owned();
    let auth = Some(Credentials { user, secret: Secret::Token("t0k".into()), mechanism: Mechanism::Auto });
    let token = session(auth, "AUTH XOAUTH2 OAUTHBEARER");
    let (heard, events, _) = dialogue(token, &["235 ok"]);
    let initial = base64("n,a=be=2Cal=3Dert,\x01auth=Bearer t0k\x01\x01");
    assert_eq!(heard, [format!("AUTH OAUTHBEARER {initial}")]);
    assert!(matches!(&events[..], [Event::Ready(ready)] if ready.authenticated));
}

#[test]
fn point_16_what_a_server_says_of_a_token_is_told_with_its_refusal() {
    let scope = format!(r#"{{"status" : "invalid_token", "scope":"{}"}}"#, "x".repeat(200));
    for (challenge, told) in [
        (base64(r#"{"status":"invalid_token"}"#), " (the token's status is invalid_token)"),
        (base64(r#"{"schemes":"bearer","status":401}"#), " (the token's status is 401)"),
        (base64(&scope), " (the token's status is invalid_token)"),
        (base64(r#"{"status":"two words"}"#), ""),
        (base64(r#"{"status":""#), ""),
        ("%%%".to_owned(), ""),
        (String::new(), ""),
    ] {
        for (mechanism, offer, answer) in
            [(Mechanism::Oauthbearer, "AUTH OAUTHBEARER", "AQ=="), (Mechanism::Xoauth2, "AUTH XOAUTH2", "")]
        {
            let mut token = session(account(Secret::Token("old".into()), mechanism), offer);
            let (asked, mut said) = (format!("334 {challenge}"), 0);
            token.server.rule = Box::new(move |line| {
                (!line.starts_with("EHLO") && line != "QUIT").then(|| {
                    said += 1;
                    if said == 1 { asked.clone() } else { "535 5.7.8 no".to_owned() }
                })
            });
            token.run();
            assert_eq!(token.server.heard[2..], [answer, "QUIT"], "{challenge}");
            let [Event::Closed { why }] = token.disconnect()[..] else { panic!("closed") };
            assert_eq!(why.to_string(), format!("the relay refuses the account: 535 5.7.8 no{told}"));
        }
    }
}

#[test]
fn point_16_a_server_that_asks_on_when_all_is_told_is_told_that_we_give_up() {
    // RFC 4954 §4: `*` alone; the server answers 501, and that is a refusal of the account like any other
    let cases: [(Option<Credentials>, &str, &[&str]); 3] = [
        (account(password(), Mechanism::Plain), "AUTH PLAIN", &["334 ", "501 5.7.0 cancelled"]),
        (
            account(password(), Mechanism::Login),
            "AUTH LOGIN",
            &["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "334 T1RQOg==", "501 5.7.0 cancelled"],
        ),
        (
            account(Secret::Token("t".into()), Mechanism::Xoauth2),
            "AUTH XOAUTH2",
            &["334 not base64 at all!", "334 ", "501 5.7.0 cancelled"],
        ),
    ];
    for (account, offer, prompts) in cases {
        let (heard, events, mut session) = dialogue(session(account, offer), prompts);
        assert_eq!(heard[heard.len() - 2..], ["*", "QUIT"], "{heard:?}");
        let [Event::AuthRefused { reply }] = events[..] else { panic!("{events:?}") };
        assert_eq!(reply.code, 501);
        assert!(matches!(session.disconnect()[..], [Event::Closed { why: CloseReason::AuthRefused { .. } }]));
    }
}

#[test]
fn point_16_a_yes_to_giving_up_is_no_login() {
    let plain = session(account(password(), Mechanism::Plain), "AUTH PLAIN");
    let (_, events, session) = dialogue(plain, &["334 ", "235 2.7.0 welcome"]);
    assert!(matches!(events[..], [Event::Fault { .. }]), "{events:?}");
    assert!(session.client.wants_close());
}

#[test]
fn point_16_what_does_not_fit_into_the_command_is_said_when_asked_for() {
    let token = "t".repeat(2_000);
    let long = session(account(Secret::Token(token), Mechanism::Auto), "AUTH XOAUTH2");
    let (heard, events, _) = dialogue(long, &["334 ", "235 ok"]);
    assert_eq!(heard[0], "AUTH XOAUTH2");
    assert!(heard[1].len() > 2_000 && matches!(&events[..], [Event::Ready(_)]));
}

#[test]
fn point_16_nothing_is_told_without_tls() {
    for tls in [TlsMode::None, TlsMode::Opportunistic] {
        let auth = account(password(), Mechanism::Auto);
        let config = ClientConfig { tls, auth, ..config(Mode::Joined) };
        let without = tls == TlsMode::None;
        assert_eq!(config.problems().contains(&ConfigProblem::AuthWithoutTls), without);
        // it offers AUTH in plain, and no STARTTLS
        let mut session = Session::new(config, Server::offering(&["AUTH PLAIN LOGIN"]));
        assert_eq!(session.run(), []);
        assert_eq!(session.server.heard, ["EHLO client.example", "QUIT"]);
        assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::AuthWithoutTls }]);
    }
}

#[test]
fn point_16_a_server_that_offers_no_mechanism_that_serves_is_left_with_a_reason() {
    let cases = [
        (password(), Mechanism::Auto, ""),
        (password(), Mechanism::Auto, "AUTH GSSAPI XOAUTH2"),
        (password(), Mechanism::Plain, "AUTH LOGIN"),
        (Secret::Token("t".into()), Mechanism::Auto, "AUTH PLAIN LOGIN"),
    ];
    for (secret, mechanism, offer) in cases {
        let mut session = session(account(secret, mechanism), offer);
        assert_eq!(session.run(), []);
        assert_eq!(session.server.verbs(), ["EHLO", "QUIT"]);
        assert_eq!(session.disconnect(), [Event::Closed { why: CloseReason::AuthNotOffered }]);
    }
}

#[test]
fn point_16_a_wrong_password_is_an_event_and_no_message_is_touched() {
    for reply in ["535 5.7.8 wrong", "454 4.7.0 temporary", "534 5.7.9 too weak"] {
        let mut session = session(account(password(), Mechanism::Auto), "AUTH PLAIN");
        session.server.rule = Box::new(move |line| line.starts_with("AUTH").then(|| reply.to_owned()));
        session.queue.extend(0..3);
        let events = session.run();
        assert!(matches!(events[..], [Event::AuthRefused { .. }]), "{events:?}");
        assert_eq!((session.client.room(), session.queue.len()), (0, 3));
        assert_eq!(outcomes(&session.disconnect()), []);
    }
}

#[test]
fn point_16_no_secret_is_shown() {
    for secret in [password(), Secret::Token("hunter2".into())] {
        let auth = account(secret, Mechanism::Plain);
        let config = ClientConfig { tls: TlsMode::Implicit, auth, ..config(Mode::Joined) };
        let mut session = Session::new(config.clone(), Server::offering(&["AUTH PLAIN"]));
        session.down();
        session.up();
        session.down();
        assert!(session.client.outgoing().starts_with(b"AUTH PLAIN "));
        let shown = format!("{config:?} {:?}", session.client);
        let encoded = base64("\0bealert\0hunter2");
        assert!(shown.contains("bealert") && !shown.contains("hunter2"), "{shown}");
        let numbers: Vec<String> = encoded.bytes().take(8).map(|octet| octet.to_string()).collect();
        assert!(!shown.contains(&encoded) && !shown.contains(&numbers.join(", ")), "{shown}");
    }
}
