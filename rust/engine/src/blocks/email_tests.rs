use bealert_core::model::{BlockRow, CampaignId, CampaignRow, Channel, EXCLUDED};
use mail_parser::MessageParser;
use proptest::prelude::*;

use super::*;
use crate::campaign::Mailroom;
use crate::config::Config;
use crate::launch::row_of;
use crate::plan::{Plan, Planner, RecipientIn};

/// Two relays that send as the same, and one that sends as another.
const CONFIG: &str = r#"{"languages": ["en"], "scenarios": [{"name": "s", "kind": "news", "expiry_ms": 1000, "email": [
        {"language": "nl", "subject": "Dag {{ name }}", "text": "{{ street }}: {{ x }}"},
        {"language": "fr", "subject": "{% if x %}{{ street|upper }}{% endif %} ê", "html": "<p>{{ street }} ê"}]}],
    "gateways": [
        {"type": "smtp", "name": "a", "host": "h", "port": 25, "sender": "BE-Alert <a@be-alert.example>"},
        {"type": "smtp", "name": "b", "host": "h", "port": 25, "sender": "BE-Alert <a@be-alert.example>"},
        {"type": "smtp", "name": "c", "host": "h", "port": 25, "sender": "c@be-alert.example", "priority": 1}]}"#;

fn config() -> Config {
    Config::from_json(CONFIG).unwrap()
}

#[derive(Debug, Clone)]
struct Someone {
    email: &'static str,
    french: bool,
    name: String,
    street: String,
    x: Option<String>,
}

fn people() -> impl Strategy<Value = Vec<Someone>> {
    let email = prop::sample::select(vec!["a.b@example.org", "c@Bücher.example", "ë@example.org", "none"]);
    let text = || prop_oneof!["[a-z<&\"'.]{1,30}", "[a-zçŁêà😀漢 ]{0,90}[a-z]", "\\.{1,3}[a-z]{60,200}"];
    let one = (email, any::<bool>(), text(), text(), prop::option::of(text()))
        .prop_map(|(email, french, name, street, x)| Someone { email, french, name, street, x });
    prop::collection::vec(one, 0..30)
}

fn plan(people: &[Someone]) -> Plan {
    let mut planner = Planner::new(&config(), "s", vec![("x".into(), "plan's".into())]).unwrap();
    for (at, person) in people.iter().enumerate() {
        let mut values = vec![("street", person.street.as_str()), ("unused", "u")];
        values.extend(person.x.as_deref().map(|x| ("x", x)));
        planner.push(RecipientIn {
            id: &at.to_string(),
            email: Some(person.email),
            name: Some(&person.name),
            language: Some(if person.french { "fr" } else { "nl" }),
            values: &values,
            ..RecipientIn::default()
        });
    }
    planner.finish(0).unwrap()
}

fn prepared(plan: &Plan) -> Prepared {
    let row = CampaignRow { id: CampaignId(7), ..row_of(plan, "", "", 1_800_000_000_000, 0) };
    Prepared::of(&row, &Mailroom::of(&config(), (1, 2)).unwrap()).unwrap()
}

fn sent(plan: &Plan) -> impl Iterator<Item = &BlockRow> {
    plan.blocks.iter().filter(|row| row.meta.route != EXCLUDED)
}

fn octets(block: &EmailBlock, index: usize, identity: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    block.letter(index, identity).write(&mut octets);
    octets
}

