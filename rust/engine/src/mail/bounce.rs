//! Reports of what became of a letter: multipart/report (RFC 6522) with delivery status (RFC 3464).

mod fields;

use mail_parser::{Message, MessageParser, MimeHeaders};
use thiserror::Error;

use super::tried;
use super::verp::{Token, Verp};
use bealert_core::dispatch::Named;
use fields::Fields;

/// Octets of a report that are read. What is longer returns a whole letter, behind all that is looked for.
const MAX_REPORT: usize = 1_024 * 1_024;

/// People that one report may be about: a letter has one, and where an alias makes more of it, not thousands.
const MAX_PEOPLE: usize = 100;

/// Content types that are read of a message: ten times those of a report with a letter and its attachments.
const MAX_TYPES: usize = 250;

/// Headers in which those who store a message note whom it was delivered to, and the one that a sender wrote.
const DELIVERED_TO: [&str; 5] = ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To"];

/// What a report says of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounced {
    /// Whose. Who is meant follows from it, never from `recipient`: a token proves no more than itself.
    pub token: Token,
    /// What was done.
    pub action: Action,
    /// Why.
    pub status: Status,
    /// The address that the reporter tried in the end, if it says so: another one where mail is forwarded.
    pub recipient: Option<String>,
    /// What the far end said, shortened, in printable ASCII.
    pub diagnostic: Option<String>,
}

/// `Action` (RFC 3464 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// It was not delivered and will not be.
    Failed,
    /// It was not delivered yet; nothing needs to be done.
    Delayed,
    /// It reached the mailbox.
    Delivered,
    /// It went on to a host that does not report.
    Relayed,
    /// It went on to several mailboxes.
    Expanded,
}

/// `Status` (RFC 3463): class, subject, detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status(pub u8, pub u16, pub u16);

impl Status {
    /// Whether there is no such mailbox: 5.1.1 and its like (RFC 3463 §3.2, RFC 7505 §4.2), but neither a full or
    /// disabled mailbox nor a refusal by policy (5.7.x), which say nothing of the next letter.
    #[must_use]
    pub fn is_dead(self) -> bool {
        matches!(self, Self(5, 1, 1 | 2 | 3 | 6 | 10))
    }

    /// The status that stands in a reason: of a bounce in front, of a relay's reply behind its code.
    #[must_use]
    pub fn in_reason(reason: &str) -> Option<Self> {
        let mut words = reason.split_ascii_whitespace();
        let first = words.next()?;
        let is_code = first.len() == 3 && first.bytes().all(|octet| octet.is_ascii_digit());
        let mut numbers = if is_code { words.next()? } else { first }.split('.');
        let status =
            Self(numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
        numbers.next().is_none().then_some(status)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(class, subject, detail) = self;
        write!(f, "{class}.{subject}.{detail}")
    }
}

/// Why a message is no report that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum NotABounce {
    /// No message, or no multipart/report with a delivery status.
    #[error("no delivery status report")]
    NoReport,
    /// Somebody's absence, a receipt of reading, or another machine's answer.
    #[error("an automatic answer")]
    AutoReply,
    /// A letter of ours, or another machine's, that came back as it was.
    #[error("a letter that was sent in a loop")]
    Loop,
    /// A report about a letter that this ledger did not send, or a forged one.
    #[error("a report without a token of this ledger")]
    NoToken,
}

impl Bounced {
    /// Whether the host should write to the mailbox no more ([`Status::is_dead`]).
    #[must_use]
    pub fn suppresses(&self) -> bool {
        self.action == Action::Failed && self.status.is_dead()
    }
}

/// Reads a message that came to a return path. `recipient` is the envelope's (RCPT TO), where it is known; a
/// message from a Maildir has it in a header. A report may be about several mailboxes of one letter.
///
/// # Errors
/// [`NotABounce`]: such messages are counted and dropped, and never answered.
pub fn read(message: &[u8], recipient: Option<&str>, verp: &Verp) -> Result<Vec<Bounced>, NotABounce> {
    let message = shallow(&message[..message.len().min(MAX_REPORT)]);
    let message = MessageParser::new().parse(message).ok_or(NotABounce::NoReport)?;
    let status = report(&message).ok_or_else(|| otherwise(&message))?;
    let mut groups = Fields::groups(status);
    let about = groups.next().ok_or(NotABounce::NoReport)?;
    let envid = about.get("Original-Envelope-Id").and_then(|envid| verp.verify(envid));
    let returned = Returned::of(&message);
    let path = recipient
        .and_then(|recipient| verp.verify(recipient))
        .or_else(|| noted(&message, verp))
        .or_else(|| address(returned.as_ref()?.header("Return-Path")?, verp));
    // The return path knows the letter, the envelope's id and the letter itself know the try too.
    let token = match (path, envid) {
        (Some(path), Some(envid)) if path.names_letter_of(envid) => envid,
        (Some(path), _) if path.attempt == Named::ANY => {
            let header = |name| returned.as_ref()?.header(name);
            tried::named(path, header, |name| verp.verify(name)).unwrap_or(path)
        }
        (Some(token), _) | (None, Some(token)) => token,
        (None, None) => return Err(NotABounce::NoToken),
    };
    // Some reporters put everything into one group.
    let people = std::iter::once(about).chain(groups).take(MAX_PEOPLE);
    let bounced: Vec<Bounced> = people.filter_map(|fields| bounced(&fields, token)).collect();
    if bounced.is_empty() { Err(NotABounce::NoReport) } else { Ok(bounced) }
}

