//! Where searching begins: inputs that are right, and some that others got wrong.

use bealert_core::block::{BlockWriter, Person};
use bealert_engine::Config;
use bealert_engine::mail::Verp;
use bealert_engine::plan::{Planner, RecipientIn};
use bealert_wire::smpp::{BindMode, Body, MessageResp, ReceiptForm, status};

use crate::Target;
use crate::peer::{bind, delivered, good_esme, good_smsc, pdu};
use crate::targets::bounce;

/// The seeds of a target, each with the name of its file.
pub fn of(target: Target) -> Vec<(String, Vec<u8>)> {
    let seeds = match target.name {
        "block" => vec![block(0), block(3)],
        "bounce" => bounces(),
        "config" => vec![CONFIG.into(), CONFIG.replace("Hallo", "{% if x %}é{% endif %}").into()],
        "control" => control(),
        "ehlo" => texts(&[
            "PIPELINING\nSIZE 10240000\n8BITMIME\nSMTPUTF8\nDSN\nENHANCEDSTATUSCODES\nCHUNKING\nSTARTTLS",
            "AUTH PLAIN LOGIN XOAUTH2\nAUTH=LOGIN\nLIMITS MAILMAX=20 RCPTMAX=100 X=\nMT-PRIORITY MIXER",
            "DELIVERBY 240\nREQUIRETLS\nsize\nSIZE 99999999999999999999\nXCLIENT NAME",
        ]),
        "esme" => behind_a_cut(&[good_smsc("2"), unbinding(), broken(), delivered("3", ReceiptForm::Tlvs)]),
        "ledger" => ledger(),
        "letter" => texts(LETTERS),
        "number" => texts(&[
            "BE0470 12 34 56",
            "FR+33 6 39 98 12 34",
            "BE+32 470/12.34.56 ext 5",
            "US(0)",
            "BEBE-Alert",
        ]),
        "pdu" => pdus(),
        "receipt" => receipts(),
        "reply" => texts(&[
            "\x04250-relay.example\r\n250-SIZE\r\n250 \r\n250\r\n354 go on\r\n550 5.1.1 <a@b>: no\r\n",
            "\x00421 4.7.0 é\u{1b}[31m\r\n250-2.0.0 a\r\n250 2.0.0 b\n299 x\r\n250-a\r\n550 b\r\n",
        ]),
        "smsc" => behind_a_cut(&[good_esme(), rebinding(), broken()]),
        "smtp_client" => {
            SMTP_REPLIES.iter().map(|(how, said)| [&how[..], said.as_bytes()].concat()).collect()
        }
        "smtp_server" => {
            SMTP_COMMANDS.iter().map(|(how, said)| [&how[..], said.as_bytes()].concat()).collect()
        }
        "snapshot" => snapshots(),
        "template" => texts(TEMPLATES),
        "text" => texts(&["1Blijf binnen.", "2{10 €} [~]", "3Fermez les fenêtres, ça urge", "4😀 漢字 Łódź"]),
        other => panic!("no seeds for {other}"),
    };
    seeds.into_iter().enumerate().map(|(number, octets)| (format!("seed-{number}"), octets)).collect()
}

const CONFIG: &str = r#"{"default_country": "BE", "languages": ["nl"], "gateways": [{"type": "smpp", "name": "a",
"host": "h", "port": 1, "system_id": "i", "password": "hunter2hunter2", "sender": "BE-Alert", "prefixes": ["+32", "+"],
"parts_per_second": 5.5, "retry": {"attempts": 3, "first_ms": 1, "max_ms": 9}}], "scenarios": [{"name": "s",
"kind": "warning", "expiry_ms": 1000, "uncertain": "hold", "sms": {"nl": "Hallo {{ street }}", "fr": "Salut"}}]}"#;

