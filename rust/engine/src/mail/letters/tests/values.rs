//! Values of every kind: what comes back of them, and what is refused.

use super::*;
use proptest::prelude::*;

use crate::plan::RenderProblem;

#[test]
fn point_20_nothing_of_8_bits_leaves_but_an_address_that_has_them() {
    let letters =
        compiled(email("É {{ a }}", Some("é {{ a }}"), Some("<p>é {{ a }}")), &settings(Kind::News));
    assert_dot_free(&rendered(&letters, &[("a", "日本語 🔥")], Some("José")).unwrap());
    let (values, to) =
        (Values { own: &[("a", "b")], ..Values::default() }, judge("josé@bücher.example").unwrap());
    let (an, mut patches) =
        (Addressee { language: 0, values: &values, to: &to, name: None, ordinal: 0 }, Patches::new(&[0]));
    assert!(letters.render(&an, &mut patches).unwrap().utf8, "it needs SMTPUTF8");
    let mut out = Vec::new();
    patches.letter(&letters, 0, 0).write(&mut out);
    let letter = String::from_utf8(out).unwrap();
    let odd: Vec<&str> = letter.lines().filter(|line| !line.is_ascii()).collect();
    assert_eq!(odd, ["To: <josé@xn--bcher-kva.example>"]);
}

#[test]
fn point_9_no_line_is_longer_than_others_take() {
    let unsubscribe = Unsubscribe { url: Some("https://be-alert.be/{{ a }}".into()), mailto: None };
    let mut long = email("{{ a }}", Some("{{ a }}\n{{ a|lower }}"), Some("<p title=\"{{ a }}\">{{ a }}"));
    let file = Attachment {
        name: "n".repeat(250),
        content_type: "a/b".into(),
        content_id: None,
        data: vec![7; 999],
    };
    long.attachments = vec![file];
    let sender = format!("{} <{}@be-alert.be>", "Dienst ".repeat(40), "s".repeat(64));
    let settings = LetterSettings {
        unsubscribe: Some(unsubscribe),
        identities: vec![Identity::new(Mailbox::parse(&sender).unwrap(), None, &[])],
        ..settings(Kind::News)
    };
    let letters = compiled(long, &settings);
    let a = "a".repeat(850);
    let values = Values { own: &[("a", &a)], ..Values::default() };
    let label = "d".repeat(61);
    let to = judge(&format!("{}@{label}.{label}.{label}.be", "l".repeat(64))).unwrap();
    assert_eq!(to.as_str().len(), 253);
    let name = "Peeters".repeat(50);
    let (an, mut patches) = (
        Addressee { language: 0, values: &values, to: &to, name: Some(&name), ordinal: 0 },
        Patches::new(&[0]),
    );
    letters.render(&an, &mut patches).unwrap();
    let mut out = Vec::new();
    patches.letter(&letters, 0, 0).write(&mut out);
    let letter = String::from_utf8(out).unwrap();
    assert_dot_free(&letter);
    // An address can't be folded; everything else is, to what RFC 5322 §2.1.1 asks for.
    let longer: Vec<&str> = letter.lines().filter(|line| line.len() > 78).collect();
    assert_eq!(longer.len(), 3, "{longer:?}");
    assert!(longer.iter().all(|line| line.starts_with(" <") || line.starts_with("Message-ID")), "{longer:?}");
    assert_eq!(
        (parsed(&letter).subject(), parsed(&letter).to().unwrap().first().unwrap().name()),
        (Some(&*a), Some(&*name))
    );
}

#[test]
fn point_8_control_characters_are_refused_and_the_value_is_named() {
    let letters = compiled(
        email("Brand in {{ street }}", Some("{{ text }} {{ street }}"), Some("<p>{{ text|upper }}</p>")),
        &settings(Kind::News),
    );
    let problem = |street: &str, text: &str, name| {
        rendered(&letters, &[("street", street), ("text", text)], name).unwrap_err()
    };
    let control = |part, name: &str, code| LetterProblem::Control { part, name: name.into(), code };
    assert_eq!(problem("a\r\nBcc: x@example.org", "t", None), control(Part::Subject, "street", 13));
    assert_eq!(problem("a\tb", "t", None), control(Part::Subject, "street", 9));
    assert_eq!(problem("a\u{85}b", "t", None), control(Part::Subject, "street", 0x85));
    assert_eq!(problem("a", "t\0", None), control(Part::Text, "text", 0));
    assert_eq!(problem("a", "t\u{1b}[2J", None), control(Part::Text, "text", 0x1b));
    assert_eq!(problem("a", "t", Some("An\r\nBcc: x")), LetterProblem::Name { code: 13 });
    assert!(rendered(&letters, &[("street", "a"), ("text", "one\r\ntwo\n\tthree\rfour")], None).is_ok());
    let made = compiled(email("{{ a|join('\\n') }}", Some("x"), None), &settings(Kind::News));
    assert_eq!(rendered(&made, &[("a", "bc")], None).unwrap_err(), control(Part::Subject, "subject", 10));
}

