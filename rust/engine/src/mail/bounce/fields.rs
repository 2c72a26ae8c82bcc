//! The fields of a delivery status: groups with an empty line between (RFC 3464 §2.1).

use mail_parser::{Message, MessageParser};

use super::Status;

/// Characters that are kept of what a far end said.
const MAX_SAID: usize = 200;

/// Octets that are kept of an address.
const MAX_ADDRESS: usize = 254;

/// The fields of one group.
pub(super) struct Fields<'a>(Message<'a>);

impl<'a> Fields<'a> {
    /// The groups of a report, in order.
    pub(super) fn groups(text: &'a [u8]) -> impl Iterator<Item = Fields<'a>> {
        let mut rest = text;
        std::iter::from_fn(move || {
            // Any number of empty lines may stand between.
            rest = rest.trim_ascii_start();
            if rest.is_empty() {
                return None;
            }
            let (group, more) = rest.split_at(end(rest));
            rest = more;
            Some(group)
        })
        .filter_map(|group| MessageParser::new().parse_headers(group).map(Fields))
    }

    /// The text of a field.
    pub(super) fn get(&self, name: &'static str) -> Option<&str> {
        self.0.header_raw(name).map(str::trim)
    }
}

/// Where a group ends: behind the first empty line.
fn end(text: &[u8]) -> usize {
    let mut lines = memchr::memchr_iter(b'\n', text);
    let empty = lines.find(|at| matches!(text[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]));
    empty.map_or(text.len(), |at| at + 1)
}

/// What a far end said, without the word that says how it said it (`smtp;`), in a line of printable ASCII.
pub(super) fn said(field: &str) -> String {
    let text = field.split_once(';').map_or(field, |(_, said)| said);
    let words: Vec<&str> = text.split_whitespace().collect();
    let printable =
        |character: char| if character.is_ascii_graphic() || character == ' ' { character } else { '?' };
    words.join(" ").chars().take(MAX_SAID).map(printable).collect()
}

/// The address behind its type (`rfc822;`), as printable text.
pub(super) fn typed(field: &str) -> String {
    let address = field.split_once(';').map_or(field, |(_, address)| address).trim();
    let mut kept = String::new();
    for character in address.chars().filter(|character| !character.is_control()) {
        if kept.len() + character.len_utf8() > MAX_ADDRESS {
            break;
        }
        kept.push(character);
    }
    kept
}

/// An enhanced status code at the start of a text (RFC 3463 §2).
pub(super) fn enhanced(text: &str) -> Option<Status> {
    let end =
        text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let mut numbers = text[..end].split('.');
    let mut number = |digits: usize| -> Option<u16> {
        let text = numbers.next().filter(|text| (1..=digits).contains(&text.len()))?;
        text.parse().ok()
    };
    let (class, subject, detail) = (number(1)?, number(3)?, number(3)?);
    let known = matches!(class, 2 | 4 | 5) && numbers.next().is_none_or(str::is_empty);
    known.then_some(Status(class as u8, subject, detail))
}
