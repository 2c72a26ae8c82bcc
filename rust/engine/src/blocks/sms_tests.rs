use bealert_core::dispatch::{Dispatcher, Settings};
use bealert_core::model::EXCLUDED;
use bealert_wire::text::{Encoding, decode_gsm, decode_ucs2, split_header};
use proptest::prelude::*;

use super::*;
use crate::config::Config;
use crate::plan::{Frozen, Plan, Planner, RecipientIn};

const TEXTS: &str = r#"{"nl": "Hallo {{ name }}, {{ street }}: {{ x }}", "fr": "{% if x %}{{ street|upper }}{% endif %} ê",
    "en": "{{ language }}/{{ id }} {{ street }}"}"#;

fn config() -> Config {
    let text = format!(
        r#"{{"default_country": "BE", "languages": ["en"], "scenarios":
            [{{"name": "s", "kind": "news", "expiry_ms": 1000, "sms": {TEXTS}}}], "gateways": [
            {{"type": "smpp", "name": "a", "host": "h", "port": 1, "system_id": "i", "password": "",
              "sender": "+32 470 00 00 00", "prefixes": ["+32"]}},
            {{"type": "smpp", "name": "b", "host": "h", "port": 1, "system_id": "i", "password": "",
              "sender": "BE-Alert"}}]}}"#
    );
    Config::from_json(&text).unwrap()
}

/// Names and streets of every length and alphabet, up to several parts.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 .,]{1,40}",
        "[a-z€\\[\\]{}|^~\\\\]{1,200}",
        "[a-zçŁêà😀漢]{1,150}",
        "[a-z]{120,900}",
    ]
}

#[derive(Debug, Clone)]
struct Someone {
    phone: &'static str,
    language: Option<&'static str>,
    name: String,
    street: String,
    x: Option<String>,
}

fn people() -> impl Strategy<Value = Vec<Someone>> {
    let phone =
        prop::sample::select(vec!["0470123456", "+32470123457", "+33639981234", "+31612345678", "none"]);
    let language = prop::option::of(prop::sample::select(vec!["nl", "fr-BE", "en", "EN", "pl", ""]));
    let one = (phone, language, texts(), texts(), prop::option::of(texts()))
        .prop_map(|(phone, language, name, street, x)| Someone { phone, language, name, street, x });
    prop::collection::vec(one, 0..40)
}

fn plan(people: &[Someone]) -> Plan {
    let mut planner = Planner::new(&config(), "s", vec![("x".into(), "plan's".into())]).unwrap();
    for (at, person) in people.iter().enumerate() {
        let mut values = vec![("street", person.street.as_str()), ("unused", "u")];
        values.extend(person.x.as_deref().map(|x| ("x", x)));
        planner.push(RecipientIn {
            id: &at.to_string(),
            phone: Some(person.phone),
            name: Some(&person.name),
            language: person.language,
            values: &values,
            ..RecipientIn::default()
        });
    }
    planner.finish(0).unwrap()
}

/// What a phone would show of a message's parts.
fn shown(block: &SmsBlock, index: usize, parts: u8, reference: u8) -> String {
    let mut octets = Vec::new();
    let mut coding = 0;
    for part in 0..usize::from(parts) {
        let rendered = block.message(index, part);
        assert_eq!(rendered.udhi, parts > 1);
        assert!(rendered.body.len() <= 140 || rendered.data_coding == 0 && rendered.body.len() <= 160);
        coding = rendered.data_coding;
        if rendered.udhi {
            let (concat, body) = split_header(rendered.body).unwrap();
            let concat = concat.unwrap();
            assert_eq!(
                (concat.reference, concat.total, concat.number),
                (reference.into(), parts, part as u8 + 1)
            );
            octets.extend_from_slice(body);
        } else {
            octets.extend_from_slice(rendered.body);
        }
    }
    if coding == Encoding::Ucs2.data_coding() { decode_ucs2(&octets).unwrap() } else { decode_gsm(&octets) }
}

/// What a person is to read, by hand.
fn expected(at: usize, person: &Someone) -> String {
    let x = person.x.as_deref().unwrap_or("plan's");
    match person.language {
        Some("nl") => format!("Hallo {}, {}: {x}", person.name, person.street),
        Some("fr-BE") => format!("{} ê", person.street.to_uppercase()),
        Some(given @ ("en" | "EN" | "pl")) => format!("{given}/{at} {}", person.street),
        other => panic!("{other:?} has no language for the template"),
    }
}