#[test]
fn what_is_missing_or_blank_is_no_letter() {
    let letters = compiled(email("s", Some(" {{ a }}\n{{ b }}"), None), &settings(Kind::News));
    let template = |problem| LetterProblem::Template { part: Part::Text, problem };
    assert_eq!(
        rendered(&letters, &[("a", "")], None).unwrap_err(),
        template(RenderProblem::Missing { name: "b".into() })
    );
    assert_eq!(
        rendered(&letters, &[("a", " "), ("b", "\n")], None).unwrap_err(),
        template(RenderProblem::Blank)
    );
    assert!(rendered(&letters, &[("a", ""), ("b", "x")], None).is_ok());
    let letters = compiled(email("{{ a }}", Some("x"), None), &settings(Kind::News));
    let blank = LetterProblem::Template { part: Part::Subject, problem: RenderProblem::Blank };
    assert_eq!(rendered(&letters, &[("a", " ")], None).unwrap_err(), blank);
    let letters = compiled(email(&"s".repeat(999), Some("x"), None), &settings(Kind::News));
    let long = LetterProblem::TooLong { part: Part::Subject, most: 998 };
    assert_eq!(rendered(&letters, &[], None).unwrap_err(), long);
    let letters = compiled(email("s", Some(&"{{ a }}".repeat(30)), None), &settings(Kind::News));
    let a = "x".repeat(900_000);
    assert!(matches!(
        rendered(&letters, &[("a", &a)], None),
        Err(LetterProblem::TooLong { part: Part::Text, .. })
    ));
    let long = "x".repeat(2_000_000);
    let letters = compiled(email("s", Some("{{ a }}"), None), &settings(Kind::News));
    assert!(matches!(
        rendered(&letters, &[("a", &long)], None),
        Err(LetterProblem::TooLong { part: Part::Text, .. })
    ));
}

#[test]
fn html_that_shows_nothing_is_no_letter() {
    let blank = LetterProblem::Template { part: Part::Html, problem: RenderProblem::Blank };
    for text in [None, Some("x")] {
        let said = |html: &str, own: &[(&str, &str)]| {
            rendered(&compiled(email("s", text, Some(html)), &settings(Kind::News)), own, None)
        };
        let personal = "<p title='{{ b }}'> {{ a }} </p>\n";
        assert_eq!(said(personal, &[("a", " "), ("b", " ")]).unwrap_err(), blank);
        assert!(said(personal, &[("a", "x"), ("b", "")]).is_ok());
        assert!(said("<p><img src='https://x.example/map.png'></p>", &[]).is_ok());
        for html in ["<p> </p>\n", "<!-- x -->", "<html><body></body></html>", "&nbsp;"] {
            let problems =
                Letters::compile(&[email("s", text, Some(html))], &settings(Kind::News)).unwrap_err();
            let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
            assert_eq!(said.len(), 1, "{said:?}");
            assert!(said[0].starts_with("html of the e-mail: the text for nl is empty: "), "{said:?}");
        }
    }
}

fn whole() -> Letters {
    compiled(
        email(
            "Let op {{ a }}: {{ b }}",
            Some("{{ a }}\nBeste {{ name }},\n.{{ b }}.\nEinde{{ a }}"),
            Some("<p title=\"{{ a }}\">{{ b }}</p>\n.{{ a }}"),
        ),
        &settings(Kind::Warning),
    )
}

proptest! {
    #[test]
    fn point_7_any_value_comes_back_and_none_is_structure(
        a in "([\\PC]|[ .=\"<>&'/]|--|=_be-alert-1|\u{5E9}\u{200F}|\u{1F525}){0,20}",
        b in "([\\PC]|[ .]|\\.\r\n|From |Bcc: x){0,60}",
        name in "([\\PC]|[\",<>@=?]){1,40}",
    ) {
        let line = b.replace(['\r', '\n'], " ");
        let letters = whole();
        let plain = rendered(&letters, &[("a", "x"), ("b", "y")], Some("z")).unwrap();
        let letter = rendered(&letters, &[("a", &a), ("b", &line)], Some(&name)).unwrap();
        assert_dot_free(&letter);
        let (message, plain) = (parsed(&letter), parsed(&plain));
        prop_assert_eq!(message.parts.len(), plain.parts.len());
        let names = |message: &Message<'_>| -> Vec<Vec<String>> {
            message.parts.iter().map(|part| part.headers.iter().map(|header| header.name().to_owned()).collect()).collect()
        };
        prop_assert_eq!(names(&message), names(&plain), "no value adds a header");
        prop_assert_eq!(message.subject().unwrap(), &*format!("Let op {a}: {line}"));
        prop_assert_eq!(message.to().unwrap().first().unwrap().name(), Some(&*name));
        prop_assert_eq!(body(&message), format!("{a}\r\nBeste {name},\r\n.{line}.\r\nEinde{a}"));
        let html = |value: &str| minijinja::HtmlEscape(value).to_string();
        let expected = format!("<p title=\"{}\">{}</p>\r\n.{}</body></html>", html(&a), html(&line), html(&a));
        prop_assert!(message.body_html(0).unwrap().trim_end().ends_with(&expected));
    }
}
