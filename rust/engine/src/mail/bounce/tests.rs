//! Reports as Postfix, Exim and Exchange write them, what they mean, and what is none.

use super::*;
use proptest::prelude::*;

const TOKEN: Token = Token { campaign: 7, ordinal: 4_711, attempt: 2 };

fn verp() -> Verp {
    Verp::new((3, 4))
}

fn path() -> String {
    format!("bounces+{}@be-alert.be", verp().sign(TOKEN))
}

/// A sample about the letter of [`TOKEN`].
fn sample(text: &str) -> String {
    text.replace("RETURN-PATH", &path()).replace("ENVID", &verp().sign(TOKEN)).replace('\n', "\r\n")
}

const POSTFIX: &str = include_str!("samples/postfix.eml");
const DELAYED: &str = include_str!("samples/postfix-delayed.eml");
const SUCCESS: &str = include_str!("samples/postfix-success.eml");
const EXIM: &str = include_str!("samples/exim.eml");
const EXCHANGE: &str = include_str!("samples/exchange.eml");
const ABSENCE: &str = include_str!("samples/absence.eml");

fn one(text: &str) -> Bounced {
    let mut all = read(sample(text).as_bytes(), None, &verp()).unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn point_18_reports_of_the_servers_that_people_have() {
    let bounced = one(POSTFIX);
    assert_eq!((bounced.token, bounced.action, bounced.status), (TOKEN, Action::Failed, Status(5, 1, 1)));
    assert_eq!(bounced.recipient.as_deref(), Some("an@example.org"));
    let said =
        "550 5.1.1 <an@example.org>: Recipient address rejected: User unknown in local recipient table";
    assert_eq!(bounced.diagnostic.as_deref(), Some(said));
    assert!(bounced.suppresses());

    let bounced = one(EXIM);
    let status = (bounced.action, bounced.status);
    assert_eq!(
        status,
        (Action::Failed, Status(5, 1, 1)),
        "the far end's, where the reporter says just 5.0.0"
    );
    assert_eq!(one(&EXIM.replace("5.1.1", "4.1.1")).status, Status(5, 0, 0), "of another class it is not");

    let bounced = one(EXCHANGE);
    assert_eq!((bounced.action, bounced.status), (Action::Failed, Status(5, 7, 1)));
    assert!(bounced.diagnostic.as_deref().unwrap().contains("rejected by organization policy"));
    assert!(!bounced.suppresses(), "a refusal by policy says nothing of the mailbox");

    let bounced = one(DELAYED);
    assert_eq!((bounced.action, bounced.status), (Action::Delayed, Status(4, 4, 1)));
    assert!(!bounced.suppresses());

    let all = read(sample(SUCCESS).as_bytes(), None, &verp()).unwrap();
    let actions: Vec<Action> = all.iter().map(|bounced| bounced.action).collect();
    assert_eq!(actions, [Action::Relayed, Action::Delivered]);
    assert!(all.iter().all(|bounced| bounced.token == TOKEN), "by the envelope's id alone");
}

#[test]
fn point_18_only_what_says_that_there_is_no_mailbox_suppresses() {
    for (status, suppresses) in [
        ("5.1.1", true),
        ("5.1.10", true),
        ("5.1.2", true),
        ("5.1.6", true),
        ("5.2.1", false),
        ("5.2.2", false),
        ("5.4.4", false),
        ("5.7.1", false),
        ("5.7.26", false),
        ("5.0.0", false),
    ] {
        let text = POSTFIX.replace("Status: 5.1.1", &format!("Status: {status}")).replace("550 5.1.1", "550");
        assert_eq!(one(&text).suppresses(), suppresses, "{status}");
    }
    let delayed = POSTFIX.replace("Action: failed", "Action: delayed");
    assert_eq!(
        (one(&delayed).status, one(&delayed).suppresses()),
        (Status(4, 0, 0), false),
        "two that contradict"
    );
}

#[test]
fn point_18_the_token_is_taken_from_wherever_it_came_back() {
    let other = "To: bounces@be-alert.be";
    let envelope = |recipient: &str| {
        read(
            sample(&POSTFIX.replace("ENVID", "x").replace("RETURN-PATH", "x@y.z")).as_bytes(),
            Some(recipient),
            &verp(),
        )
    };
    assert_eq!(envelope(&path()).unwrap()[0].token, TOKEN);
    assert_eq!(
        envelope(&path().to_uppercase()).unwrap()[0].token,
        TOKEN,
        "hosts on the way may fold its case"
    );
    assert_eq!(envelope("bounces@be-alert.be"), Err(NotABounce::NoToken));
    let head = |line: &str| one(&DELAYED.replace("To: RETURN-PATH", &format!("{line}\n{other}"))).token;
    assert_eq!(head("Delivered-To: RETURN-PATH"), TOKEN);
    assert_eq!(head("X-Original-To: RETURN-PATH"), TOKEN);
    let returned = POSTFIX.replace("\nTo: RETURN-PATH", &format!("\n{other}")).replace("ENVID", "QQ314159");
    assert_eq!(one(&returned).token, TOKEN, "in the headers of the letter");
    let returned = EXIM.replace("Envelope-to: RETURN-PATH", other);
    assert_eq!(one(&returned).token, TOKEN, "in the letter");
}

/// The address that a letter returns to: every try has the same, so that a relay that greylists lets it in.
fn same_path(letter: Token) -> String {
    let mut path = String::new();
    verp().return_path(&crate::mail::judge("bounces@be-alert.be").unwrap(), letter, &mut path);
    path
}

/// What a report is about that came to this address, with this id of the envelope and this in front of the letter.
fn about(report: &str, path: &str, envid: &str, header: &str) -> Token {
    let letter = report.rfind("\nFrom: BE-Alert").unwrap();
    let text = format!("{}\n{header}{}", &report[..letter], &report[letter + 1..]);
    let text = text.replace("ENVID", envid).replace("RETURN-PATH", "x@y.z").replace('\n', "\r\n");
    read(text.as_bytes(), Some(path), &verp()).unwrap()[0].token
}

#[test]
fn point_18_the_try_is_known_by_the_envelopes_id() {
    assert_eq!(about(POSTFIX, &same_path(TOKEN), &verp().sign(TOKEN), ""), TOKEN);
    let other = Token { ordinal: 9, ..TOKEN };
    let first = Token { attempt: 1, ..other };
    assert_eq!(about(POSTFIX, &same_path(other), &verp().sign(TOKEN), ""), first, "of another letter");
}

/// Exim and Exchange return no id of the envelope, and relays without DSN were given none.
#[test]
fn point_18_the_try_is_known_by_the_letter_that_is_returned() {
    let header = |token: Token| format!("X-BE-Alert-Try: {}\n", verp().sign(token));
    for report in [POSTFIX, EXIM, EXCHANGE] {
        let try_of = |header: &str| about(report, &same_path(TOKEN), "QQ314159", header);
        assert_eq!(try_of(&header(TOKEN)), TOKEN);
        assert_eq!(try_of(&header(TOKEN).to_lowercase()), TOKEN, "hosts on the way may fold its case");
        assert_eq!(try_of(""), Token { attempt: 1, ..TOKEN }, "the first has no header");
        let whole = Token { attempt: Named::ANY, ..TOKEN };
        assert_eq!(try_of(&header(Token { ordinal: 9, ..TOKEN })), whole, "of another letter");
        assert_eq!(try_of("X-BE-Alert-Try: 3\n"), whole);
        let cut = &report[..report.rfind("\n--").unwrap()];
        let cut = &cut[..cut.rfind("\n--").unwrap() + 1];
        let nothing_returned =
            cut.replace("ENVID", "x").replace("RETURN-PATH", "x@y.z").replace('\n', "\r\n");
        let read = read(nothing_returned.as_bytes(), Some(&same_path(TOKEN)), &verp()).unwrap();
        assert_eq!(read[0].token, whole);
    }
}

#[test]
fn point_18_forged_and_foreign_reports_are_ignored() {
    let text = sample(POSTFIX);
    assert_eq!(read(text.as_bytes(), None, &Verp::new((3, 5))), Err(NotABounce::NoToken), "another ledger");
    let token = verp().sign(TOKEN);
    let forged = format!("{}a", &token[..token.len() - 1]);
    let forged = if forged == token { token.replace('a', "b") } else { forged };
    assert_eq!(read(text.replace(&token, &forged).as_bytes(), None, &verp()), Err(NotABounce::NoToken));
}

#[test]
fn point_18_absence_notes_loops_and_other_mail_are_no_bounces() {
    let read = |text: &str| read(sample(text).as_bytes(), Some(&path()), &verp());
    assert_eq!(read(ABSENCE), Err(NotABounce::AutoReply));
    assert_eq!(
        read(&ABSENCE.replace("Auto-Submitted: auto-replied (vacation)", "X-Autoreply: yes")),
        Err(NotABounce::AutoReply)
    );
    assert_eq!(read(&ABSENCE.replace("auto-replied (vacation)", "auto-generated")), Err(NotABounce::Loop));
    assert_eq!(read(&ABSENCE.replace("auto-replied (vacation)", "no")), Err(NotABounce::NoReport));
    let seen = POSTFIX.replace("delivery-status", "disposition-notification");
    assert_eq!(read(&seen), Err(NotABounce::AutoReply), "somebody opened it");
    assert_eq!(read(""), Err(NotABounce::NoReport));
    assert_eq!(read(&POSTFIX.replace("Action: failed", "Action: pondered")), Err(NotABounce::NoReport));
}

#[test]
fn a_report_with_a_whole_letter_behind_it_is_read_without_it() {
    let letter = "x".repeat(70) + "\n";
    let text = POSTFIX.replace(
        "Subject: Inbraak in Kerkstraat\nMessage-ID",
        &format!("\n{}\nMessage-ID", letter.repeat(60_000)),
    );
    assert_eq!(one(&text).status, Status(5, 1, 1));
}

/// Whoever can write to a return path can write this.
#[test]
fn a_report_made_to_take_long_does_not() {
    let group = |text: &str| POSTFIX.replace("Final-Recipient:", &format!("{text}\nFinal-Recipient:"));
    for text in [
        group(&"X: y\n\n".repeat(200_000)),
        group(&"\n".repeat(1_000_000)),
        group(&"Action: failed\n\n".repeat(100_000)),
        group(&"X:\n".repeat(300_000)),
        group(&format!("X: {}", "\n y".repeat(300_000))),
        POSTFIX.replace("\nTo:", &format!("\n{}To:", "Delivered-To: a+b@c\n".repeat(50_000))),
        POSTFIX.replace("This is a MIME", &"--4Xy1Zp2Kx9z1.1795531262/mx.example.net\n".repeat(25_000)),
        (0..2_000)
            .map(|at| format!("Content-Type: multipart/report; boundary=\"b{at}\"\n\n--b{at}\n"))
            .collect(),
        "Content-Type: message/rfc822\n\n".repeat(30_000),
        "CONTENT-type:message/rfc822\n\n".repeat(30_000),
        "Content-Type: message/global\n\n".repeat(30_000),
        POSTFIX.replace("This is a MIME", &"Content-Type: message/rfc822\n\n".repeat(30_000)),
        format!("Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: {}", "a;".repeat(400_000)),
        format!("Subject: {}\n\n", "=?utf-8?q?a?= ".repeat(70_000)),
        format!("To: {}\n\n", "<a+b@c>,(".repeat(110_000)),
    ] {
        let (text, begun) = (sample(&text), std::time::Instant::now());
        let bounced = read(text.as_bytes(), Some(&path()), &verp()).unwrap_or_default();
        assert!(bounced.len() <= MAX_PEOPLE);
        // A hundred times what any of them takes. What grows with the square of the octets takes minutes.
        assert!(begun.elapsed().as_secs() < 20, "{:?} for {:?}", begun.elapsed(), &text[..60]);
    }
}

/// What is read of messages within messages fits into a small stack: the thread that sends has more.
#[test]
fn messages_within_messages_need_little_stack() {
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(30_000);
    let read = move || drop(read(nested.as_bytes(), Some(&path()), &verp()));
    let thread = std::thread::Builder::new().stack_size(512 * 1_024).spawn(read).unwrap();
    thread.join().unwrap();
}

proptest! {
    #[test]
    fn whatever_is_said_is_kept_short_and_printable(said in "\\PC{0,400}", action in "[a-z]{1,9}", status in "[0-9.]{0,9}") {
        let text = POSTFIX
            .replace("Diagnostic-Code: smtp; 550 5.1.1", &format!("Diagnostic-Code: smtp; {said}"))
            .replace("Status: 5.1.1", &format!("Status: {status}"))
            .replace("Final-Recipient: rfc822; an@example.org", &format!("Final-Recipient: rfc822; {said}"));
        for bounced in read(sample(&text).as_bytes(), None, &verp()).unwrap() {
            prop_assert!(bounced.diagnostic.is_none_or(|said| said.len() <= 200 && said.is_ascii()));
            prop_assert!(bounced.recipient.is_none_or(|address| address.len() <= 254));
            prop_assert_eq!(bounced.status.0, 5);
        }
        let _ = read(sample(&text.replace("Action: failed", &format!("Action: {action}"))).as_bytes(), None, &verp());
    }
}
