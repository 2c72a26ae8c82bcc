//! The paths of MAIL and RCPT, by their grammar (RFC 5321 §4.1.2, §4.1.3; RFC 6531 §3.3).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::path::{MAX_DOMAIN_OCTETS, MAX_LOCAL_PART_OCTETS};

/// The longest path, its angle brackets included (RFC 5321 §4.5.3.1.3).
pub const MAX_PATH_OCTETS: usize = 256;

/// The longest label of a domain (RFC 1035 §2.3.4).
const MAX_LABEL_OCTETS: usize = 63;

/// Takes a path from the front of `text`: what stands between its brackets, without a source route, and the
/// rest. `<>` gives an empty one, which only a reverse-path may be.
pub(super) fn split(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('<')?;
    if let Some(rest) = inside.strip_prefix('>') {
        return Some(("", rest));
    }
    let mailbox = without_route(inside)?;
    let after_local = mailbox.get(local(mailbox)?..)?;
    let octets = match after_local.strip_prefix('@') {
        Some(domain) => mailbox.len() - domain.len() + domain_octets(domain)?,
        // the one mailbox that needs no domain (RFC 5321 §4.1.1.3)
        None => mailbox.len() - after_local.len(),
    };
    let (mailbox, rest) = mailbox.split_at_checked(octets)?;
    if !mailbox.contains('@') && !mailbox.eq_ignore_ascii_case("postmaster") {
        return None;
    }
    let rest = rest.strip_prefix('>')?;
    (text.len() - rest.len() <= MAX_PATH_OCTETS).then_some((mailbox, rest))
}

/// Cuts off `@one,@two:` (RFC 5321 §4.1.1.3: accepted, and ignored).
fn without_route(text: &str) -> Option<&str> {
    let mut text = text;
    if !text.starts_with('@') {
        return Some(text);
    }
    loop {
        let domain = text.strip_prefix('@')?;
        text = domain.get(domain_octets(domain)?..)?;
        match text.as_bytes().first()? {
            b',' => text = &text[1..],
            b':' => return Some(&text[1..]),
            _ => return None,
        }
    }
}

/// How many octets the local part at the front of `text` has.
fn local(text: &str) -> Option<usize> {
    let octets = if text.starts_with('"') { quoted(text.as_bytes())? } else { dotted(text.as_bytes())? };
    (octets <= MAX_LOCAL_PART_OCTETS).then_some(octets)
}

/// Dot-string.
fn dotted(text: &[u8]) -> Option<usize> {
    let end = text.iter().position(|&octet| octet != b'.' && !is_atext(octet)).unwrap_or(text.len());
    let atoms = &text[..end];
    let empty_atom = atoms.split(|&octet| octet == b'.').any(<[u8]>::is_empty);
    (!empty_atom).then_some(end)
}

/// Quoted-string. Controls have no place in it, not even behind a backslash.
fn quoted(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (at, &octet) in text.iter().enumerate().skip(1) {
        match octet {
            0..=31 | 127 => return None,
            128.. if escaped => return None,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// How many octets the domain or address literal at the front of `text` has.
pub(super) fn domain_octets(text: &str) -> Option<usize> {
    if text.starts_with('[') {
        return literal(text);
    }
    let is_of_name =
        |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.') || octet >= 128;
    let end = text.bytes().position(|octet| !is_of_name(octet)).unwrap_or(text.len());
    let label = |label: &str| {
        (1..=MAX_LABEL_OCTETS).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    (end <= MAX_DOMAIN_OCTETS && text[..end].split('.').all(label)).then_some(end)
}

/// An address literal (RFC 5321 §4.1.3).
fn literal(text: &str) -> Option<usize> {
    let end = text.find(']')?;
    let inside = &text[1..end];
    let known = match inside.split_once(':') {
        None => inside.parse::<Ipv4Addr>().is_ok(),
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6") => address.parse::<Ipv6Addr>().is_ok(),
        // the tags that are registered are these two (RFC 5321 §4.1.3)
        Some(_) => false,
    };
    (known && end < MAX_DOMAIN_OCTETS).then_some(end + 1)
}

/// RFC 5322 §3.2.3, and every octet of a character beyond ASCII (RFC 6532 §3.2).
fn is_atext(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet >= 128 || b"!#$%&'*+-/=?^_`{|}~".contains(&octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_the_grammar_allows() {
        for (text, mailbox) in [
            ("<a@b.example>", "a@b.example"),
            ("<>", ""),
            ("<first.last+tag=x@sub.b-c.example>", "first.last+tag=x@sub.b-c.example"),
            (r#"<"a b\"c@d"@b.example>"#, r#""a b\"c@d"@b.example"#),
            ("<a@[192.0.2.1]>", "a@[192.0.2.1]"),
            ("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]"),
            ("<@one.example,@two.example:a@b.example>", "a@b.example"),
            ("<PostMaster>", "PostMaster"),
            ("<jörg@bücher.example>", "jörg@bücher.example"),
            ("<a@b>", "a@b"),
        ] {
            assert_eq!(split(&format!("{text} SIZE=1")), Some((mailbox, " SIZE=1")), "{text}");
        }
    }

    #[test]
    fn paths_that_it_does_not() {
        for text in [
            "a@b.example",
            " <a@b.example>",
            "<a@b.example",
            "<a b@b.example>",
            "<a@b..example>",
            "<.a@b.example>",
            "<a.@b.example>",
            "<a..c@b.example>",
            "<a@-b.example>",
            "<a@b-.example>",
            "<a@b_c.example>",
            "<a@b.example.>",
            "<@b.example>",
            "<a>",
            "<a@>",
            "<a@[300.0.0.1]>",
            "<a@[192.0.2.1>",
            "<a@[IPv6:zz]>",
            "<\"a\u{1}\"@b.example>",
            "<\"a@b.example>",
            "<a@b@c.example>",
            "<<a@b.example>>",
            "<@one.example a@b.example>",
        ] {
            assert_eq!(split(text), None, "{text}");
        }
    }

    #[test]
    fn lengths_are_those_of_the_clause() {
        let local = |octets: usize| format!("<{}@b.example>", "a".repeat(octets));
        assert!(split(&local(64)).is_some() && split(&local(65)).is_none());
        let label = |octets: usize| format!("<a@{}.example>", "b".repeat(octets));
        assert!(split(&label(63)).is_some() && split(&label(64)).is_none());
        // 1 + 10 + 1 + 243 + 1 octets
        let domain =
            |last: usize| format!("<{}@{}{}>", "a".repeat(10), "bbbbbbbbb.".repeat(24), "c".repeat(last));
        assert_eq!(domain(3).len(), MAX_PATH_OCTETS);
        assert!(split(&domain(3)).is_some() && split(&domain(4)).is_none());
    }
}
