//! A mailbox as people write it: `Name <addr>`.

use thiserror::Error;

use super::address::{AddressProblem, MailAddress, judge};

/// A sender: an address with the name it shows (RFC 5322 §3.4).
///
/// ```
/// use bealert_engine::mail::Mailbox;
/// let sender = Mailbox::parse("BE-Alert <no-reply@be-alert.be>").unwrap();
/// assert_eq!((sender.name(), sender.address().domain()), (Some("BE-Alert"), "be-alert.be"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mailbox {
    name: Option<String>,
    address: MailAddress,
}

/// Why a text is no mailbox that letters can come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum MailboxProblem {
    /// Its address.
    #[error(transparent)]
    Address(#[from] AddressProblem),
    /// A bracket is missing.
    #[error("write it as \"Name <address>\" or as an address alone")]
    Brackets,
    /// A quote that is not closed.
    #[error("a quote in the name is not closed")]
    Quote,
    /// A second address, most likely.
    #[error("one sender has one address: put a name with < or > into quotes")]
    Second,
    /// A line end or another control character.
    #[error("the name has a control character")]
    Control,
    /// Relays without SMTPUTF8 could send nothing at all.
    #[error("the part of a sender's address before the @ must be ASCII")]
    Utf8,
}

impl Mailbox {
    /// Reads `Name <addr>`, `"Name" <addr>`, `<addr>` or `addr`. A name needs quotes only for brackets and quotes in it.
    ///
    /// # Errors
    /// [`MailboxProblem`].
    pub fn parse(text: &str) -> Result<Self, MailboxProblem> {
        let text = text.trim_matches(' ');
        if text.contains(char::is_control) {
            return Err(MailboxProblem::Control);
        }
        let (name, address) = match text.strip_suffix('>') {
            Some(inner) => inner.rsplit_once('<').ok_or(MailboxProblem::Brackets)?,
            None if text.contains('<') => return Err(MailboxProblem::Brackets),
            None => ("", text),
        };
        let address = judge(address)?;
        if address.utf8() {
            return Err(MailboxProblem::Utf8);
        }
        let name = unquoted(name.trim_matches(' '))?;
        Ok(Self { name: Some(name).filter(|name| !name.is_empty()), address })
    }

    /// What it shows.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &MailAddress {
        &self.address
    }
}

/// A name without the quotes it may be given in (RFC 5322 §3.2.4).
fn unquoted(name: &str) -> Result<String, MailboxProblem> {
    let Some(inner) = name.strip_prefix('"') else {
        return match name.chars().find(|character| "\"<>".contains(*character)) {
            None => Ok(name.to_owned()),
            Some('"') => Err(MailboxProblem::Quote),
            Some(_) => Err(MailboxProblem::Second),
        };
    };
    let (mut text, mut characters) = (String::with_capacity(inner.len()), inner.chars());
    loop {
        match characters.next() {
            Some('\\') => text.push(characters.next().ok_or(MailboxProblem::Quote)?),
            Some('"') => break,
            Some(character) => text.push(character),
            None => return Err(MailboxProblem::Quote),
        }
    }
    if characters.next().is_none() { Ok(text) } else { Err(MailboxProblem::Quote) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_as_people_write_them() {
        for (text, name) in [
            ("an@example.org", None),
            ("<an@example.org>", None),
            ("BE-Alert <an@example.org>", Some("BE-Alert")),
            ("Stad Gent, dienst A (crisis) <an@example.org>", Some("Stad Gent, dienst A (crisis)")),
            (r#""Stad \"Gent\" <x>" <an@example.org>"#, Some(r#"Stad "Gent" <x>"#)),
            ("Préfecture d'Île <an@Example.org>", Some("Préfecture d'Île")),
        ] {
            let mailbox = Mailbox::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
            assert_eq!((mailbox.name(), mailbox.address().as_str()), (name, "an@example.org"), "{text}");
        }
    }

    #[test]
    fn what_is_none_says_why() {
        for (text, problem) in [
            ("An <an@example.org", MailboxProblem::Brackets),
            ("an@example.org>", MailboxProblem::Brackets),
            ("An an@example.org", MailboxProblem::Address(AddressProblem::Local)),
            ("\"An <an@example.org>", MailboxProblem::Quote),
            ("An \"x\" <an@example.org>", MailboxProblem::Quote),
            ("An\r\nBcc: x <an@example.org>", MailboxProblem::Control),
            ("An <josé@example.org>", MailboxProblem::Utf8),
            ("An <an@example.org>, Bo <bo@example.org>", MailboxProblem::Second),
            ("An <>", MailboxProblem::Address(AddressProblem::Empty)),
            ("", MailboxProblem::Address(AddressProblem::Empty)),
        ] {
            assert_eq!(Mailbox::parse(text), Err(problem), "{text:?}");
        }
    }
}
