//! What a client may not do gets the reply that the standard has for it, and is told to the owner.

use bealert_wire::smtp::server::{ServerClosed, ServerFault};
use bealert_wire::smtp::{Extensions, ServerConfig};

use crate::server_owner::{Owner, SECOND, config};

#[test]
fn lines_that_are_no_commands() {
    let mut owner = Owner::greeted(config());
    for (line, reply, fault) in [
        ("HALLO\r\n", "500 5.5.1", ServerFault::Unknown),
        ("NOOP\n", "500 5.5.2", ServerFault::BareNewline),
        ("NOOP \u{1}\r\n", "500 5.5.2", ServerFault::Unknown),
        ("MAIL FROM:a@b\r\n", "501 5.1.7", ServerFault::Path),
        ("MAIL FROM:<a@b> COLOUR=red\r\n", "555 5.5.4", ServerFault::Parameter),
        ("MAIL FROM:<jörg@b>\r\n", "553 5.6.7", ServerFault::NotAscii),
        ("DATA now\r\n", "501 5.5.4", ServerFault::Arguments),
    ] {
        let said = owner.say(line);
        assert!(said.starts_with(reply), "{line:?}: {said}");
        assert_eq!(owner.faults.pop(), Some(fault), "{line:?}");
    }
    owner.say("MAIL FROM:<jörg@b> SMTPUTF8\r\n");
    assert!(owner.say("RCPT TO:a@b\r\n").starts_with("501 5.1.3"));
    assert_eq!(owner.codes("RCPT TO:<jörg@b>\r\n"), [250]);
}

#[test]
fn lines_without_end_are_not_kept() {
    let mut owner = Owner::greeted(config());
    for _ in 0..1_000 {
        assert_eq!(owner.say("x".repeat(1_000)), "");
    }
    assert!(owner.server.room() > 1_000_000, "what was read of it is gone");
    assert_eq!(owner.codes("\r\nNOOP\r\n"), [500, 250]);
    assert_eq!(owner.codes(format!("NOOP {}\r\n", "x".repeat(2_100))), [500]);
    assert_eq!(owner.faults, [ServerFault::LineTooLong; 2]);
    assert_eq!(owner.codes(format!("NOOP {}\r\n", "x".repeat(2_000))), [250]);
}

#[test]
fn parameters_only_of_what_is_offered() {
    for (parameter, offer) in [
        ("SIZE=5", Extensions { size: Some(0), ..Extensions::default() }),
        ("BODY=8BITMIME", Extensions { eight_bit_mime: true, ..Extensions::default() }),
        ("SMTPUTF8", Extensions { smtp_utf8: true, ..Extensions::default() }),
        ("RET=HDRS", Extensions { dsn: true, ..Extensions::default() }),
        ("ENVID=x", Extensions { dsn: true, ..Extensions::default() }),
        ("MT-PRIORITY=4", Extensions { mt_priority: true, ..Extensions::default() }),
        ("BY=60;R", Extensions { deliver_by: Some(Default::default()), ..Extensions::default() }),
        ("REQUIRETLS", Extensions { require_tls: true, ..Extensions::default() }),
    ] {
        let line = format!("MAIL FROM:<a@b> {parameter}\r\n");
        for (extensions, code) in [(Extensions::default(), 555), (offer, 250)] {
            let mut owner = Owner::greeted(ServerConfig { extensions, ..config() });
            assert_eq!(owner.codes(&line), [code], "{parameter}");
        }
    }
    for (extensions, code) in
        [(Extensions::default(), 555), (Extensions { dsn: true, ..Extensions::default() }, 250)]
    {
        let mut owner = Owner::greeted(ServerConfig { extensions, ..config() });
        owner.say("MAIL FROM:<a@b>\r\n");
        assert_eq!(owner.codes("RCPT TO:<a@b> NOTIFY=NEVER\r\n"), [code]);
        assert_eq!(owner.codes("RCPT TO:<a@b> ORCPT=rfc822;a@b\r\n"), [code]);
    }
    let mut owner = Owner::new(config());
    owner.say("HELO client.example\r\n");
    assert_eq!(owner.codes("MAIL FROM:<a@b> SIZE=5\r\n"), [555], "HELO asks for no extension");
}

#[test]
fn what_has_to_wait_for_a_reply_and_does_not() {
    let mut owner = Owner::greeted(config());
    assert_eq!(owner.codes("EHLO client.example\r\nNOOP\r\n"), [503, 250]);
    let codes = owner.codes("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nSubject: too early\r\n");
    assert_eq!(codes, [250, 250, 503, 500]);
    assert_eq!(owner.faults, [ServerFault::Pipelined, ServerFault::Pipelined, ServerFault::Unknown]);

    let mut settings = config();
    settings.extensions.pipelining = false;
    let mut owner = Owner::greeted(settings);
    assert_eq!(owner.codes("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n"), [503, 503]);
    assert_eq!(owner.codes("MAIL FROM:<a@b>\r\n"), [250]);
    assert_eq!(owner.codes("RCPT TO:<a@b>\r\n"), [250]);
}

#[test]
fn too_many_recipients_get_a_452() {
    let mut owner = Owner::greeted(ServerConfig { max_recipients: 2, ..config() });
    owner.say("MAIL FROM:<a@b>\r\n");
    assert_eq!(
        owner.codes("RCPT TO:<a@b>\r\nRCPT TO:<c@b>\r\nRCPT TO:<d@b>\r\nDATA\r\n"),
        [250, 250, 452, 354]
    );
    assert_eq!(owner.codes(".\r\n"), [250]);
    assert_eq!(owner.taken[0].recipients.len(), 2);
}

#[test]
fn who_says_nothing_is_hung_up_on() {
    let mut owner = Owner::greeted(config());
    assert_eq!(owner.server.poll_timeout(), Some(301 * SECOND));
    owner.server.handle_timeout(300 * SECOND);
    assert!(!owner.server.wants_close());
    owner.now = 200 * SECOND;
    owner.say("NOOP\r\n");
    owner.server.handle_timeout(499 * SECOND);
    assert!(!owner.server.wants_close());
    owner.server.handle_timeout(500 * SECOND);
    assert_eq!(owner.said(), "421 4.4.2 Waited too long for a command\r\n");
    assert!(owner.server.wants_close());
    owner.server.disconnected(owner.now);
    owner.work();
    assert_eq!(owner.closed, Some(ServerClosed::Idle));
}

#[test]
fn who_reads_nothing_gets_no_more_to_read() {
    let mut owner = Owner::greeted(config());
    for _ in 0..200_000 {
        owner.server.receive(owner.now, b"NOOP\r\n");
        owner.work();
    }
    assert!(owner.server.outgoing().len() < 100_000, "{}", owner.server.outgoing().len());
    assert!(owner.server.room() < 2_000_000);
    for _ in 0..1_000_000 {
        owner.server.receive(owner.now, b"NOOP\r\n");
        owner.work();
    }
    assert!(owner.server.wants_close());
    assert_eq!(owner.faults, [ServerFault::Flooded]);
}

#[test]
fn hanging_up_unasked() {
    let mut owner = Owner::greeted(config());
    owner.say("MAIL FROM:<a@b>\r\n");
    owner.server.hang_up(owner.now, bealert_wire::smtp::EnhancedCode(4, 3, 2), "Going down");
    assert_eq!(owner.said(), "421 4.3.2 Going down\r\n");
    assert!(owner.server.wants_close());
    assert_eq!(owner.abandoned, 1);
}
