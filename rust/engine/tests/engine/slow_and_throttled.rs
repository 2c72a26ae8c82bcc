//! A far end that wants less than it is given.

use std::time::Duration;

use bealert_engine::Engine;

use crate::far::{Far, Manners};
use crate::host::{config, delivered, ended, gateway, launch};

#[test]
fn throttling_costs_time_and_no_attempt() {
    let far = Far::start(Manners { limit: Some(300), ..Manners::default() });
    let engine = Engine::open(config(None, &[gateway("a", far.port, "")])).unwrap();
    let id = launch(&engine, "alert", 900, "k");
    let progress = ended(&engine, id, Duration::from_secs(60));
    let books = far.books();
    assert_eq!((delivered(&progress), books.accepted, books.duplicates()), (900, 900, 0));
    assert!(books.throttled > 0);
}

#[test]
fn the_window_is_what_is_in_flight() {
    let delay = Duration::from_millis(50);
    let far = Far::start(Manners { delay, receipts: false, ..Manners::default() });
    let more = r#", "window": 20, "receipts": false"#;
    let engine = Engine::open(config(None, &[gateway("a", far.port, more)])).unwrap();
    let began = std::time::Instant::now();
    let id = launch(&engine, "alert", 400, "k");
    ended(&engine, id, Duration::from_secs(20));
    // 400 messages are 20 windows of 50 ms; one after the other they would take 20 s.
    let took = began.elapsed();
    assert!(took > Duration::from_millis(950), "{took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}
