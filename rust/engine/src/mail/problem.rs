//! What can be wrong with a letter: as a whole when it is compiled, for one recipient when it is rendered.

use thiserror::Error;

use crate::plan::{RenderProblem, TemplateProblem};

/// What of a letter a problem is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The subject.
    Subject,
    /// The plain text.
    Text,
    /// The HTML.
    Html,
    /// The unsubscribe address.
    Unsubscribe,
    /// Whom it is to.
    To,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Html => "html",
            Self::Unsubscribe => "unsubscribe",
            Self::To => "to",
        })
    }
}

/// What is wrong with the content of an e-mail, whoever it goes to.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MailProblem {
    /// No language at all.
    #[error("there is no e-mail: give one for at least one language")]
    None,
    /// No identity that letters could come from.
    #[error("nobody sends the e-mail: configure a gateway of type smtp")]
    Nobody,
    /// A template of it.
    #[error("{part} of the e-mail: {problem}")]
    Template {
        /// Which part.
        part: Part,
        /// What is wrong.
        problem: TemplateProblem,
    },
    /// Neither text nor HTML.
    #[error("the e-mail for {language} has neither text nor html: give at least text")]
    Bodiless {
        /// Which language.
        language: String,
    },
    /// A control character in the template itself.
    #[error(
        "{part} of the e-mail for {language}, line {line}: a control character (U+{code:04X}): take it out"
    )]
    Control {
        /// Which part.
        part: Part,
        /// Which language.
        language: String,
        /// Counted from 1.
        line: usize,
        /// The character's number.
        code: u32,
    },
    /// A value where escaping can't make it harmless.
    #[error("html of the e-mail for {language}, line {line}: a value stands {place}: {advice}")]
    Place {
        /// Which language.
        language: String,
        /// Counted from 1.
        line: usize,
        /// Where it stands.
        place: &'static str,
        /// What to do instead.
        advice: &'static str,
    },
    /// A file that can't be attached.
    #[error("attachment {name:?} of the e-mail for {language}: {problem}")]
    Attachment {
        /// Which language.
        language: String,
        /// Its name.
        name: String,
        /// What is wrong, and what to do.
        problem: &'static str,
    },
    /// HTML that shows a file which is not there.
    #[error("html of the e-mail for {language} shows cid:{id}, and no attachment has this content_id")]
    NoSuchImage {
        /// Which language.
        language: String,
        /// What it refers to.
        id: String,
    },
    /// All files together are too large.
    #[error(
        "the attachments of the e-mail for {language} take {octets} bytes; at most {most} go in an e-mail"
    )]
    TooLarge {
        /// Which language.
        language: String,
        /// What they take.
        octets: usize,
        /// What may be.
        most: usize,
    },
    /// The unsubscribe address is none that may stand in the header.
    #[error("unsubscribe: {0}")]
    Unsubscribe(&'static str),
}

/// Why there is no letter for a recipient.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
pub enum LetterProblem {
    /// A template says so.
    #[error("{part}: {problem}")]
    Template {
        /// Which part.
        part: Part,
        /// What it says.
        problem: RenderProblem,
    },
    /// A value, or what a template made of it, has a control character: it could end a header or a line.
    #[error("{part}: {name:?} has a control character (U+{code:04X}): take it out of the value")]
    Control {
        /// Where it was to be put.
        part: Part,
        /// The value's name; the part's where a template did more than put values in.
        name: String,
        /// The character's number.
        code: u32,
    },
    /// The recipient's name can't stand in the header `To`.
    #[error("the name of the recipient has a control character (U+{code:04X}): take it out")]
    Name {
        /// The character's number.
        code: u32,
    },
    /// More than a part of a letter may have.
    #[error("{part}: longer than {most} bytes")]
    TooLong {
        /// Which part.
        part: Part,
        /// What may be.
        most: usize,
    },
}
