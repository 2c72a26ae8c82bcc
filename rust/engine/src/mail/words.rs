//! Text in headers: folded where it is ASCII, encoded words (RFC 2047) where it is not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Characters of a line that has an encoded word (RFC 2047 §2), and what other header lines are folded to.
const LINE: usize = 76;

/// Characters of an encoded word (RFC 2047 §2).
const WORD: usize = 75;

/// What stands around the text in an encoded word.
const AROUND: usize = "=?utf-8?q??=".len();

/// Begins a line that goes on with a header (RFC 5322 §2.2.3).
const FOLD: &[u8] = b"\r\n ";

/// A name of this length goes into quotes in one line; a longer one is encoded, so that it can be folded anywhere.
const QUOTED: usize = 60;

/// Appends the text of an unstructured header such as `Subject`, `column` characters of whose line are there, without
/// the line end. Whatever the text is, a reader gets it back: what looks like an encoded word is encoded, and so are
/// spaces at its ends and words that are longer than a line.
pub(super) fn unstructured(text: &str, column: usize, out: &mut Vec<u8>) {
    if is_plain(text) && text.split(' ').all(|word| word.len() < LINE) {
        folded(text, column, out);
    } else {
        encoded_words(text, column, out);
    }
}

/// Appends one mailbox (RFC 5322 §3.4), `column` characters of whose line are there, without the line end.
pub(super) fn mailbox(name: Option<&str>, address: &str, column: usize, out: &mut Vec<u8>) {
    let start = out.len();
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        phrase(name, column, out);
        let written = &out[start..];
        let line =
            memchr::memrchr(b'\n', written).map_or(column + written.len(), |at| written.len() - at - 1);
        let fits = line + address.len() + " <>".len() <= LINE;
        out.extend_from_slice(if fits { b" " } else { FOLD });
    }
    out.push(b'<');
    out.extend_from_slice(address.as_bytes());
    out.push(b'>');
}

/// A name in front of an address: words, a quoted string, or encoded words.
fn phrase(name: &str, column: usize, out: &mut Vec<u8>) {
    if !is_plain(name) || name.len() > QUOTED {
        return encoded_words(name, column, out);
    }
    let is_atext = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~ ".contains(&octet);
    if name.bytes().all(is_atext) {
        return out.extend_from_slice(name.as_bytes());
    }
    out.push(b'"');
    for octet in name.bytes() {
        if matches!(octet, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(octet);
    }
    out.push(b'"');
}

/// Printable ASCII that every reader takes as it stands: folding and unfolding gives the same spaces.
fn is_plain(text: &str) -> bool {
    let octets = text.as_bytes();
    octets.iter().all(|octet| (b' '..=b'~').contains(octet))
        && octets.first() != Some(&b' ')
        && octets.last() != Some(&b' ')
        && !octets.windows(2).any(|pair| pair == b"=?" || pair == b"  ")
}

fn folded(text: &str, mut column: usize, out: &mut Vec<u8>) {
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 {
            let fits = column + 1 + word.len() <= LINE;
            out.extend_from_slice(if fits { b" " } else { FOLD });
            column = if fits { column + 1 } else { 1 };
        }
        out.extend_from_slice(word.as_bytes());
        column += word.len();
    }
}

/// The whole text as encoded words, each of whole characters (RFC 2047 §5): `Q` unless `B` is
/// shorter.
fn encoded_words(text: &str, column: usize, out: &mut Vec<u8>) {
    let quoted: usize = text.bytes().map(quoted_len).sum();
    let binary = quoted > text.len().div_ceil(3) * 4;
    let mut room = LINE.saturating_sub(column).min(WORD);
    let mut rest = text;
    while !rest.is_empty() {
        let taken = fitting(rest, room.saturating_sub(AROUND), binary);
        if taken == 0 {
            // Only behind a long name of a header: the first line has no room.
            out.extend_from_slice(FOLD);
            room = WORD;
            continue;
        }
        let (word, more) = rest.split_at(taken);
        encoded_word(word, binary, out);
        rest = more;
        if !rest.is_empty() {
            out.extend_from_slice(FOLD);
        }
        room = WORD;
    }
}

/// Octets of the characters that fit.
fn fitting(text: &str, room: usize, binary: bool) -> usize {
    let (mut taken, mut used) = (0, 0);
    for character in text.chars() {
        let octets = character.len_utf8();
        let more = &text.as_bytes()[taken..taken + octets];
        used = if binary {
            (taken + octets).div_ceil(3) * 4
        } else {
            used + more.iter().copied().map(quoted_len).sum::<usize>()
        };
        if used > room {
            break;
        }
        taken += octets;
    }
    taken
}

