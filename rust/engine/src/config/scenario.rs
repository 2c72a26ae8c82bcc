//! What is configured of a message.

use bealert_core::model::{Kind, Policy};
use serde::Deserialize;

use crate::mail::{EmailText, Unsubscribe};

/// A reusable message.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioConfig {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(deserialize_with = "named::kind")]
    pub kind: Kind,
    /// How long after launch a message is still worth sending.
    pub expiry_ms: i64,
    /// What becomes of the uncertain; without it the kind decides.
    #[serde(default, deserialize_with = "named::policy")]
    pub uncertain: Option<Policy>,
    /// Template per language, in the order given.
    #[serde(default, deserialize_with = "named::pairs")]
    pub sms: Vec<(String, String)>,
    /// E-mail per language, in the order given.
    #[serde(default)]
    pub email: Vec<EmailText>,
    /// How people opt out of its e-mail; only for news and info.
    #[serde(default)]
    pub unsubscribe: Option<Unsubscribe>,
}

impl ScenarioConfig {
    /// What becomes of the uncertain.
    pub fn policy(&self) -> Policy {
        self.uncertain.unwrap_or_else(|| self.kind.default_policy())
    }
}

mod named {
    use std::fmt;

    use bealert_core::model::{Kind, Policy};
    use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

    pub(super) fn kind<'de, D: Deserializer<'de>>(input: D) -> Result<Kind, D::Error> {
        let name = String::deserialize(input)?;
        Kind::from_name(&name).ok_or_else(|| D::Error::custom(format!("no kind {name:?}")))
    }

    pub(super) fn policy<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Policy>, D::Error> {
        let Some(name) = Option::<String>::deserialize(input)? else { return Ok(None) };
        match Policy::from_name(&name) {
            Some(policy) => Ok(Some(policy)),
            None => Err(D::Error::custom(format!("no policy {name:?}"))),
        }
    }

    /// A map whose order is kept: the first language is the last resort.
    pub(super) fn pairs<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<(String, String)>, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Vec<(String, String)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text per language")
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        input.deserialize_any(Pairs)
    }
}
