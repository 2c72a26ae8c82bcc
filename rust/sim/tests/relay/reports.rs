//! Reports of what became of messages, for those who asked for them.

use bealert_sim::relay::{Action, AddressPattern, Fate, Faults, Phase, RelayConfig, Report, Rule};
use bealert_wire::smtp::{EnhancedCode, Reply};

use crate::caller::{Callers, SECOND, message};

fn callers(faults: Faults) -> Callers {
    Callers::new(RelayConfig { reports: true, faults, ..RelayConfig::default() })
}

fn send(callers: &mut Callers, sender: &str, recipient: &str, id: u64) {
    let connection = callers.call();
    let group = format!("MAIL FROM:{sender}\r\nRCPT TO:{recipient}\r\nDATA\r\n");
    assert_eq!(callers.say(connection, group), [250, 250, 354]);
    callers.say(connection, message(id));
}

fn reports(callers: &mut Callers) -> Vec<(String, String)> {
    let next = std::iter::from_fn(|| callers.relay.take_report(callers.now));
    next.map(|report| (report.to, String::from_utf8(report.content).unwrap())).collect()
}

#[test]
fn a_bounce_tells_whom_it_did_not_reach_and_why() {
    let full = Reply::new(552, Some(EnhancedCode(5, 2, 2)), "Mailbox full");
    let report = Fate::Report(Report { action: Action::Failed, reply: full });
    let rule = Rule::of(Phase::Dot, AddressPattern::Suffix("@full.example".into()), report);
    let mut callers = callers(Faults { report_us: 5 * SECOND, rules: vec![rule], ..Faults::default() });
    send(&mut callers, "<bounces+1@a.example> ENVID=c1+2Bx", "<a@full.example>", 1);
    send(&mut callers, "<bounces+2@a.example>", "<a@b.example>", 2);
    assert_eq!(callers.relay.books().messages, 2, "taken all the same");
    assert_eq!(reports(&mut callers), []);
    callers.now += 5 * SECOND;
    assert!(callers.relay.poll_timeout().is_some_and(|due_us| due_us <= callers.now));
    let reports = reports(&mut callers);
    let [(to, content)] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!(to, "bounces+1@a.example");
    for line in [
        "Content-Type: multipart/report; report-type=delivery-status;\r\n",
        "Original-Envelope-Id: c1+x\r\n",
        "Final-Recipient: rfc822; a@full.example\r\n",
        "Action: failed\r\n",
        "Status: 5.2.2\r\n",
        "Diagnostic-Code: smtp; 552 5.2.2 Mailbox full\r\n",
        "Date: Thu, 29 Feb 2024 12:00:01 +0000\r\n",
        "Message-ID: <1@be.example>\r\n",
    ] {
        assert!(content.contains(line), "{line:?} in {content}");
    }
    assert!(!content.contains("Blijf binnen"), "the header is returned, not the text");
    assert!(!content.replace("\r\n", "").contains(['\r', '\n']));
}

#[test]
fn success_is_told_where_it_was_asked_for() {
    let mut callers = callers(Faults::default());
    send(&mut callers, "<s@a>", "<a@b> NOTIFY=SUCCESS,FAILURE", 1);
    send(&mut callers, "<s@a>", "<b@b> NOTIFY=FAILURE", 2);
    send(&mut callers, "<s@a>", "<c@b>", 3);
    send(&mut callers, "<>", "<d@b> NOTIFY=SUCCESS", 4);
    let reports = reports(&mut callers);
    assert_eq!(reports.len(), 1);
    assert!(reports[0].1.contains("Action: delivered\r\nStatus: 2.0.0\r\n"));
    assert_eq!(callers.relay.books().reports, 1);
}

#[test]
fn a_share_bounces_unless_nobody_wants_to_know() {
    let mut callers = callers(Faults { bounces: 1.0, ..Faults::default() });
    send(&mut callers, "<s@a>", "<a@b>", 1);
    send(&mut callers, "<s@a>", "<a@b> NOTIFY=NEVER", 2);
    send(&mut callers, "<s@a>", "<a@b> NOTIFY=SUCCESS", 3);
    let reports = reports(&mut callers);
    assert_eq!(reports.len(), 1);
    assert!(reports[0].1.contains("Action: failed\r\nStatus: 5.1.1\r\n"));
}

#[test]
fn nobody_takes_them_so_none_are_made() {
    let mut callers = Callers::new(RelayConfig {
        faults: Faults { bounces: 1.0, ..Faults::default() },
        ..RelayConfig::default()
    });
    send(&mut callers, "<s@a>", "<a@b>", 1);
    assert_eq!((reports(&mut callers), callers.relay.books().reports), (vec![], 0));
}
