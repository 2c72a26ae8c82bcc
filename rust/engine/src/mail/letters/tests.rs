//! Letters, read again by a parser that is not ours.

use super::super::{Attachment, Mailbox, Tried, Unsubscribe, dkim, judge};
use super::*;
use aws_lc_rs::rsa::KeySize;
use bealert_core::model::Kind;
use bealert_wire::smtp::Content;
use mail_parser::{Message, MessageParser, MimeHeaders};

mod values;

fn settings(kind: Kind) -> LetterSettings {
    LetterSettings {
        kind,
        drill: false,
        launched_at_ms: 1_795_531_234_000,
        campaign: 7,
        hash_key: (1, 2),
        unsubscribe: None,
        identities: vec![Identity::new(
            Mailbox::parse("BE-Alert <no-reply@be-alert.be>").unwrap(),
            None,
            &[],
        )],
    }
}

fn email(subject: &str, text: Option<&str>, html: Option<&str>) -> EmailText {
    EmailText {
        language: "nl".into(),
        subject: subject.into(),
        text: text.map(Into::into),
        html: html.map(Into::into),
        attachments: vec![],
    }
}

fn compiled(email: EmailText, settings: &LetterSettings) -> Letters {
    Letters::compile(&[email], settings).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn rendered(letters: &Letters, own: &[(&str, &str)], name: Option<&str>) -> Result<String, LetterProblem> {
    let values = Values { id: "p1", name, own, ..Values::default() };
    let (to, mut patches) = (judge("an@example.org").unwrap(), Patches::new(&[0]));
    let shape = letters
        .render(&Addressee { language: 0, values: &values, to: &to, name, ordinal: 3 }, &mut patches)?;
    let (letter, mut out) = (patches.letter(letters, 0, 0), Vec::new());
    letter.write(&mut out);
    assert_eq!((out.len(), out.len()), (letter.size(), shape.size));
    Ok(String::from_utf8(out).unwrap())
}

fn parsed(letter: &str) -> Message<'_> {
    MessageParser::new().parse(letter.as_bytes()).unwrap()
}

/// What every letter keeps, so that DATA and BDAT take it as it is.
fn assert_dot_free(letter: &str) {
    assert!(letter.ends_with("\r\n") && letter.is_ascii());
    for line in letter.strip_suffix("\r\n").unwrap().split("\r\n") {
        assert!(
            !line.contains(['\r', '\n', '\0']) && !line.starts_with('.') && line.len() <= 998,
            "{line:?}"
        );
    }
}

fn body(message: &Message<'_>) -> String {
    message.body_text(0).unwrap().trim_end_matches("\r\n").to_owned()
}

#[test]
fn point_19_the_headers_of_a_letter() {
    let letters = compiled(email("Brand", Some("Blijf binnen."), None), &settings(Kind::Warning));
    let letter = rendered(&letters, &[], Some("Peeters, An")).unwrap();
    let id = letter.split("Message-ID: <").nth(1).unwrap().split("@be-alert.be>\r\n").next().unwrap();
    assert_eq!(id.len(), 26);
    let expected = format!(
        "From: BE-Alert <no-reply@be-alert.be>\r\nDate: Tue, 24 Nov 2026 14:40:34 +0000\r\n\
         To: \"Peeters, An\" <an@example.org>\r\nMessage-ID: <{id}@be-alert.be>\r\nSubject: Brand\r\n\
         Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nImportance: high\r\nX-Priority: 1\r\n\
         Content-Language: nl\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"utf-8\"\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\nBlijf binnen.\r\n"
    );
    assert_eq!(letter, expected);
    assert_eq!(rendered(&letters, &[], Some("Peeters, An")).unwrap(), expected, "the same on every try");
    let info = compiled(email("Brand", Some("Blijf binnen."), None), &settings(Kind::Info));
    let info = rendered(&info, &[], None).unwrap();
    assert!(
        !info.contains("Importance")
            && !info.contains("Precedence")
            && info.contains("To: <an@example.org>\r\n")
    );
}

#[test]
fn point_19_another_recipient_campaign_or_ledger_has_another_message_id() {
    let id = |settings: &LetterSettings, ordinal| {
        let letters = compiled(email("Brand", Some("x"), None), settings);
        let (values, to, mut patches) =
            (Values::default(), judge("an@example.org").unwrap(), Patches::new(&[0]));
        let an = Addressee { language: 0, values: &values, to: &to, name: None, ordinal };
        letters.render(&an, &mut patches).unwrap();
        let mut out = Vec::new();
        patches.letter(&letters, 0, 0).write(&mut out);
        parsed(std::str::from_utf8(&out).unwrap()).message_id().unwrap().to_owned()
    };
    let first = settings(Kind::News);
    let ids = [
        id(&first, 0),
        id(&first, 1),
        id(&LetterSettings { campaign: 8, ..first.clone() }, 0),
        id(&LetterSettings { hash_key: (1, 3), ..first.clone() }, 0),
    ];
    let different: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(different.len(), ids.len(), "{ids:?}");
}

