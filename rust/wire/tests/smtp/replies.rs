//! smtp.md 6.10: how replies are read (RFC 5321 §4.2, RFC 2034, RFC 3463).

use bealert_wire::smtp::{
    CloseReason, EnhancedCode, Event, MAX_REPLY_LINE_OCTETS, MAX_REPLY_LINES, MAX_REPLY_TEXT_OCTETS, Mode,
    ProtocolFault, Replies, Reply, ReplyProblem,
};

use crate::scripted::{Session, outcomes};

fn read(stream: &[u8]) -> Result<Vec<Reply>, ReplyProblem> {
    let whole = read_cut(stream, usize::MAX);
    for cut in [1, 2, 3, 7] {
        assert_eq!(read_cut(stream, cut), whole, "cut into {cut}");
    }
    whole
}

fn read_cut(stream: &[u8], cut: usize) -> Result<Vec<Reply>, ReplyProblem> {
    let mut replies = Replies::default();
    let mut all = Vec::new();
    for mut piece in stream.chunks(cut) {
        while let Some(reply) = replies.next(&mut piece, |_| {})? {
            all.push(reply);
        }
    }
    Ok(all)
}

#[test]
fn point_10_lines_with_one_code_are_one_reply_and_an_empty_last_line_is_a_line() {
    let replies = read(b"250-relay.example\r\n250-SIZE\r\n250 \r\n250\r\n220 hi\r\n").unwrap();
    let shown: Vec<String> = replies.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["250 relay.example SIZE", "250", "220 hi"],
        "smtp-sink ends its EHLO with `250 ` alone"
    );
}

#[test]
fn point_10_smtp_sink_ends_ehlo_with_an_empty_line() {
    let mut session =
        Session::new(crate::scripted::config(Mode::Joined), crate::scripted::Server::offering(&[]));
    session.server.rule = Box::new(|line| {
        line.starts_with("EHLO").then(|| "250-smtp-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ".to_owned())
    });
    session.queue.extend(0..3);
    let events = session.run();
    let Event::Ready(ready) = &events[0] else { panic!("{events:?}") };
    assert!(ready.extensions.pipelining && ready.extensions.eight_bit_mime && !ready.extensions.dsn);
    assert_eq!(outcomes(&events).len(), 3);
}

#[test]
fn point_10_of_unknown_codes_the_first_digit_counts() {
    let codes = |code: &'static str| {
        let mut session = Session::in_mode(Mode::Joined)
            .rule(move |line| (line == ".").then(|| format!("{code} as never seen before")));
        outcomes(&session.send(0..1))
    };
    assert_eq!(codes("299"), [(0, "accepted")]);
    assert_eq!(codes("478"), [(0, "refused")]);
    assert_eq!(codes("599"), [(0, "refused")]);
    // and three of them do for go on
    let mut session =
        Session::in_mode(Mode::Joined).rule(|line| (line == "DATA").then(|| "399 go on".to_owned()));
    assert_eq!(outcomes(&session.send(0..1)), [(0, "accepted")]);
}

#[test]
fn point_10_of_the_text_only_the_enhanced_code_is_read() {
    let one = |line: &str| read(format!("{line}\r\n").as_bytes()).unwrap()[0];
    assert_eq!(one("550 5.1.1 No such user").enhanced, Some(EnhancedCode(5, 1, 1)));
    assert_eq!(one("550 5.1.1 No such user").text.as_str(), "No such user");
    assert_eq!(one("450 4.7.999").enhanced, Some(EnhancedCode(4, 7, 999)));
    for none in [
        "550 4.1.1 class",
        "550 5.1 short",
        "550 5.1.1.1 long",
        "550 5.1.1000 x",
        "550 5.1.1x",
        "550 no 5.1.1",
    ] {
        assert_eq!(one(none).enhanced, None, "{none}");
        assert_eq!(one(none).text.as_str(), &none[4..]);
    }
    let many = read(b"550-5.7.1 first\r\n550-5.7.1 second\r\n550 5.7.1 third\r\n").unwrap();
    assert_eq!(many[0].to_string(), "550 5.7.1 first second third");
}

#[test]
fn point_10_longer_lines_than_the_standard_has_are_taken_up_to_a_bound() {
    let long = format!("250 {}\r\n", "x".repeat(4_000));
    assert_eq!(read(long.as_bytes()).unwrap()[0].text.len(), MAX_REPLY_TEXT_OCTETS);
    let endless = format!("250 {}", "x".repeat(MAX_REPLY_LINE_OCTETS));
    assert_eq!(read(endless.as_bytes()), Err(ReplyProblem::LongLine));
    let lines = "250-x\r\n".repeat(MAX_REPLY_LINES);
    assert_eq!(read(lines.as_bytes()), Err(ReplyProblem::ManyLines));
}

#[test]
fn point_10_what_is_no_reply_ends_the_session_and_what_was_out_is_uncertain() {
    for garbage in
        ["HTTP/1.1 400 Bad Request", "25 short", "2500 long", "150 no such class", "650 x", "250_x", "\x00"]
    {
        let problem = read(format!("{garbage}\r\n").as_bytes()).unwrap_err();
        let shown = garbage.replace('\x00', " ");
        assert_eq!(problem.to_string(), format!("a line that is no reply: {shown}"));
        let mut session =
            Session::in_mode(Mode::Joined).rule(move |line| (line == ".").then(|| garbage.to_owned()));
        let events = session.send(0..1);
        assert!(matches!(
            events[..],
            [Event::Fault { what: ProtocolFault::Unreadable(ReplyProblem::NoCode { .. }) }]
        ));
        let why = CloseReason::Violation;
        assert_eq!(session.disconnect(), [Event::Lost { token: 0, recipient: 0 }, Event::Closed { why }]);
    }
    assert_eq!(read(b"250-a\r\n550 b\r\n"), Err(ReplyProblem::CodesDiffer { first: 250, then: 550 }));
}

#[test]
fn text_is_fit_to_be_shown_whatever_it_was() {
    let mut stream = b"250 a\x1b[31mb\tc \xff\xfe ".to_vec();
    stream.extend("\u{e9}".repeat(200).as_bytes());
    stream.extend(b"\r\n");
    let text = read(&stream).unwrap()[0].text;
    assert!(text.starts_with("a [31mb c \u{fffd}\u{fffd} \u{e9}\u{e9}") && !text.contains(char::is_control));
    assert!(text.len() <= MAX_REPLY_TEXT_OCTETS);
}

#[test]
fn what_is_written_is_read_again() {
    let reply = Reply::new(450, Some(EnhancedCode(4, 7, 1)), "Greylisted, come again");
    let mut out = Vec::new();
    reply.write(&mut out);
    reply.write_lines(&mut out, [&b"one"[..], b"two\r\n250 three"]);
    reply.write_lines(&mut out, []);
    let replies = read(&out).unwrap();
    assert_eq!(replies.len(), 3);
    assert_eq!((replies[0], replies[2]), (reply, reply));
    assert_eq!(replies[1].to_string(), "450 4.7.1 one two  250 three", "no line can be injected");
}