/// What stands in a header or a text: spaces may be folded, and are not kept at the ends.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_rendered_is_what_was_planned(people in people(), split in any::<prop::sample::Index>()) {
        let plan = Plan::from_bytes(&plan(&people).to_bytes()).unwrap();
        let prepared = prepared(&plan);
        let mailing = prepared.mailing().unwrap();
        prop_assert_eq!(mailing.identity("a"), mailing.identity("b"));
        prop_assert_ne!(mailing.identity("a"), mailing.identity("c"));
        let mut seen = 0;
        for row in sent(&plan) {
            prop_assert_eq!(row.meta.key.channel, Channel::Email);
            let whole = EmailBlock::of(&prepared, row, ..).unwrap();
            let stored = bealert_core::block::people(&row.data).unwrap();

            // In parts it is the same.
            let at = split.index(stored.len() + 1);
            let mut joined = EmailBlock::of(&prepared, row, ..at).unwrap();
            joined.append(&EmailBlock::of(&prepared, row, at..).unwrap()).unwrap();

            let hash = dispatcher_hash();
            let entries = whole.entries(hash);
            prop_assert_eq!(&entries, &bealert_core::dispatch::Entries::of(&stored, hash));
            prop_assert_eq!(&entries, &joined.entries(hash));
            for (index, person) in stored.iter().enumerate() {
                let someone = &people[person.ordinal as usize];
                prop_assert_eq!(whole.address(index), person.address);
                prop_assert_eq!(whole.address(index), joined.address(index));
                for name in ["a", "c"] {
                    let identity = mailing.identity(name).unwrap();
                    let letter = octets(&whole, index, identity);
                    prop_assert_eq!(&letter, &octets(&joined, index, identity));
                    let read = MessageParser::default().parse(&letter).unwrap();
                    let from = read.from().and_then(|from| from.first()).and_then(|from| from.address());
                    prop_assert_eq!(from, Some(&*format!("{name}@be-alert.example")));
                    let x = someone.x.as_deref().unwrap_or("plan's");
                    let (subject, text) = if someone.french {
                        (format!("{} ê", someone.street.to_uppercase()), format!("{} ê", someone.street))
                    } else {
                        (format!("Dag {}", someone.name), format!("{}: {x}", someone.street))
                    };
                    let body = if someone.french { read.body_html(0) } else { read.body_text(0) };
                    let body = body.unwrap();
                    prop_assert_eq!(words(read.subject().unwrap()), words(&subject));
                    let shown = if someone.french { unescaped(&body) } else { body.into_owned() };
                    prop_assert!(words(&shown).join(" ").contains(&words(&text).join(" ")), "{} {}", shown, text);
                }
                seen += 1;
            }
        }
        prop_assert_eq!(seen, people.iter().filter(|person| person.email != "none").count());
    }
}

/// The inside of HTML as a browser shows it.
fn unescaped(html: &str) -> String {
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    entities.iter().fold(html.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

fn dispatcher_hash() -> bealert_core::dispatch::AddressHash {
    use bealert_core::dispatch::{Dispatcher, Settings};
    Dispatcher::new(Settings { now_us: 0, wall_ms: 0, last_seq: 0, hash_key: (1, 2) }).address_hash()
}

fn one() -> Someone {
    Someone { email: "a@example.org", french: false, name: "An".into(), street: "Markt".into(), x: None }
}

#[test]
fn a_letter_has_the_same_octets_on_every_try_and_through_relays_of_one_sender() {
    let plan = plan(&[one()]);
    let row = sent(&plan).next().unwrap();
    let (first, again) = (prepared(&plan), prepared(&plan));
    let (block, other) = (EmailBlock::of(&first, row, ..).unwrap(), EmailBlock::of(&again, row, ..).unwrap());
    let identity = |name| first.mailing().unwrap().identity(name).unwrap();
    assert_eq!(octets(&block, 0, identity("a")), octets(&other, 0, identity("b")));
    assert_ne!(octets(&block, 0, identity("a")), octets(&block, 0, identity("c")));
}

type Edit = fn(&mut bealert_core::block::Person<'_>);

#[test]
fn a_block_that_is_not_what_was_planned_is_not_sent() {
    let plan = plan(&[one()]);
    let row = sent(&plan).next().unwrap();
    let rendered = |plan: &Plan, row: &BlockRow| EmailBlock::of(&prepared(plan), row, ..);
    let missing = Plan { frozen: plan.frozen.replace("{{ street }}", "{{ nowhere }}"), ..plan.clone() };
    let missing = rendered(&missing, row);
    assert!(matches!(missing, Err(RenderedError::Letter { .. })), "{missing:?}");
    let damaged = BlockRow { data: row.data[1..].to_vec(), ..row.clone() };
    assert!(matches!(rendered(&plan, &damaged), Err(RenderedError::Block(_))));
    let beyond = EmailBlock::of(&prepared(&plan), row, 0..2);
    assert!(matches!(beyond, Err(RenderedError::Size)), "{beyond:?}");
    let edits: [(Edit, &str); 3] = [
        (|person| person.address = "a@", "the address of \"0\""),
        (|person| person.language = 2, "a language that the campaign does not have"),
        (|person| person.units = 2, "takes 1 parts and was planned with 2"),
    ];
    for (edit, words) in edits {
        let mut people = bealert_core::block::people(&row.data).unwrap();
        edit(&mut people[0]);
        let mut writer = bealert_core::block::BlockWriter::default();
        writer.push(&people[0]);
        let edited = BlockRow { data: writer.finish(), ..row.clone() };
        let error = rendered(&plan, &edited).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_campaign_without_letters_has_no_block_of_them() {
    let plan = plan(&[one()]);
    let mut row = row_of(&plan, "", "", 0, 0);
    row.frozen = r#"{"sms": {"texts": [["nl", "x"]], "senders": []}, "values": []}"#.into();
    let prepared = Prepared::of(&row, &Mailroom::default()).unwrap();
    let rendered = Rendered::of(&prepared, sent(&plan).next().unwrap());
    assert!(matches!(rendered, Err(RenderedError::Channel("email"))), "{rendered:?}");
}
