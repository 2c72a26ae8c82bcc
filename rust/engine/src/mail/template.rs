//! A template of a letter's body, cut into static text and the places where values go.

use super::problem::{LetterProblem, MailProblem, Part};
use super::qp::{Quoted, SOFT};
use super::slots::{MARK, Slot, Slots};
use crate::plan::{Content, Piece, RenderProblem, Values};

/// A body as quoted-printable in which each slot is a line of its own between soft breaks, which stand for nothing
/// (RFC 2045 §6.7, rule 5): what is static is encoded, wrapped and free of leading dots once, and a value can be of
/// any length.
pub(super) struct Body {
    /// The encoded text with a mark for each slot. It ends in CRLF.
    pub(super) encoded: String,
    /// Whether it is there for what values say alone.
    pub(super) blank: bool,
}

/// Compiles the template of a part for one language.
pub(super) fn compile(part: Part, language: &str, source: &str) -> Result<Content, Vec<MailProblem>> {
    let allowed = |character: char| !character.is_control() || matches!(character, '\n' | '\r' | '\t');
    let source_problem = control(part, language, source, allowed);
    let compiled = match part {
        Part::Html => Content::compile_html(language, source),
        _ => Content::compile(&[(language, source)]),
    };
    match (compiled, source_problem) {
        (Ok(content), None) => Ok(content),
        (compiled, control) => {
            let of_part = |problem| MailProblem::Template { part, problem };
            let problems = compiled.err().into_iter().flatten().map(of_part);
            Err(problems.chain(control).collect())
        }
    }
}

/// The first character of a template that may not be there.
pub(super) fn control(
    part: Part,
    language: &str,
    source: &str,
    allowed: impl Fn(char) -> bool,
) -> Option<MailProblem> {
    let at = source.find(|character| !allowed(character))?;
    let code = source[at..].chars().next().map_or(0, u32::from);
    let line = source[..at].matches('\n').count() + 1;
    Some(MailProblem::Control { part, language: language.to_owned(), line, code })
}

/// Encodes a part: a slot for each value where the template puts in values and does nothing else, and one for all
/// of it otherwise.
pub(super) fn body(part: Part, content: &Content, slots: &mut Slots) -> Body {
    let mut out = Vec::new();
    let mut blank = true;
    let pieces = content.pieces(0).filter(|_| content.names().len() <= slots.room());
    let Some(pieces) = pieces else {
        let slot = Slot::Whole(part);
        out.extend_from_slice(slots.mark(slot).as_bytes());
        return Body { encoded: ended(out, false), blank: false };
    };
    let mut after_slot = false;
    for piece in pieces {
        match piece {
            Piece::Literal(text) => {
                blank &= text.trim().is_empty();
                let mut quoted = Quoted::new(&mut out);
                quoted.text(text);
                quoted.break_softly();
                after_slot = false;
            }
            Piece::Name(name) => {
                out.extend_from_slice(slots.mark(Slot::Value(part, name.to_owned())).as_bytes());
                out.extend_from_slice(SOFT);
                after_slot = true;
            }
        }
    }
    Body { encoded: ended(out, after_slot), blank }
}

/// Whether what a template says is said by values alone.
pub(super) fn says_values_alone(language: &str, source: &str) -> bool {
    let Ok(content) = Content::compile(&[(language, source)]) else { return false };
    let silent = |piece| matches!(piece, Piece::Literal(text) if !text.trim().is_empty());
    content.pieces(0).is_some_and(|mut pieces| !pieces.any(silent))
}

/// A text ends with a line end, as every line of it does: a soft break at the end is one, and after a slot's own
/// soft break another line follows.
fn ended(mut out: Vec<u8>, after_slot: bool) -> String {
    if !after_slot && out.ends_with(SOFT) {
        out.truncate(out.len() - SOFT.len());
    }
    if after_slot || !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    String::from_utf8(out).expect("quoted-printable is ASCII")
}

/// Appends the value of a slot, encoded, for its line.
pub(super) fn value(
    part: Part,
    name: &str,
    values: &Values<'_>,
    out: &mut Vec<u8>,
) -> Result<(), LetterProblem> {
    let missing = || RenderProblem::Missing { name: name.to_owned() };
    let value = values.get(name).ok_or_else(|| LetterProblem::Template { part, problem: missing() })?;
    harmless(part, name, value, is_line_end)?;
    let mut quoted = Quoted::new(out);
    match part {
        Part::Html => quoted.html(value),
        _ => quoted.text(value),
    }
    Ok(())
}

/// Appends a part that is rendered as a whole.
pub(super) fn whole(
    part: Part,
    content: &Content,
    language: usize,
    values: &Values<'_>,
    text: &mut String,
    out: &mut Vec<u8>,
) -> Result<(), LetterProblem> {
    checked(part, content, language, values, is_line_end, text)?;
    Quoted::new(out).text(text);
    Ok(())
}

/// Renders a part into `text`, after a look at the values that go into it and before one at what came out.
pub(super) fn checked(
    part: Part,
    content: &Content,
    language: usize,
    values: &Values<'_>,
    allowed: impl Fn(char) -> bool + Copy,
    text: &mut String,
) -> Result<(), LetterProblem> {
    for name in content.names_of(language) {
        if let Some(value) = values.get(name) {
            harmless(part, name, value, allowed)?;
        }
    }
    let rendered = content.render(language, values, text);
    rendered.map_err(|problem| LetterProblem::Template { part, problem })?;
    harmless(part, &part.to_string(), text, allowed)
}

/// Control characters that a body may have: they become its own line ends, and spaces.
pub(super) fn is_line_end(character: char) -> bool {
    matches!(character, '\r' | '\n' | '\t')
}

fn harmless(
    part: Part,
    name: &str,
    value: &str,
    allowed: impl Fn(char) -> bool,
) -> Result<(), LetterProblem> {
    // Controls in UTF-8: C0, DEL, and what begins the two octets of C1. Hardly any value has one.
    if value.bytes().all(|octet| octet >= b' ' && octet != 0x7F && octet != 0xC2) {
        return Ok(());
    }
    match value.chars().find(|character| character.is_control() && !allowed(*character)) {
        None => Ok(()),
        Some(found) => Err(LetterProblem::Control { part, name: name.to_owned(), code: u32::from(found) }),
    }
}

const _: () = assert!(MARK < 0x20, "no encoded text has the mark of a slot");
