//! The letters of a campaign, compiled once per language.

use super::address::MailAddress;
use super::email::EmailText;
use super::patches::Patches;
use super::problem::{LetterProblem, MailProblem};
use super::settings::LetterSettings;
use crate::plan::Values;

/// The letters of a campaign. Shared by all who render and send them.
#[derive(Debug)]
pub struct Letters {
    languages: Vec<String>,
    names: Vec<String>,
}

/// Whom a letter is for.
#[derive(Clone, Copy, Debug)]
pub struct Addressee<'a> {
    /// Index in [`Letters::languages`].
    pub language: usize,
    /// What the templates see.
    pub values: &'a Values<'a>,
    /// Where it goes.
    pub to: &'a MailAddress,
    /// How `To` calls them.
    pub name: Option<&'a str>,
    /// The recipient's number in the campaign.
    pub ordinal: u32,
}

/// What a plan and a relay want to know of a rendered letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Octets of the whole letter, from the identity with the longest head.
    pub size: usize,
    /// Whether it can only go to a relay that offers SMTPUTF8 (RFC 6531).
    pub utf8: bool,
}

/// A rendered letter as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The subject, drill mark included.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML, if the letter has any.
    pub html: Option<String>,
}

impl Letters {
    /// Compiles the letters.
    ///
    /// # Errors
    /// Every problem of every language.
    pub fn compile(texts: &[EmailText], settings: &LetterSettings) -> Result<Self, Vec<MailProblem>> {
        let _ = (texts, settings);
        todo!()
    }

    /// The languages, in the order given.
    #[must_use]
    pub fn languages(&self) -> &[String] {
        &self.languages
    }

    /// Every name that some template may look up, sorted.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Renders a letter, signs it for each identity that `out` is for, and puts it at the end of `out`. It takes
    /// microseconds, and a signature with an RSA key most of a millisecond: a block is split over threads.
    ///
    /// # Errors
    /// [`LetterProblem`]; `out` is as before then.
    ///
    /// # Panics
    /// Where there is no such language.
    pub fn render(&self, to: &Addressee<'_>, out: &mut Patches) -> Result<Shape, LetterProblem> {
        let _ = (to, out);
        todo!()
    }

    /// What a recipient reads.
    ///
    /// # Errors
    /// As [`render`](Self::render).
    pub fn preview(&self, language: usize, values: &Values<'_>) -> Result<Preview, LetterProblem> {
        let _ = (language, values);
        todo!()
    }
}
