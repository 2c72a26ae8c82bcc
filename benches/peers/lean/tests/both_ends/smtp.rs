//! SMTP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use crate::ends::{Sink, figure};

const FEW: [&str; 4] = ["--count", "2000", "--connections", "4"];

fn blast(sink: &Sink, options: &[&str]) -> (bool, String) {
    sink.blast("smtp-blast", &[&FEW, options].concat())
}

#[test]
fn every_mode_brings_everything_once_and_waits_as_it_says() {
    for (mode, grouped, joined, chunked) in [
        ("lockstep", 0.0, 0.0, 0.0),
        ("pipelined", 2_000.0, 0.0, 0.0),
        ("joined", 2_000.0, 1_996.0, 0.0),
        ("bdat", 2_000.0, 1_750.0, 2_000.0),
    ] {
        let sink = Sink::start("smtp-sink", &[]);
        let (done, said) = blast(&sink, &["--mode", mode, "--size", "1000"]);
        assert!(done && figure(&said, "accepted") == 2_000.0, "{mode}: {said}");
        let books = sink.books();
        for name in ["messages", "accepted"] {
            assert_eq!(figure(&books, name), 2_000.0, "{mode}: {name}");
        }
        assert_eq!(figure(&books, "octets"), 2_000.0 * 1_000.0, "{mode}");
        assert_eq!(figure(&books, "duplicates"), 0.0, "{mode}");
        assert_eq!(figure(&books, "connections"), 4.0, "{mode}");
        assert_eq!(figure(&books, "chunked"), chunked, "{mode}");
        // A read may end between a MAIL and its RCPT, so some are not seen to be together.
        for (name, least) in [("grouped", grouped), ("joined", joined)] {
            let seen = figure(&books, name);
            assert!(seen >= least * 0.8 && (seen == 0.0) == (least == 0.0), "{mode}: {name} {seen}");
        }
    }
}

#[test]
fn a_reply_takes_its_time_and_each_mode_waits_as_often_as_it_must() {
    for (mode, waits) in [("lockstep", 4), ("pipelined", 2), ("joined", 1)] {
        let sink = Sink::start("smtp-sink", &["--latency-ms", "20"]);
        let began = Instant::now();
        let options = ["--count", "20", "--connections", "2", "--mode", mode];
        let (done, said) = sink.blast("smtp-blast", &options);
        assert!(done && began.elapsed().as_millis() >= 10 * waits * 20, "{mode}: {said}");
    }
}

#[test]
fn what_is_over_the_limit_is_sent_back() {
    for mode in ["lockstep", "pipelined", "joined", "bdat"] {
        let sink = Sink::start("smtp-sink", &["--limit", "1", "--burst", "100"]);
        let (done, said) = blast(&sink, &["--mode", mode]);
        assert!(done && figure(&said, "refused") > 1_800.0, "{mode}: {said}");
        let books = sink.books();
        assert_eq!(figure(&books, "throttled"), figure(&said, "refused"), "{mode}");
        assert_eq!(figure(&books, "accepted"), figure(&said, "accepted"), "{mode}");
    }
}

#[test]
fn a_connection_is_reset_after_its_share() {
    let sink = Sink::start("smtp-sink", &["--reset-every", "100"]);
    assert!(!sink.blast("smtp-blast", &["--count", "1000", "--connections", "1"]).0);
    let books = sink.books();
    assert_eq!((figure(&books, "resets"), figure(&books, "messages")), (1.0, 100.0));
}

#[test]
fn a_dialogue_in_pieces_of_an_octet_is_understood() {
    let sink = Sink::start("smtp-sink", &["--nagle"]);
    let mut stream = TcpStream::connect(format!("127.0.0.1:{}", sink.port)).expect("it listens");
    stream.set_nodelay(true).expect("a socket");
    let dialogue = "ehlo x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<user000000007@example.org>\r\n\
                    RCPT TO:<user000000008@example.org>\r\nDATA\r\n.\r\n\
                    MAIL FROM:<a@b>\r\nDATA\r\nNOOP\r\nRCPT TO:<user000000007@example.org>\r\n\
                    BDAT 3\r\n.\r\nBDAT 2 last\r\n\r\nMAIL FROM:<a@b>\r\nBDAT 4 LAST\r\nQUITNOOP\r\nQUIT\r\n";
    for octet in dialogue.bytes() {
        stream.write_all(&[octet]).expect("it reads");
    }
    let mut replies = String::new();
    stream.read_to_string(&mut replies).expect("it ends");
    let codes: Vec<&str> =
        replies.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| &line[..3]).collect();
    let expected = "220 250 250 250 250 354 250 250 503 250 250 250 250 250 503 250 221";
    assert_eq!(codes.join(" "), expected, "{replies}");
    let books = sink.books();
    assert_eq!((figure(&books, "messages"), figure(&books, "accepted")), (2.0, 3.0));
    assert_eq!((figure(&books, "octets"), figure(&books, "idle")), (5.0, 2.0));
    assert_eq!((figure(&books, "duplicates"), figure(&books, "chunked")), (1.0, 2.0));
}

#[test]
fn what_is_not_offered_is_not_said() {
    let sink = Sink::start("smtp-sink", &["--no-pipelining", "--no-chunking"]);
    let mut stream = TcpStream::connect(format!("127.0.0.1:{}", sink.port)).expect("it listens");
    stream.write_all(b"EHLO x\r\nQUIT\r\n").expect("it reads");
    let mut replies = String::new();
    stream.read_to_string(&mut replies).expect("it ends");
    assert!(replies.contains("250-8BITMIME\r\n") && replies.contains("250 SIZE "), "{replies}");
    assert!(!replies.contains("PIPELINING") && !replies.contains("CHUNKING"), "{replies}");
}
