//! Plans of e-mail, alone and beside SMS.

use bealert_core::block::people;
use bealert_core::model::{BlockRow, Channel, EXCLUDED};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::plan::frozen::Frozen;

const PHONE: &str = "0470 12 34 56";

fn relay(name: &str, more: Value) -> Value {
    let mut relay = json!({"type": "smtp", "name": name, "host": "h", "port": 25,
        "sender": "BE-Alert <no-reply@be-alert.example>"});
    merge(&mut relay, more);
    relay
}

fn smsc() -> Value {
    json!({"type": "smpp", "name": "sms-a", "host": "h", "port": 1, "system_id": "i", "password": "",
        "sender": "BE-Alert", "parts_per_second": 2.0})
}

fn merge(into: &mut Value, more: Value) {
    let (Value::Object(into), Value::Object(more)) = (into, more) else { panic!("objects") };
    into.extend(more);
}

/// A scenario "s" with this content, and these gateways.
fn config(scenario: Value, gateways: &[Value]) -> Config {
    let mut whole = json!({"name": "s", "kind": "warning", "expiry_ms": 60_000});
    merge(&mut whole, scenario);
    let config = json!({"default_country": "BE", "languages": ["nl"], "gateways": gateways,
        "scenarios": [whole]});
    Config::from_json(&config.to_string()).unwrap()
}

fn letter(language: &str, subject: &str, text: &str) -> Value {
    json!({"language": language, "subject": subject, "text": text})
}

fn both() -> Config {
    let scenario = json!({"sms": {"nl": "Inbraak {{ street }}"},
        "email": [letter("fr", "Vol {{ street }}", "Restez"), letter("nl", "Inbraak", "Blijf {{ name }}")]});
    config(scenario, &[smsc(), relay("mail-a", json!({"messages_per_second": 4.0}))])
}

fn one_letter(subject: &str, text: &str) -> Config {
    config(json!({"email": [letter("nl", subject, text)]}), &[relay("mail-a", json!({}))])
}

fn someone<'a>(id: &'a str, phone: Option<&'a str>, email: Option<&'a str>) -> RecipientIn<'a> {
    RecipientIn {
        id,
        phone,
        email,
        name: Some("An"),
        values: &[("street", "Kerkstraat")],
        ..RecipientIn::default()
    }
}

