//! Templates that need no template engine: literal text and names, which is what most short messages are.

use std::ops::Range;

use super::templates::RenderProblem;
use super::values::Values;

/// A template of literal text and `{{ name }}` only, cut up once. It renders what minijinja renders of it, byte by
/// byte and problem by problem, at the cost of copying the text.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    source: String,
    segments: Vec<Segment>,
}

/// A piece of a [`Plain`] template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Text as it is.
    Literal(&'a str),
    /// The value of this name.
    Name(&'a str),
}

#[derive(Clone, Debug)]
enum Segment {
    Literal(Range<usize>),
    Name(Range<usize>),
}

impl Plain {
    /// `None` when the template has anything else in it, or a name that `special` says means something to minijinja.
    pub(super) fn parse(source: &str, special: impl Fn(&str) -> bool) -> Option<Self> {
        let source = without_last_newline(source);
        let mut segments = Vec::new();
        let mut literal = 0;
        let mut at = 0;
        while let Some(found) = source[at..].find('{') {
            let open = at + found;
            match source.as_bytes().get(open + 1) {
                Some(b'{') => {}
                Some(b'%' | b'#') => return None,
                _ => {
                    at = open + 1;
                    continue;
                }
            }
            let close = open + source[open..].find("}}")?;
            let name = trim(source, open + 2..close);
            if !is_name(&source[name.clone()]) || special(&source[name.clone()]) {
                return None;
            }
            if literal < open {
                segments.push(Segment::Literal(literal..open));
            }
            segments.push(Segment::Name(name));
            literal = close + 2;
            at = literal;
        }
        if literal < source.len() {
            segments.push(Segment::Literal(literal..source.len()));
        }
        Some(Self { source: source.to_owned(), segments })
    }

    /// What it is made of, in order.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.segments.iter().map(|segment| match segment {
            Segment::Literal(range) => Piece::Literal(&self.source[range.clone()]),
            Segment::Name(range) => Piece::Name(&self.source[range.clone()]),
        })
    }

    /// Appends the text.
    pub(super) fn render(&self, values: &Values<'_>, out: &mut String) -> Result<(), RenderProblem> {
        for piece in self.pieces() {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Name(name) => {
                    let value =
                        values.get(name).ok_or_else(|| RenderProblem::Missing { name: name.to_owned() })?;
                    out.push_str(value);
                }
            }
        }
        Ok(())
    }
}

/// A template that ends in a line feed, as text between `"""` does, does not send it: minijinja takes one off.
fn without_last_newline(source: &str) -> &str {
    let source = source.strip_suffix('\n').unwrap_or(source);
    source.strip_suffix('\r').unwrap_or(source)
}

fn trim(source: &str, range: Range<usize>) -> Range<usize> {
    let inner = source[range.clone()].trim_ascii_end();
    let end = range.start + inner.len();
    end - inner.trim_ascii_start().len()..end
}

/// Whether it is a name to minijinja too. Names with other letters are left to it.
fn is_name(text: &str) -> bool {
    let mut octets = text.bytes();
    octets.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && octets.all(|octet| octet.is_ascii_alphanumeric() || octet == b'_')
}
