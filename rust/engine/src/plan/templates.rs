//! The texts of a scenario on one channel, one per language, compiled once and rendered for each recipient.

use std::collections::BTreeSet;

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

use super::language::fold;
use super::plain::{Piece, Plain};
use super::values::Values;

/// Work one rendering may do, in minijinja's fuel: about an instruction or 64 bytes each, so some 3 MB of text.
/// A template that loops without end is stopped by it, and the largest e-mail is far below.
const MAX_FUEL: u64 = 50_000;

/// Words of minijinja's grammar, which are no names of values. The engine's functions are looked up besides.
const GRAMMAR: [&str; 14] =
    ["true", "True", "false", "False", "none", "None", "loop", "self", "not", "and", "or", "in", "is", "if"];

/// The texts of one channel: a template for each language. Strict: a name that has no value is a problem, never
/// an empty space in an alert. Templates can read values and nothing else: no files and no other templates.
///
/// ```
/// use bealert_engine::plan::{Content, Values};
/// let content = Content::compile(&[("nl", "Inbraak in {{ street }}."), ("fr", "Cambriolage {{ street }}.")]).unwrap();
/// let values = Values { id: "p1", own: &[("street", "Kerkstraat")], ..Values::default() };
/// let mut text = String::new();
/// content.render(0, &values, &mut text).unwrap();
/// assert_eq!(text, "Inbraak in Kerkstraat.");
/// ```
#[derive(Clone, Debug)]
pub struct Content {
    templates: Environment<'static>,
    languages: Vec<String>,
    texts: Vec<Text>,
    names: Vec<String>,
    /// Whether values are escaped, which only minijinja does here.
    html: bool,
}

#[derive(Clone, Debug)]
struct Text {
    /// Set when the template is plain enough to do without minijinja.
    plain: Option<Plain>,
    /// What the template may look up: all that minijinja gets to see.
    names: Vec<String>,
}

/// What is wrong with the texts of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateProblem {
    /// No language at all.
    #[error("there is no text: give one for at least one language")]
    None,
    /// A language that is no tag such as `nl` or `nl-BE`.
    #[error("{language:?} is no language: write a tag such as \"nl\" or \"nl-BE\"")]
    Language {
        /// What stands for a language.
        language: String,
    },
    /// Two texts for one language.
    #[error("there are two texts for {language}: keep one")]
    Twice {
        /// Which.
        language: String,
    },
    /// A text without a character to show.
    #[error("the text for {language} is empty: write one, or take the language out")]
    Blank {
        /// Which.
        language: String,
    },
    /// The template cannot be read.
    #[error("the text for {language}, line {line}: {message}")]
    Syntax {
        /// Which.
        language: String,
        /// Counted from 1.
        line: usize,
        /// What minijinja says about it.
        message: String,
    },
}

/// Why there is no text for a recipient.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RenderProblem {
    /// A name the recipient and the plan have no value for.
    #[error("no value for {name:?}: add a column to the recipients or a value to the plan")]
    Missing {
        /// The name, or the expression that has no value, such as `person.street`.
        name: String,
    },
    /// Nothing is left to show.
    #[error("the text is empty")]
    Blank,
    /// The template did not end within its share of work.
    #[error("the template takes too long: simplify its loops")]
    TooMuchWork,
    /// Anything else, such as an unknown filter.
    #[error("line {line}: {message}")]
    Failed {
        /// Counted from 1.
        line: usize,
        /// What minijinja says about it.
        message: String,
    },
}

impl Content {
    /// Compiles the texts, given as pairs of language and template.
    ///
    /// # Errors
    /// Every problem of every text.
    pub fn compile<L: AsRef<str>, T: AsRef<str>>(texts: &[(L, T)]) -> Result<Self, Vec<TemplateProblem>> {
        Self::compile_as(texts, false)
    }

