//! What MAIL and RCPT say besides their path (RFC 5321 §4.1.1.11, and the extensions).

use super::command::CommandError;
use super::path;
use crate::smtp::{BodyKind, Notify, read_xtext};

/// What MAIL said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailFrom<'a> {
    /// The reverse-path without its brackets; empty for `<>`.
    pub sender: &'a str,
    /// SIZE, in octets (RFC 1870).
    pub size: Option<u64>,
    /// BODY (RFC 6152).
    pub body: Option<BodyKind>,
    /// SMTPUTF8 (RFC 6531).
    pub utf8: bool,
    /// RET (RFC 3461 §4.3): whether a report returns the whole message.
    pub returns_full: Option<bool>,
    /// ENVID, still in xtext (RFC 3461 §4.4).
    pub envid: Option<&'a str>,
    /// MT-PRIORITY (RFC 6710).
    pub priority: Option<i8>,
    /// BY, in seconds (RFC 2852); negative when it is too late already.
    pub deliver_by_s: Option<i64>,
    /// AUTH, still in xtext (RFC 4954 §5).
    pub auth: Option<&'a str>,
    /// REQUIRETLS (RFC 8689).
    pub require_tls: bool,
}

/// What RCPT said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RcptTo<'a> {
    /// The forward-path without its brackets.
    pub recipient: &'a str,
    /// NOTIFY (RFC 3461 §4.1).
    pub notify: Notify,
    /// ORCPT, still in xtext behind its type (RFC 3461 §4.2).
    pub orcpt: Option<&'a str>,
}

/// The longest ENVID (RFC 3461 §4.4).
const MAX_ENVID_OCTETS: usize = 100;

/// The longest ORCPT (RFC 3461 §4.2).
const MAX_ORCPT_OCTETS: usize = 500;

/// Reads what follows `MAIL FROM:`.
pub(super) fn mail(text: &str) -> Result<MailFrom<'_>, CommandError> {
    let (sender, rest) = path::split(text).ok_or(CommandError::Path)?;
    if !sender.is_empty() && !sender.contains('@') {
        return Err(CommandError::Path);
    }
    let mut mail = MailFrom { sender, ..MailFrom::default() };
    let mut seen = Seen::default();
    for word in words(rest)? {
        let (keyword, value) = parameter(word)?;
        let known = match_known(keyword, &MAIL_KEYWORDS).ok_or(CommandError::Parameter)?;
        seen.once(known)?;
        match (known, value) {
            (0, Some(value)) => mail.size = Some(digits(value)?),
            (1, Some(value)) => mail.body = Some(declared_body(value)?),
            (2, None) => mail.utf8 = true,
            (3, Some(value)) => mail.returns_full = Some(full_or_headers(value)?),
            (4, Some(value)) if value.len() <= MAX_ENVID_OCTETS => mail.envid = Some(xtext(value)?),
            (5, Some(value)) => mail.priority = Some(priority(value)?),
            (6, Some(value)) => mail.deliver_by_s = Some(deliver_by(value)?),
            (7, Some("<>")) => mail.auth = Some("<>"),
            (7, Some(value)) => mail.auth = Some(xtext(value)?),
            (8, None) => mail.require_tls = true,
            _ => return Err(CommandError::Arguments),
        }
    }
    Ok(mail)
}

const MAIL_KEYWORDS: [&str; 9] =
    ["SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "MT-PRIORITY", "BY", "AUTH", "REQUIRETLS"];

/// Reads what follows `RCPT TO:`.
pub(super) fn rcpt(text: &str) -> Result<RcptTo<'_>, CommandError> {
    let (recipient, rest) = path::split(text).ok_or(CommandError::Path)?;
    if recipient.is_empty() {
        return Err(CommandError::Path);
    }
    let mut rcpt = RcptTo { recipient, ..RcptTo::default() };
    let mut seen = Seen::default();
    for word in words(rest)? {
        let (keyword, value) = parameter(word)?;
        let known = match_known(keyword, &["NOTIFY", "ORCPT"]).ok_or(CommandError::Parameter)?;
        seen.once(known)?;
        match (known, value) {
            (0, Some(value)) => rcpt.notify = notify(value)?,
            (1, Some(value)) if value.len() <= MAX_ORCPT_OCTETS => {
                let (kind, address) = value.split_once(';').ok_or(CommandError::Arguments)?;
                if kind.is_empty() || address.is_empty() {
                    return Err(CommandError::Arguments);
                }
                rcpt.orcpt = Some(value);
            }
            _ => return Err(CommandError::Arguments),
        }
    }
    Ok(rcpt)
}

