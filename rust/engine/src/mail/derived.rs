//! The plain text of a letter that was written in HTML alone.

use mail_parser::decoders::html::html_to_text;

use super::html::token;

/// What stands for minijinja's tokens while the markup is taken off: characters that no text has.
const HELD: std::ops::Range<u32> = 0xF_0000..0xF_FFF0;

/// Elements that stand in lines of their own.
const LINES: [&str; 14] = [
    "</h1>", "</h2>", "</h3>", "</h4>", "</h5>", "</h6>", "</div>", "</li>", "</tr>", "</ul>", "</ol>",
    "</table>", "</title>", "<hr>",
];

/// A text template that says what an HTML template says: its markup is taken off, links show where they lead, and
/// what minijinja reads is kept as it is. `None` where there is more of it than can be held.
pub(super) fn text(html: &str) -> Option<String> {
    let (held, tokens) = hold(html)?;
    let mut text = html_to_text(&lines(&links(&held)));
    for (code, token) in HELD.zip(&tokens) {
        let character = char::from_u32(code).expect("a private character is one");
        text = text.replacen(character, token, 1);
    }
    // What stood in an attribute or a comment went with it.
    text.retain(|character| !HELD.contains(&u32::from(character)));
    let text: Vec<&str> = text.lines().map(str::trim).collect();
    Some(text.join("\n").trim().to_owned())
}

fn hold(html: &str) -> Option<(String, Vec<&str>)> {
    let (mut held, mut tokens, mut at) = (String::with_capacity(html.len()), Vec::new(), 0);
    while let Some(character) = html[at..].chars().next() {
        if let Some(end) = token(html, at) {
            let code = HELD.start + u32::try_from(tokens.len()).ok()?;
            held.push(char::from_u32(code).filter(|_| HELD.contains(&code))?);
            tokens.push(&html[at..end]);
            at = end;
        } else {
            at += character.len_utf8();
            held.extend(Some(character).filter(|character| !HELD.contains(&u32::from(*character))));
        }
    }
    Some((held, tokens))
}

/// Puts the address of a link behind what it is called.
fn links(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let (mut rest, mut target) = (html, None);
    while let Some(open) = rest.find('<') {
        let end = rest[open..].find('>').map_or(rest.len(), |close| open + close + 1);
        let tag = &rest[open..end];
        out.push_str(&rest[..open]);
        if tag.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("<a ")) {
            target = href(tag).map(|href| (href, out.len() + tag.len()));
        } else if tag.eq_ignore_ascii_case("</a>")
            && let Some((href, from)) = target.take()
            && !out[from..].contains(href)
        {
            out.push_str(&format!(" ({href})"));
        }
        out.push_str(tag);
        rest = &rest[end..];
    }
    out + rest
}

fn href(tag: &str) -> Option<&str> {
    let at = tag.to_ascii_lowercase().find("href=")? + "href=".len();
    let quote = tag[at..].chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let value = tag[at + 1..].split(quote).next()?;
    Some(value).filter(|value| !value.is_empty() && !value.starts_with('#'))
}

fn lines(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let line = |element: &&&str| {
            rest.get(..element.len()).is_some_and(|start| start.eq_ignore_ascii_case(element))
        };
        if LINES.iter().any(|element| line(&element)) {
            out.push_str("<br>");
        }
        out.push('<');
        rest = &rest[1..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_the_html_says() {
        let html = "<html><head><title>T</title><style>p { x: y }</style></head><body><h1>Inbraak &amp; brand</h1>\
            <p>In {{ street }}, <b>niet</b> naar buiten.</p><ul><li>Bel {{ number|default('101') }}</li>\
            {% for x in streets %}<li>{{ x }}</li>{% endfor %}</ul>\
            <a href=\"https://x.example/{{ id }}\">Meer</a> <a href=\"https://y.example\">https://y.example</a>\
            <img alt=\"{{ gone }}\"></body></html>";
        let text = text(html).unwrap();
        assert_eq!(
            text,
            "Inbraak & brand\nIn {{ street }}, niet naar buiten.\nBel {{ number|default('101') }}\n\
             {% for x in streets %}{{ x }}\n{% endfor %}\nMeer (https://x.example/{{ id }}) https://y.example"
        );
    }

    #[test]
    fn a_template_without_markup_stays_as_it_is() {
        assert_eq!(text("Hallo {{ name }} {# a < b #}").unwrap(), "Hallo {{ name }} {# a < b #}");
    }
}
