//! The letters of a campaign, compiled once per language.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::address::MailAddress;
use super::dkim::DkimKey;
use super::email::EmailText;
use super::head;
use super::patches::Patches;
use super::problem::{LetterProblem, MailProblem, Part};
use super::render::{self, MAX_SUBJECT};
use super::settings::{Identity, LetterSettings};
use super::template;
use super::version::Version;
use crate::plan::{Content, Values};

/// The letters of a campaign. Shared by all who render and send them.
///
/// ```
/// use bealert_engine::Kind;
/// use bealert_engine::mail::{
///     Addressee, EmailText, Identity, LetterSettings, Letters, Mailbox, Patches, judge,
/// };
/// use bealert_engine::plan::Values;
/// let email = EmailText {
///     language: "nl".into(),
///     subject: "Inbraak in {{ street }}".into(),
///     text: Some("Blijf binnen.".into()),
///     ..EmailText::default()
/// };
/// let settings = LetterSettings {
///     kind: Kind::Warning,
///     drill: false,
///     launched_at_ms: 1_795_000_000_000,
///     campaign: 1,
///     hash_key: (1, 2),
///     unsubscribe: None,
///     identities: vec![Identity::new(Mailbox::parse("BE-Alert <no-reply@be-alert.be>").unwrap(), None, &[])],
/// };
/// let letters = Letters::compile(&[email], &settings).unwrap();
/// let values = Values { id: "p1", own: &[("street", "Kerkstraat")], ..Values::default() };
/// let (to, mut patches) = (judge("an@example.org").unwrap(), Patches::new(&[0]));
/// let an = Addressee { language: 0, values: &values, to: &to, name: Some("An"), ordinal: 0 };
/// letters.render(&an, &mut patches).unwrap();
/// let mut letter = Vec::new();
/// patches.letter(&letters, 0, 0).write(&mut letter);
/// let letter = String::from_utf8(letter).unwrap();
/// assert!(letter.contains("\r\nTo: An <an@example.org>\r\n"));
/// assert!(letter.contains("\r\nSubject: Inbraak in Kerkstraat\r\n"));
/// ```
#[derive(Debug)]
pub struct Letters {
    languages: Vec<String>,
    names: Vec<String>,
    pub(super) subjects: Content,
    pub(super) unsubscribe: Option<Content>,
    pub(super) versions: Vec<Version>,
    pub(super) identities: Vec<Sender>,
    pub(super) campaign: u32,
    pub(super) hash_key: (u64, u64),
}

/// An identity as letters need it.
#[derive(Debug)]
pub(super) struct Sender {
    /// The headers that tell it.
    pub(super) head: Vec<u8>,
    pub(super) keys: Vec<Arc<DkimKey>>,
}

impl Sender {
    fn of(identity: &Identity) -> Self {
        Self { head: head::of_identity(identity), keys: identity.keys.clone() }
    }
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
    /// The plain text; that of the HTML where there is no other.
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
        let sender = settings.identities.first().ok_or_else(|| vec![MailProblem::Nobody])?;
        let domain = sender.sender.address().domain();
        let mut problems = Vec::new();
        if texts.is_empty() {
            problems.push(MailProblem::None);
        }
        let unsubscribe = head::offered(settings).map(head::unsubscribe).transpose();
        let unsubscribe = unsubscribe.map_err(|more| problems.extend(more)).ok().flatten().flatten();
        let subjects = subjects(texts).map_err(|more| problems.extend(more)).ok();
        let mut letters = Self {
            languages: texts.iter().map(|email| email.language.clone()).collect(),
            names: Vec::new(),
            subjects: subjects.clone().unwrap_or_else(nothing),
            unsubscribe,
            versions: Vec::with_capacity(texts.len()),
            identities: settings.identities.iter().map(Sender::of).collect(),
            campaign: settings.campaign,
            hash_key: settings.hash_key,
        };
        for (language, email) in texts.iter().enumerate() {
            let subject = subjects.as_ref().and_then(|subjects| fixed(subjects, language, email, settings));
            match Version::compile(email, subject.as_deref(), domain, settings) {
                Ok(version) => letters.versions.push(version),
                Err(more) => problems.extend(more),
            }
        }
        let launched_at_s = settings.launched_at_ms.div_euclid(1_000);
        letters.versions.iter_mut().for_each(|version| version.introduce(&letters.identities, launched_at_s));
        letters.names = letters.looked_up();
        if problems.is_empty() { Ok(letters) } else { Err(problems) }
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
    /// microseconds, and a signature with an RSA key most of a millisecond: a block is split over threads, each with
    /// [`Patches`] of its own.
    ///
    /// # Errors
    /// [`LetterProblem`]; `out` is as before then.
    ///
    /// # Panics
    /// Where there is no such language or identity.
    pub fn render(&self, to: &Addressee<'_>, out: &mut Patches) -> Result<Shape, LetterProblem> {
        render::render(self, to, out)
    }

