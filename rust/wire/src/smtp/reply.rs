//! Replies: a code, perhaps an enhanced code, and text for people (RFC 5321 §4.2, RFC 2034, RFC 3463).

use std::fmt;

use arrayvec::ArrayString;
use thiserror::Error;

/// The most octets kept of what a reply says to people: a queue id or the reason of a refusal stands in front.
pub const MAX_REPLY_TEXT_OCTETS: usize = 128;

/// The longest line of a reply taken. RFC 5321 §4.5.3.1.5 allows 512 octets; a list of mechanisms or a policy text
/// is longer at some relays, and nothing is gained by not reading it.
pub const MAX_REPLY_LINE_OCTETS: usize = 8_192;

/// The most lines of one reply taken: several times what any EHLO has.
pub const MAX_REPLY_LINES: usize = 256;

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

/// What makes a stream of replies unreadable. Nothing after it can be matched to what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReplyProblem {
    /// A line without a code in front.
    #[error("a line that is no reply")]
    NoCode,
    /// The lines of one reply have several codes.
    #[error("a reply with the codes {first} and {then}")]
    CodesDiffer {
        /// Of its first line.
        first: u16,
        /// Of a later one.
        then: u16,
    },
    /// A line without end.
    #[error("a reply line of more than {MAX_REPLY_LINE_OCTETS} octets")]
    LongLine,
    /// A reply without end.
    #[error("a reply of more than {MAX_REPLY_LINES} lines")]
    ManyLines,
}

/// Cuts a stream into replies, however it is cut into reads.
#[derive(Debug, Default)]
pub struct Replies {
    /// The line that has come in part.
    partial: Vec<u8>,
    /// `partial` was a whole line that has been handed out.
    taken: bool,
    /// The reply whose last line has not come.
    open: Option<Reply>,
    lines: usize,
}

/// One line of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyLine<'a> {
    /// Its code.
    pub code: u16,
    /// No line follows.
    pub last: bool,
    /// What stands behind the code and its separator.
    pub text: &'a [u8],
}

impl Replies {
    /// The next whole reply out of `input`, moving `input` past it; `each` sees every line of it as it comes.
    pub fn next(
        &mut self,
        input: &mut &[u8],
        mut each: impl FnMut(ReplyLine<'_>),
    ) -> Result<Option<Reply>, ReplyProblem> {
        loop {
            // The line lends out `partial`, so the reply being built stands apart meanwhile.
            let open = self.open.take();
            let Some(line) = self.line(input)? else {
                self.open = open;
                return Ok(None);
            };
            each(line);
            let reply = match open {
                None => begin(line),
                Some(reply) if reply.code == line.code => go_on(reply, line),
                Some(reply) => {
                    return Err(ReplyProblem::CodesDiffer { first: reply.code, then: line.code });
                }
            };
            if line.last {
                self.lines = 0;
                return Ok(Some(reply));
            }
            self.open = Some(reply);
            self.lines += 1;
            if self.lines >= MAX_REPLY_LINES {
                return Err(ReplyProblem::ManyLines);
            }
        }
    }

    /// Moves `input` past the next reply if it is one whole line with a code of this first digit. What most replies
    /// are is not worth more than a look.
    #[inline]
    pub(crate) fn next_plain(&mut self, input: &mut &[u8], digit: u8) -> bool {
        if self.open.is_some() || (!self.partial.is_empty() && !self.taken) {
            return false;
        }
        let [first, second, third, b' ', ..] = **input else { return false };
        if first != digit || !second.is_ascii_digit() || !third.is_ascii_digit() {
            return false;
        }
        match memchr::memchr(b'\n', input) {
            Some(end) if end < MAX_REPLY_LINE_OCTETS => {
                *input = &input[end + 1..];
                true
            }
            _ => false,
        }
    }

    /// Forgets what has come in part.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether a reply has come in part.
    pub fn is_partial(&self) -> bool {
        self.open.is_some() || (!self.partial.is_empty() && !self.taken)
    }

    fn line<'f, 'i: 'f>(&'f mut self, input: &mut &'i [u8]) -> Result<Option<ReplyLine<'f>>, ReplyProblem> {
        if self.taken {
            self.partial.clear();
            self.taken = false;
        }
        let end = memchr::memchr(b'\n', input);
        let octets = end.map_or(input.len(), |at| at + 1);
        if self.partial.len() + octets > MAX_REPLY_LINE_OCTETS {
            return Err(ReplyProblem::LongLine);
        }
        let (head, rest) = input.split_at(octets);
        *input = rest;
        if end.is_some() && self.partial.is_empty() {
            return split(head).map(Some);
        }
        self.partial.extend_from_slice(head);
        if end.is_none() {
            return Ok(None);
        }
        self.taken = true;
        split(&self.partial).map(Some)
    }
}

/// `line` ends in LF. Some servers write `250` alone, or `250 ` and nothing (§4.2: the text is optional).
fn split(line: &[u8]) -> Result<ReplyLine<'_>, ReplyProblem> {
    let line = line.strip_suffix(b"\r\n").unwrap_or(&line[..line.len() - 1]);
    let Some((&[a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9'], rest)) = line.split_first_chunk::<3>()
    else {
        return Err(ReplyProblem::NoCode);
    };
    let [a, b, c] = [a, b, c].map(|digit| u16::from(digit - b'0'));
    let code = a * 100 + b * 10 + c;
    match rest {
        [] => Ok(ReplyLine { code, last: true, text: rest }),
        [b' ', text @ ..] => Ok(ReplyLine { code, last: true, text }),
        [b'-', text @ ..] => Ok(ReplyLine { code, last: false, text }),
        _ => Err(ReplyProblem::NoCode),
    }
}

#[inline]
fn begin(line: ReplyLine<'_>) -> Reply {
    let (enhanced, text) = enhanced(line);
    let mut reply = Reply { code: line.code, enhanced, text: ReplyText::new_const() };
    append(&mut reply.text, text);
    reply
}

fn go_on(mut reply: Reply, line: ReplyLine<'_>) -> Reply {
    let (enhanced, text) = enhanced(line);
    // The first one counts; the same one is repeated on every line (RFC 2034 §4).
    reply.enhanced = reply.enhanced.or(enhanced);
    if !reply.text.is_empty() && !text.is_empty() {
        append(&mut reply.text, b" ");
    }
    append(&mut reply.text, text);
    reply
}

/// An enhanced code of another class than the code itself is text like any other.
fn enhanced(line: ReplyLine<'_>) -> (Option<EnhancedCode>, &[u8]) {
    match EnhancedCode::parse(line.text) {
        Some((code, octets)) if u16::from(code.0) == line.code / 100 => {
            (Some(code), line.text[octets..].trim_ascii_start())
        }
        _ => (None, line.text),
    }
}

/// Appends what fits, between characters; what is no text or controls a terminal becomes harmless.
fn append(out: &mut ReplyText, text: &[u8]) {
    if text.iter().all(|octet| (b' '..0x7F).contains(octet)) {
        let text = &text[..text.len().min(out.remaining_capacity())];
        out.push_str(std::str::from_utf8(text).expect("printable ASCII"));
        return;
    }
    let text = &text[..text.len().min(MAX_REPLY_TEXT_OCTETS)];
    for character in String::from_utf8_lossy(text).chars() {
        let shown = if character.is_control() { ' ' } else { character };
        if out.try_push(shown).is_err() {
            return;
        }
    }
}
