//! What a relay is given: each person their own letter, under a return path of its own, with what the relay offers.

use std::collections::HashSet;
use std::time::Duration;

use bealert_engine::Engine;
use bealert_sim::relay::{RelayConfig, TakenMail};
use bealert_wire::smtp::{DeliverBy, Notify};

use crate::post::{accepted, config, launch, relay};
use crate::post_office::PostOffice;

const PEOPLE: u32 = 2_300;

fn sent(office: &PostOffice, more: &str, bounces: bool, scenario: &str, people: u32) -> Vec<TakenMail> {
    let mut config = config(None, &[relay("mail-a", office.port, more)]);
    if bounces {
        config.bounces = serde_json::from_str(r#"{"listen": "127.0.0.1:0"}"#).unwrap();
    }
    let engine = Engine::open(config).unwrap();
    let id = launch(&engine, scenario, people, "k");
    crate::host::until(&engine, id, Duration::from_secs(60), |progress| {
        accepted(progress) == u64::from(people)
    });
    drop(engine);
    office.sim().take_messages()
}

fn keeping() -> RelayConfig {
    RelayConfig { keep_messages: true, ..RelayConfig::default() }
}

fn header<'a>(mail: &'a TakenMail, name: &str) -> Vec<&'a str> {
    let text = std::str::from_utf8(&mail.content).unwrap();
    let head = text.split("\r\n\r\n").next().unwrap();
    head.split("\r\n").filter_map(|line| line.strip_prefix(name)).collect()
}

#[test]
fn each_their_own_though_threads_share_the_signing() {
    let office = PostOffice::start(keeping());
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
    let dkim = format!(r#", "dkim": [{{"domain": "alert.example", "selector": "s1", "key": {key:?}}}]"#);
    let messages = sent(&office, &dkim, false, "alert", PEOPLE);
    assert_eq!(messages.len(), PEOPLE as usize);
    let (mut seen, mut signatures) = (HashSet::new(), HashSet::new());
    for mail in &messages {
        let [(to, _)] = &mail.recipients[..] else { panic!("one recipient") };
        assert!(header(mail, "To: ").iter().any(|line| line.contains(to.as_str())), "{to}");
        assert!(seen.insert(to.clone()), "{to} twice");
        assert_eq!(header(mail, "DKIM-Signature: ").len(), 1);
        assert_eq!(mail.sender, "no-reply@alert.example");
        let text = String::from_utf8(mail.content.clone()).unwrap();
        let signature = text.split("b=").last().map(str::to_owned);
        signatures.insert(signature);
    }
    assert_eq!((seen.len(), signatures.len() > 1), (PEOPLE as usize, true));
}

#[test]
fn each_letter_has_a_return_path_of_its_own() {
    let office = PostOffice::start(keeping());
    let more = r#", "bounces_to": "bounces@alert.example""#;
    let messages = sent(&office, more, false, "alert", 300);
    let senders: HashSet<&str> = messages.iter().map(|mail| mail.sender.as_str()).collect();
    assert_eq!(senders.len(), 300);
    let fits = |sender: &&str| sender.starts_with("bounces+") && sender.ends_with("@alert.example");
    assert!(senders.iter().all(fits), "{senders:?}");
}

#[test]
fn receipts_priority_and_deadline_are_asked_for_where_they_are_offered() {
    let mut offers = keeping();
    offers.extensions.mt_priority = true;
    offers.extensions.deliver_by = Some(DeliverBy::default());
    let more = r#", "bounces_to": "bounces@alert.example", "receipts": true"#;
    let office = PostOffice::start(offers);
    let messages = sent(&office, more, true, "alert", 10);
    for mail in &messages {
        let asked = Notify::On { success: true, failure: true, delay: false };
        assert_eq!(mail.recipients[0].1, asked);
        let envid = mail.envid.as_deref().unwrap();
        // Campaign and person are the same; the attempt, and with it the proof, are not.
        let path = &mail.sender["bounces+".len()..][..envid.len()];
        assert!(path[..12] == envid[..12] && path != envid, "{envid} beside {path}");
        assert_eq!(mail.priority, Some(4));
        assert!(mail.deliver_by_s.is_some_and(|left_s| (7_100..=7_200).contains(&left_s)), "{mail:?}");
    }
    let mut offers = keeping();
    offers.extensions.dsn = false;
    let office = PostOffice::start(offers);
    let messages = sent(&office, more, true, "alert", 10);
    assert_eq!(messages.len(), 10);
    let bare = |mail: &TakenMail| {
        (mail.envid.is_none(), mail.recipients[0].1, mail.priority, mail.deliver_by_s)
            == (true, Notify::Default, None, None)
    };
    assert!(messages.iter().all(bare));
}

/// The attempt in a token: the octet behind campaign and ordinal, in base 32.
fn attempt(token: &str) -> u8 {
    let digit = |letter: u8| match letter {
        b'a'..=b'z' => letter - b'a',
        _ => letter - b'2' + 26,
    };
    let bits = token.bytes().take(15).fold(0_u128, |bits, letter| bits << 5 | u128::from(digit(letter)));
    (bits >> (15 * 5 - 9 * 8)) as u8
}

#[test]
fn the_envelope_names_the_try_and_the_return_path_does_not() {
    let mut greylists = keeping();
    greylists.faults.greylist_us = Some(50_000);
    let office = PostOffice::start(greylists);
    let messages =
        sent(&office, r#", "bounces_to": "bounces@alert.example", "receipts": true"#, true, "alert", 5);
    assert_eq!(messages.len(), 5);
    for mail in &messages {
        assert!(attempt(mail.envid.as_deref().unwrap()) > 1, "the first try was refused for now");
        assert_eq!(attempt(&mail.sender["bounces+".len()..]), 0);
    }
}
