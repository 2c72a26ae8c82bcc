//! A text with its values, as an author writes it and a list of people fills it.

use bealert_engine::plan::{Content, Values};

/// Octets of a rendered text, at most: what a template may build within its share of work.
const MOST_OCTETS: usize = 16 << 20;

/// The octets: a template, then a name and a street, each behind a NUL.
pub(crate) fn read(octets: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(octets) else { return false };
    let mut pieces = text.split('\0');
    let [template, name, street] = [(); 3].map(|()| pieces.next().unwrap_or_default());
    let content = match Content::compile(&[("nl", template)]) {
        Ok(content) => content,
        Err(problems) => {
            assert!(problems.iter().all(|problem| !problem.to_string().is_empty()) && !problems.is_empty());
            return false;
        }
    };
    let own = [("street", street)];
    let values = Values { id: "p1", name: Some(name), language: Some("nl"), own: &own, plan: &[("x", "y")] };
    let (mut once, mut again) = (String::new(), "before".to_owned());
    let rendered = content.render(0, &values, &mut once);
    assert_eq!(content.render(0, &values, &mut again), rendered);
    assert_eq!(once, again, "the same values give the same text");
    assert_eq!(once.is_empty(), rendered.is_err());
    assert!(once.len() <= MOST_OCTETS);
    rendered.is_ok()
}
