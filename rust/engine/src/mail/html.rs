//! HTML templates: where values may stand, what images they show, and what a document must have.

/// What reading an HTML template once tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Values where escaping can't make them harmless.
    pub(super) places: Vec<Place>,
    /// What stands behind `cid:`, for images that come with the letter.
    pub(super) images: Vec<String>,
    /// Whether it shows anything that is no text.
    pub(super) pictures: bool,
    /// Where the attributes of `<html` go, and whether it has `lang` and `dir`.
    html: Option<(usize, bool, bool)>,
}

/// A value where escaping does not help.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Counted from 1.
    pub(super) line: usize,
    /// Where it stands.
    pub(super) place: &'static str,
    /// What to do instead.
    pub(super) advice: &'static str,
}

/// What of a tag the reader is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Between tags.
    Text,
    /// In a tag, outside of quotes.
    Tag,
    /// In the value of an attribute, until this quote.
    Quoted(u8),
    Comment,
}

/// Reads a template. Values (`{{ .. }}`) are harmless between tags and in quoted attributes, where minijinja's
/// escaping keeps them; elsewhere they could be markup, script or style whatever is escaped.
pub(super) fn look(source: &str) -> Look {
    let mut look = Look::default();
    let octets = source.as_bytes();
    let (mut state, mut at) = (At::Text, 0);
    // The tag that is being read, the attribute, and the element whose content is no markup.
    let (mut tag, mut attribute, mut raw) = ("", "", "");
    while at < octets.len() {
        if let Some(end) = token(source, at) {
            if let Some((place, advice)) = fault(&source[at..end], state, attribute, raw) {
                let line = source[..at].matches('\n').count() + 1;
                look.places.push(Place { line, place, advice });
            }
            at = end;
            continue;
        }
        match (state, octets[at]) {
            (At::Text, b'<') if source[at..].starts_with("<!--") => state = At::Comment,
            (At::Comment, b'-') if source[at..].starts_with("-->") => state = At::Text,
            (At::Text, b'<') => {
                let name = name(&source[at + 1..]);
                let closes = name.strip_prefix('/').is_some_and(|name| name.eq_ignore_ascii_case(raw));
                if !name.is_empty() && (raw.is_empty() || closes) {
                    (state, tag, attribute, raw) = (At::Tag, name, "", "");
                    look.pictures |= is(name, &["img", "svg"]);
                    at += name.len();
                    if name.eq_ignore_ascii_case("html") {
                        look.html.get_or_insert((at + 1, false, false));
                    }
                }
            }
            (At::Tag, b'>') => {
                state = At::Text;
                raw = if is(tag, &["script", "style"]) { tag } else { "" };
            }
            (At::Tag, quote @ (b'"' | b'\'')) => state = At::Quoted(quote),
            (At::Tag, octet) if octet.is_ascii_alphabetic() => {
                // Without quotes what looks like an attribute may be one's value.
                look.images.extend(image(&source[at..]));
                attribute = name(&source[at..]);
                if let (true, Some((_, lang, dir))) = (tag.eq_ignore_ascii_case("html"), look.html.as_mut()) {
                    *lang |= attribute.eq_ignore_ascii_case("lang");
                    *dir |= attribute.eq_ignore_ascii_case("dir");
                }
                at += attribute.len() - 1;
            }
            (At::Quoted(quote), octet) if octet == quote => state = At::Tag,
            (At::Quoted(_), b'c' | b'C') => look.images.extend(image(&source[at..])),
            _ => {}
        }
        at += 1;
    }
    look
}

/// The template as a whole document that says its language and lets the text decide its direction. Lines stay where
/// they are, so that problems are found where they are said to be.
pub(super) fn document(source: &str, language: &str) -> String {
    let language = language.replace('_', "-");
    match look(source).html {
        None => format!(
            "<!DOCTYPE html><html lang=\"{language}\" dir=\"auto\"><head><meta charset=\"utf-8\"></head><body \
             dir=\"auto\">{}</body></html>",
            source.trim_end_matches(['\r', '\n'])
        ),
        Some((at, lang, dir)) => {
            let lang = if lang { String::new() } else { format!(" lang=\"{language}\"") };
            let dir = if dir { "" } else { " dir=\"auto\"" };
            format!("{}{lang}{dir}{}", &source[..at], &source[at..])
        }
    }
}

/// The end of minijinja's token that begins here.
pub(super) fn token(source: &str, at: usize) -> Option<usize> {
    let rest = &source.as_bytes()[at..];
    let close = match rest {
        [b'{', b'{', ..] => "}}",
        [b'{', b'%', ..] => "%}",
        [b'{', b'#', ..] => "#}",
        _ => return None,
    };
    let from = at + 2;
    Some(source.get(from..)?.find(close).map_or(source.len(), |found| from + found + 2))
}

