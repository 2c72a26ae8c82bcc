//! `check` of a mail relay: what it offers, and what of it will not do.

use bealert_engine::{Config, Engine, GatewayCheck};
use bealert_sim::relay::RelayConfig;

use crate::post::relay;
use crate::post_office::{Encryption, PostOffice};

fn check(gateway: &str, attachment: usize) -> GatewayCheck {
    use base64::Engine as _;
    let data = base64::engine::general_purpose::STANDARD.encode(vec![b'x'; attachment]);
    let text = format!(
        r#"{{"data": null, "languages": ["nl"], "bounces": {{"listen": "127.0.0.1:0"}}, "gateways": [{gateway}], "scenarios": [
            {{"name": "flood", "kind": "warning", "expiry_ms": 1000, "email": [{{"language": "nl", "subject": "s", "text": "t",
              "attachments": [{{"name": "map.pdf", "content_type": "application/pdf", "data": "{data}"}}]}}]}}]}}"#
    );
    let engine = Engine::open(Config::from_json(&text).unwrap()).unwrap();
    engine.check(&mut || true).unwrap().remove(0)
}

#[test]
fn what_it_offers_is_told() {
    let mut config = RelayConfig { auth_required: true, ..RelayConfig::default() };
    config.extensions.auth.plain = true;
    let office = PostOffice::start_encrypted(config, Encryption::StartTls, "127.0.0.1");
    let more = format!(r#", "username": "bealert", "password": "secret", "ca": {:?}"#, office.ca);
    let check = check(&relay("mail-a", office.port, &more).replace("\"none\"", "\"required\""), 10);
    assert!(check.ok && check.warnings.is_empty(), "{check:?}");
    let offered = check.relay.unwrap();
    assert_eq!(
        (offered.tls.as_deref(), offered.authenticated, offered.mode),
        (Some("TLS 1.3"), true, "joined")
    );
    assert!(offered.greeting.contains("relay.example"), "{offered:?}");
    assert!(["PIPELINING", "DSN", "CHUNKING"].iter().all(|name| offered.offers.iter().any(|o| o == name)));
    assert_eq!(offered.largest, Some(35_882_577));
    assert!(check.round_trip_ms.is_some_and(|ms| ms > 0.0 && ms < 5_000.0));
}

#[test]
fn what_it_will_not_do_is_warned_of() {
    let mut config = RelayConfig::default();
    config.extensions.size = Some(100_000);
    config.extensions.dsn = false;
    config.extensions.chunking = false;
    let office = PostOffice::start(config);
    let more = r#", "bounces_to": "b@alert.example", "receipts": true, "mode": "bdat""#;
    let check = check(&relay("mail-a", office.port, more), 90_000);
    assert!(check.ok, "{check:?}");
    let said = check.warnings.join("\n");
    assert!(said.contains("\"flood\"") && said.contains("100000"), "{said}");
    assert!(said.contains("no DSN") && said.contains("no CHUNKING"), "{said}");
    assert!(check.text.contains("no DSN"), "{}", check.text);
}

#[test]
fn one_that_is_not_there_is_told() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let check = check(&relay("mail-a", port, ""), 10);
    assert!(!check.ok && check.text.contains("no connection"), "{check:?}");
}

#[test]
fn a_certificate_that_ends_soon_is_told_in_days() {
    let days =
        |more: u64| std::time::SystemTime::now() + std::time::Duration::from_secs(more * 86_400 + 3_600);
    for (left, told) in [(20, None), (14, None), (13, Some("in 13 days")), (0, Some("within a day"))] {
        let mut params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        params.not_after = days(left).into();
        let office = PostOffice::start_certified(RelayConfig::default(), Encryption::Implicit, params);
        let more = format!(r#", "ca": {:?}"#, office.ca);
        let check = check(&relay("mail-a", office.port, &more).replace("\"none\"", "\"implicit\""), 10);
        assert!(check.ok, "{check:?}");
        let said = check.warnings.join("\n");
        assert_eq!(said.contains("certificate ends"), told.is_some(), "{said:?}");
        assert!(said.contains(told.unwrap_or_default()), "{said:?}");
    }
}

#[test]
fn a_port_that_speaks_tls_from_the_first_octet_is_known_for_certain() {
    for tls in ["none", "opportunistic", "required"] {
        let office = PostOffice::start_encrypted(RelayConfig::default(), Encryption::Implicit, "127.0.0.1");
        let gateway = relay("mail-a", office.port, "").replace("\"none\"", &format!("{tls:?}"));
        let check = check(&gateway, 10);
        assert!(!check.ok, "{check:?}");
        assert!(check.text.contains("speaks TLS from the first octet"), "{}", check.text);
        assert!(check.text.contains("\"implicit\""), "{}", check.text);
    }
}

#[test]
fn a_port_that_begins_in_plain_is_told_apart() {
    let office = PostOffice::start_encrypted(RelayConfig::default(), Encryption::StartTls, "127.0.0.1");
    let check = check(&relay("mail-a", office.port, "").replace("\"none\"", "\"implicit\""), 10);
    assert!(!check.ok, "{check:?}");
    assert!(check.text.contains("does not speak TLS from the first octet"), "{}", check.text);
    assert!(check.text.contains("`tls` is \"required\""), "{}", check.text);
}