/// The message up to where it holds too many parts, each of which may be a message within the one before: the parser
/// lets go of such a tree by recursion, and the thread that sends must not run out of stack for what a stranger wrote.
fn shallow(message: &[u8]) -> &[u8] {
    const NAME: &[u8] = b"content-type";
    let named =
        |at: &usize| message[*at..].get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME));
    let end = memchr::memchr2_iter(b'c', b'C', message).filter(named).nth(MAX_TYPES);
    &message[..end.unwrap_or(message.len())]
}

/// The delivery status of a report (RFC 3464, RFC 6533).
fn report<'a>(message: &'a Message<'_>) -> Option<&'a [u8]> {
    let kind = message.content_type()?;
    if !kind.ctype().eq_ignore_ascii_case("multipart") || !is(kind.subtype(), &["report"]) {
        return None;
    }
    let status = message.parts.iter().find(|part| {
        part.content_type().is_some_and(|kind| {
            kind.ctype().eq_ignore_ascii_case("message")
                && is(kind.subtype(), &["delivery-status", "global-delivery-status"])
        })
    })?;
    Some(status.contents())
}

/// What a message is that is no report.
fn otherwise(message: &Message<'_>) -> NotABounce {
    let header = |name: &'static str| message.header_raw(name).unwrap_or_default().trim();
    let submitted = header("Auto-Submitted");
    let subtype = message.content_type().and_then(|kind| kind.subtype());
    let kind = message.content_type().and_then(|kind| kind.attribute("report-type"));
    // RFC 3834 §5, RFC 8098, and what absence notes have without a standard.
    if submitted.to_ascii_lowercase().starts_with("auto-replied")
        || is(kind, &["disposition-notification"])
        || is(subtype, &["disposition-notification"])
        || ["X-Autoreply", "X-Autorespond", "X-Autoresponse"].iter().any(|name| !header(name).is_empty())
        || is(Some(header("Precedence")), &["auto_reply"])
    {
        NotABounce::AutoReply
    } else if submitted.to_ascii_lowercase().starts_with("auto-generated") {
        NotABounce::Loop
    } else {
        NotABounce::NoReport
    }
}

/// The token in a header that says whom a message was delivered to.
fn noted(message: &Message<'_>, verp: &Verp) -> Option<Token> {
    let headers = message.headers_raw();
    let noted = headers.filter(|(name, _)| is(Some(name), &DELIVERED_TO));
    noted.filter_map(|(_, value)| address(value, verp)).next()
}

/// The letter that a report returns, or its headers.
enum Returned<'a> {
    Letter(&'a Message<'a>),
    Headers(Fields<'a>),
}

impl<'a> Returned<'a> {
    fn of(message: &'a Message<'_>) -> Option<Self> {
        let part = message.parts.iter().find(|part| {
            let kind = part.content_type();
            kind.is_some_and(|kind| {
                is(kind.subtype(), &["rfc822", "rfc822-headers", "global", "global-headers"])
            })
        })?;
        match part.message() {
            Some(letter) => Some(Self::Letter(letter)),
            None => Fields::groups(part.contents()).next().map(Self::Headers),
        }
    }

    fn header(&self, name: &'static str) -> Option<&str> {
        match self {
            Self::Letter(letter) => letter.header_raw(name),
            Self::Headers(fields) => fields.get(name),
        }
    }
}

fn address(value: &str, verp: &Verp) -> Option<Token> {
    verp.verify(value.trim().trim_start_matches('<').trim_end_matches('>'))
}

/// What a group of fields says of a mailbox (RFC 3464 §2.3), if it says anything.
fn bounced(fields: &Fields<'_>, token: Token) -> Option<Bounced> {
    let action = match fields.get("Action")?.trim().to_ascii_lowercase().as_str() {
        "failed" => Action::Failed,
        "delayed" => Action::Delayed,
        "delivered" => Action::Delivered,
        "relayed" => Action::Relayed,
        "expanded" => Action::Expanded,
        _ => return None,
    };
    let diagnostic = fields.get("Diagnostic-Code").map(fields::said).filter(|said| !said.is_empty());
    let recipient = fields.get("Final-Recipient").or_else(|| fields.get("Original-Recipient"));
    let status = status(action, fields.get("Status"), diagnostic.as_deref());
    let recipient = recipient.map(fields::typed).filter(|address| !address.is_empty());
    Some(Bounced { token, action, status, recipient, diagnostic })
}

/// The status as far as it is told: where the reporter's own says nothing but its class, that of the far end.
fn status(action: Action, given: Option<&str>, diagnostic: Option<&str>) -> Status {
    let class = match action {
        Action::Failed => 5,
        Action::Delayed => 4,
        Action::Delivered | Action::Relayed | Action::Expanded => 2,
    };
    let given = given.and_then(|text| fields::enhanced(text.trim())).filter(|status| status.0 == class);
    let given = given.unwrap_or(Status(class, 0, 0));
    if given.1 != 0 {
        return given;
    }
    // As in `550 5.1.1 ..` and, where a reply has several lines, `550-5.1.1 ..`.
    let mut words = diagnostic.unwrap_or_default().split([' ', '-']).take(3);
    words
        .find_map(|word| fields::enhanced(word.trim_start_matches('#')))
        .filter(|said| said.0 == class)
        .unwrap_or(given)
}

fn is(text: Option<&str>, words: &[&str]) -> bool {
    text.is_some_and(|text| words.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests;
