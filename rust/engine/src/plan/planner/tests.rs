use bealert_core::block::people;
use bealert_core::model::{BLOCK_LEN, Policy};
use proptest::prelude::*;

use super::super::PlanBytesError;
use super::*;
use crate::config::{GatewayConfig, SmppConfig};

/// A scenario "s" with these texts, through these gateways: name, sender, rate and prefix.
fn config(texts: &[(&str, &str)], gateways: &[(&str, &str, Option<f64>, &str)]) -> Config {
    let gateway = |(name, sender, rate, prefix): &(&str, &str, Option<f64>, &str)| {
        serde_json::json!({"type": "smpp", "name": name, "host": "h", "port": 1, "system_id": "i", "password": "",
            "sender": sender, "parts_per_second": rate, "prefixes": [prefix]})
    };
    let sms: serde_json::Map<String, serde_json::Value> =
        texts.iter().map(|(language, text)| ((*language).to_owned(), (*text).into())).collect();
    let gateways: Vec<_> = gateways.iter().map(gateway).collect();
    let scenario = serde_json::json!({"name": "s", "kind": "warning", "expiry_ms": 60_000, "sms": sms});
    let config = serde_json::json!({"default_country": "BE", "languages": ["nl"], "gateways": gateways,
        "scenarios": [scenario]});
    Config::from_json(&config.to_string()).unwrap()
}

fn simple(text: &str) -> Config {
    config(&[("nl", text)], &[("sms-a", "BE-Alert", Some(500.0), "+")])
}

fn someone<'a>(id: &'a str, phone: &'a str) -> RecipientIn<'a> {
    RecipientIn { id, phone: Some(phone), ..RecipientIn::default() }
}

fn begun(config: &Config) -> Planner {
    Planner::new(config, "s", vec![]).unwrap()
}