#[test]
fn point_19_text_comes_before_html_and_images_with_it_and_files_behind() {
    let image = Attachment {
        name: "kaart.png".into(),
        content_type: "image/png".into(),
        content_id: Some("map@x".into()),
        data: vec![0x89, b'P', 0, 255],
    };
    let plan = Attachment {
        name: "évacuation \"plan\" – nr. 1  (zéér lang, zodat het over meer dan één regel gaat).pdf".into(),
        content_type: "application/pdf".into(),
        content_id: None,
        data: (0..=255).cycle().take(1_000).collect(),
    };
    let list = Attachment {
        name: "a.txt".into(),
        content_type: "text/plain".into(),
        content_id: None,
        data: b".\r\n.x\nFrom \xc3\xa9".to_vec(),
    };
    let mut both = email("s", Some("Tekst {{ a }}"), Some("<p>{{ a }}</p><img src=\"cid:map@x\">"));
    both.attachments = vec![plan.clone(), image.clone(), list.clone()];
    let letter = rendered(&compiled(both, &settings(Kind::News)), &[("a", "<é>")], None).unwrap();
    assert_dot_free(&letter);
    let message = parsed(&letter);
    let kinds: Vec<String> = message
        .parts
        .iter()
        .map(|part| part.content_type().map(|kind| kind.subtype().unwrap().to_owned()).unwrap_or_default())
        .collect();
    assert_eq!(kinds, ["mixed", "alternative", "plain", "related", "html", "png", "pdf", "plain"]);
    assert_eq!(body(&message), "Tekst <é>");
    assert!(message.body_html(0).unwrap().contains("<p>&lt;é&gt;</p>"));
    assert_eq!(message.parts[5].content_id(), Some("map@x"));
    for (part, file) in [(5, &image), (6, &plan), (7, &list)] {
        let part = &message.parts[part];
        assert_eq!((part.attachment_name(), part.contents()), (Some(&*file.name), &*file.data));
    }
}

#[test]
fn html_alone_gets_a_text_and_text_alone_no_html() {
    let letters =
        compiled(email("s", None, Some("<h1>Brand</h1><p>in {{ street }}</p>")), &settings(Kind::News));
    let letter = rendered(&letters, &[("street", "Kerkstraat & Co")], None).unwrap();
    assert_eq!(body(&parsed(&letter)), "Brand\r\nin Kerkstraat & Co");
    assert!(letter.contains("multipart/alternative"));
    let letters = compiled(email("s", Some("x"), None), &settings(Kind::News));
    assert!(!rendered(&letters, &[], None).unwrap().contains("multipart"));
    let problems = Letters::compile(&[email("s", None, None)], &settings(Kind::News)).unwrap_err();
    assert_eq!(problems, [MailProblem::Bodiless { language: "nl".into() }]);
}

#[test]
fn templates_that_do_more_than_put_values_in_are_rendered_whole() {
    let text = "{% for x in lines|split(',') %}.{{ x }}\n{% endfor %}";
    let letters = compiled(
        email(
            "{{ lines|upper }}",
            Some(text),
            Some("{% if lines %}<p>{{ lines|replace(',', '<') }}</p>{% endif %}"),
        ),
        &settings(Kind::News),
    );
    let letter = rendered(&letters, &[("lines", "é,b")], None).unwrap();
    assert_dot_free(&letter);
    let message = parsed(&letter);
    assert_eq!((message.subject(), &*body(&message)), (Some("É,B"), ".é\r\n.b"));
    assert!(message.body_html(0).unwrap().contains("<p>é&lt;b</p>"));
    assert_eq!(letters.names(), ["lines"]);
}

