//! Cutting a stream into replies (RFC 5321 §4.2).

use arrayvec::ArrayString;
use thiserror::Error;

use super::reply::{EnhancedCode, Reply, ReplyText, append};

/// The longest line of a reply taken. RFC 5321 §4.5.3.1.5 allows 512 octets; a list of mechanisms or a policy text
/// is longer at some relays, and nothing is gained by not reading it.
pub const MAX_REPLY_LINE_OCTETS: usize = 8_192;

/// The most lines of one reply taken: several times what any EHLO has.
pub const MAX_REPLY_LINES: usize = 256;

/// What makes a stream of replies unreadable. Nothing after it can be matched to what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReplyProblem {
    /// A line without a code in front.
    #[error("a line that is no reply: {line}")]
    NoCode {
        /// How it begins.
        line: ArrayString<64>,
    },
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
        return Err(no_code(line));
    };
    let [a, b, c] = [a, b, c].map(|digit| u16::from(digit - b'0'));
    let code = a * 100 + b * 10 + c;
    match rest {
        [] => Ok(ReplyLine { code, last: true, text: rest }),
        [b' ', text @ ..] => Ok(ReplyLine { code, last: true, text }),
        [b'-', text @ ..] => Ok(ReplyLine { code, last: false, text }),
        _ => Err(no_code(line)),
    }
}

#[cold]
fn no_code(line: &[u8]) -> ReplyProblem {
    let mut begins = ArrayString::new_const();
    append(&mut begins, line);
    ReplyProblem::NoCode { line: begins }
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
