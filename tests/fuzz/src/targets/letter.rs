//! Letters: templates, values, names and addresses, whoever wrote them.

use bealert_engine::Kind;
use bealert_engine::mail::{
    Addressee, EmailText, Identity, LetterSettings, Letters, Mailbox, Patches, Unsubscribe, judge,
};
use bealert_engine::plan::Values;

/// The octets: subject, text, HTML, a value, a name, an address, an address to unsubscribe at, with zeros between.
pub(crate) fn read(octets: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(octets) else { return false };
    let mut fields = text.split('\0');
    let [subject, text, html, value, name, address, url] =
        [(); 7].map(|()| fields.next().unwrap_or_default());
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let email = EmailText {
        language: "nl".into(),
        subject: subject.into(),
        text: given(text),
        html: given(html),
        attachments: Vec::new(),
    };
    let settings = LetterSettings {
        kind: Kind::News,
        drill: true,
        launched_at_ms: 1_795_531_234_000,
        campaign: 1,
        hash_key: (1, 2),
        unsubscribe: given(url).map(|url| Unsubscribe { url: Some(url), mailto: None }),
        identities: vec![sender(name)],
    };
    let letters = match Letters::compile(&[email], &settings) {
        Ok(letters) => letters,
        Err(problems) => {
            assert!(problems.iter().all(|problem| !problem.to_string().is_empty()) && !problems.is_empty());
            return false;
        }
    };
    let to = judge(address).or_else(|_| judge("an@example.org")).expect("an address that is one");
    let values = Values { id: "p1", name: Some(name), own: &[("a", value), ("b", "b")], ..Values::default() };
    let mut patches = Patches::new(&[0]);
    let an = Addressee { language: 0, values: &values, to: &to, name: Some(name), ordinal: 1 };
    let Ok(shape) = letters.render(&an, &mut patches) else {
        assert!(patches.is_empty(), "half a letter is none");
        return false;
    };
    let mut out = Vec::new();
    patches.letter(&letters, 0, 0).write(&mut out);
    assert_eq!(out.len(), shape.size);
    keeps_to_lines(&out, to.utf8());
    let shown = letters.preview(0, &values);
    assert!(shown.is_ok() || shape.size > 1_024 * 1_024, "what was rendered can be shown: {shown:?}");
    true
}

/// From the name, if a sender can have it.
fn sender(name: &str) -> Identity {
    let sender = Mailbox::parse(&format!("{name} <no-reply@be-alert.be>"));
    let sender = sender.or_else(|_| Mailbox::parse("no-reply@be-alert.be")).expect("an address is a mailbox");
    Identity::new(sender, None, &[])
}

/// What the client relies on, and that there are the headers there should be.
fn keeps_to_lines(letter: &[u8], utf8: bool) {
    let text = str::from_utf8(letter).expect("a letter is text");
    let lines: Vec<&str> =
        text.strip_suffix("\r\n").expect("it ends with its last line").split("\r\n").collect();
    // An address that has to, behind a name or in a line of its own.
    let to = |line: &str| line.starts_with("To: ") || line.starts_with(" <");
    for line in &lines {
        assert!(
            !line.contains(['\r', '\n', '\0']) && !line.starts_with('.') && line.len() <= 998,
            "{line:?}"
        );
        assert!(line.is_ascii() || utf8 && to(line), "{line:?}");
    }
    let head = lines.iter().take_while(|line| !line.is_empty());
    let names = head.filter(|line| !line.starts_with([' ', '\t'])).map(|line| line.split(':').next());
    let names: Vec<&str> = names.flatten().collect();
    let expected = ["From", "Date", "To", "Message-ID", "Subject", "Auto-Submitted"];
    assert_eq!(names[..6], expected);
    let twice = |name: &&&str| names.iter().filter(|other| other == name).count() > 1;
    assert!(!names.iter().any(|name| twice(&name)), "{names:?}");
}