/// The words behind a path, each after exactly one space, as the grammar has them; spaces at the end are let pass
/// (RFC 5321 §4.1.1).
fn words(rest: &str) -> Result<impl Iterator<Item = &str>, CommandError> {
    let rest = rest.trim_end_matches(' ');
    if !rest.is_empty() && !rest.starts_with(' ') {
        return Err(CommandError::Path);
    }
    Ok(rest.split(' ').skip(1))
}

/// `keyword` or `keyword=value` (RFC 5321 §4.1.2, esmtp-param).
fn parameter(word: &str) -> Result<(&str, Option<&str>), CommandError> {
    let (keyword, value) = match word.split_once('=') {
        Some((keyword, value)) => (keyword, Some(value)),
        None => (word, None),
    };
    let is_keyword = keyword.starts_with(|first: char| first.is_ascii_alphanumeric())
        && keyword.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    let is_value = |value: &str| !value.is_empty() && value.bytes().all(|octet| octet > 32 && octet != 127);
    if is_keyword && value.is_none_or(is_value) { Ok((keyword, value)) } else { Err(CommandError::Arguments) }
}

fn match_known(keyword: &str, known: &[&str]) -> Option<usize> {
    known.iter().position(|known| known.eq_ignore_ascii_case(keyword))
}

/// Which keywords came: none may come twice.
#[derive(Default)]
struct Seen(u16);

impl Seen {
    fn once(&mut self, keyword: usize) -> Result<(), CommandError> {
        let bit = 1 << keyword;
        let before = self.0;
        self.0 |= bit;
        if before & bit == 0 { Ok(()) } else { Err(CommandError::Arguments) }
    }
}

/// At most 20 digits (RFC 1870 §5).
fn digits(value: &str) -> Result<u64, CommandError> {
    let plain = value.bytes().all(|octet| octet.is_ascii_digit());
    value.parse().ok().filter(|_| plain).ok_or(CommandError::Arguments)
}

fn declared_body(value: &str) -> Result<BodyKind, CommandError> {
    match match_known(value, &["7BIT", "8BITMIME"]) {
        Some(0) => Ok(BodyKind::SevenBit),
        Some(_) => Ok(BodyKind::EightBit),
        // BINARYMIME and what else there may be is an extension of its own (RFC 3030 §3)
        None => Err(CommandError::Parameter),
    }
}

fn full_or_headers(value: &str) -> Result<bool, CommandError> {
    match_known(value, &["HDRS", "FULL"]).map(|found| found == 1).ok_or(CommandError::Arguments)
}

/// -9 to 9 (RFC 6710 §4.1).
fn priority(value: &str) -> Result<i8, CommandError> {
    let plain = value.strip_prefix('-').unwrap_or(value).len() == 1;
    value.parse().ok().filter(|_| plain && value != "-0").ok_or(CommandError::Arguments)
}

/// Seconds of at most nine digits, `;`, R or N, and a T where it is to be traced (RFC 2852 §4).
fn deliver_by(value: &str) -> Result<i64, CommandError> {
    let (seconds, mode) = value.split_once(';').ok_or(CommandError::Arguments)?;
    let known = ["R", "N", "RT", "NT"];
    let digits = seconds.strip_prefix('-').unwrap_or(seconds);
    let plain = (1..=9).contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit());
    let seconds: i64 = seconds.parse().ok().filter(|_| plain).ok_or(CommandError::Arguments)?;
    let mode = match_known(mode, &known).ok_or(CommandError::Arguments)?;
    // "return it when it is late" says when: not at once (RFC 2852 §4)
    if known[mode].starts_with('R') && seconds <= 0 { Err(CommandError::Arguments) } else { Ok(seconds) }
}