    /// Compiles HTML: every value is escaped, and no template can say that one is not.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub(crate) fn compile_html(language: &str, source: &str) -> Result<Self, Vec<TemplateProblem>> {
        Self::compile_as(&[(language, source)], true)
    }

    fn compile_as<L: AsRef<str>, T: AsRef<str>>(
        texts: &[(L, T)],
        html: bool,
    ) -> Result<Self, Vec<TemplateProblem>> {
        let mut content = Self {
            templates: strict(html),
            html,
            languages: Vec::with_capacity(texts.len()),
            texts: Vec::with_capacity(texts.len()),
            names: Vec::new(),
        };
        let mut problems = Vec::new();
        for (language, source) in texts {
            if let Err(problem) = content.add(language.as_ref(), source.as_ref()) {
                problems.push(problem);
            }
        }
        if texts.is_empty() {
            problems.push(TemplateProblem::None);
        }
        let names: BTreeSet<&String> = content.texts.iter().flat_map(|text| &text.names).collect();
        content.names = names.into_iter().cloned().collect();
        if problems.is_empty() { Ok(content) } else { Err(problems) }
    }

    /// The languages, in the order given: an index into them is what [`render`](Self::render) takes.
    #[must_use]
    pub fn languages(&self) -> &[String] {
        &self.languages
    }

    /// Every name that some template may look up, sorted. A recipient's other values need not be kept.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What the text of a language is made of, where that is literal text and names alone.
    pub(crate) fn pieces(&self, language: usize) -> Option<impl Iterator<Item = Piece<'_>>> {
        self.texts[language].plain.as_ref().map(Plain::pieces)
    }

    /// The names that the text of one language may look up, sorted.
    pub(crate) fn names_of(&self, language: usize) -> &[String] {
        &self.texts[language].names
    }

    /// Puts the text for a recipient into `out`, replacing what is there.
    ///
    /// # Errors
    /// See [`RenderProblem`]; `out` is empty then.
    ///
    /// # Panics
    /// When there is no language `language`, as indexing [`languages`](Self::languages) does.
    pub fn render(
        &self,
        language: usize,
        values: &Values<'_>,
        out: &mut String,
    ) -> Result<(), RenderProblem> {
        out.clear();
        let rendered = match &self.texts[language].plain {
            Some(plain) if !self.html => plain.render(values, out),
            _ => self.render_any(language, values, out),
        };
        match rendered {
            Ok(()) if out.trim().is_empty() => {
                out.clear();
                Err(RenderProblem::Blank)
            }
            Ok(()) => Ok(()),
            Err(problem) => {
                out.clear();
                Err(problem)
            }
        }
    }

    /// Renders with minijinja, whatever the template is.
    fn render_any(
        &self,
        language: usize,
        values: &Values<'_>,
        out: &mut String,
    ) -> Result<(), RenderProblem> {
        let seen = self.texts[language].names.iter();
        let seen = seen.filter_map(|name| Some((name.as_str(), values.get(name)?)));
        let text = self
            .templates
            .get_template(&self.languages[language])
            .and_then(|template| template.render(Value::from_pairs(seen)))
            .map_err(|error| render_problem(&error))?;
        out.push_str(&text);
        Ok(())
    }

    fn add(&mut self, language: &str, source: &str) -> Result<(), TemplateProblem> {
        let named = || language.to_owned();
        if !is_tag(language) {
            return Err(TemplateProblem::Language { language: named() });
        }
        if self.languages.iter().any(|other| fold(other) == fold(language)) {
            return Err(TemplateProblem::Twice { language: named() });
        }
        if source.trim().is_empty() {
            return Err(TemplateProblem::Blank { language: named() });
        }
        let syntax = |error: Error| TemplateProblem::Syntax {
            language: named(),
            line: error.line().unwrap_or(1),
            message: message(&error),
        };
        self.templates.add_template_owned(named(), source.to_owned()).map_err(syntax)?;
        let template = self.templates.get_template(language).map_err(syntax)?;
        let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        names.sort_unstable();
        let special = |name: &str| {
            GRAMMAR.contains(&name) || self.templates.globals().any(|(global, _)| global == name)
        };
        let plain = Plain::parse(source, special);
        self.languages.push(named());
        self.texts.push(Text { plain, names });
        Ok(())
    }
}

/// minijinja without loader and includes, with strict names, and with escaping for HTML alone (a short message is
/// no markup). There `safe` is no filter: it would let a value be markup.
fn strict(html: bool) -> Environment<'static> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_auto_escape_callback(move |_| if html { AutoEscape::Html } else { AutoEscape::None });
    if html {
        templates.remove_filter("safe");
    }
    templates.set_fuel(Some(MAX_FUEL));
    // Without it an error does not say which name has no value. It costs nothing until there is an error.
    templates.set_debug(true);
    templates
}

fn is_tag(language: &str) -> bool {
    let subtags = language.split(['-', '_']);
    language.starts_with(|first: char| first.is_ascii_alphabetic())
        && subtags
            .into_iter()
            .all(|subtag| !subtag.is_empty() && subtag.bytes().all(|octet| octet.is_ascii_alphanumeric()))
}

fn render_problem(error: &Error) -> RenderProblem {
    if error.kind() == ErrorKind::OutOfFuel {
        return RenderProblem::TooMuchWork;
    }
    match error.detail().and_then(undefined) {
        Some(name) => RenderProblem::Missing { name: name.to_owned() },
        None => RenderProblem::Failed { line: error.line().unwrap_or(1), message: message(error) },
    }
}

/// The name in the detail of an error: minijinja writes "`street` is undefined", behind a reason or alone.
fn undefined(detail: &str) -> Option<&str> {
    let (before, _) = detail.split_once("` is undefined")?;
    before.rsplit_once('`').map(|(_, name)| name)
}

/// What minijinja says, without the name it has for the template and without what the values were.
fn message(error: &Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

#[cfg(test)]
mod tests;