    /// What an identity adds to each letter of a language, in octets: its headers and signatures.
    ///
    /// # Panics
    /// Where there is no such language or identity.
    #[must_use]
    pub fn octets_of(&self, language: usize, identity: usize) -> usize {
        let Sender { head, keys } = &self.identities[identity];
        let signatures = keys.iter().zip(&self.versions[language].intros[identity]);
        head.len() + signatures.map(|(key, intro)| intro.len() + key.octets()).sum::<usize>()
    }

    /// What a recipient reads.
    ///
    /// # Errors
    /// As [`render`](Self::render).
    ///
    /// # Panics
    /// Where there is no such language.
    pub fn preview(&self, language: usize, values: &Values<'_>) -> Result<Preview, LetterProblem> {
        let version = &self.versions[language];
        let body = |part, content: &Option<Content>| {
            let mut text = String::new();
            let content = content.as_ref();
            let checked = content
                .map(|content| template::checked(part, content, 0, values, template::is_line_end, &mut text));
            checked.transpose().map(|checked| checked.map(|()| text))
        };
        let mut subject = String::new();
        render::subject(self, language, values, &mut subject)?;
        let text = body(Part::Text, &version.text)?.unwrap_or_default();
        Ok(Preview { subject, text, html: body(Part::Html, &version.html)? })
    }

    fn looked_up(&self) -> Vec<String> {
        let bodies = self.versions.iter().flat_map(|version| [&version.text, &version.html]).flatten();
        let contents = bodies.chain(&self.unsubscribe).chain([&self.subjects]);
        let names: BTreeSet<&String> = contents.flat_map(Content::names).collect();
        names.into_iter().cloned().collect()
    }
}

/// The subjects of all languages, each a line.
fn subjects(texts: &[EmailText]) -> Result<Content, Vec<MailProblem>> {
    let part = Part::Subject;
    let pairs: Vec<(&str, &str)> =
        texts.iter().map(|email| (&*email.language, email.subject.trim_end())).collect();
    let controls = pairs.iter().filter_map(|(language, subject)| {
        template::control(part, language, subject, |character| !character.is_control())
    });
    let mut problems: Vec<MailProblem> = controls.collect();
    match Content::compile(&pairs) {
        Ok(content) if problems.is_empty() => Ok(content),
        compiled => {
            let more = compiled.err().into_iter().flatten().filter(|_| !texts.is_empty());
            problems.extend(more.map(|problem| MailProblem::Template { part, problem }));
            Err(problems)
        }
    }
}

/// The subject that everybody gets, where it is one.
fn fixed(
    subjects: &Content,
    language: usize,
    email: &EmailText,
    settings: &LetterSettings,
) -> Option<String> {
    let static_text = subjects.names_of(language).is_empty() && subjects.pieces(language).is_some();
    let mut text = String::new();
    static_text.then(|| subjects.render(language, &Values::default(), &mut text).ok())??;
    let subject = if settings.drill { format!("{} {text}", head::drill_mark(&email.language)) } else { text };
    // One that is too long is refused where each is rendered.
    Some(subject).filter(|subject| subject.len() <= MAX_SUBJECT)
}

/// What stands where there is nothing to compile; problems are returned in its place.
fn nothing() -> Content {
    Content::compile(&[("en", "-")]).expect("a dash is a text")
}

#[cfg(test)]
mod tests;
