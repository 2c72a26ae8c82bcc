//! The MIME tree of a letter.

use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::email::{Attachment, EmailText};
use super::html::Look;
use super::problem::MailProblem;

/// Octets of all files of a letter before they are encoded: many relays refuse letters of more than 10 MB, and
/// these take a third more in them.
const MAX_ATTACHMENTS: usize = 7 * 1_024 * 1_024;

/// Octets of a file that make a line of base64 (RFC 2045 §6.8).
const LINE: usize = 57;

/// Appends the body of a letter and the headers that describe it: text before HTML, which readers that can't show
/// the last of them fall back on (RFC 2046 §5.1.4), images with the HTML that shows them (RFC 2387), other files
/// behind.
pub(super) fn write(text: Option<&str>, html: Option<&str>, files: &[Attachment], out: &mut Vec<u8>) {
    let mut boundaries = 0;
    let mut multipart = |kind: &'static str, parts: Vec<MimePart<'static>>| {
        boundaries += 1;
        // `=_` is in no quoted-printable and no base64 (RFC 2045 §6.7), so that no content has a boundary.
        let boundary = format!("=_be-alert-{boundaries}");
        MimePart::new(ContentType::new(kind).attribute("boundary", boundary), parts)
    };
    let leaf = |kind: &'static str, body: &str| {
        let kind = ContentType::new(kind).attribute("charset", "utf-8");
        MimePart::new(kind, body.to_owned()).transfer_encoding("quoted-printable")
    };
    let (inline, listed): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.content_id.is_some());
    let html = html.map(|html| match leaf("text/html", html) {
        html if inline.is_empty() => html,
        html => {
            let mut parts = vec![html];
            parts.extend(inline.into_iter().map(file));
            let kind = ContentType::new("multipart/related").attribute("type", "text/html");
            let boundary = "=_be-alert-related";
            MimePart::new(kind.attribute("boundary", boundary), parts)
        }
    });
    let text = text.map(|text| leaf("text/plain", text));
    let body = match (text, html) {
        (Some(text), Some(html)) => multipart("multipart/alternative", vec![text, html]),
        (text, html) => text.or(html).expect("a letter has a body"),
    };
    let whole = if listed.is_empty() {
        body
    } else {
        let mut parts = vec![body];
        parts.extend(listed.into_iter().map(file));
        multipart("multipart/mixed", parts)
    };
    whole.write_part(out);
}

fn file(file: &Attachment) -> MimePart<'static> {
    let mut kind = ContentType::new(file.content_type.clone());
    if kind.is_text() && std::str::from_utf8(&file.data).is_ok() {
        kind = kind.attribute("charset", "utf-8");
    }
    let place = if file.content_id.is_some() { "inline" } else { "attachment" };
    let disposition = ContentType::new(place).attribute("filename", file.name.clone());
    let mut part =
        MimePart::new(kind, encoded(&file.data).into_bytes()).header("Content-Disposition", disposition);
    if let Some(id) = &file.content_id {
        part = part.header("Content-ID", Raw::new(format!("<{id}>")));
    }
    part.transfer_encoding("base64")
}

fn encoded(data: &[u8]) -> String {
    let mut out = String::with_capacity(data.len().div_ceil(LINE) * 78);
    for line in data.chunks(LINE) {
        STANDARD.encode_string(line, &mut out);
        out.push_str("\r\n");
    }
    out
}

/// Whether the files of a letter can be in it, and those that its HTML shows are there.
pub(super) fn check(text: &EmailText, look: Option<&Look>, problems: &mut Vec<MailProblem>) {
    let language = || text.language.clone();
    let images = look.map(|look| &*look.images).unwrap_or_default();
    for (at, file) in text.attachments.iter().enumerate() {
        let twice = |other: &Attachment| other.content_id.is_some() && other.content_id == file.content_id;
        let problem = file_problem(file, images).or_else(|| {
            let earlier = text.attachments[..at].iter().any(twice);
            earlier.then_some("two attachments have this content_id: give each its own")
        });
        if let Some(problem) = problem {
            let name = file.name.clone();
            problems.push(MailProblem::Attachment { language: language(), name, problem });
        }
    }
    let known = |id: &String| text.attachments.iter().any(|file| file.content_id.as_ref() == Some(id));
    for id in images.iter().filter(|id| !known(id)) {
        problems.push(MailProblem::NoSuchImage { language: language(), id: id.clone() });
    }
    let octets = text.attachments.iter().map(|file| file.data.len()).sum();
    if octets > MAX_ATTACHMENTS {
        problems.push(MailProblem::TooLarge { language: language(), octets, most: MAX_ATTACHMENTS });
    }
}

fn file_problem(file: &Attachment, images: &[String]) -> Option<&'static str> {
    let token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&octet))
    };
    let kind = file.content_type.split_once('/').filter(|(kind, subtype)| token(kind) && token(subtype));
    let id = |id: &String| id.bytes().all(|octet| octet.is_ascii_graphic() && !b"<>\"'()\\".contains(&octet));
    if file.name.trim().is_empty() || file.name.contains(|odd: char| odd.is_control() || "/\\".contains(odd))
    {
        Some("its name is none for a file: give one without a path or control characters")
    } else if file.name.contains("=?") || file.name.len() > 255 {
        Some("its name is none that readers show alike: give a simpler one")
    } else if kind.is_none_or(|(kind, _)| is_composite(kind)) {
        Some("its content_type is none of a file: give one such as \"application/pdf\"")
    } else if file.content_id.as_ref().is_some_and(|given| given.is_empty() || !id(given)) {
        Some("its content_id is none: give a short word in ASCII")
    } else if file.content_id.as_ref().is_some_and(|given| !images.contains(given)) {
        Some("no cid: in the html shows it: take content_id away or show it")
    } else {
        None
    }
}

/// Contents of these kinds are not encoded as files are (RFC 2045 §6.4).
fn is_composite(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("multipart") || kind.eq_ignore_ascii_case("message")
}