fn plan_of(config: &Config, people: &[RecipientIn<'_>]) -> Result<Plan, PlanRefused> {
    let mut planner = Planner::new(config, "s", vec![("x".into(), "planned".into())])?;
    people.iter().for_each(|person| planner.push(*person));
    planner.finish(7)
}

fn refused(config: &Config, people: &[RecipientIn<'_>]) -> Vec<String> {
    plan_of(config, people).unwrap_err().problems
}

const PHONE: &str = "0470 12 34 56";

#[test]
fn everybody_is_in_one_block_or_excluded_with_a_reason() {
    let config = config(&[("nl", "Hallo"), ("fr", "Bonjour")], &[("be", "BE-Alert", None, "+32")]);
    let mut planner = begun(&config);
    planner.push(RecipientIn { language: Some("fr"), name: Some("An"), ..someone("p1", PHONE) });
    planner.push(someone("p2", ""));
    planner.push(RecipientIn { id: "p3", ..RecipientIn::default() });
    planner.push(someone("p4", "0470 12"));
    planner.push(someone("p5", "+33 6 39 98 12 34"));
    planner.exclude("p1", Some("Bo"), "row 6: the id is there twice");
    planner.push(someone("p6", "+32470123457"));
    let plan = planner.finish(7).unwrap();

    assert_eq!((plan.people, plan.created_ms, plan.expiry_ms), (7, 7, 60_000));
    assert_eq!(plan.policy, Policy::Resend);
    let channel = &plan.channels[0];
    assert_eq!((channel.people, channel.excluded, channel.parts), (2, 5, 2));
    let reasons: Vec<(&str, &str)> =
        plan.excluded.iter().map(|excluded| (&*excluded.id, &*excluded.reason)).collect();
    assert_eq!(reasons[..2], [("p2", "no number"), ("p3", "no number")]);
    assert!(reasons[2].1.starts_with("too short"), "{reasons:?}");
    assert_eq!(reasons[3], ("p5", "no gateway takes this number: see the prefixes of the gateways"));
    assert_eq!(reasons[4], ("p1", "row 6: the id is there twice"));

    assert_eq!(plan.blocks.len(), 2);
    let sent = people(&plan.blocks[0].data).unwrap();
    let rows: Vec<_> = sent.iter().map(|p| (p.ordinal, p.id, p.address, p.language, p.units)).collect();
    assert_eq!(rows, [(0, "p1", "32470123456", 0, 1), (6, "p6", "32470123457", 1, 1)]);
    assert_eq!((sent[0].name, sent[0].language_given), ("An", "fr"));
    let excluded = people(&plan.blocks[1].data).unwrap();
    assert_eq!(plan.blocks[1].meta.route, EXCLUDED);
    assert_eq!(excluded.iter().map(|p| p.ordinal).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!((excluded[2].address, excluded[4].name), ("0470 12", "Bo"));
    let example = &plan.examples[0];
    assert_eq!((&*example.recipient, &*example.language, &*example.text), ("p1", "fr", "Bonjour"));
}

#[test]
fn blocks_hold_the_values_that_templates_see_and_no_others() {
    let config = simple("{{ street }} {{ x }}");
    let values = [("hobby", "chess"), ("street", "Kerkstraat"), ("x", "own")];
    let plan = plan_of(&config, &[RecipientIn { values: &values, ..someone("p1", PHONE) }]).unwrap();
    assert_eq!(people(&plan.blocks[0].data).unwrap()[0].values, [("street", "Kerkstraat"), ("x", "own")]);
    assert_eq!(plan.examples[0].text, "Kerkstraat own");
}

#[test]
fn the_costlier_encoding_is_named_with_what_forced_it() {
    let plan = |text: &str| plan_of(&simple(text), &[someone("p1", PHONE)]).unwrap();
    assert_eq!(plan("Bel 101").channels[0].encoding_text(), "GSM-7");
    let forced = plan(&format!("ça {}", "x".repeat(70)));
    assert_eq!((forced.channels[0].encoding_text(), forced.parts()), ("UCS-2, forced by 'ç'".into(), 2));
    let config = simple("{{ name }}");
    let named = |id, name| RecipientIn { name: Some(name), ..someone(id, PHONE) };
    let plan = plan_of(&config, &[named("1", "An"), named("2", "Łukasz"), named("3", "ç")]).unwrap();
    assert_eq!(plan.channels[0].forced_by, Some('Ł'));
}

#[test]
fn time_is_that_of_the_slowest_gateway_with_the_people_who_ask_it_first() {
    let gateways =
        [("be", "BE", Some(2.0), "+32"), ("world", "BE", Some(10.0), "+"), ("idle", "BE", Some(0.1), "+49")];
    let mut people: Vec<(String, &str)> = (0..10).map(|n| (format!("be{n}"), PHONE)).collect();
    people.extend((0..20).map(|n| (format!("fr{n}"), "+33639981234")));
    let people: Vec<_> = people.iter().map(|(id, phone)| someone(id, phone)).collect();
    let plan = plan_of(&config(&[("nl", "x")], &gateways), &people).unwrap();
    assert_eq!(plan.channels[0].duration_s, Some(5.0));
    assert_eq!(plan.routes[0].gateways, ["be", "world"]);
    let unlimited = plan_of(&config(&[("nl", "x")], &[("a", "BE", None, "+")]), &people).unwrap();
    assert_eq!(unlimited.channels[0].duration_s, None);
}

#[test]
fn the_hash_does_not_depend_on_gateways_or_time() {
    let people = [someone("p1", PHONE), someone("p2", "+33 6 39 98 12 34"), someone("p3", "none")];
    let hash = |gateways: &[(&str, &str, Option<f64>, &str)]| {
        plan_of(&config(&[("nl", "x")], gateways), &people).unwrap().hash
    };
    let one = hash(&[("a", "BE", None, "+")]);
    assert_eq!(one.len(), 64);
    assert_eq!(one, hash(&[("b", "Other", Some(3.0), "+32")]), "one of them is excluded here");
    assert_eq!(one, hash(&[("c", "BE", None, "+49"), ("a", "BE", None, "+33")]));
    let mut planner = Planner::new(&simple("x"), "s", vec![("x".into(), "planned".into())]).unwrap();
    people.iter().for_each(|person| planner.push(*person));
    assert_eq!(one, planner.finish(1_000_000).unwrap().hash);
}

/// What was launched once under a key has the same hash in every version.
#[test]
fn the_hash_of_sms_alone_is_what_it_always_was() {
    let config =
        config(&[("nl", "Hallo {{ name }}"), ("fr", "Bonjour")], &[("sms-a", "BE-Alert", None, "+")]);
    let mut planner = Planner::new(&config, "s", vec![("x".into(), "planned".into())]).unwrap();
    let values = [("b", "2"), ("a", "1")];
    planner.push(RecipientIn {
        email: Some("a@b.example"),
        name: Some("An"),
        language: Some("nl"),
        values: &values,
        ..someone("p1", PHONE)
    });
    planner.push(RecipientIn { language: Some("fr"), ..someone("p2", "none") });
    planner.exclude("p3", None, "gone");
    assert_eq!(
        planner.finish(7).unwrap().hash,
        "fb6eb222408fb2804c711ee06500845c05678976b82dedd85bf1bc04cb69e5c9"
    );
}

#[test]
fn the_hash_depends_on_all_that_people_get() {
    let base = simple("x {{ x }}");
    let one = RecipientIn { values: &[("a", "1"), ("b", "2")], language: Some("nl"), ..someone("p1", PHONE) };
    let two = someone("p2", "+32470123457");
    let hash = |config: &Config, people: &[RecipientIn<'_>]| plan_of(config, people).unwrap().hash;
    let original = hash(&base, &[one, two]);

    // What says the same in another way is the same.
    for same in [
        RecipientIn { phone: Some("+32470123456"), ..one },
        RecipientIn { values: &[("b", "2"), ("a", "1")], ..one },
        RecipientIn { name: Some(""), email: Some(""), ..one },
    ] {
        assert_eq!(original, hash(&base, &[same, two]), "{same:?}");
    }
    let mut hashes = vec![original];
    for other in [
        RecipientIn { id: "p0", ..one },
        RecipientIn { phone: Some("+32470123458"), ..one },
        RecipientIn { phone: Some("none"), ..one },
        RecipientIn { phone: None, ..one },
        RecipientIn { email: Some("a@b"), ..one },
        RecipientIn { name: Some("An"), ..one },
        RecipientIn { language: Some("fr"), ..one },
        RecipientIn { language: None, ..one },
        RecipientIn { values: &[("a", "2"), ("b", "2")], ..one },
        RecipientIn { values: &[("a", "1")], ..one },
        RecipientIn { values: &[("a", "1b"), ("", "2")], ..one },
    ] {
        hashes.push(hash(&base, &[other, two]));
    }
    hashes.push(hash(&base, &[two, one]));
    hashes.push(hash(&base, &[one]));
    hashes.push(hash(&base, &[]));
    hashes.push(hash(&simple("y {{ x }}"), &[one, two]));
    let edits: [fn(&mut ScenarioConfig); 4] = [
        |scenario| scenario.uncertain = Some(Policy::Hold),
        |scenario| scenario.kind = bealert_core::model::Kind::Preventive,
        |scenario| scenario.expiry_ms += 1,
        |scenario| scenario.sms.push(("fr".into(), "z".into())),
    ];
    for edit in edits {
        let mut config = base.clone();
        edit(&mut config.scenarios[0]);
        hashes.push(hash(&config, &[one, two]));
    }
    let mut planner = Planner::new(&base, "s", vec![("x".into(), "else".into())]).unwrap();
    [one, two].into_iter().for_each(|person| planner.push(person));
    hashes.push(planner.finish(0).unwrap().hash);
    let mut planner = Planner::new(&base, "s", vec![("x".into(), "planned".into())]).unwrap();
    planner.push(one);
    planner.exclude("p2", None, "why");
    hashes.push(planner.finish(0).unwrap().hash);

    let count = hashes.len();
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), count);
}

#[test]
fn the_policy_that_the_kind_has_is_the_same_as_that_policy_said() {
    let mut said = simple("x");
    said.scenarios[0].uncertain = Some(Policy::Resend);
    let people = [someone("p1", PHONE)];
    assert_eq!(plan_of(&simple("x"), &people).unwrap().hash, plan_of(&said, &people).unwrap().hash);
}

#[test]
fn what_can_be_told_without_people_is_refused() {
    let people = [someone("p1", PHONE)];
    let problem = |config: &Config| {
        let problems = refused(config, &people);
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems[0].clone()
    };
    let gateway = |sender, rate| config(&[("nl", "x")], &[("sms-a", sender, rate, "+")]);
    for (config, words) in [
        (simple("  \n"), ["scenario s", "nl is empty"]),
        (simple("{{ street"), ["nl, line 1", "scenario s"]),
        (simple("{% include 'x' %}"), ["nl, line 1", "scenario s"]),
        (config(&[], &[("sms-a", "BE", None, "+")]), ["scenario s", "no text"]),
        (gateway("ABCDEFGHIJKL", None), ["gateway sms-a", "at most 11"]),
        (gateway("日本", None), ["gateway sms-a", "日"]),
        (gateway("BE", Some(0.0)), ["gateway sms-a", "rate is 0 "]),
        (gateway("BE", Some(-2.5)), ["gateway sms-a", "rate is -2.5 "]),
        (config(&[("nl", "x")], &[]), ["no gateway for sms", ""]),
        (expiring(0), ["scenario s", "expires before"]),
        (expiring(-5), ["scenario s", "expires before"]),
        (country("QQ"), ["default_country", "QQ"]),
    ] {
        let problem = problem(&config);
        assert!(words.iter().all(|word| problem.contains(word)), "{problem}");
    }
    let unknown = Planner::new(&simple("x"), "fire", vec![]).unwrap_err();
    assert_eq!(unknown.problems, ["no scenario \"fire\": there are s"]);
}

fn expiring(expiry_ms: i64) -> Config {
    let mut config = simple("x");
    config.scenarios[0].expiry_ms = expiry_ms;
    config
}

fn country(country: &str) -> Config {
    Config { default_country: Some(country.to_owned()), ..simple("x") }
}

#[test]
fn everything_is_refused_at_once() {
    let mut config = simple("{{ street }}");
    let GatewayConfig::Smpp(SmppConfig { sender, parts_per_second, .. }) = &mut config.gateways[0] else {
        panic!("the first gateway is an SMSC");
    };
    (*sender, *parts_per_second) = ("ABCDEFGHIJKLM".into(), Some(0.0));
    config.scenarios[0].expiry_ms = 0;
    let problems = refused(&config, &[someone("p1", PHONE), someone("p1", PHONE), someone("", PHONE)]);
    assert_eq!(problems.len(), 6, "{problems:?}");
}

#[test]
fn a_missing_value_names_recipients_and_counts_the_rest() {
    let config = config(&[("nl", "{{ street }}"), ("fr", "{{ rue }}")], &[("a", "BE", None, "+")]);
    let ids: Vec<String> = (0..2_500).map(|number| format!("p{number}")).collect();
    let people: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(at, id)| RecipientIn { language: Some(["nl", "fr"][at % 2]), ..someone(id, PHONE) })
        .collect();
    let problems = refused(&config, &people);
    assert_eq!(problems.len(), 2);
    assert!(problems[0].contains("nl: no value for \"street\""), "{problems:?}");
    assert!(
        problems[0].ends_with("p0, p2, p4, p6, p8, p10, p12, p14, p16, p18 and 1240 more)"),
        "{problems:?}"
    );
    assert!(problems[1].contains("fr: no value for \"rue\""), "{problems:?}");
}

#[test]
fn an_excluded_person_lacks_no_value() {
    let plan = plan_of(&simple("{{ street }}"), &[someone("p1", "none")]).unwrap();
    assert_eq!((plan.people, plan.excluded.len(), plan.examples.len()), (1, 1, 0));
}

#[test]
fn texts_that_come_out_empty_or_too_long_name_recipients() {
    let config = simple("{{ name }}");
    let long = "x".repeat(153 * 255 + 1);
    let named = |id, name| RecipientIn { name: Some(name), ..someone(id, PHONE) };
    let problems = refused(&config, &[named("p1", " "), named("p2", &long), named("p3", "An")]);
    assert_eq!(problems[0], "the text for nl: the text is empty (recipients: p1)");
    assert!(problems[1].contains("more than 255 parts"), "{problems:?}");
    assert!(problems[1].ends_with("(recipients: p2 (256 parts))"), "{problems:?}");
    assert_eq!(plan_of(&config, &[named("p2", &long[1..])]).unwrap().parts(), 255);
}

#[test]
fn a_template_that_fails_while_it_renders_is_refused() {
    let problems = refused(&simple("{{ x|nosuchfilter }}"), &[someone("p1", PHONE)]);
    assert!(problems[0].contains("filter") && problems[0].contains("p1"), "{problems:?}");
    let endless = simple("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}");
    let problems = refused(&endless, &[someone("p1", PHONE)]);
    assert!(problems[0].contains("takes too long"), "{problems:?}");
}

#[test]
fn ids_that_are_there_twice_or_empty_are_named() {
    let people = [someone("a", PHONE), someone("b", PHONE), someone("a", "none"), someone(" ", PHONE)];
    let problems = refused(&simple("x"), &people);
    assert_eq!(problems, ["ids that are there twice: a", "recipients without an id: number 4"]);
}

#[test]
fn a_problem_of_the_caller_refuses_the_plan() {
    let mut planner = begun(&simple("x"));
    planner.push(someone("p1", PHONE));
    planner.problem("recipient 'p2': phone must be a str".into());
    assert_eq!(planner.finish(0).unwrap_err().problems, ["recipient 'p2': phone must be a str"]);
}

#[test]
fn nobody_is_an_audience_too() {
    let plan = plan_of(&simple("x"), &[]).unwrap();
    assert_eq!((plan.people, plan.parts(), plan.blocks.len()), (0, 0, 0));
    assert_eq!(Plan::from_bytes(&plan.to_bytes()).unwrap(), plan);
}

#[test]
fn a_planner_may_change_threads_and_a_plan_be_shared() {
    fn send<T: Send>() {}
    fn sync<T: Send + Sync>() {}
    send::<Planner>();
    sync::<Plan>();
}

fn long_plan() -> Plan {
    let config = config(
        &[("nl", "Hallo {{ name }} {{ x }}")],
        &[("be", "8585", Some(3.5), "+32"), ("world", "BE", None, "+")],
    );
    let ids: Vec<String> = (0..BLOCK_LEN + 500).map(|number| format!("p{number}")).collect();
    let phones = [PHONE, "+33639981234", "none", ""];
    let people: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(at, id)| RecipientIn { name: Some("Łu"), ..someone(id, phones[at % 4]) })
        .collect();
    plan_of(&config, &people).unwrap()
}

