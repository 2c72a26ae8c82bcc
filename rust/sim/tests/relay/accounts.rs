//! Who may send, and how they say who they are.

use bealert_sim::relay::{Fate, Faults, Phase, RelayConfig, Rule};
use bealert_wire::smtp::{AuthMechanisms, EnhancedCode, Extensions, Reply};

use crate::caller::Callers;

fn config() -> RelayConfig {
    let auth = AuthMechanisms { plain: true, ..AuthMechanisms::default() };
    RelayConfig {
        extensions: Extensions { auth, starttls: true, ..RelayConfig::default().extensions },
        user: Some("account".into()),
        password: Some("secret".into()),
        auth_required: true,
        ..RelayConfig::default()
    }
}

// account, secret; account, guess
const RIGHT: &str = "AUTH PLAIN AGFjY291bnQAc2VjcmV0\r\n";
const WRONG: &str = "AUTH PLAIN AGFjY291bnQAZ3Vlc3M=\r\n";

#[test]
fn only_the_right_password_under_tls_lets_in() {
    let mut callers = Callers::new(config());
    let connection = callers.call();
    assert_eq!(callers.say(connection, "MAIL FROM:<>\r\n"), [530]);
    assert_eq!(callers.say(connection, RIGHT), [530]);
    assert_eq!(callers.say(connection, "STARTTLS\r\n"), [220]);
    assert!(callers.relay.wants_tls(connection));
    callers.relay.tls_started(callers.now, connection);
    callers.say(connection, "EHLO client.example\r\n");
    assert_eq!(callers.say(connection, WRONG), [535]);
    assert_eq!(callers.say(connection, "MAIL FROM:<>\r\n"), [530]);
    assert_eq!(callers.say(connection, RIGHT), [235]);
    assert_eq!(callers.say(connection, "MAIL FROM:<>\r\n"), [250]);
    let books = callers.relay.books();
    assert_eq!((books.encrypted, books.authenticated, books.refused_accounts), (1, 1, 1));
}

#[test]
fn implicit_tls_needs_no_starttls() {
    let mut callers = Callers::new(config());
    let connection = callers.relay.connect(callers.now, true);
    callers.say(connection, "EHLO client.example\r\n");
    assert_eq!(callers.say(connection, RIGHT), [235]);
    assert_eq!(callers.relay.books().encrypted, 1);
}

#[test]
fn a_relay_that_cannot_ask_now() {
    let refusal = Reply::new(454, Some(EnhancedCode(4, 7, 0)), "Temporary authentication failure");
    let faults = Faults { rules: vec![Rule::always(Phase::Auth, Fate::Reply(refusal))], ..Faults::default() };
    let mut callers = Callers::new(RelayConfig { auth_in_plain: true, faults, ..config() });
    let connection = callers.call();
    assert_eq!(callers.say(connection, RIGHT), [454]);
    callers.relay.set_faults(Faults::default());
    assert_eq!(callers.say(connection, RIGHT), [235]);
}
