//! The two ends against each other: what they promise a measurement.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

struct Sink {
    child: Child,
    port: String,
}

impl Sink {
    fn start(options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lean"))
            .args(["sink", "--with-parent"])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the sink starts");
        let mut first = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout.read_line(&mut first).expect("it says where it listens");
        child.stdout = Some(stdout.into_inner());
        let port = first.trim().rsplit(':').next().expect("a port").to_owned();
        Self { child, port }
    }

    fn blast(&self, options: &[&str]) -> (bool, String) {
        let done = Command::new(env!("CARGO_BIN_EXE_lean"))
            .args(["blast", "--port", &self.port])
            .args(options)
            .output()
            .expect("the client runs");
        (done.status.success(), String::from_utf8(done.stdout).expect("JSON"))
    }

    fn books(self) -> String {
        let said = self.child.wait_with_output().expect("it ends with its input");
        String::from_utf8(said.stdout).expect("JSON")
    }
}

fn figure(json: &str, name: &str) -> f64 {
    let (_, rest) = json.split_once(&format!("\"{name}\": ")).expect(name);
    let end = rest.find([',', '}']).expect("a value ends");
    rest[..end].parse().expect(name)
}

#[test]
fn everything_is_answered_and_every_receipt_matches() {
    let sink = Sink::start(&[]);
    for window in ["1", "10", "1000"] {
        let (done, said) = sink.blast(&["--count", "3000", "--window", window, "--receipts"]);
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
    let sink = Sink::start(&["--unanswered-receipts", "10"]);
    let (done, said) = sink.blast(&["--count", "5000", "--window", "1000", "--receipts"]);
    assert!(done && figure(&said, "delivered") == 5_000.0, "{said}");
    assert_eq!(figure(&sink.books(), "receipts_answered"), 5_000.0);
}

#[test]
fn an_answer_takes_its_time() {
    let sink = Sink::start(&["--latency-ms", "50"]);
    let began = Instant::now();
    let (done, said) = sink.blast(&["--count", "100", "--window", "20", "--receipts"]);
    assert!(done && began.elapsed().as_millis() >= 5 * 50, "{said}");
    assert_eq!(figure(&said, "delivered"), 100.0);
    sink.books();
}

#[test]
fn what_is_over_the_limit_is_throttled() {
    let sink = Sink::start(&["--limit", "1", "--burst", "100"]);
    let (done, said) = sink.blast(&["--count", "1000", "--window", "10"]);
    assert!(done && figure(&said, "refused") > 800.0, "{said}");
    assert_eq!(figure(&sink.books(), "throttled"), figure(&said, "refused"));
}

#[test]
fn a_connection_is_reset_after_its_share() {
    let sink = Sink::start(&["--reset-every", "500"]);
    assert!(!sink.blast(&["--count", "1000", "--window", "10"]).0);
    let books = sink.books();
    assert_eq!((figure(&books, "resets"), figure(&books, "submits")), (1.0, 500.0));
}

#[test]
fn the_first_arrival_of_each_group_is_told() {
    let sink = Sink::start(&["--group", "100"]);
    assert!(sink.blast(&["--count", "250", "--window", "1"]).0);
    let books = sink.books();
    let (_, groups) = books.split_once("\"groups\": ").expect("groups");
    let groups = &groups[..groups.find("]]").expect("a list of pairs")];
    assert!(groups.starts_with(&format!("[[888100000000, {}]", figure(&books, "first_ns"))), "{groups}");
    assert_eq!(groups.matches('[').count(), 4, "three groups: {groups}");
}