#[test]
fn a_plan_comes_back_from_its_bytes() {
    let plan = long_plan();
    assert_eq!(Plan::from_bytes(&plan.to_bytes()).unwrap(), plan);
}

#[test]
fn bytes_that_are_cut_or_not_what_they_say_are_no_plan() {
    let plan = long_plan();
    let bytes = plan.to_bytes();
    for cut in [0, 3, 4, 100, bytes.len() - 1] {
        assert!(Plan::from_bytes(&bytes[..cut]).is_err(), "{cut}");
    }
    assert_eq!(Plan::from_bytes(&[&bytes[..], b"x"].concat()), Err(PlanBytesError::Length));
    let edits: [fn(&mut Plan); 4] = [
        |plan| plan.blocks[1].meta.units += 1,
        |plan| plan.blocks[1].meta.len += 1,
        |plan| plan.people = 2,
        |plan| plan.routes.truncate(1),
    ];
    for edit in edits {
        let mut untrue = plan.clone();
        edit(&mut untrue);
        let read = Plan::from_bytes(&untrue.to_bytes());
        assert!(matches!(read, Err(PlanBytesError::Untrue { .. })), "{read:?}");
    }
}

proptest! {
    #[test]
    fn damaged_bytes_are_an_error_and_no_panic(at in any::<prop::sample::Index>(), octet in any::<u8>()) {
        let mut bytes = plan_of(&simple("x {{ name }}"), &[
            RecipientIn { name: Some("An"), ..someone("p1", PHONE) }, someone("p2", "none"),
        ].map(|person| RecipientIn { name: Some("An"), ..person })).unwrap().to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = octet;
        let _ = Plan::from_bytes(&bytes);
    }
}
