//! Mail addresses: which text is one that can be sent to.

use std::borrow::Cow;

use email_address::{EmailAddress, Error, Options};
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use thiserror::Error;

/// Octets of a local part (RFC 5321 §4.5.3.1.1).
pub(super) const MAX_LOCAL: usize = 64;

/// Octets of an address: a path has 256 with its brackets (RFC 5321 §4.5.3.1.3).
const MAX_ADDRESS: usize = 254;

/// An address that can be sent to: its domain in the form that is looked up, A-labels in lower case. It has no
/// space, quote, bracket or control character, so that it can stand in a command and in a header as it is.
///
/// ```
/// use bealert_engine::mail::judge;
/// let address = judge(" An.Peeters@Bücher.Example ").unwrap();
/// assert_eq!(address.as_str(), "An.Peeters@xn--bcher-kva.example");
/// assert!(!address.utf8());
/// assert!(judge("an@localhost").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MailAddress {
    text: String,
    at: usize,
    utf8: bool,
}

/// Why a text is no address that can be sent to. It becomes the reason why a recipient is excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum AddressProblem {
    /// Nothing there.
    #[error("no e-mail address")]
    Empty,
    /// A line end or another control character: it could end a command or a header.
    #[error("not an e-mail address: it has a control character")]
    Control,
    /// No `@`.
    #[error("not an e-mail address: it has no @")]
    NoAt,
    /// Nothing before the `@`.
    #[error("not an e-mail address: nothing stands before the @")]
    NoLocal,
    /// More before the `@` than mail allows.
    #[error("not an e-mail address: more than 64 bytes stand before the @")]
    LocalTooLong,
    /// A local part in quotes: legal, hardly ever real, and read differently by every relay.
    #[error("an e-mail address with quotes can't be reached reliably: give one without")]
    Quoted,
    /// A name with it, or a second address.
    #[error("not an e-mail address alone: give one, without a name, brackets or another address")]
    NotAlone,
    /// A character or a dot that can't stand there.
    #[error("not an e-mail address: a character or dot before the @ can't stand there")]
    Local,
    /// Nothing behind the `@`.
    #[error("not an e-mail address: nothing stands behind the @")]
    NoDomain,
    /// An address in brackets instead of a name: relays refuse it (RFC 5321 §4.1.3).
    #[error("an e-mail address needs a domain name: one in numbers is not taken")]
    Literal,
    /// One label: a host of somebody's own network.
    #[error("not an e-mail address: its domain has no dot")]
    OneLabel,
    /// A dot at the end, which mail does not allow (RFC 5321 §4.1.2).
    #[error("not an e-mail address: its domain ends in a dot")]
    TrailingDot,
    /// Not a name that can be looked up.
    #[error("not an e-mail address: its domain is no domain name")]
    Domain,
    /// Too long altogether.
    #[error("not an e-mail address: longer than 254 bytes")]
    TooLong,
}

impl MailAddress {
    /// `local@domain`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the `@`, as it was given.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// The domain: A-labels, lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// Whether it can only be reached through relays that offer SMTPUTF8 (RFC 6531): its local part is not ASCII.
    #[must_use]
    pub fn utf8(&self) -> bool {
        self.utf8
    }
}

impl std::fmt::Display for MailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Judges an address. Spaces around it are not part of it; what stands before the `@` is kept as it is, and the
/// domain is mapped to A-labels (UTS 46). Quoted local parts, domains in brackets, domains of one label and a dot
/// at the end are refused, whatever the grammar says of them.
///
/// # Errors
/// [`AddressProblem`].
pub fn judge(raw: &str) -> Result<MailAddress, AddressProblem> {
    let raw = raw.trim_matches(' ');
    if raw.is_empty() {
        return Err(AddressProblem::Empty);
    }
    if raw.contains(char::is_control) {
        return Err(AddressProblem::Control);
    }
    let (local, domain) = raw.rsplit_once('@').ok_or(AddressProblem::NoAt)?;
    if local.starts_with('"') {
        return Err(AddressProblem::Quoted);
    }
    if local.contains(['<', '@', ',', ';']) {
        return Err(AddressProblem::NotAlone);
    }
    if local.contains(invisible) {
        return Err(AddressProblem::Local);
    }
    if domain.contains(invisible) {
        return Err(AddressProblem::Domain);
    }
    let domain = ascii(domain)?;
    let text = format!("{local}@{domain}");
    grammar(&text)?;
    if text.len() > MAX_ADDRESS {
        return Err(AddressProblem::TooLong);
    }
    Ok(MailAddress { at: local.len(), utf8: !local.is_ascii(), text })
}

