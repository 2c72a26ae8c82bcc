//! Which command may follow which, in which order replies come, and that the owner decides.

use bealert_wire::smtp::server::ServerClosed;
use bealert_wire::smtp::{Reply, ServerEvent};

use crate::server_owner::{Judge, Owner, SECOND, config, refusal};

const GROUP: &str = "MAIL FROM:<a@client.example>\r\nRCPT TO:<b@mx.example>\r\nDATA\r\n";

#[test]
fn a_greeting_and_what_is_offered() {
    let mut owner = Owner::new(config());
    assert_eq!(owner.said(), "220 mx.example ESMTP\r\n");
    assert_eq!(
        owner.say("EHLO client.example\r\n"),
        "250-mx.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n\
         250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250-STARTTLS\r\n250 SIZE 0\r\n",
        "AUTH is not offered in plain text"
    );
    assert_eq!(owner.say("HELO client.example\r\n"), "250 mx.example\r\n");
}

#[test]
fn groups_joined_to_the_message_before_give_replies_in_order() {
    let mut owner = Owner::greeted(config());
    assert_eq!(owner.codes(GROUP), [250, 250, 354]);
    for _ in 0..3 {
        assert_eq!(owner.codes(format!("Subject: x\r\n\r\nx\r\n.\r\n{GROUP}")), [250, 250, 250, 354]);
    }
    assert_eq!(owner.codes("x\r\n.\r\nQUIT\r\n"), [250, 221]);
    assert!(owner.server.wants_close());
    assert_eq!((owner.taken.len(), owner.faults.len()), (4, 0));
    owner.server.disconnected(owner.now);
    owner.work();
    assert_eq!(owner.closed, Some(ServerClosed::Quit));
}

#[test]
fn nothing_is_read_before_the_owner_has_answered() {
    let mut owner = Owner::greeted(config());
    assert_eq!(owner.codes(GROUP), [250, 250, 354]);
    owner.server.receive(owner.now, format!("x\r\n.\r\n{GROUP}").as_bytes());
    assert!(matches!(owner.server.poll_event(), Some(ServerEvent::Content(b"x\r\n"))));
    let whole = owner.server.poll_event();
    assert!(matches!(whole, Some(ServerEvent::Complete { octets: 3, .. })), "{whole:?}");
    assert_eq!(owner.server.poll_event(), None);
    assert_eq!(owner.server.outgoing(), b"");
    assert!(owner.server.is_asking() && owner.server.poll_timeout().is_none(), "it is we who are late");
    // much later, once it is on disk
    owner.now += 30 * SECOND;
    owner.server.answer(owner.now, &refusal(451, (4, 3, 0)));
    owner.work();
    assert_eq!(
        owner.said(),
        "451 4.3.0 no\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n"
    );
}

#[test]
fn one_refused_recipient_leaves_the_others() {
    let judge: Judge =
        |what, who| (what == "rcpt" && who.starts_with("nobody")).then(|| refusal(550, (5, 1, 1)));
    let mut owner = Owner::judged(config(), judge);
    owner.say("EHLO client.example\r\n");
    let group = "MAIL FROM:<>\r\nRCPT TO:<b@mx.example>\r\nRCPT TO:<nobody@mx.example>\r\nDATA\r\n";
    assert_eq!(owner.codes(group), [250, 250, 550, 354]);
    assert_eq!(owner.codes("x\r\n.\r\n"), [250]);
    assert_eq!(owner.taken[0].recipients, ["b@mx.example"]);

    let group = "MAIL FROM:<>\r\nRCPT TO:<nobody@mx.example>\r\nDATA\r\n";
    assert_eq!(owner.codes(group), [250, 550, 554]);
    // the transaction is still there, as with Postfix and Exim
    assert_eq!(owner.codes("MAIL FROM:<>\r\n"), [503]);
    assert_eq!(owner.codes("RSET\r\nMAIL FROM:<>\r\n"), [250, 250]);
}

#[test]
fn commands_in_their_order() {
    let mut owner = Owner::new(config());
    assert_eq!(owner.codes("MAIL FROM:<>\r\n"), [220, 503]);
    owner.say("EHLO client.example\r\n");
    assert_eq!(owner.codes("RCPT TO:<a@b>\r\n"), [503]);
    assert_eq!(owner.codes("DATA\r\n"), [503]);
    assert_eq!(owner.codes("MAIL FROM:<>\r\nMAIL FROM:<>\r\n"), [250, 503]);
    assert_eq!(owner.codes("DATA\r\n"), [503]);
    assert_eq!(owner.codes("NOOP\r\nVRFY a\r\nEXPN a\r\nHELP\r\n"), [250, 252, 502, 214]);
    assert_eq!(owner.codes("EHLO client.example\r\n"), [250], "which ends the transaction");
    assert_eq!((owner.abandoned, owner.codes("RCPT TO:<a@b>\r\n")), (1, vec![503]));
    assert_eq!(owner.codes("LHLO client.example\r\n"), [500]);
}

#[test]
fn a_421_hangs_up_whatever_it_answers() {
    let judge: Judge = |what, _| (what == "data").then(|| refusal(421, (4, 7, 0)));
    let mut owner = Owner::judged(config(), judge);
    owner.say("EHLO client.example\r\n");
    assert_eq!(owner.codes(GROUP), [250, 250, 421]);
    assert!(owner.server.wants_close());
    assert_eq!(owner.abandoned, 1);
    assert_eq!(owner.say("NOOP\r\n"), "");
}

#[test]
fn a_greeting_that_refuses_hears_only_quit() {
    let mut owner =
        Owner::judged(config(), |what, _| (what == "connect").then(|| Reply::new(554, None, "No service")));
    assert_eq!(owner.codes("EHLO client.example\r\n"), [554, 503]);
    assert_eq!(owner.codes("QUIT\r\n"), [221]);
}

#[test]
fn haraka_refuses_what_came_before_its_reply() {
    let mut settings = config();
    settings.quirks.refuses_joined = true;
    let mut owner = Owner::greeted(settings);
    assert_eq!(owner.codes(GROUP), [250, 250, 354]);
    assert_eq!(owner.codes(format!("x\r\n.\r\n{GROUP}")), [250, 503, 503, 503]);
    assert_eq!(owner.codes(GROUP), [250, 250, 354], "sent afterwards it is welcome");
    assert_eq!(owner.codes("x\r\n.\r\n"), [250]);
    assert_eq!(owner.taken.len(), 2);
}

#[test]
fn a_354_for_nobody() {
    let mut settings = config();
    settings.quirks.starts_without_recipients = true;
    let mut owner = Owner::judged(settings, |what, _| match what {
        "rcpt" => Some(refusal(550, (5, 1, 1))),
        "dot" => Some(refusal(554, (5, 5, 1))),
        _ => None,
    });
    owner.say("EHLO client.example\r\n");
    assert_eq!(owner.codes(GROUP), [250, 550, 354]);
    assert_eq!(owner.codes(".\r\n"), [554]);
}
