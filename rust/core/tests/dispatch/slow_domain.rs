//! A domain that takes little: it is sent what it takes, and holds up nobody else (I4, I5).

use bealert_core::dispatch::Next;
use bealert_core::model::{CampaignId, Kind, Policy};

use crate::mail::{MS, Mail, SECOND, relay};

const RATE: f64 = 50.0;

fn mail() -> Mail {
    let mut slow = relay("a");
    slow.domains = vec![("slow.example".into(), RATE)];
    Mail::new(vec![slow])
}

/// Sends for so long, each message answered at once. Gives when what left, by campaign and block.
fn sent(mail: &mut Mail, us: u64) -> Vec<(u64, CampaignId, u32)> {
    sent_through(mail, 0, us)
}

/// The same, through one of several relays.
fn sent_through(mail: &mut Mail, relay: usize, us: u64) -> Vec<(u64, CampaignId, u32)> {
    let (until_us, mut sent) = (mail.now_us + us, Vec::new());
    while mail.now_us < until_us {
        // No more in a step than a session takes, so that the fast ones do not end at once.
        for _ in 0..20 {
            let Next::Send(handout) = mail.next(relay) else { break };
            sent.push((mail.now_us, handout.key.campaign, handout.key.block));
            mail.dispatcher.answered(
                mail.now_us,
                handout.token,
                bealert_core::dispatch::Answer::Accepted { remote: "" },
            );
        }
        mail.now_us += MS;
        mail.turn();
    }
    sent
}

fn assert_within(times: &[u64]) {
    for (at, first) in times.iter().enumerate() {
        for (count, last) in times[at..].iter().enumerate() {
            let allowed = RATE * (last - first) as f64 / 1e6 + 1.0;
            assert!(count as f64 + 1.0 <= allowed + 1e-6, "{} in {} us", count + 1, last - first);
        }
    }
}

#[test]
fn it_gets_its_rate_and_the_others_go_beside_it() {
    let mut mail = mail();
    let lanes: [(&[&str], _, _); 2] = [(&["a"], Some("slow.example"), 1_000), (&["a"], None, 5_000)];
    mail.launch(Kind::News, Policy::Hold, 600_000, &lanes);
    let sent = sent(&mut mail, 2 * SECOND);
    let slow: Vec<u64> = sent.iter().filter(|(.., block)| *block == 0).map(|(at, ..)| *at).collect();
    assert_within(&slow);
    assert!((90..=101).contains(&slow.len()), "{} to the slow domain", slow.len());
    assert_eq!(sent.len() - slow.len(), 5_000, "the others wait for the slow domain");
}

#[test]
fn an_urgent_message_to_it_holds_up_no_newsletter_to_others() {
    let mut mail = mail();
    let urgent = mail.launch(Kind::Warning, Policy::Hold, 600_000, &[(&["a"], Some("slow.example"), 1_000)]);
    let lanes: [(&[&str], _, _); 2] = [(&["a"], None, 5_000), (&["a"], Some("slow.example"), 100)];
    let news = mail.launch(Kind::News, Policy::Hold, 600_000, &lanes);
    let sent = sent(&mut mail, 2 * SECOND);
    let count = |of: CampaignId, block| sent.iter().filter(|(_, id, at)| (*id, *at) == (of, block)).count();
    assert!((90..=101).contains(&count(urgent, 0)), "{} urgent", count(urgent, 0));
    assert_eq!(count(news, 0), 5_000);
    assert_eq!(count(news, 1), 0, "news to the slow domain passed what is urgent there");
}

#[test]
fn it_is_charged_over_a_restart() {
    let mut mail = mail();
    mail.launch(Kind::Warning, Policy::Resend, 600_000, &[(&["a"], Some("slow.example"), 1_000)]);
    let mut times: Vec<u64> = sent(&mut mail, SECOND).into_iter().map(|(at, ..)| at).collect();
    // Two leave and are not answered: nobody knows of them after the crash.
    for _ in 0..2 {
        while !matches!(mail.next(0), Next::Send(_)) {
            mail.now_us += MS;
            mail.turn();
        }
        times.push(mail.now_us);
        mail.now_us += MS;
    }
    mail.restart();
    let after = sent(&mut mail, SECOND);
    assert!(after.len() > 20, "{}", after.len());
    times.extend(after.into_iter().map(|(at, ..)| at));
    assert_within(&times);
}

#[test]
fn whoever_asks_is_told_when_it_takes_more() {
    let mut mail = mail();
    mail.launch(Kind::Warning, Policy::Hold, 600_000, &[(&["a"], Some("slow.example"), 10)]);
    mail.pass(SECOND);
    let first = mail.one(0);
    let Next::Wait(until_us) = mail.next(0) else { panic!("it neither waits nor is at rest") };
    assert!((1..=20 * MS).contains(&(until_us - mail.now_us)), "{}", until_us - mail.now_us);
    mail.accept(&first);
    mail.pass(until_us - mail.now_us);
    mail.one(0);
}

#[test]
fn whichever_relay_takes_over_keeps_to_its_own_limit() {
    let (mut a, mut b) = (relay("a"), relay("b"));
    a.domains = vec![("slow.example".into(), 1_000.0)];
    b.domains = vec![("fast.example".into(), 1_000.0), ("slow.example".into(), RATE)];
    let mut mail = Mail::new(vec![a, b]);
    mail.launch(Kind::News, Policy::Hold, 600_000, &[(&["a", "b"], Some("slow.example"), 1_000)]);
    assert!(sent_through(&mut mail, 0, SECOND / 10).len() > 20);
    let a = mail.id(0);
    mail.dispatcher.session_down(mail.now_us, a, 0);
    let times: Vec<u64> = sent_through(&mut mail, 1, 2 * SECOND).into_iter().map(|(at, ..)| at).collect();
    assert_within(&times);
    assert!(times.len() > 80, "{}", times.len());
    mail.dispatcher.session_up(mail.now_us, a, 0);
    assert!(
        sent_through(&mut mail, 0, SECOND / 10).len() > 20,
        "the first is still held to the limit of the other"
    );
}