fn plan_of(config: &Config, people: &[RecipientIn<'_>]) -> Result<Plan, PlanRefused> {
    let mut planner = Planner::new(config, "s", vec![("x".into(), "planned".into())])?;
    people.iter().for_each(|person| planner.push(*person));
    planner.finish(7)
}

fn refused(config: &Config, people: &[RecipientIn<'_>]) -> Vec<String> {
    plan_of(config, people).unwrap_err().problems
}

/// Ordinals on a channel, those who are sent to and the others.
fn placed(plan: &Plan, channel: Channel) -> (Vec<u32>, Vec<u32>) {
    let of = |excluded: bool| {
        let blocks = plan.blocks.iter().filter(|block: &&BlockRow| {
            block.meta.key.channel == channel && (block.meta.route == EXCLUDED) == excluded
        });
        blocks.flat_map(|block| people(&block.data).unwrap()).map(|person| person.ordinal).collect()
    };
    (of(false), of(true))
}

#[test]
fn on_each_channel_everybody_is_sent_to_or_excluded_with_the_reason() {
    let mut planner = Planner::new(&both(), "s", vec![]).unwrap();
    planner.push(someone("p0", Some(PHONE), Some("an@Bücher.example")));
    planner.push(someone("p1", Some(PHONE), None));
    planner.push(someone("p2", None, Some("bo@example.org")));
    planner.push(someone("p3", Some("12"), Some("bo@")));
    planner.exclude("p4", None, "row 6: the id is there twice");
    let plan = planner.finish(7).unwrap();
    assert_eq!(placed(&plan, Channel::Sms), (vec![0, 1], vec![2, 3, 4]));
    assert_eq!(placed(&plan, Channel::Email), (vec![0, 2], vec![1, 3, 4]));
    let excluded: Vec<_> = plan
        .excluded
        .iter()
        .map(|one| (&*one.id, one.channel, one.reason.split(':').next().unwrap()))
        .collect();
    assert_eq!(
        excluded,
        [
            ("p2", Channel::Sms, "no number"),
            ("p3", Channel::Sms, "too short for a number of BE"),
            ("p4", Channel::Sms, "row 6"),
            ("p1", Channel::Email, "no e-mail address"),
            ("p3", Channel::Email, "not an e-mail address"),
            ("p4", Channel::Email, "row 6"),
        ]
    );
    let counted: Vec<_> = plan
        .channels
        .iter()
        .map(|of| (of.channel, of.people, of.excluded, of.parts, of.duration_s))
        .collect();
    assert_eq!(counted, [(Channel::Sms, 2, 3, 2, Some(1.0)), (Channel::Email, 2, 3, 2, Some(0.5))]);
    let email = &plan.channels[1];
    assert_eq!(email.encoding_text(), "UTF-8");
    assert!(email.largest_octets > 200 && email.octets < 2 * email.largest_octets + 1, "{email:?}");
    assert_eq!(plan.parts(), 4);
    let block = plan.blocks.iter().find(|block| block.meta.key.channel == Channel::Email).unwrap();
    let first = &people(&block.data).unwrap()[0];
    assert_eq!((first.address, first.units, first.language), ("an@xn--bcher-kva.example", 1, 1));
}

#[test]
fn each_channel_has_an_example_in_the_language_that_it_has() {
    let person = RecipientIn { language: Some("fr"), ..someone("p0", Some(PHONE), Some("a@example.org")) };
    let plan = plan_of(&both(), &[person]).unwrap();
    let shown: Vec<_> = plan
        .examples
        .iter()
        .map(|one| (&*one.channel, &*one.language, one.subject.as_deref(), one.text.trim_end()))
        .collect();
    assert_eq!(
        shown,
        [("sms", "nl", None, "Inbraak Kerkstraat"), ("email", "fr", Some("Vol Kerkstraat"), "Restez")]
    );
}

#[test]
fn a_plan_of_two_channels_comes_back_from_its_bytes() {
    let people: Vec<String> = (0..5_000).map(|number| format!("p{number}")).collect();
    let emails = ["a@example.org", "none", ""];
    let phones = [PHONE, "none"];
    let people: Vec<_> = people
        .iter()
        .enumerate()
        .map(|(at, id)| someone(id, Some(phones[at % 2]), Some(emails[at % 3])))
        .collect();
    let plan = plan_of(&both(), &people).unwrap();
    assert_eq!(plan.excluded.len(), 2_500 + 3_333);
    assert_eq!(Plan::from_bytes(&plan.to_bytes()).unwrap(), plan);
    assert!(Frozen::from_json(&plan.frozen).unwrap().take_email().is_some());
}

#[test]
fn the_hash_covers_all_that_an_e_mail_says() {
    let base = json!({"language": "nl", "subject": "S", "text": "T", "html": "H", "attachments": [
        {"name": "n", "content_type": "image/png", "content_id": "c", "data": "AAEC"}]});
    let scenario = |change: Value| {
        let mut letter = base.clone();
        merge(&mut letter, change);
        json!({"kind": "news", "email": [letter], "unsubscribe": {"mailto": "stop@example.org"}})
    };
    let attachment = |change: Value| {
        let mut attachment = base["attachments"][0].clone();
        merge(&mut attachment, change);
        scenario(json!({"attachments": [attachment]}))
    };
    let (mut sms, mut way_out) = (scenario(json!({})), scenario(json!({})));
    merge(&mut sms, json!({"sms": {"nl": "x"}}));
    merge(&mut way_out, json!({"unsubscribe": {"url": "stop@example.org"}}));
    let scenarios = [
        scenario(json!({})),
        scenario(json!({"language": "fr"})),
        scenario(json!({"subject": "S."})),
        scenario(json!({"text": "T."})),
        scenario(json!({"html": "H."})),
        scenario(json!({"text": null})),
        scenario(json!({"html": null})),
        scenario(json!({"attachments": []})),
        attachment(json!({"name": "m"})),
        attachment(json!({"content_type": "image/gif"})),
        attachment(json!({"content_id": "d"})),
        attachment(json!({"content_id": null})),
        attachment(json!({"data": "AAED"})),
        sms,
        way_out,
    ];
    let hash = |scenario: &Value| Digest::new(&config(scenario.clone(), &[]).scenarios[0], &[]).finish();
    let hashes: std::collections::BTreeSet<String> = scenarios.iter().map(hash).collect();
    assert_eq!(hashes.len(), scenarios.len());
}

#[test]
fn the_hash_covers_where_an_e_mail_goes_but_not_who_sends() {
    let hash = |config: &Config, person: RecipientIn<'_>| plan_of(config, &[person]).unwrap().hash;
    let letter_config = one_letter("S", "T");
    let people = [
        someone("p", None, Some("a@example.org")),
        someone("p", None, Some("b@example.org")),
        someone("p", None, Some("none")),
        someone("p", None, None),
        someone("p", Some(PHONE), Some("a@example.org")),
        RecipientIn { language: Some("nl"), ..someone("p", None, Some("a@example.org")) },
    ];
    let hashes: std::collections::BTreeSet<String> =
        people.iter().map(|person| hash(&letter_config, *person)).collect();
    assert_eq!(hashes.len(), people.len());
    let mut other = letter_config.clone();
    other.gateways =
        config(json!({}), &[relay("other", json!({"sender": "x@example.net", "weight": 3}))]).gateways;
    assert_eq!(hash(&other, people[0]), hash(&letter_config, people[0]));
}

#[test]
fn what_can_be_told_of_e_mail_without_people_is_refused() {
    let problem = |config: &Config| {
        let problems = refused(config, &[someone("p", None, Some("a@example.org"))]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems[0].clone()
    };
    let from = |sender: &str| {
        config(json!({"email": [letter("nl", "S", "T")]}), &[relay("m", json!({"sender": sender}))])
    };
    let rate = |rate: f64| {
        config(
            json!({"email": [letter("nl", "S", "T")]}),
            &[relay("m", json!({"messages_per_second": rate}))],
        )
    };
    let only = |gateway: Value| config(json!({"email": [letter("nl", "S", "T")]}), &[gateway]);
    let mut listed = one_letter("S", "T");
    listed.senders = vec!["@other.example".into()];
    for (config, words) in [
        (only(smsc()), ["no gateway for email", ""]),
        (from("BE-Alert"), ["gateway m: sender \"BE-Alert\"", "has no @"]),
        (from("BE <a@b>"), ["gateway m: sender", "no dot"]),
        (from("BE\r\nBcc: x <a@b.example>"), ["gateway m: sender", "control character"]),
        (listed, ["gateway mail-a: sender \"no-reply@be-alert.example\"", "none of the senders"]),
        (rate(0.0), ["gateway m", "rate is 0 "]),
        (one_letter("S {{ x", "T"), ["scenario s", "nl, line 1"]),
        (one_letter("S", " \n"), ["scenario s", "nl is empty"]),
        (one_letter("", "T"), ["scenario s", "nl is empty"]),
        (one_letter("S\nBcc: x", "T"), ["scenario s", "control character (U+000A)"]),
        (one_letter("S", "T\0"), ["scenario s", "control character (U+0000)"]),
    ] {
        let problem = problem(&config);
        assert!(words.iter().all(|word| problem.contains(word)), "{problem}");
    }
}

#[test]
fn gateways_of_a_channel_that_is_not_used_are_not_judged() {
    let broken = relay("m", json!({"sender": "none", "messages_per_second": 0.0}));
    let config = config(json!({"sms": {"nl": "x"}}), &[smsc(), broken]);
    assert_eq!(plan_of(&config, &[someone("p", Some(PHONE), None)]).unwrap().channels.len(), 1);
}

#[test]
fn values_that_make_no_letter_refuse_the_plan_and_name_their_people() {
    let config = one_letter("{{ title }}", "{{ body }}");
    let values = |title, body| [("title", title), ("body", body)];
    let sets = [
        ("cr", values("a\rb", "T")),
        ("lf", values("a\nBcc: x@y.example", "T")),
        ("nul", values("a\0", "T")),
        ("blank", values(" ", "T")),
        ("body", values("S", " \n ")),
        ("bell", values("S", "\u{7}")),
        ("fine", values("S", "two\nlines\tof text")),
    ];
    let mut people: Vec<_> = sets
        .iter()
        .map(|(id, values)| RecipientIn { values, ..someone(id, None, Some("a@example.org")) })
        .collect();
    people.push(RecipientIn { values: &[], ..someone("none", None, Some("a@example.org")) });
    people.push(RecipientIn {
        values: &sets[6].1,
        name: Some("A\r\nBcc: x"),
        ..someone("name", None, Some("a@example.org"))
    });
    let problems = refused(&config, &people);
    let named = |id: &str| {
        let found: Vec<&String> =
            problems.iter().filter(|line| line.ends_with(&format!("(recipients: {id})"))).collect();
        assert_eq!(found.len(), 1, "{id}: {problems:?}");
        assert!(found[0].starts_with("the e-mail for nl: "), "{found:?}");
        found[0].clone()
    };
    assert!(named("cr").contains("\"title\" has a control character (U+000D)"), "{problems:?}");
    assert!(named("lf").contains("\"title\" has a control character (U+000A)"), "{problems:?}");
    assert!(named("nul").contains("\"title\" has a control character (U+0000)"), "{problems:?}");
    assert!(named("blank").contains("subject: the text is empty"), "{problems:?}");
    assert!(named("body").contains("text: the text is empty"), "{problems:?}");
    assert!(named("bell").contains("\"body\" has a control character (U+0007)"), "{problems:?}");
    assert!(named("none").contains("no value for \"title\""), "{problems:?}");
    assert!(named("name").contains("the name of the recipient"), "{problems:?}");
    assert_eq!(problems.len(), 8, "{problems:?}");
}

#[test]
fn an_address_that_could_end_a_command_is_none() {
    let addresses = ["a@example.org\r\nRCPT TO:<b@example.org>", "a\0@example.org", "a@exa\nmple.org"];
    let people: Vec<_> = addresses.iter().map(|address| someone(address, None, Some(address))).collect();
    let plan = plan_of(&one_letter("S", "T"), &people).unwrap();
    assert_eq!(plan.excluded.len(), 3);
    assert!(plan.excluded.iter().all(|one| one.reason.contains("control character")), "{:?}", plan.excluded);
}

#[test]
fn relays_of_equal_priority_share_the_people_by_weight() {
    let config = config(
        json!({"email": [letter("nl", "S", "T")]}),
        &[
            relay("a", json!({"weight": 3, "messages_per_second": 30.0})),
            relay("b", json!({"messages_per_second": 5.0})),
            relay("spare", json!({"priority": 1, "messages_per_second": 0.1})),
        ],
    );
    let ids: Vec<String> = (0..400).map(|number| format!("p{number}")).collect();
    let people: Vec<_> = ids.iter().map(|id| someone(id, None, Some("a@example.org"))).collect();
    let plan = plan_of(&config, &people).unwrap();
    let first = |name: &str| {
        let of = |block: &&BlockRow| plan.routes[usize::from(block.meta.route)].gateways[0] == name;
        plan.blocks.iter().filter(of).map(|block| block.meta.len).sum::<u32>()
    };
    assert_eq!((first("a"), first("b"), first("spare")), (300, 100, 0));
    assert!(plan.routes.iter().all(|route| route.gateways[2] == "spare"));
    assert_eq!(plan.channels[0].duration_s, Some(20.0));
}

#[test]
fn a_domain_with_a_limit_of_its_own_takes_its_own_time() {
    let relay = relay("a", json!({"messages_per_second": 100.0, "domains": [["slow.example", 0.5]]}));
    let config = config(json!({"email": [letter("nl", "S", "T")]}), &[relay]);
    let ids: Vec<String> = (0..40).map(|number| format!("p{number}")).collect();
    let address = |at: usize| ["a@example.org", "a@Slow.example"][usize::from(at.is_multiple_of(4))];
    let people: Vec<_> =
        ids.iter().enumerate().map(|(at, id)| someone(id, None, Some(address(at)))).collect();
    let plan = plan_of(&config, &people).unwrap();
    let domains: Vec<_> = plan.routes.iter().map(|route| route.domain.as_deref()).collect();
    assert_eq!(domains, [Some("slow.example"), None]);
    assert_eq!(plan.channels[0].duration_s, Some(20.0));
}

proptest! {
    #[test]
    fn on_each_channel_each_ordinal_is_in_one_block(
        people in prop::collection::vec((0_usize..3, 0_usize..3, any::<bool>()), 0..60)
    ) {
        let phones = [Some(PHONE), Some("12"), None];
        let emails = [Some("a@example.org"), Some("a@"), None];
        let ids: Vec<String> = (0..people.len()).map(|number| format!("p{number}")).collect();
        let mut planner = Planner::new(&both(), "s", vec![]).unwrap();
        for (id, (phone, email, given)) in ids.iter().zip(&people) {
            if *given {
                planner.push(someone(id, phones[*phone], emails[*email]));
            } else {
                planner.exclude(id, None, "left out");
            }
        }
        let plan = planner.finish(0).unwrap();
        for channel in [Channel::Sms, Channel::Email] {
            let (sent, excluded) = placed(&plan, channel);
            let usable = |(phone, email, given): &(usize, usize, bool)| {
                *given && [*phone, *email][usize::from(channel == Channel::Email)] == 0
            };
            let expected: Vec<u32> =
                (0..).zip(&people).filter(|(_, person)| usable(person)).map(|(at, _)| at).collect();
            prop_assert_eq!(&sent, &expected);
            let mut all = [sent, excluded].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..people.len() as u32).collect::<Vec<_>>());
        }
    }
}
