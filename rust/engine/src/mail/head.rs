//! The headers of a letter.

use bealert_core::model::Kind;
use mail_builder::headers::Header;
use mail_builder::headers::date::Date;

use super::address::judge;
use super::mailbox::Mailbox;
use super::problem::{LetterProblem, MailProblem, Part};
use super::settings::{Identity, LetterSettings, Unsubscribe};
use super::slots::{Slot, Slots};
use super::words::{mailbox, unstructured};
use crate::plan::{Content, Piece, RenderProblem, Values};

/// Octets of an address to unsubscribe at: it stands in a line of its own, and a line has 998 (RFC 5322 §2.1.1).
const MAX_URL: usize = 900;

/// What stands in the subject of an exercise, by language.
const DRILL: [(&str, &str); 4] =
    [("nl", "[OEFENING]"), ("fr", "[EXERCICE]"), ("de", "[ÜBUNG]"), ("en", "[EXERCISE]")];

/// The headers that depend on who sends.
pub(super) fn of_identity(identity: &Identity) -> Vec<u8> {
    let mut out = Vec::new();
    let mut header = |name: &str, who: &Mailbox| {
        out.extend_from_slice(name.as_bytes());
        mailbox(who.name(), who.address().as_str(), name.len(), &mut out);
        out.extend_from_slice(b"\r\n");
    };
    header("From: ", &identity.sender);
    identity.reply_to.iter().for_each(|reply_to| header("Reply-To: ", reply_to));
    out
}

/// All other headers but those that describe the body, with marks for slots.
pub(super) fn of_language(
    language: &str,
    subject: Option<&str>,
    domain: &str,
    settings: &LetterSettings,
    slots: &mut Slots,
) -> Vec<u8> {
    let mut out = b"Date: ".to_vec();
    Date::new(settings.launched_at_ms.div_euclid(1_000)).write_header(&mut out, "Date: ".len());
    let mut line = |text: &str| {
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(b"\r\n");
    };
    line(&format!("To: {}", slots.mark(Slot::To)));
    line(&format!("Message-ID: <{}@{domain}>", slots.mark(Slot::Id)));
    match subject {
        None => line(&format!("Subject: {}", slots.mark(Slot::Subject))),
        Some(subject) => {
            let mut header = b"Subject: ".to_vec();
            unstructured(subject, header.len(), &mut header);
            line(std::str::from_utf8(&header).expect("encoded words are ASCII"));
        }
    }
    // Nobody's absence is to answer (RFC 3834 §5); Exchange has a word of its own for it.
    line("Auto-Submitted: auto-generated");
    line("X-Auto-Response-Suppress: All");
    if matches!(settings.kind, Kind::Warning | Kind::Preventive) {
        line("Importance: high");
        line("X-Priority: 1");
    }
    if settings.drill {
        line("X-BE-Alert-Drill: yes");
    }
    if let Some(Unsubscribe { url, mailto }) = offered(settings) {
        let url = url.as_ref().map(|_| format!("<{}>", slots.mark(Slot::Unsubscribe)));
        let mailto = mailto.as_ref().map(|address| format!("<mailto:{address}?subject=unsubscribe>"));
        let ways: Vec<String> = url.iter().chain(&mailto).cloned().collect();
        line(&format!("List-Unsubscribe:\r\n {}", ways.join(",\r\n ")));
        if url.is_some() {
            line("List-Unsubscribe-Post: List-Unsubscribe=One-Click");
        }
    }
    line(&format!("Content-Language: {}", language.replace('_', "-")));
    line("MIME-Version: 1.0");
    out
}

/// How a letter of this kind can be unsubscribed from: alerts can't.
pub(super) fn offered(settings: &LetterSettings) -> Option<&Unsubscribe> {
    settings.unsubscribe.as_ref().filter(|_| matches!(settings.kind, Kind::News | Kind::Info))
}

/// What stands in front of the subject of an exercise.
pub(super) fn drill_mark(language: &str) -> &'static str {
    let primary = language.split(['-', '_']).next().unwrap_or_default();
    let known = DRILL.iter().find(|(language, _)| primary.eq_ignore_ascii_case(language));
    known.map_or("[EXERCISE]", |(_, mark)| mark)
}

/// Looks at how to unsubscribe, and compiles the address.
pub(super) fn unsubscribe(unsubscribe: &Unsubscribe) -> Result<Option<Content>, Vec<MailProblem>> {
    let bad = |why| Err(vec![MailProblem::Unsubscribe(why)]);
    if unsubscribe.url.is_none() && unsubscribe.mailto.is_none() {
        return bad("give url, mailto or both");
    }
    if let Some(mailto) = &unsubscribe.mailto
        && judge(mailto)
            .map_or(true, |address| address.utf8() || address.as_str().contains(['%', '&', '?', '#']))
    {
        return bad("mailto is no e-mail address that can stand in a link");
    }
    let Some(url) = &unsubscribe.url else { return Ok(None) };
    if !url.starts_with("https://") {
        return bad("url must begin with https:// (RFC 8058)");
    }
    let part = Part::Unsubscribe;
    let content = Content::compile(&[("url", url)]).map_err(|problems| {
        problems.into_iter().map(|problem| MailProblem::Template { part, problem }).collect::<Vec<_>>()
    })?;
    let literal = |octet: u8| octet.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&octet);
    let fine = content.pieces(0).map(|mut pieces| {
        pieces.all(|piece| match piece {
            Piece::Literal(text) => text.bytes().all(literal),
            Piece::Name(_) => true,
        })
    });
    match fine {
        Some(true) => Ok(Some(content)),
        Some(false) => bad("url has a character that none may have: percent-encode it"),
        None => bad("url can have text and {{ name }} only: values are percent-encoded"),
    }
}

/// Appends the address at which a recipient unsubscribes.
pub(super) fn unsubscribe_url(
    content: &Content,
    values: &Values<'_>,
    out: &mut Vec<u8>,
) -> Result<(), LetterProblem> {
    let (part, start) = (Part::Unsubscribe, out.len());
    for piece in content.pieces(0).into_iter().flatten() {
        match piece {
            Piece::Literal(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Name(name) => {
                let missing = || LetterProblem::Template {
                    part,
                    problem: RenderProblem::Missing { name: name.to_owned() },
                };
                percent(values.get(name).ok_or_else(missing)?, out);
            }
        }
    }
    if out.len() - start > MAX_URL { Err(LetterProblem::TooLong { part, most: MAX_URL }) } else { Ok(()) }
}

/// Appends a value as one component of an address (RFC 3986 §2.3): it can neither end it nor start another.
fn percent(value: &str, out: &mut Vec<u8>) {
    for octet in value.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            out.push(octet);
        } else {
            let hex = |digit: u8| b"0123456789ABCDEF"[usize::from(digit)];
            out.extend_from_slice(&[b'%', hex(octet >> 4), hex(octet & 15)]);
        }
    }
}
