//! Rendering: what of a letter is one recipient's.

use siphasher::sip128::SipHasher24;

use super::dkim::body_hash;
use super::letters::{Addressee, Letters, Shape};
use super::patches::Patches;
use super::problem::{LetterProblem, Part};
use super::slots::Slot;
use super::version::{Version, body_at};
use super::words::{mailbox, unstructured};
use super::{head, template, verp};
use crate::plan::{Content, RenderProblem, Values};

/// Octets that all values of a letter may have once they are encoded: a queue holds thousands of letters.
const MAX_VALUES: usize = 1_024 * 1_024;

/// Octets of a letter: a value that stands in many places is kept once, and sent in each of them. What attachments and
/// texts may have together, encoded, is below it.
const MAX_LETTER: usize = 24 * 1_024 * 1_024;

/// Octets of a subject: readers show some sixty characters of it.
pub(super) const MAX_SUBJECT: usize = 998;

/// Keeps `Message-ID` apart from everything else that is made with the ledger's secret.
const DOMAIN: (u64, u64) = (0x6265_616c_6572_7420, 0x6d73_6769_6420_3120);

/// Renders a letter to the end of `out`; see [`Letters::render`].
pub(super) fn render(
    letters: &Letters,
    to: &Addressee<'_>,
    out: &mut Patches,
) -> Result<Shape, LetterProblem> {
    let before = out.mark();
    let rendered = slots(letters, to, out).and_then(|()| bounded(letters, out));
    if let Err(problem) = rendered {
        out.reset(before);
        return Err(problem);
    }
    let size = sign(letters, to.language, out);
    Ok(Shape { size, utf8: to.to.utf8() })
}

/// The subject as it is read.
pub(super) fn subject(
    letters: &Letters,
    language: usize,
    values: &Values<'_>,
    text: &mut String,
) -> Result<(), LetterProblem> {
    let part = Part::Subject;
    template::checked(part, &letters.subjects, language, values, |_| false, text)?;
    let mark = letters.versions[language].mark;
    if !mark.is_empty() {
        text.insert(0, ' ');
        text.insert_str(0, mark);
    }
    if text.len() > MAX_SUBJECT { Err(LetterProblem::TooLong { part, most: MAX_SUBJECT }) } else { Ok(()) }
}

fn slots(letters: &Letters, to: &Addressee<'_>, out: &mut Patches) -> Result<(), LetterProblem> {
    let version = &letters.versions[to.language];
    out.begin(to.language);
    let (start, mut text) = (out.octets.len(), std::mem::take(&mut out.text));
    for slot in &version.cut.slots {
        let filled = fill(letters, to, slot, &mut text, &mut out.octets);
        let long = out.octets.len() - start > MAX_VALUES;
        if filled.is_err() || long {
            out.text = text;
            filled?;
            return Err(LetterProblem::TooLong { part: part_of(slot), most: MAX_VALUES });
        }
        out.end();
    }
    out.text = text;
    blank(version, to.values)
}

fn bounded(letters: &Letters, out: &Patches) -> Result<(), LetterProblem> {
    let sizes = out.identities().iter().map(|identity| out.last(letters, *identity).size());
    if sizes.max().unwrap_or(0) > MAX_LETTER {
        return Err(LetterProblem::TooLong { part: Part::Text, most: MAX_LETTER });
    }
    Ok(())
}

fn fill(
    letters: &Letters,
    to: &Addressee<'_>,
    slot: &Slot,
    text: &mut String,
    out: &mut Vec<u8>,
) -> Result<(), LetterProblem> {
    let version = &letters.versions[to.language];
    match slot {
        Slot::To => {
            if let Some(found) =
                to.name.and_then(|name| name.chars().find(|character| character.is_control()))
            {
                return Err(LetterProblem::Name { code: u32::from(found) });
            }
            mailbox(to.name, to.to.as_str(), "To: ".len(), out);
        }
        Slot::Id => {
            text.clear();
            id(letters, to.ordinal, text);
            out.extend_from_slice(text.as_bytes());
        }
        Slot::Subject => {
            subject(letters, to.language, to.values, text)?;
            unstructured(text, "Subject: ".len(), out);
        }
        Slot::Unsubscribe => {
            let url = letters.unsubscribe.as_ref().expect("its slot is there with it");
            head::unsubscribe_url(url, to.values, out)?;
        }
        Slot::Value(part, name) => template::value(*part, name, to.values, out)?,
        Slot::Whole(part) => {
            let content = content(version, *part).expect("its slot is there with it");
            template::whole(*part, content, 0, to.values, text, out)?;
        }
    }
    Ok(())
}

/// What stands before the `@` of `Message-ID`: the same on every try, and nobody can guess those of others.
fn id(letters: &Letters, ordinal: u32, out: &mut String) {
    let mut octets = [0; 8];
    octets[..4].copy_from_slice(&letters.campaign.to_be_bytes());
    octets[4..].copy_from_slice(&ordinal.to_be_bytes());
    let key = letters.hash_key;
    let hash = SipHasher24::new_with_keys(key.0 ^ DOMAIN.0, key.1 ^ DOMAIN.1).hash(&octets);
    verp::base32(&hash.as_bytes(), out);
}

fn content(version: &Version, part: Part) -> Option<&Content> {
    if part == Part::Html { version.html.as_ref() } else { version.text.as_ref() }
}

/// A body of values alone says nothing where they are all blank.
fn blank(version: &Version, values: &Values<'_>) -> Result<(), LetterProblem> {
    let says = |part: Part| {
        let mut names = content(version, part).into_iter().flat_map(Content::names);
        names.any(|name| values.get(name).is_some_and(|value| !value.trim().is_empty()))
    };
    match version.blank.iter().find(|part| !says(**part)) {
        None => Ok(()),
        Some(part) => Err(LetterProblem::Template { part: *part, problem: RenderProblem::Blank }),
    }
}

fn part_of(slot: &Slot) -> Part {
    match slot {
        Slot::To | Slot::Id => Part::To,
        Slot::Subject => Part::Subject,
        Slot::Unsubscribe => Part::Unsubscribe,
        Slot::Value(part, _) | Slot::Whole(part) => *part,
    }
}

/// Signs the last letter for each identity. The octets of the largest.
fn sign(letters: &Letters, language: usize, out: &mut Patches) -> usize {
    let (version, mut largest, mut letter) =
        (&letters.versions[language], 0, std::mem::take(&mut out.letter));
    for at in 0..out.identities().len() {
        let identity = out.identities()[at];
        let sender = &letters.identities[identity];
        if !sender.keys.is_empty() {
            letter.clear();
            out.last(letters, identity).write(&mut letter);
            let (head, body) = letter.split_at(body_at(&letter));
            let hash = version.body_hash.unwrap_or_else(|| body_hash(body));
            for (key, intro) in sender.keys.iter().zip(&version.intros[identity]) {
                key.sign(intro, head, &hash, &mut out.octets);
                out.end();
            }
        }
        largest = largest.max(out.letter(letters, out.len() - 1, identity).size());
    }
    out.letter = letter;
    largest
}