/// The domain as it is looked up.
pub(super) fn ascii(domain: &str) -> Result<Cow<'_, str>, AddressProblem> {
    if domain.is_empty() {
        return Err(AddressProblem::NoDomain);
    }
    if domain.starts_with('[') {
        return Err(AddressProblem::Literal);
    }
    if domain.ends_with('.') {
        return Err(AddressProblem::TrailingDot);
    }
    let deny = AsciiDenyList::STD3;
    let ascii = Uts46::new().to_ascii(domain.as_bytes(), deny, Hyphens::Check, DnsLength::Verify);
    let ascii = ascii.map_err(|_| AddressProblem::Domain)?;
    let (_, top) = ascii.rsplit_once('.').ok_or(AddressProblem::OneLabel)?;
    // An IPv4 address, and what is mistyped: no top-level domain ends in a digit, unless it is an A-label.
    if !top.starts_with("xn--") && !top.ends_with(|last: char| last.is_ascii_alphabetic()) {
        return Err(AddressProblem::Domain);
    }
    Ok(ascii)
}

/// What the kept grammar says of it.
fn grammar(text: &str) -> Result<(), AddressProblem> {
    let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
    EmailAddress::parse_with_options(text, options).map(|_| ()).map_err(|error| match error {
        Error::LocalPartEmpty => AddressProblem::NoLocal,
        Error::LocalPartTooLong => AddressProblem::LocalTooLong,
        Error::DomainEmpty => AddressProblem::NoDomain,
        Error::DomainTooFew => AddressProblem::OneLabel,
        Error::DomainTooLong | Error::SubDomainEmpty | Error::SubDomainTooLong => AddressProblem::Domain,
        Error::MissingSeparator => AddressProblem::NoAt,
        _ => AddressProblem::Local,
    })
}