/// Behind the way of speaking and a cut: all goes well, refusals, a server that does not follow, one that ends.
const SMTP_REPLIES: &[([u8; 2], &str)] = &[
    ([0, 6], "250 Ok\r\n250 Ok\r\n354 go on\r\n250 2.0.0 Ok: queued\r\n250 Ok\r\n550 5.1.1 no\r\n250 Ok\r\n"),
    (
        [1, 2],
        "250 Ok\r\n550 no\r\n354 go on\r\n554 nobody\r\n250 Ok\r\n250-a\r\n250 b\r\n451 not now\r\n250 Ok\r\n",
    ),
    (
        [2, 1],
        "250 Ok\r\n250 Ok\r\n354 go on\r\n250 Ok\r\n503 no\r\n503 no\r\n503 no\r\n250 Ok\r\n250 Ok\r\n354 \r\n250 \r\n",
    ),
    ([3, 3], "250 Ok\r\n550 no\r\n503 no\r\n250 Ok\r\n250 Ok\r\n250 Ok\r\n250 Ok\r\n421 4.7.0 enough\r\n"),
    (
        [0x80, 5],
        "220 hi\r\n250-x\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n220 go\r\n250-x\r\n250 AUTH LOGIN\r\n334 a\r\n334 b\r\n235 ok\r\n",
    ),
];

/// Behind the kind of server and a cut: content, chunks, several recipients over LMTP, TLS, accounts, nonsense.
const SMTP_COMMANDS: &[([u8; 2], &str)] = &[
    (
        [4, 6],
        "EHLO a.example\r\nMAIL FROM:<a@b.example> SIZE=9 BODY=8BITMIME\r\nRCPT TO:<c@d.example> NOTIFY=NEVER\r\nDATA\r\nx\r\n..\r\n.x\r\n\n.\n\r\n.\r\nRSET\r\nQUIT\r\n",
    ),
    (
        [0, 2],
        "EHLO [192.0.2.1]\r\nMAIL FROM:<> RET=HDRS ENVID=a+2Bb\r\nRCPT TO:<\"a b\"@d.example> ORCPT=rfc822;a@b\r\nBDAT 4\r\n\r\n.\rBDAT 2 LAST\r\nxx",
    ),
    (
        [1, 3],
        "LHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<a@d.example>\r\nRCPT TO:<no@d.example>\r\nRCPT TO:<b@d.example>\r\nDATA\r\n.\r\nNOOP\r\n",
    ),
    (
        [2, 1],
        "EHLO a.example\r\nSTARTTLS\r\nEHLO a.example\r\nAUTH PLAIN AGEAc2VjcmV0\r\nMAIL FROM:<@x.example:a@b.example> SMTPUTF8\r\nRCPT TO:<é@d.example>\r\nDATA\r\n12345678901234567890\r\n.\r\n",
    ),
    (
        [0x38, 5],
        "EHLO a.example\r\nAUTH XOAUTH2 dXNlcj1hAWF1dGg9QmVhcmVyIHgBAQ==\r\n\r\nAUTH LOGIN\r\nYQ==\r\nc2VjcmV0\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<no@d.example>\r\nBDAT 6 LAST\r\nQUIT\r\nDATA\r\n",
    ),
];

const TEMPLATES: &[&str] = &[
    "Hallo {{ name }}, {{ street }}.\0An\0Kerkstraat",
    "{% if x %}{{ street|upper }}{% else %}-{% endif %}\0\0Markt",
    "{% for letter in name %}{{ loop.index }}{{ letter }}{% endfor %}\0Bo\0",
    "{% set a = street ~ name %}{{ a * 3 }}{{ name|default('x')|replace('a', 'b') }}\0a\0b",
    "{% macro m(a) %}{{ a }}{{ m(a) if a != 'x' else '' }}{% endmacro %}{{ m('x') }}\0\0",
];

const LETTERS: &[&str] = &[
    "Brand in {{ a }}\0Blijf binnen, {{ name }}.\n.{{ a }}\0<p title=\"{{ a }}\">{{ b }}</p>\0Kerkstraat <1>\0An\0an@example.org",
    "{{ a|upper }}\0{% for x in a %}.{{ x }}\n{% endfor %}\0\0é🔥\0Peeters, \"An\"\0josé@bücher.example\0https://x.be/{{ a }}",
    "s\0\0<html><script>{{ a }}</script><a href={{ b }}>x</a>\0\0\0",
    "=?utf-8?q?x?=\0.\0<img src='cid:gone'>\0a\r\nBcc: x\0x\r\ny\0a b@c",
    "s {{ a }}\0\0<h1>{{ a }}</h1><a href=\"https://x.be/{{ b }}\">Meer</a><!-- {{ b }} -->\0=_be-alert-1\0--\0an@example.org",
];

