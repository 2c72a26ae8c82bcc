//! The simulated SMSC on a port of this machine, as an ESME over TCP sees it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod caller;

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bealert_engine::simulate::{Faults, SimConfig, Smsc};
use bealert_wire::smpp::{BindMode, Event};

use caller::Caller;

fn start(faults: Faults) -> Smsc {
    let config = SimConfig { faults, keep_messages: true, ..SimConfig::default() };
    Smsc::start(config, "127.0.0.1:0").unwrap()
}

/// Waits for what another thread does.
fn eventually(what: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !what() {
        assert!(Instant::now() < end, "not within 10 s");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn messages_receipts_and_books_over_a_socket() {
    const MESSAGES: u64 = 20_000;
    let simulator = start(Faults::default());
    assert!(simulator.address().ip().is_loopback());
    let mut sender = Caller::bind(&simulator, BindMode::Transmitter);
    let mut receiver = Caller::bind(&simulator, BindMode::Receiver);
    sender.send(0..MESSAGES);
    let receipts = receiver.hear(MESSAGES as usize, |event| matches!(event, Event::Receipt { .. }));
    assert_eq!(receipts.len() as u64, MESSAGES);
    eventually(|| simulator.books().receipts == MESSAGES);
    let books = simulator.books();
    assert_eq!(
        (books.submits, books.accepted, books.unique, books.duplicates),
        (MESSAGES, MESSAGES, MESSAGES, 0)
    );
    assert_eq!((books.binds, books.faults), (2, 0));
    let messages = simulator.messages();
    assert_eq!(messages.len() as u64, MESSAGES);
    assert_eq!(
        (messages[7].destination.as_str(), messages[7].text.as_str()),
        ("32470000007", "Blijf binnen.")
    );
    assert_eq!(simulator.failure(), None);
}

#[test]
fn delays_pass_on_the_wall_clock() {
    let simulator = start(Faults { response_us: 50_000, receipt_us: 100_000, ..Faults::default() });
    let mut caller = Caller::bind(&simulator, BindMode::Transceiver);
    let started = Instant::now();
    caller.send(0..10);
    let responded = started.elapsed();
    caller.hear(10, |event| matches!(event, Event::Receipt { .. }));
    let receipted = started.elapsed();
    assert!(responded.as_millis() >= 50, "{responded:?}");
    assert!(receipted.as_millis() >= 150, "{receipted:?}");
}

#[test]
fn a_reset_is_a_reset_and_lost_receipts_come_on_the_next_bind() {
    let simulator = start(Faults { unanswered_receipts: 5, ..Faults::default() });
    let mut first = Caller::bind(&simulator, BindMode::Transceiver);
    first.answers = false;
    first.send(0..20);
    assert_eq!(simulator.reset_connections(), 1);
    assert_eq!(first.end(), ErrorKind::ConnectionReset);
    let mut second = Caller::bind(&simulator, BindMode::Transceiver);
    second.hear(20, |event| matches!(event, Event::Receipt { .. }));
    eventually(|| simulator.books().receipts == 20);
    assert_eq!((simulator.books().resets, simulator.books().returned_receipts), (1, 5));
}

#[test]
fn faults_change_while_it_runs() {
    let simulator = start(Faults::default());
    let mut caller = Caller::bind(&simulator, BindMode::Transceiver);
    caller.send(0..10);
    simulator.set_faults(Faults { queue_full: 1.0, ..Faults::default() });
    assert_eq!(simulator.faults().queue_full, 1.0);
    let refused = caller.send(10..20);
    assert!(refused.iter().all(|event| matches!(event, Event::Rejected { status: 0x14, .. })), "{refused:?}");
    assert_eq!(simulator.books().throttled, 10);
}

#[test]
fn many_connections_come_and_go() {
    let simulator = start(Faults::default());
    for _ in 0..3 {
        let mut callers: Vec<Caller> =
            (0..40).map(|_| Caller::bind(&simulator, BindMode::Transceiver)).collect();
        for (number, caller) in callers.iter_mut().enumerate() {
            caller.send(number as u64 * 100..number as u64 * 100 + 50);
        }
    }
    let books = simulator.books();
    assert_eq!((books.binds, books.accepted, books.unique), (120, 6_000, 2_000));
}

#[test]
fn stopping_hangs_up_and_keeps_the_books() {
    let simulator = start(Faults::default());
    let mut caller = Caller::bind(&simulator, BindMode::Transceiver);
    caller.send(0..10);
    simulator.stop();
    simulator.stop();
    caller.end();
    assert_eq!((simulator.books().accepted, simulator.messages().len()), (10, 10));
    assert_eq!(TcpStream::connect(simulator.address()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    // the port is free again at once
    Smsc::start(SimConfig::default(), simulator.address()).unwrap();
}

#[test]
fn a_port_that_is_taken_is_said_so() {
    let simulator = start(Faults::default());
    let error = Smsc::start(SimConfig::default(), simulator.address()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}
