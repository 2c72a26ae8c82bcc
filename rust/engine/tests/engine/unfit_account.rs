//! Account settings that have no place on the wire.

use bealert_engine::{Engine, EngineError};

use crate::host::{config, gateway};

#[test]
fn a_password_over_eight_octets_is_named_with_its_gateway_and_never_shown() {
    let far_too_long = |name| gateway(name, 1, "").replace("\"secret\"", "\"hunter2hunter2\"");
    let directory = tempfile::tempdir().unwrap();
    let gateways = [far_too_long("sms-a"), gateway("sms-b", 1, ""), far_too_long("sms-c")];
    let Err(EngineError::Config(problems)) = Engine::open(config(Some(directory.path()), &gateways)) else {
        panic!("it was opened");
    };
    let problems: Vec<&str> = problems.lines().collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("sms-a") && problems[0].contains("password") && problems[0].contains('8'));
    assert!(problems[1].contains("sms-c"), "{problems:?}");
    assert!(!format!("{problems:?}").contains("hunter2"));
}
