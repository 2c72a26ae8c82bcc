//! SMPP.

use std::time::Instant;

use crate::ends::{Sink, figure};

#[test]
fn everything_is_answered_and_every_receipt_matches() {
    let sink = Sink::start("sink", &[]);
    for window in ["1", "10", "1000"] {
        let (done, said) = sink.blast("blast", &["--count", "3000", "--window", window, "--receipts"]);
        assert!(
            done && figure(&said, "accepted") == 3_000.0 && figure(&said, "delivered") == 3_000.0,
            "{said}"
        );
    }
    let books = sink.books();
    assert_eq!((figure(&books, "accepted"), figure(&books, "receipts")), (9_000.0, 9_000.0));
    assert_eq!(figure(&books, "duplicates"), 6_000.0, "the same numbers three times");
    assert_eq!(figure(&books, "doubled"), 3_000.0, "and each of them");
}

#[test]
fn no_more_receipts_are_unanswered_than_allowed() {
    let sink = Sink::start("sink", &["--unanswered-receipts", "10"]);
    let (done, said) = sink.blast("blast", &["--count", "5000", "--window", "1000", "--receipts"]);
    assert!(done && figure(&said, "delivered") == 5_000.0, "{said}");
    assert_eq!(figure(&sink.books(), "receipts_answered"), 5_000.0);
}

#[test]
fn an_answer_takes_its_time() {
    let sink = Sink::start("sink", &["--latency-ms", "50"]);
    let began = Instant::now();
    let (done, said) = sink.blast("blast", &["--count", "100", "--window", "20", "--receipts"]);
    assert!(done && began.elapsed().as_millis() >= 5 * 50, "{said}");
    assert_eq!(figure(&said, "delivered"), 100.0);
    sink.books();
}

#[test]
fn what_is_over_the_limit_is_throttled() {
    let sink = Sink::start("sink", &["--limit", "1", "--burst", "100"]);
    let (done, said) = sink.blast("blast", &["--count", "1000", "--window", "10"]);
    assert!(done && figure(&said, "refused") > 800.0, "{said}");
    assert_eq!(figure(&sink.books(), "throttled"), figure(&said, "refused"));
}

#[test]
fn a_connection_is_reset_after_its_share() {
    let sink = Sink::start("sink", &["--reset-every", "500"]);
    assert!(!sink.blast("blast", &["--count", "1000", "--window", "10"]).0);
    let books = sink.books();
    assert_eq!((figure(&books, "resets"), figure(&books, "submits")), (1.0, 500.0));
}

#[test]
fn the_first_arrival_of_each_group_is_told() {
    let sink = Sink::start("sink", &["--group", "100"]);
    assert!(sink.blast("blast", &["--count", "250", "--window", "1"]).0);
    let books = sink.books();
    let (_, groups) = books.split_once("\"groups\": ").expect("groups");
    let groups = &groups[..groups.find("]]").expect("a list of pairs")];
    assert!(groups.starts_with(&format!("[[888100000000, {}]", figure(&books, "first_ns"))), "{groups}");
    assert_eq!(groups.matches('[').count(), 4, "three groups: {groups}");
}
