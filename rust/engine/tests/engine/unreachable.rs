//! Gateways that can't be used: said once, tried again gently, and others take over.

use std::time::Duration;

use bealert_engine::{Engine, EventOut};
use bealert_wire::smpp::status;

use crate::far::{Far, Manners};
use crate::host::{config, delivered, ended, gateway, launch};

fn notices(engine: &Engine, wait: Duration) -> Vec<(String, String)> {
    let subscription = engine.events(Some(0), None).unwrap();
    std::thread::sleep(wait);
    let events = subscription.take(1_000).unwrap().into_iter();
    let notice = |event| match event {
        EventOut::Notice { code, text, .. } => Some((code.to_owned(), text)),
        _ => None,
    };
    events.filter_map(notice).collect()
}

#[test]
fn a_wrong_password_is_said_and_not_hammered() {
    let far = Far::start(Manners { refuses: Some(status::ESME_RINVPASWD), ..Manners::default() });
    let engine = Engine::open(config(None, &[gateway("a", far.port, "")])).unwrap();
    let notices = notices(&engine, Duration::from_secs(1));
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert_eq!(notices[0].0, "gateway_down");
    assert!(notices[0].1.contains("a can't send") && notices[0].1.contains("ESME_RINVPASWD"), "{notices:?}");
    let checks = engine.check(&mut || true).unwrap();
    assert!(!checks[0].ok && checks[0].text.contains("ESME_RINVPASWD"), "{checks:?}");
    assert!(!format!("{checks:?}{notices:?}").contains("secret"));
}

#[test]
fn check_tells_what_a_gateway_offers() {
    let far = Far::start(Manners::default());
    let gateways = [gateway("a", far.port, ""), gateway("b", 1, "")];
    let engine = Engine::open(config(None, &gateways)).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let checks = engine.check(&mut || true).unwrap();
    let smsc = checks[0].smsc.as_ref().unwrap();
    assert!(checks[0].ok);
    assert_eq!((smsc.name.as_str(), smsc.version), ("FAR", Some(0x34)));
    assert!(!checks[1].ok && checks[1].gateway == "b", "{checks:?}");
    let metrics = engine.metrics().unwrap();
    assert!(metrics.contains("bealert_gateway_up{gateway=\"a\"} 1"), "{metrics}");
    assert!(metrics.contains("bealert_gateway_up{gateway=\"b\"} 0"), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"));
}

#[test]
fn another_gateway_takes_over() {
    let far = Far::start(Manners::default());
    let gateways = [gateway("a", 1, r#", "priority": 0"#), gateway("b", far.port, r#", "priority": 1"#)];
    let engine = Engine::open(config(None, &gateways)).unwrap();
    let id = launch(&engine, "alert", 300, "k");
    let progress = ended(&engine, id, Duration::from_secs(10));
    assert_eq!((delivered(&progress), far.books().accepted), (300, 300));
}
