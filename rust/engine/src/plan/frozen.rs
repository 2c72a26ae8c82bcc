//! What a campaign freezes at launch: texts, senders and plan values, as JSON in its row.
//!
//! A campaign goes on with these whatever the configuration says later.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::templates::Content;
use super::values::Values;

/// The frozen part of a campaign with its templates compiled.
#[derive(Debug, Clone)]
pub(crate) struct Frozen {
    content: Content,
    senders: Vec<(String, String)>,
    values: Vec<(String, String)>,
}

/// Why a campaign's row can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum FrozenError {
    /// It is no JSON of ours.
    #[error("what it froze can't be read: {0}")]
    Json(String),
    /// A text that compiled once does not any more.
    #[error("its texts can't be compiled: {0}")]
    Texts(String),
}

/// As it is stored. Lists of pairs keep their order: blocks point to a language by its place.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<T> {
    sms: Sms<T>,
    values: T,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sms<T> {
    /// Language and template.
    texts: T,
    /// Gateway and sender, digits without `+` where it is a number.
    senders: T,
}

type Pairs = Vec<(String, String)>;

impl Frozen {
    /// The JSON of a campaign.
    pub(super) fn to_json(texts: &Pairs, senders: &Pairs, values: &Pairs) -> String {
        let stored = Stored { sms: Sms { texts, senders }, values };
        serde_json::to_string(&stored).expect("pairs of texts are JSON")
    }

    /// Reads and compiles what a campaign's row holds.
    ///
    /// # Errors
    /// [`FrozenError`].
    pub(crate) fn from_json(text: &str) -> Result<Self, FrozenError> {
        let stored: Stored<Pairs> =
            serde_json::from_str(text).map_err(|error| FrozenError::Json(error.to_string()))?;
        let Stored { sms: Sms { texts, senders }, values } = stored;
        let content = Content::compile(&texts).map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            FrozenError::Texts(problems.join("; "))
        })?;
        Ok(Self { content, senders, values })
    }

    /// The sender through a gateway that was there when the campaign was planned.
    pub(crate) fn sender(&self, gateway: &str) -> Option<&str> {
        self.senders.iter().find(|(name, _)| name == gateway).map(|(_, sender)| sender.as_str())
    }

    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// The plan's values, as rendering takes them.
    pub(crate) fn values(&self) -> Vec<(&str, &str)> {
        borrowed(&self.values)
    }
}

/// The values of a person: what is empty is not there.
pub(crate) fn person<'a>(
    id: &'a str,
    name: &'a str,
    language: &'a str,
    own: &'a [(&'a str, &'a str)],
    plan: &'a [(&'a str, &'a str)],
) -> Values<'a> {
    let given = |text: &'a str| (!text.is_empty()).then_some(text);
    Values { id, name: given(name), language: given(language), own, plan }
}

/// Pairs as rendering takes them.
pub(super) fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Pairs {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_was_frozen_comes_back_in_its_order() {
        let texts = pairs(&[("nl", "Hallo {{ name }}"), ("fr", "Bonjour")]);
        let json = Frozen::to_json(&texts, &pairs(&[("a", "BE-Alert")]), &pairs(&[("x", "\"1\"")]));
        let frozen = Frozen::from_json(&json).unwrap();
        assert_eq!(frozen.content().languages(), ["nl", "fr"]);
        assert_eq!((frozen.sender("a"), frozen.sender("b")), (Some("BE-Alert"), None));
        assert_eq!(frozen.values(), [("x", "\"1\"")]);
    }

    #[test]
    fn what_is_none_of_ours_is_an_error() {
        assert!(matches!(Frozen::from_json("{}"), Err(FrozenError::Json(_))));
        let json = Frozen::to_json(&pairs(&[("nl", "{{ a")]), &pairs(&[]), &pairs(&[]));
        assert!(matches!(Frozen::from_json(&json), Err(FrozenError::Texts(_))));
    }
}
