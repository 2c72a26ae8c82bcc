//! The letter in one language, compiled.

use super::derived;
use super::dkim::body_hash;
use super::email::EmailText;
use super::head;
use super::html;
use super::letters::Sender;
use super::problem::{MailProblem, Part};
use super::settings::LetterSettings;
use super::slots::{Cut, Slots};
use super::template;
use super::tree;
use crate::plan::Content;

/// One language's letter: what is static of it, and what goes between.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) text: Option<Content>,
    pub(super) html: Option<Content>,
    /// What stands in front of the subject.
    pub(super) mark: &'static str,
    pub(super) cut: Cut,
    /// Parts that are blank unless a value is not.
    pub(super) blank: Vec<Part>,
    /// The hash of the body, where it is the same for everybody.
    pub(super) body_hash: Option<[u8; 32]>,
    /// How the signatures of each identity begin, one for each of its keys.
    pub(super) intros: Vec<Vec<Vec<u8>>>,
}

impl Version {
    /// Compiles a language; `subject` is that of all recipients, where it is one.
    pub(super) fn compile(
        email: &EmailText,
        subject: Option<&str>,
        domain: &str,
        settings: &LetterSettings,
    ) -> Result<Self, Vec<MailProblem>> {
        let mut problems = Vec::new();
        let language = &*email.language;
        let look = email.html.as_deref().map(html::look);
        for place in look.iter().flat_map(|look| &look.places) {
            let html::Place { line, place, advice } = *place;
            problems.push(MailProblem::Place { language: language.to_owned(), line, place, advice });
        }
        tree::check(email, look.as_ref(), &mut problems);
        if email.text.is_none() && email.html.is_none() {
            problems.push(MailProblem::Bodiless { language: language.to_owned() });
        }
        // What the HTML says; none where a picture says it all, or where there is too much of it.
        let derived = email.html.as_deref().and_then(derived::text);
        let pictures = look.as_ref().is_some_and(|look| look.pictures);
        let (said, silent) = match derived {
            Some(text) if text.is_empty() => (None, !pictures),
            said => (said, false),
        };
        let text = email.text.as_ref().or(said.as_ref());
        let document = email.html.as_ref().map(|html| {
            // One that shows nothing is found to be blank, not made a document of.
            if silent { String::new() } else { html::document(html, language) }
        });
        let mut compiled = |part, source: Option<&String>| {
            let compiled = source.map(|source| template::compile(part, language, source)).transpose();
            compiled.map_err(|more| problems.extend(more)).ok().flatten()
        };
        let text = compiled(Part::Text, text);
        let html = compiled(Part::Html, document.as_ref());
        let values_alone =
            said.filter(|_| !pictures).is_some_and(|said| template::says_values_alone(language, &said));
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut version = Self {
            text,
            html,
            mark: if settings.drill { head::drill_mark(language) } else { "" },
            cut: Slots::default().cut(b""),
            blank: Vec::from_iter(values_alone.then_some(Part::Html)),
            body_hash: None,
            intros: Vec::new(),
        };
        version.assemble(email, subject, domain, settings);
        Ok(version)
    }

    fn assemble(
        &mut self,
        email: &EmailText,
        subject: Option<&str>,
        domain: &str,
        settings: &LetterSettings,
    ) {
        let mut slots = Slots::default();
        let mut octets = head::of_language(&email.language, subject, domain, settings, &mut slots);
        let mut body = |part, content: &Option<Content>| {
            let body = content.as_ref().map(|content| template::body(part, content, &mut slots))?;
            self.blank.extend(Some(part).filter(|_| body.blank));
            Some(body.encoded)
        };
        let (text, html) = (body(Part::Text, &self.text), body(Part::Html, &self.html));
        tree::write(text.as_deref(), html.as_deref(), &email.attachments, &mut octets);
        self.cut = slots.cut(&octets);
        let octets = &self.cut.octets;
        let at = body_at(octets);
        let fixed = self.cut.segments.iter().all(|(end, _)| *end < at);
        self.body_hash = fixed.then(|| body_hash(&octets[at..]));
    }

    /// Begins the signatures of everybody who sends: the names of the headers are the same in every letter.
    pub(super) fn introduce(&mut self, senders: &[Sender], time_s: i64) {
        let head = &self.cut.octets[..body_at(&self.cut.octets)];
        let intros = senders.iter().map(|Sender { head: own, keys }| {
            let head = [own, head].concat();
            keys.iter().map(|key| key.intro(&head, time_s)).collect()
        });
        self.intros = intros.collect();
    }
}

/// Where the body of a letter begins: behind the first empty line.
pub(super) fn body_at(letter: &[u8]) -> usize {
    memchr::memmem::find(letter, b"\r\n\r\n").map_or(letter.len(), |at| at + 4)
}