/// NEVER alone, or others, each once (RFC 3461 §4.1).
fn notify(value: &str) -> Result<Notify, CommandError> {
    if value.eq_ignore_ascii_case("NEVER") {
        return Ok(Notify::Never);
    }
    let mut on = [false; 3];
    for word in value.split(',') {
        let known = match_known(word, &["SUCCESS", "FAILURE", "DELAY"]).ok_or(CommandError::Arguments)?;
        if std::mem::replace(&mut on[known], true) {
            return Err(CommandError::Arguments);
        }
    }
    let [success, failure, delay] = on;
    Ok(Notify::On { success, failure, delay })
}

/// Lets xtext pass (RFC 3461 §4).
fn xtext(value: &str) -> Result<&str, CommandError> {
    read_xtext(value.as_bytes()).map(|_| value).ok_or(CommandError::Arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_of_mail_arrives() {
        let said = mail(
            "<a@b.example> SIZE=4096 body=8bitmime SMTPUTF8 RET=HDRS ENVID=c1+2Bx MT-PRIORITY=-4 BY=120;NT AUTH=<> \
             REQUIRETLS",
        )
        .unwrap();
        let wanted = MailFrom {
            sender: "a@b.example",
            size: Some(4096),
            body: Some(BodyKind::EightBit),
            utf8: true,
            returns_full: Some(false),
            envid: Some("c1+2Bx"),
            priority: Some(-4),
            deliver_by_s: Some(120),
            auth: Some("<>"),
            require_tls: true,
        };
        assert_eq!(said, wanted);
    }

    #[test]
    fn every_parameter_of_rcpt_arrives() {
        let said = rcpt("<a@b.example> NOTIFY=success,FAILURE ORCPT=rfc822;a@b.example").unwrap();
        assert_eq!(said.notify, Notify::On { success: true, failure: true, delay: false });
        assert_eq!(said.orcpt, Some("rfc822;a@b.example"));
        assert_eq!(rcpt("<a@b.example> NOTIFY=NEVER").unwrap().notify, Notify::Never);
    }

    #[test]
    fn what_the_grammar_does_not_allow_is_told_apart() {
        use CommandError::{Arguments, Parameter, Path};
        for (text, problem) in [
            ("<a>", Path),
            ("<Postmaster>", Path),
            ("<a@b>SIZE=1", Path),
            ("<a@b> COLOUR=red", Parameter),
            ("<a@b> BODY=BINARYMIME", Parameter),
            ("<a@b> SIZE=1 SIZE=2", Arguments),
            ("<a@b>  SIZE=1", Arguments),
            ("<a@b> SIZE=", Arguments),
            ("<a@b> SIZE", Arguments),
            ("<a@b> SIZE=+1", Arguments),
            ("<a@b> SMTPUTF8=1", Arguments),
            ("<a@b> ENVID=a+zz", Arguments),
            ("<a@b> MT-PRIORITY=10", Arguments),
            ("<a@b> BY=0;R", Arguments),
            ("<a@b> BY=5", Arguments),
            ("<a@b> RET=SOME", Arguments),
            ("<a@b> =1", Arguments),
        ] {
            assert_eq!(mail(text), Err(problem), "{text}");
        }
        assert_eq!(mail(&format!("<a@b> ENVID={}", "e".repeat(101))), Err(Arguments));
        for (text, problem) in [
            ("<>", Path),
            ("<a@b> NOTIFY=NEVER,SUCCESS", Arguments),
            ("<a@b> NOTIFY=DELAY,DELAY", Arguments),
            ("<a@b> ORCPT=a@b", Arguments),
            ("<a@b> SIZE=1", Parameter),
        ] {
            assert_eq!(rcpt(text), Err(problem), "{text}");
        }
    }
}