fn encoded_word(text: &str, binary: bool, out: &mut Vec<u8>) {
    if binary {
        let (mut line, octets) = ([0; WORD], text.as_bytes());
        let written = STANDARD.encode_slice(octets, &mut line).expect("the text was chosen to fit");
        out.extend_from_slice(b"=?utf-8?b?");
        out.extend_from_slice(&line[..written]);
    } else {
        out.extend_from_slice(b"=?utf-8?q?");
        for octet in text.bytes() {
            match (quoted_len(octet), octet) {
                (1, b' ') => out.push(b'_'),
                (1, other) => out.push(other),
                (_, other) => {
                    let hex = |digit: u8| b"0123456789ABCDEF"[usize::from(digit)];
                    out.extend_from_slice(&[b'=', hex(other >> 4), hex(other & 15)]);
                }
            }
        }
    }
    out.extend_from_slice(b"?=");
}

/// Characters of an octet in a `Q` word that may stand in a name too (RFC 2047 §5, rule 3).
fn quoted_len(octet: u8) -> usize {
    if octet.is_ascii_alphanumeric() || b"!*+-/ ".contains(&octet) { 1 } else { 3 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::MessageParser;
    use proptest::prelude::*;

    fn subject(text: &str) -> String {
        let mut out = b"Subject: ".to_vec();
        unstructured(text, out.len(), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn to(name: &str) -> String {
        let mut out = b"To: ".to_vec();
        mailbox(Some(name), "an@example.org", out.len(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ascii_is_left_readable() {
        assert_eq!(subject("Inbraak in Kerkstraat"), "Subject: Inbraak in Kerkstraat");
        let long = subject("word ".repeat(40).trim_end());
        assert!(long.contains("\r\n word") && !long.contains("=?"), "{long}");
        assert_eq!(to("An Peeters"), "To: An Peeters <an@example.org>");
        assert_eq!(to("Peeters, An \"x\" \\"), "To: \"Peeters, An \\\"x\\\" \\\\\" <an@example.org>");
        assert_eq!(to(""), "To: <an@example.org>");
    }

    #[test]
    fn other_text_is_encoded_in_whole_characters() {
        assert_eq!(subject("Évacuation"), "Subject: =?utf-8?q?=C3=89vacuation?=");
        assert_eq!(subject("🔥🔥"), "Subject: =?utf-8?b?8J+UpfCflKU=?=");
        assert_eq!(to("Joséphine"), "To: =?utf-8?q?Jos=C3=A9phine?= <an@example.org>");
        assert!(subject("=?utf-8?q?x?=").starts_with("Subject: =?utf-8?"), "what looks like one is encoded");
        assert_ne!(subject("=?utf-8?q?x?="), "Subject: =?utf-8?q?x?=");
    }

    fn check(header: &str) -> Result<(), TestCaseError> {
        for line in header.split("\r\n") {
            prop_assert!(line.len() <= 76 && line.is_ascii() && !line.contains(['\r', '\n']), "{:?}", line);
            let words = line.split(' ').filter(|word| word.starts_with("=?"));
            words.for_each(|word| assert!(word.len() <= 75 && word.ends_with("?="), "{word:?}"));
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn point_19_any_subject_comes_back(text in "([\\PC]|[ =?]|=\\?utf-8\\?q\\?|\u{1F525}|\u{5E9}){1,120}") {
            let header = subject(&text);
            check(&header)?;
            let message = format!("{header}\r\n\r\n");
            let parsed = MessageParser::new().parse(message.as_bytes()).unwrap();
            prop_assert_eq!(parsed.subject().unwrap_or_default(), text);
            prop_assert_eq!(parsed.headers().len(), 1);
        }

        #[test]
        fn point_19_any_name_comes_back(name in "([\\PC]|[ =?\"\\\\,<>()@]){1,80}") {
            let header = to(&name);
            check(&header)?;
            let message = format!("{header}\r\n\r\n");
            let parsed = MessageParser::new().parse(message.as_bytes()).unwrap();
            let address = parsed.to().unwrap().first().unwrap();
            prop_assert_eq!(address.address(), Some("an@example.org"));
            prop_assert_eq!(address.name().unwrap_or_default(), name);
            prop_assert_eq!(parsed.headers().len(), 1);
        }
    }
}