#[test]
fn point_19_news_can_be_unsubscribed_from_and_alerts_can_not() {
    let ways = Unsubscribe {
        url: Some("https://be-alert.be/u?who={{ id }}&t={{ token }}".into()),
        mailto: Some("stop@be-alert.be".into()),
    };
    let with = |kind| LetterSettings { unsubscribe: Some(ways.clone()), ..settings(kind) };
    let news = compiled(email("s", Some("x"), None), &with(Kind::News));
    let letter = rendered(&news, &[("token", "a b>\r\n&é")], None).unwrap();
    assert!(letter.contains(
        "\r\nList-Unsubscribe:\r\n <https://be-alert.be/u?who=p1&t=a%20b%3E%0D%0A%26%C3%A9>,\r\n \
         <mailto:stop@be-alert.be?subject=unsubscribe>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    ), "{letter}");
    assert_eq!(news.names(), ["id", "token"]);
    let long = "x".repeat(900);
    let problem = rendered(&news, &[("token", &long)], None).unwrap_err();
    assert_eq!(problem, LetterProblem::TooLong { part: Part::Unsubscribe, most: 900 });
    let alert = compiled(email("s", Some("x"), None), &with(Kind::Warning));
    assert!(!rendered(&alert, &[], None).unwrap().contains("Unsubscribe"));
    for (url, mailto) in [
        (None, None),
        (Some("http://be-alert.be/"), None),
        (Some("https://be-alert.be/> <x"), None),
        (Some("https://be-alert.be/{{ id|upper }}"), None),
        (Some("https://be-alert.be/\r\nBcc: x"), None),
        (None, Some("stop")),
    ] {
        let unsubscribe = Unsubscribe { url: url.map(Into::into), mailto: mailto.map(Into::into) };
        let settings = LetterSettings { unsubscribe: Some(unsubscribe), ..settings(Kind::News) };
        assert!(Letters::compile(&[email("s", Some("x"), None)], &settings).is_err(), "{url:?} {mailto:?}");
    }
}

#[test]
fn point_19_an_exercise_says_so_in_subject_and_header() {
    let drill = LetterSettings { drill: true, ..settings(Kind::Warning) };
    for (language, mark) in [("nl-BE", "[OEFENING]"), ("de", "[ÜBUNG]"), ("pl", "[EXERCISE]")] {
        for subject in ["Brand", "Brand {{ id }}"] {
            let email = EmailText { language: language.into(), ..email(subject, Some("x"), None) };
            let letters = compiled(email, &drill);
            let letter = rendered(&letters, &[], None).unwrap();
            let text = subject.replace("{{ id }}", "p1");
            assert_eq!(parsed(&letter).subject(), Some(&*format!("{mark} {text}")));
            assert!(letter.contains("\r\nX-BE-Alert-Drill: yes\r\n"));
            assert_eq!(
                letters.preview(0, &Values { id: "p1", ..Values::default() }).unwrap().subject,
                format!("{mark} {text}")
            );
        }
    }
    let letters = compiled(email("Brand", Some("x"), None), &settings(Kind::Warning));
    assert!(!rendered(&letters, &[], None).unwrap().contains("Drill"));
}

#[test]
fn a_letter_that_can_not_be_rendered_leaves_no_trace() {
    let letters = compiled(email("{{ a }}", Some("{{ a }} {{ b }}"), None), &settings(Kind::News));
    let (to, mut patches) = (judge("an@example.org").unwrap(), Patches::new(&[0]));
    let render = |own: &[(&str, &str)], patches: &mut Patches| {
        let values = Values { own, ..Values::default() };
        letters
            .render(&Addressee { language: 0, values: &values, to: &to, name: None, ordinal: 0 }, patches)
            .is_ok()
    };
    assert!(render(&[("a", "1"), ("b", "2")], &mut patches));
    let octets = patches.octets();
    assert!(!render(&[("a", "1")], &mut patches));
    assert_eq!((patches.len(), patches.octets()), (1, octets));
    let mut more = Patches::new(&[0]);
    assert!(render(&[("a", "3"), ("b", "4")], &mut more) && render(&[("a", "5"), ("b", "6")], &mut more));
    patches.append(&more);
    patches.shrink();
    let subjects: Vec<String> = (0..patches.len())
        .map(|at| {
            let mut out = Vec::new();
            patches.letter(&letters, at, 0).write(&mut out);
            parsed(std::str::from_utf8(&out).unwrap()).subject().unwrap().to_owned()
        })
        .collect();
    assert_eq!(subjects, ["1", "3", "5"]);
}

#[test]
fn problems_of_the_content_name_what_and_where() {
    let file = |name: &str, kind: &str, id: Option<&str>| Attachment {
        name: name.into(),
        content_type: kind.into(),
        content_id: id.map(Into::into),
        data: vec![0; 4],
    };
    let mut bad = email("{{ a", Some("line\n\0"), Some("<p>\n<a href={{ a }}><img src='cid:gone'>"));
    bad.attachments = vec![
        file("../x", "image/png", None),
        file("a\r\nb", "image/png", None),
        file("=?utf-8?q?x?=", "image/png", None),
        file("a", "image", None),
        file("a", "image/png\r\nX: y", None),
        file("a", "multipart/mixed", None),
        file("a", "image/png", Some("unused")),
        file("a", "image/png", Some("<x>")),
        Attachment { data: vec![0; 8 << 20], ..file("large", "image/png", None) },
    ];
    let problems = Letters::compile(&[bad, email("s", None, None)], &settings(Kind::News)).unwrap_err();
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for words in [
        "subject of the e-mail: the text for nl, line 1",
        "text of the e-mail for nl, line 2: a control character (U+0000)",
        "html of the e-mail for nl, line 2: a value stands in a tag outside of quotes",
        "html of the e-mail for nl shows cid:gone",
        "attachment \"../x\"",
        "attachment \"a\\r\\nb\"",
        "attachment \"=?utf-8?q?x?=\"",
        "attachment \"a\" of the e-mail for nl: no cid: in the html",
        "attachment \"a\" of the e-mail for nl: its content_id is none",
        "take 8388640 bytes",
        "has neither text nor html",
    ] {
        assert!(said.iter().any(|line| line.contains(words)), "{words}: {said:#?}");
    }
    assert_eq!(said.iter().filter(|line| line.contains("its content_type is none")).count(), 3);
    assert_eq!(Letters::compile(&[], &settings(Kind::News)).unwrap_err(), [MailProblem::None]);
    let twice =
        [email("s", Some("x"), None), EmailText { language: "NL".into(), ..email("s", Some("x"), None) }];
    let problem = Letters::compile(&twice, &settings(Kind::News)).unwrap_err()[0].to_string();
    assert_eq!(problem, "subject of the e-mail: there are two texts for NL: keep one");
}

#[test]
fn a_signed_letter_in_the_queue_takes_less_than_a_kilobyte() {
    let pem = dkim::tests::pem("PRIVATE KEY", &dkim::tests::rsa(KeySize::Rsa2048));
    let key = Arc::new(DkimKey::new("be-alert.be", "s1", &pem).unwrap());
    let sender = Identity::new(Mailbox::parse("BE-Alert <no-reply@be-alert.be>").unwrap(), None, &[key]);
    let letters = compiled(
        email(
            "Let op: {{ what }} in {{ street }}",
            Some("Beste {{ name }},\n{{ what }} in {{ street }}, {{ city }}.\n"),
            Some("<p>Beste {{ name }},</p><p>{{ what }} in {{ street }}, {{ city }}.</p>"),
        ),
        &LetterSettings { identities: vec![sender], ..settings(Kind::Warning) },
    );
    let own = [("street", "Kerkstraat 12"), ("city", "Sint-Genesius-Rode"), ("what", "brand met veel rook")];
    let values = Values { name: Some("An Peeters-Vandenbroucke"), own: &own, ..Values::default() };
    let (to, mut patches) = (judge("user000012345@example.org").unwrap(), Patches::new(&[0]));
    for ordinal in 0..20 {
        let an = Addressee { language: 0, values: &values, to: &to, name: values.name, ordinal };
        letters.render(&an, &mut patches).unwrap();
    }
    assert!(patches.octets() / patches.len() <= 1_024, "{} for {}", patches.octets(), patches.len());
}

#[test]
fn point_18_a_letter_names_its_try_from_the_second_on() {
    let letters = compiled(email("Brand", Some("Blijf binnen."), None), &settings(Kind::Warning));
    let plain = rendered(&letters, &[], None).unwrap();
    let (to, mut patches) = (judge("an@example.org").unwrap(), Patches::new(&[0]));
    let values = Values { id: "p1", ..Values::default() };
    let addressee = Addressee { language: 0, values: &values, to: &to, name: None, ordinal: 3 };
    letters.render(&addressee, &mut patches).unwrap();
    let octets = |attempt, name| {
        let letter = Tried::of(patches.letter(&letters, 0, 0), attempt, name);
        let mut out = Vec::new();
        letter.write(&mut out);
        assert_eq!((out.len(), letter.dot_free()), (letter.size(), true));
        String::from_utf8(out).unwrap()
    };
    assert_eq!(octets(1, Some("abc")), plain);
    assert_eq!(octets(2, None), plain, "nobody hears of its bounces");
    let second = octets(2, Some("abc"));
    assert_eq!(second, format!("X-BE-Alert-Try: abc\r\n{plain}"));
    assert_dot_free(&second);
}
