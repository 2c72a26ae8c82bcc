//! Replies: a code, perhaps an enhanced code, and text for people (RFC 5321 §4.2, RFC 2034, RFC 3463).

use std::fmt;

use arrayvec::ArrayString;

/// The most octets kept of what a reply says to people: a queue id or the reason of a refusal stands in front.
pub const MAX_REPLY_TEXT_OCTETS: usize = 128;

/// What a reply says to people, cut to what is worth keeping.
pub type ReplyText = ArrayString<MAX_REPLY_TEXT_OCTETS>;

/// One reply of a server.
///
/// Nothing but the code decides anything: of codes not known the first digit (§4.2.1), of the text only the
/// enhanced code.
///
/// ```
/// use bealert_wire::smtp::{EnhancedCode, Reply};
/// let reply = Reply::new(550, Some(EnhancedCode(5, 1, 1)), "No such user");
/// assert_eq!(reply.to_string(), "550 5.1.1 No such user");
/// assert!(reply.is_permanent());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// The three digits, 200 to 599.
    pub code: u16,
    /// The enhanced code, where the text begins with one of the same class (RFC 2034 §4).
    pub enhanced: Option<EnhancedCode>,
    /// The rest of the text, its lines joined by a space, without control characters.
    pub text: ReplyText,
}

/// class.subject.detail (RFC 3463 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnhancedCode(
    /// 2, 4 or 5, as the first digit of the code.
    pub u8,
    /// What it is about: 1 an address, 2 a mailbox, 7 a policy.
    pub u16,
    /// What exactly.
    pub u16,
);

impl Reply {
    /// A reply to give. Text that does not fit is cut.
    pub fn new(code: u16, enhanced: Option<EnhancedCode>, text: &str) -> Self {
        let mut reply = Self { code, enhanced, text: ReplyText::new_const() };
        append(&mut reply.text, text.as_bytes());
        reply
    }

    /// Done (2yz).
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// Go on: more is waited for (3yz).
    pub fn is_intermediate(&self) -> bool {
        self.code / 100 == 3
    }

    /// Not now (4yz).
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// Not ever in this form (5yz).
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// Appends it as one line.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.write_line(out, b' ', self.text.as_bytes());
    }

    /// Appends it with `lines` as its text, one line each, at least one.
    pub fn write_lines<'a>(&self, out: &mut Vec<u8>, lines: impl IntoIterator<Item = &'a [u8]>) {
        let mut lines = lines.into_iter().peekable();
        if lines.peek().is_none() {
            return self.write(out);
        }
        while let Some(line) = lines.next() {
            self.write_line(out, if lines.peek().is_some() { b'-' } else { b' ' }, line);
        }
    }

    fn write_line(&self, out: &mut Vec<u8>, separator: u8, text: &[u8]) {
        let digit = |value: u16| b'0' + (value % 10) as u8;
        out.extend_from_slice(&[digit(self.code / 100), digit(self.code / 10), digit(self.code), separator]);
        if let Some(code) = self.enhanced {
            out.extend_from_slice(code.to_string().as_bytes());
            out.push(b' ');
        }
        out.extend(text.iter().map(|&octet| if octet < b' ' || octet == 0x7F { b' ' } else { octet }));
        out.extend_from_slice(b"\r\n");
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(code) = self.enhanced {
            write!(f, " {code}")?;
        }
        if !self.text.is_empty() {
            write!(f, " {}", self.text)?;
        }
        Ok(())
    }
}

impl EnhancedCode {
    /// The code that `text` begins with, and how many octets it has.
    pub fn parse(text: &[u8]) -> Option<(Self, usize)> {
        let class = match text {
            [class @ (b'2' | b'4' | b'5'), b'.', ..] => class - b'0',
            _ => return None,
        };
        let (subject, subject_octets) = number(&text[2..])?;
        let at = 2 + subject_octets;
        if text.get(at) != Some(&b'.') {
            return None;
        }
        let (detail, detail_octets) = number(&text[at + 1..])?;
        let end = at + 1 + detail_octets;
        matches!(text.get(end), None | Some(b' ')).then_some((Self(class, subject, detail), end))
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// One to three digits (RFC 3463 §2).
fn number(text: &[u8]) -> Option<(u16, usize)> {
    let digits = text.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let value = |digits: &[u8]| digits.iter().fold(0, |value, digit| value * 10 + u16::from(digit - b'0'));
    (1..=3).contains(&digits).then(|| (value(&text[..digits]), digits))
}

/// Appends what fits, between characters; what is no text or controls a terminal becomes harmless.
pub(super) fn append<const OCTETS: usize>(out: &mut ArrayString<OCTETS>, text: &[u8]) {
    if text.iter().all(|octet| (b' '..0x7F).contains(octet)) {
        let text = &text[..text.len().min(out.remaining_capacity())];
        out.push_str(std::str::from_utf8(text).expect("printable ASCII"));
        return;
    }
    let text = &text[..text.len().min(OCTETS)];
    for character in String::from_utf8_lossy(text).chars() {
        let shown = if character.is_control() { ' ' } else { character };
        if out.try_push(shown).is_err() {
            return;
        }
    }
}
