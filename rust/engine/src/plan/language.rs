//! Which of the languages there is a text for a recipient gets.

/// Chooses among the languages of a content. What does not depend on the recipient is decided once.
///
/// The recipient's language comes first, if there is a text for it: case and `_` for `-` do not matter, `nl-BE`
/// falls to `nl` (the lookup of RFC 4647 §3.4), and at last `nl` takes a text that is only there as `nl-BE`. Then
/// comes the first of the engine's `languages` there is a text for, then the first text.
///
/// ```
/// use bealert_engine::plan::Languages;
/// let languages = Languages::new(&["fr", "nl"], &["de", "nl"]);
/// assert_eq!(languages.choose(Some("FR-be")), 0);
/// assert_eq!(languages.choose(Some("pl")), 1);
/// assert_eq!(languages.choose(None), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Languages {
    /// Folded, in the order of the content.
    offered: Vec<String>,
    fallback: usize,
}

impl Languages {
    /// The languages there are texts for, and the order in which to fall back on them.
    #[must_use]
    pub fn new(offered: &[impl AsRef<str>], order: &[impl AsRef<str>]) -> Self {
        let offered: Vec<String> = offered.iter().map(|tag| fold(tag.as_ref())).collect();
        let fallback = order.iter().find_map(|tag| find(&offered, tag.as_ref())).unwrap_or(0);
        Self { offered, fallback }
    }

    /// The index of the text for a recipient who wants `wanted`.
    #[must_use]
    pub fn choose(&self, wanted: Option<&str>) -> usize {
        wanted.and_then(|tag| find(&self.offered, tag)).unwrap_or(self.fallback)
    }
}

/// A tag in the one form that is compared.
pub(super) fn fold(tag: &str) -> String {
    tag.trim().replace('_', "-").to_ascii_lowercase()
}

fn find(offered: &[String], wanted: &str) -> Option<usize> {
    // Most recipients have one of the tags just as it is offered; nothing is allocated for them.
    if let Some(index) = offered.iter().position(|tag| tag == wanted) {
        return Some(index);
    }
    let folded = fold(wanted);
    let mut range = folded.as_str();
    while !range.is_empty() {
        if let Some(index) = offered.iter().position(|tag| tag == range) {
            return Some(index);
        }
        let Some((shorter, _)) = range.rsplit_once('-') else {
            break;
        };
        range = shorter;
    }
    let primary = |tag: &str| tag.split('-').next().map(str::to_owned);
    let language = primary(&folded).filter(|language| !language.is_empty());
    offered.iter().position(|tag| language.is_some() && primary(tag) == language)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(offered: &[&str], order: &[&str], wanted: &str) -> usize {
        Languages::new(offered, order).choose(Some(wanted))
    }

    #[test]
    fn the_recipients_language_comes_first() {
        let offered = ["fr", "nl", "nl-BE"];
        for (wanted, index) in [
            ("fr", 0),
            ("FR", 0),
            ("fr-BE", 0),
            ("nl", 1),
            ("nl-NL", 1),
            ("nl-be", 2),
            ("nl_BE", 2),
            (" nl-BE-x-antwerp ", 2),
        ] {
            assert_eq!(chosen(&offered, &["fr"], wanted), index, "{wanted}");
        }
    }

    #[test]
    fn a_language_that_is_only_there_with_a_region_is_better_than_another_one() {
        assert_eq!(chosen(&["fr", "nl-BE"], &[], "nl"), 1);
        assert_eq!(chosen(&["fr", "nl-BE"], &[], "nl-NL"), 1);
        assert_eq!(chosen(&["fr", "nlx"], &[], "nl"), 0, "another language with the same letters");
    }

    #[test]
    fn then_the_engines_order_and_then_the_first_text() {
        let offered = ["fr", "de", "nl"];
        assert_eq!(chosen(&offered, &["en", "NL", "de"], "pl"), 2);
        assert_eq!(chosen(&offered, &["en"], "pl"), 0);
        assert_eq!(chosen(&offered, &[], ""), 0);
        assert_eq!(chosen(&["de"], &["nl"], "-"), 0);
        let languages = Languages::new(&offered, &["nl-BE", "de"]);
        assert_eq!(languages.choose(None), 2);
    }
}
