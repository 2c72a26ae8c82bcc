//! Connections that break while messages are on their way: none lost, every double named.

use std::time::Duration;

use bealert_engine::{Engine, EventOut};

use crate::far::{Far, Manners};
use crate::host::{config, delivered, ended, events, gateway, launch};

#[test]
fn a_far_end_that_resets_every_300_messages() {
    let far = Far::start(Manners { reset_every: Some(300), ..Manners::default() });
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::open(config(Some(directory.path()), &[gateway("a", far.port, "")])).unwrap();
    let id = launch(&engine, "alert", 3_000, "k");
    let progress = ended(&engine, id, Duration::from_secs(60));
    let doubted = events(&engine, id)
        .iter()
        .filter(|event| matches!(event, EventOut::Event { state: "uncertain", .. }))
        .count() as u64;
    let books = far.books();
    assert_eq!(books.messages.len(), 3_000, "{progress:?}");
    assert!(books.binds > 5, "{} binds", books.binds);
    assert!(books.duplicates() <= doubted, "{} doubles, {doubted} doubted", books.duplicates());
    assert!(delivered(&progress) > 2_000, "{progress:?}");
}

#[test]
fn the_gateway_notices_come_once_per_change() {
    let far = Far::start(Manners::default());
    let port = far.port;
    let engine = Engine::open(config(None, &[gateway("a", port, "")])).unwrap();
    let subscription = engine.events(Some(0), None).unwrap();
    let mut codes = Vec::new();
    let mut gather = |what: &str| {
        for _ in 0..3_000 {
            for event in subscription.take(100).unwrap() {
                if let EventOut::Notice { code, gateway, .. } = event {
                    assert_eq!(gateway.as_deref(), Some("a"));
                    codes.push(code);
                }
            }
            if codes.last() == Some(&what) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("no {what}: {codes:?}");
    };
    gather("gateway_up");
    drop(far);
    gather("gateway_down");
    std::thread::sleep(Duration::from_millis(700));
    let _far = Far::start_on(port, Manners::default());
    gather("gateway_up");
    assert_eq!(codes, ["gateway_up", "gateway_down", "gateway_up"]);
}