proptest! {
    #[test]
    fn what_is_rendered_is_what_was_planned(people in people(), reference in any::<u8>()) {
        // A template that shows the language can't be rendered for those who have none.
        let people: Vec<Someone> =
            people.into_iter().filter(|p| p.language.is_some_and(|l| !l.is_empty())).collect();
        let plan = Plan::from_bytes(&plan(&people).to_bytes()).unwrap();
        let frozen = Frozen::from_json(&plan.frozen).unwrap();
        let (mut parts, mut seen) = (0, 0);
        for row in plan.blocks.iter().filter(|row| row.meta.route != EXCLUDED) {
            let block = SmsBlock::of(&frozen, &row.data, reference).unwrap();
            let hash = Dispatcher::new(Settings { now_us: 0, wall_ms: 0, last_seq: 0, hash_key: (1, 2) }).address_hash();
            let entries = block.entries(hash);
            prop_assert_eq!(entries.ordinals.len(), row.meta.len as usize);
            prop_assert_eq!(entries.units.iter().map(|units| u32::from(*units)).sum::<u32>(), row.meta.units);
            let stored = bealert_core::block::people(&row.data).unwrap();
            prop_assert_eq!(&entries, &Entries::of(&stored, hash));
            for (index, person) in stored.iter().enumerate() {
                let at = person.ordinal as usize;
                prop_assert_eq!(shown(&block, index, person.units, reference), expected(at, &people[at]));
                prop_assert_eq!(block.message(index, 0).destination, person.address);
                parts += u64::from(person.units);
                seen += 1;
            }
        }
        prop_assert_eq!(plan.parts(), parts);
        prop_assert_eq!(seen + plan.excluded.len(), people.len());
        if let Some(example) = plan.examples.first() {
            let at: usize = example.recipient.parse().unwrap();
            prop_assert_eq!(&example.text, &expected(at, &people[at]));
        }
    }
}

fn one() -> Someone {
    let x = Some("1".repeat(200));
    Someone { phone: "0470123456", language: Some("nl"), name: "An".into(), street: "Kerkstraat".into(), x }
}

#[test]
fn a_sender_is_frozen_as_it_is_sent() {
    let frozen = Frozen::from_json(&plan(&[one()]).frozen).unwrap();
    let sms = frozen.sms().unwrap();
    assert_eq!((sms.sender("a"), sms.sender("b")), (Some("32470000000"), Some("BE-Alert")));
}

#[test]
fn the_same_message_has_the_same_octets_whenever_it_is_rendered() {
    let plan = plan(&[one()]);
    let frozen = Frozen::from_json(&plan.frozen).unwrap();
    let render = |reference| SmsBlock::of(&frozen, &plan.blocks[0].data, reference).unwrap();
    let (once, again, other) = (render(9), render(9), render(10));
    assert_eq!(once.message(0, 1), again.message(0, 1));
    assert_ne!(once.message(0, 1).body, other.message(0, 1).body);
}

#[test]
fn a_block_that_is_not_what_was_planned_is_not_sent() {
    let plan = plan(&[one()]);
    let json = plan.frozen.replace("Hallo", &"Hallo".repeat(100));
    let longer = SmsBlock::of(&Frozen::from_json(&json).unwrap(), &plan.blocks[0].data, 1);
    assert!(matches!(longer, Err(RenderedError::Parts { planned: 2, rendered: 5, .. })), "{longer:?}");
    let json = plan.frozen.replace("{{ street }}", "{{ nowhere }}");
    let missing = SmsBlock::of(&Frozen::from_json(&json).unwrap(), &plan.blocks[0].data, 1);
    assert!(matches!(missing, Err(RenderedError::Text { .. })), "{missing:?}");
    let frozen = Frozen::from_json(&plan.frozen).unwrap();
    let damaged = SmsBlock::of(&frozen, &plan.blocks[0].data[1..], 1);
    assert!(matches!(damaged, Err(RenderedError::Block(_))), "{damaged:?}");
}

#[test]
#[should_panic(expected = "a message has the parts that were planned")]
fn a_part_that_was_not_planned_is_not_the_next_persons() {
    let plan = plan(&[one(), one()]);
    let frozen = Frozen::from_json(&plan.frozen).unwrap();
    SmsBlock::of(&frozen, &plan.blocks[0].data, 1).unwrap().message(0, 2);
}