/// Reports as Postfix, Exim and Exchange write them, about one letter.
fn bounces() -> Vec<Vec<u8>> {
    let token = Verp::new(bounce::KEY).sign(bounce::TOKEN);
    let samples = [
        include_str!("../../../rust/engine/src/mail/bounce/samples/postfix.eml"),
        include_str!("../../../rust/engine/src/mail/bounce/samples/postfix-delayed.eml"),
        include_str!("../../../rust/engine/src/mail/bounce/samples/postfix-success.eml"),
        include_str!("../../../rust/engine/src/mail/bounce/samples/exim.eml"),
        include_str!("../../../rust/engine/src/mail/bounce/samples/exchange.eml"),
        include_str!("../../../rust/engine/src/mail/bounce/samples/absence.eml"),
    ];
    let filled = |sample: &str| {
        let path = format!("bounces+{token}@be-alert.be");
        sample.replace("RETURN-PATH", &path).replace("ENVID", &token).into_bytes()
    };
    samples.into_iter().map(filled).collect()
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn behind_a_cut(said: &[Vec<u8>]) -> Vec<Vec<u8>> {
    said.iter().map(|said| [&[6, 20][..], said].concat()).collect()
}

fn unbinding() -> Vec<u8> {
    [pdu(&Body::Unbind, 0, 5), good_smsc("4")].concat()
}

fn rebinding() -> Vec<u8> {
    [pdu(&Body::Bind(BindMode::Transmitter, bind()), 0, 7), pdu(&Body::Unbind, 0, 8), good_esme()].concat()
}

/// A nack, a refusal with a body, a deliver_sm whose text is longer than the PDU, a length that cannot be.
fn broken() -> Vec<u8> {
    let mut cut = delivered("5", ReceiptForm::Text);
    cut.truncate(cut.len() - 4);
    let length = (cut.len() as u32).to_be_bytes();
    cut[..4].copy_from_slice(&length);
    [
        pdu(&Body::GenericNack, status::ESME_RINVCMDID, 3),
        pdu(&Body::SubmitSmResp(MessageResp::new(b"x")), status::ESME_RTHROTTLED, 4),
        cut,
        pdu(&Body::UnbindResp, 0, 9),
        vec![0, 0, 0, 15],
    ]
    .concat()
}

fn pdus() -> Vec<Vec<u8>> {
    let mut pdus: Vec<Vec<u8>> =
        [ReceiptForm::TextAndTlvs, ReceiptForm::Text].map(|form| delivered("9f", form)).into();
    pdus.push(pdu(&Body::Bind(BindMode::Transceiver, bind()), 0, 1));
    pdus.push(pdu(&Body::SubmitSmResp(MessageResp::new(b"0e999f21")), 0, 2));
    pdus.push(pdu(&Body::DataSm(Default::default()), 0, 3));
    pdus.push([&[0; 16][..], b"000000010000000R"].concat());
    pdus.push([&[0; 16][..], b"240229120000004+"].concat());
    pdus
}

fn receipts() -> Vec<Vec<u8>> {
    let text = b"id:0123456789 sub:001 dlvrd:001 submit date:2402291200 done date:240229120059 stat:DELIVRD err:000 text:Blijf";
    let tlvs = [&b"\0\x1E\0\x03ab\0\x04\x27\0\x01\x02\x04\x23\0\x03\x03\0\x05"[..]].concat();
    let wide: Vec<u8> = b"id:7 stat:UNDELIV err:4".iter().flat_map(|octet| [0, *octet]).collect();
    vec![
        [&[4, 0, 1, 0][..], text].concat(),
        [&[4, 0, 3, tlvs.len() as u8][..], &tlvs, b"id:other stat:EXPIRED"].concat(),
        [&[4, 8, 0, 0][..], &wide].concat(),
        [&[0x44, 0, 2, 0][..], b"\x05\0\x03\x01\x02\x01ID: 12 STAT: expired ERR: 0x1"].concat(),
        [&[0x20, 0, 5, 0][..], b"abcDEF123"].concat(),
    ]
}

fn block(people: u32) -> Vec<u8> {
    let mut writer = BlockWriter::default();
    for ordinal in 0..people {
        writer.push(&Person {
            ordinal,
            id: "p1",
            address: "32470123456",
            language_given: "nl-BE",
            name: "An",
            values: vec![("street", "Kerkstraat"), ("x", "")],
            units: 2,
            reason: if ordinal == 2 { "no number" } else { "" },
            ..Person::default()
        });
    }
    writer.finish()
}

fn control() -> Vec<Vec<u8>> {
    let frame = |head: &str| [&(head.len() as u32).to_le_bytes()[..], head.as_bytes()].concat();
    let body = |octets: &[u8]| [&(octets.len() as u64).to_le_bytes()[..], octets].concat();
    let launch = frame(r#"{"op":"launch","by":"me","key":"k-1"}"#);
    let plan = plan();
    vec![
        [frame(r#"{"op":"ping"}"#), body(b""), launch, body(&plan)].concat(),
        [frame(r#"{"op":"command","command":"pause","campaign":"k-1"}"#), body(b"")].concat(),
        frame(r#"{"ok":42}"#),
        frame(r#"{"error":{"code":"campaign_ended","id":3,"state":"cancelled"}}"#),
        plan,
    ]
}

/// A plan of three people, one of whom is excluded.
fn plan() -> Vec<u8> {
    let config = Config::from_json(CONFIG).expect("it is a configuration");
    let mut planner = Planner::new(&config, "s", vec![]).expect("the scenario can be planned");
    for (id, phone) in [("p1", Some("0470 12 34 56")), ("p2", Some("0470 12 34 57")), ("p3", None)] {
        let values = &[("street", "Kerkstraat")];
        planner.push(RecipientIn { id, phone, name: Some("An"), values, ..RecipientIn::default() });
    }
    planner.finish(0).expect("two of three can be sent to").to_bytes()
}

/// A header of one channel with a block, marks, parts, a trace, a doubt, a receipt, the end.
fn snapshots() -> Vec<Vec<u8>> {
    let piece = |at: u8, content: &[&[u8]]| [&[at, 9][..], &content.concat()].concat();
    vec![
        piece(0, &[&[1, 1], &[7; 8], &[255, 0, 1, 0], &[0; 10], &[1, 0, 9]]),
        piece(1, &[&[2, 0, 0], &[0, 1, 2, 3]]),
        piece(2, &[&[3, 0, 5, 2, 1, 1]]),
        piece(3, &[&[4], &[0, 1, 2, 1, 0, 5, 0, 9]]),
        piece(4, &[&[5], &[7; 8], &[0, 1, 2, 1, 0, 5, 0]]),
        piece(5, &[&[6], &[7; 8], &[8; 4], &[0x20, 1, 2, 1, 5, 0, 9]]),
        piece(8, &[&[7, 8]]),
    ]
}

/// A row of each table that is right, in the form of `targets/ledger.rs`: the table, then cells.
fn ledger() -> Vec<Vec<u8>> {
    let text = |text: &str| [&[4, text.len() as u8][..], text.as_bytes()].concat();
    let small = |number: u8| vec![2, number];
    let null = || vec![0];
    let row = |table: u8, cells: &[Vec<u8>]| [&[table][..], &cells.concat()].concat();
    vec![
        row(
            0,
            &[
                small(1),
                text("k-1"),
                text("hash"),
                text("s"),
                small(0),
                small(0),
                text("me"),
                small(3),
                small(1),
                small(9),
                small(99),
                null(),
                small(1),
                text(r#"[[0,["a","b"]]]"#),
                text("{}"),
            ],
        ),
        row(1, &[small(1), small(0), small(0), small(0), small(3), small(3), small(2)]),
        row(
            2,
            &[
                &[small(7), small(1)][..],
                &[0; 5].map(small),
                &[small(1), text("id"), small(9), small(5), null()],
            ]
            .concat(),
        ),
        row(3, &[small(8), small(9), null(), small(0), small(1), text("x")]),
        row(4, &[small(9), small(1), small(0), small(0), small(1), small(4), small(9)]),
        row(5, &[0; 15].map(small)),
        row(6, &[small(1), small(0), text("id"), text("32470"), small(2), null(), small(9)]),
        row(7, &[small(1), text("a")]),
    ]
}