fn fault(token: &str, state: At, attribute: &str, raw: &str) -> Option<(&'static str, &'static str)> {
    let inner = token.trim_start_matches(['{', '%', '-', '+']).trim_start();
    if token.starts_with("{%") && inner.starts_with("autoescape") {
        return Some(("where escaping is turned off", "values are always escaped: take autoescape out"));
    }
    if token.starts_with("{#") {
        return None;
    }
    let mut filters = token.split('|').skip(1).map(str::trim_start);
    if filters.any(|filter| filter.strip_prefix("safe").is_some_and(|rest| !rest.starts_with(is_word))) {
        return Some(("that is not to be escaped", "values are always escaped: take the filter safe out"));
    }
    if !token.starts_with("{{") {
        return None;
    }
    match state {
        At::Text if !raw.is_empty() => Some((
            "in a script or style",
            "mail readers drop scripts, and a style must not depend on a value",
        )),
        At::Tag => Some(("in a tag outside of quotes", "put the attribute's value in quotes")),
        At::Quoted(_) if is(attribute, &["style"]) || starts_with_on(attribute) => {
            Some(("in a style or an event's script", "put it into the text or into another attribute"))
        }
        _ => None,
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn starts_with_on(attribute: &str) -> bool {
    attribute.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("on"))
}

fn is(name: &str, names: &[&str]) -> bool {
    names.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// The name of a tag or an attribute, `/` of a closing tag included.
fn name(rest: &str) -> &str {
    let stop = |octet: u8| octet.is_ascii_whitespace() || b"<>=\"'{".contains(&octet);
    let mut end = rest.bytes().position(stop).unwrap_or(rest.len());
    if let Some(slash) = rest[..end].rfind('/').filter(|slash| *slash > 0) {
        end = slash;
    }
    let named = rest.trim_start_matches('/').starts_with(|first: char| first.is_ascii_alphabetic());
    if named { &rest[..end] } else { "" }
}

/// What `cid:` refers to, where a whole name stands in the template.
fn image(rest: &str) -> Option<String> {
    let id = rest.get(..4).filter(|start| start.eq_ignore_ascii_case("cid:")).map(|_| &rest[4..])?;
    let end = id.find(['"', '\'', ' ', ')', '>', '{', '\n']).unwrap_or(id.len());
    let whole = !id[end..].starts_with('{') && end > 0;
    whole.then(|| id[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(source: &str) -> Vec<(usize, &'static str)> {
        look(source).places.iter().map(|place| (place.line, place.place)).collect()
    }

    #[test]
    fn values_are_harmless_in_text_and_in_quotes() {
        for source in [
            "<p>{{ a }}</p>",
            "<a href=\"{{ a }}\" title='x {{ b }}'>{{ c }}</a>",
            "<!--[if mso]> {{ a }} <![endif]-->",
            "1 < 2 {{ a|default('safe')|safety }} > 0 {# a|safe #}",
            "<p {% if a %}class=\"x\"{% endif %}>{{ b }}",
            "<style>p { color: red }</style><script>x</script>{{ a }}",
            "<br/>{{ a }}<img src=\"x\"/>{{ b }}",
            "<textarea>{{ a }}</textarea> <title>{{ b }}</title>",
        ] {
            assert_eq!(places(source), [], "{source}");
        }
    }

    #[test]
    fn elsewhere_they_are_named_with_their_line() {
        let tag = "in a tag outside of quotes";
        for (source, line, place) in [
            ("<a href={{ a }}>", 1, tag),
            ("<p>\n<p {{ a }}>", 2, tag),
            ("<{{ a }}>", 1, ""),
            ("<p class=\"a\" {{ b }}>", 1, tag),
            ("<script>\nlet a = \"{{ a }}\";</script>", 2, "in a script or style"),
            ("<STYLE>p { color: {{ a }} }</STYLE>", 1, "in a script or style"),
            ("<p style=\"color: {{ a }}\">", 1, "in a style or an event's script"),
            ("<p onclick='{{ a }}'>", 1, "in a style or an event's script"),
            ("{{ a| safe }}", 1, "that is not to be escaped"),
            ("\n{% set b = a|safe|upper %}", 2, "that is not to be escaped"),
            ("{% autoescape false %}{{ a }}{% endautoescape %}", 1, "where escaping is turned off"),
        ] {
            let expected: &[_] = if place.is_empty() { &[] } else { &[(line, place)] };
            assert_eq!(places(source), expected, "{source}");
        }
    }

    #[test]
    fn images_of_the_letter_are_found() {
        let look = look(
            "<img src=\"cid:map@x\"><p style='background: url(cid:logo)'><img src=\"cid:{{ a }}\"> cid:text\
             <img src=cid:plain><img src=cid:end />",
        );
        assert_eq!(look.images, ["map@x", "logo", "plain", "end"]);
    }

    #[test]
    fn point_19_a_document_says_its_language_and_direction() {
        let whole = document("<p>{{ a }}</p>\n", "ar");
        assert!(whole.starts_with("<!DOCTYPE html><html lang=\"ar\" dir=\"auto\">"), "{whole}");
        assert!(whole.ends_with("<body dir=\"auto\"><p>{{ a }}</p></body></html>"), "{whole}");
        assert_eq!(document("<HTML><p>", "nl_BE"), "<HTML lang=\"nl-BE\" dir=\"auto\"><p>");
        let given = "<html dir='rtl' LANG=\"he\"><body>";
        assert_eq!(document(given, "nl"), given);
        assert_eq!(document("<html class=x>", "nl"), "<html lang=\"nl\" dir=\"auto\" class=x>");
    }
}