/// Characters beyond ASCII that nobody sees or that turn the text around them: two addresses that look the same
/// would be two.
fn invisible(character: char) -> bool {
    let code = u32::from(character);
    character.is_whitespace()
        || matches!(code, 0xAD | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xFFF0..=0xFFFD)
        || matches!(code, 0xE000..=0xF8FF | 0xF_0000..=0x10_FFFF | 0xE_0000..=0xE_0FFF)
        || code & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_as_people_write_them() {
        for (raw, expected) in [
            ("an@example.org", "an@example.org"),
            ("  An.Peeters+news@Example.ORG ", "An.Peeters+news@example.org"),
            ("o'neil_{x}!#$%&*/=?^`|~-@a-b.c-d.be", "o'neil_{x}!#$%&*/=?^`|~-@a-b.c-d.be"),
            ("an@BÜCHER.example", "an@xn--bcher-kva.example"),
            ("an@faß.de", "an@xn--fa-hia.de"),
            ("an@例え.テスト", "an@xn--r8jz45g.xn--zckzah"),
            ("an@1and1.com", "an@1and1.com"),
            ("an@1.2.3.4.be", "an@1.2.3.4.be"),
        ] {
            let address = judge(raw).unwrap_or_else(|problem| panic!("{raw}: {problem}"));
            assert_eq!((address.as_str(), address.utf8()), (expected, false), "{raw}");
            assert_eq!(format!("{}@{}", address.local(), address.domain()), expected);
        }
        let address = judge("josé@Příklad.cz").unwrap();
        assert_eq!(
            (address.local(), address.domain(), address.utf8()),
            ("josé", "xn--pklad-zsa96e.cz", true)
        );
    }

    #[test]
    fn what_is_none_says_why() {
        let long = format!("{}@example.org", "a".repeat(65));
        let longer =
            format!("{}@{}.be", "a".repeat(60), ["b".repeat(63), "b".repeat(63), "b".repeat(63)].join("."));
        let longest =
            format!("{}@{}.be", "a".repeat(64), ["b".repeat(61), "b".repeat(61), "b".repeat(61)].join("."));
        for (raw, problem) in [
            ("", AddressProblem::Empty),
            ("  ", AddressProblem::Empty),
            ("an", AddressProblem::NoAt),
            ("@example.org", AddressProblem::NoLocal),
            ("an@", AddressProblem::NoDomain),
            (&long, AddressProblem::LocalTooLong),
            ("\"an b\"@example.org", AddressProblem::Quoted),
            ("\"\"@example.org", AddressProblem::Quoted),
            ("a n@example.org", AddressProblem::Local),
            (".an@example.org", AddressProblem::Local),
            ("an.@example.org", AddressProblem::Local),
            ("a..n@example.org", AddressProblem::Local),
            ("an@bo@example.org", AddressProblem::NotAlone),
            ("an<an@example.org", AddressProblem::NotAlone),
            ("An <an@example.org>", AddressProblem::NotAlone),
            ("an@example.org, bo@example.org", AddressProblem::NotAlone),
            ("an@example.org;bo@example.org", AddressProblem::NotAlone),
            ("a\u{202E}n@example.org", AddressProblem::Local),
            ("a\u{A0}n@example.org", AddressProblem::Local),
            ("an@example.org\r\nRCPT TO:<bo@example.org>", AddressProblem::Control),
            ("an\0@example.org", AddressProblem::Control),
            ("an\u{85}@example.org", AddressProblem::Control),
            ("an@[127.0.0.1]", AddressProblem::Literal),
            ("an@[IPv6:::1]", AddressProblem::Literal),
            ("an@localhost", AddressProblem::OneLabel),
            ("an@example.org.", AddressProblem::TrailingDot),
            ("an@example..org", AddressProblem::Domain),
            ("an@.example.org", AddressProblem::Domain),
            ("an@-example.org", AddressProblem::Domain),
            ("an@exam_ple.org", AddressProblem::Domain),
            ("an@exam\u{200B}ple.org", AddressProblem::Domain),
            ("an@ab--cd.org", AddressProblem::Domain),
            ("an@exam ple.org", AddressProblem::Domain),
            ("an@127.0.0.1", AddressProblem::Domain),
            ("an@xn--a.example", AddressProblem::Domain),
            (&longer, AddressProblem::TooLong),
        ] {
            assert_eq!(judge(raw), Err(problem), "{raw:?}");
        }
        assert_eq!(longest.len(), 253);
        assert!(judge(&longest).is_ok());
    }

    proptest! {
        /// Named after point 8: nothing that is taken can end a command or a header, or stand for two addresses.
        #[test]
        fn point_8_no_address_injects(raw in "\\PC{0,20}[ \r\n\0<>\",;:@\\\\\t]{0,3}[a-z.]{0,9}(@[a-z\u{e9}.\r\n <>-]{1,20})?") {
            if let Ok(address) = judge(&raw) {
                let text = address.as_str();
                prop_assert!(!text.contains(|c: char| c.is_control() || c.is_whitespace() || "<>\",;:\\()[]".contains(c)));
                prop_assert_eq!(text.matches('@').count(), 1);
                prop_assert!(address.local().len() <= MAX_LOCAL && text.len() <= MAX_ADDRESS);
                prop_assert_eq!(judge(text), Ok(address.clone()), "judged again it is the same");
            }
        }
    }
}
