//! What a campaign freezes at launch: content, senders and plan values, as JSON in its row.
//!
//! A campaign goes on with these whatever the configuration says later.

use bealert_core::model::Channel;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::templates::Content;
use super::values::Values;
use crate::config::ScenarioConfig;
use crate::mail::{EmailText, Unsubscribe};

/// The frozen part of a campaign with its texts compiled.
#[derive(Debug, Clone)]
pub(crate) struct Frozen {
    sms: Option<FrozenSms>,
    email: Option<FrozenEmail>,
    values: Pairs,
}

/// What SMS of a campaign are made of.
#[derive(Debug, Clone)]
pub(crate) struct FrozenSms {
    pub(crate) content: Content,
    senders: Pairs,
}

/// What letters of a campaign are made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FrozenEmail {
    /// Blocks point to a language by its place.
    pub(crate) texts: Vec<EmailText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unsubscribe: Option<Unsubscribe>,
    /// Gateway and sender.
    senders: Pairs,
}

/// Senders by gateway, as each channel sends them.
#[derive(Debug, Default)]
pub(super) struct Senders {
    /// Digits without `+` where it is a number.
    pub(super) sms: Pairs,
    /// `Name <address>`, or an address.
    pub(super) email: Pairs,
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
struct Stored {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sms: Option<StoredSms>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<FrozenEmail>,
    values: Pairs,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSms {
    /// Language and template.
    texts: Pairs,
    senders: Pairs,
}

type Pairs = Vec<(String, String)>;

impl Frozen {
    /// The JSON of a campaign.
    pub(super) fn to_json(scenario: ScenarioConfig, senders: Senders, values: Pairs) -> String {
        let ScenarioConfig { sms, email, unsubscribe, .. } = scenario;
        let Senders { sms: sms_senders, email: email_senders } = senders;
        let email =
            (!email.is_empty()).then_some(FrozenEmail { texts: email, unsubscribe, senders: email_senders });
        let sms = (!sms.is_empty()).then_some(StoredSms { texts: sms, senders: sms_senders });
        serde_json::to_string(&Stored { sms, email, values }).expect("texts and octets are JSON")
    }

    /// Reads what a campaign's row holds, and compiles the texts of its SMS.
    ///
    /// # Errors
    /// [`FrozenError`].
    pub(crate) fn from_json(text: &str) -> Result<Self, FrozenError> {
        let stored: Stored =
            serde_json::from_str(text).map_err(|error| FrozenError::Json(error.to_string()))?;
        let Stored { sms, email, values } = stored;
        if sms.is_none() && email.is_none() {
            return Err(FrozenError::Json("it has content for no channel".into()));
        }
        let sms = sms.map(FrozenSms::of).transpose()?;
        Ok(Self { sms, email, values })
    }

    /// What its SMS are made of.
    pub(crate) fn sms(&self) -> Option<&FrozenSms> {
        self.sms.as_ref()
    }

    /// What its letters are made of, once: they are compiled of it, and it may hold megabytes of attachments.
    pub(crate) fn take_email(&mut self) -> Option<FrozenEmail> {
        self.email.take()
    }

    /// The plan's values, as rendering takes them.
    pub(crate) fn values(&self) -> Vec<(&str, &str)> {
        borrowed(&self.values)
    }
}

impl FrozenSms {
    fn of(StoredSms { texts, senders }: StoredSms) -> Result<Self, FrozenError> {
        let content = Content::compile(&texts).map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            FrozenError::Texts(problems.join("; "))
        })?;
        Ok(Self { content, senders })
    }

    /// The sender through a gateway that was there when the campaign was planned.
    pub(crate) fn sender(&self, gateway: &str) -> Option<&str> {
        self.senders.iter().find(|(name, _)| name == gateway).map(|(_, sender)| sender.as_str())
    }
}

impl FrozenEmail {
    /// Gateways that were there when the campaign was planned, and who sends through them.
    pub(crate) fn senders(&self) -> &[(String, String)] {
        &self.senders
    }
}

impl Senders {
    /// Those of a channel.
    pub(super) fn of_mut(&mut self, channel: Channel) -> &mut Pairs {
        match channel {
            Channel::Email => &mut self.email,
            _ => &mut self.sms,
        }
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

    /// What earlier versions wrote, and this one still writes of SMS alone.
    const SMS: &str = r#"{"sms":{"texts":[["nl","Hallo {{ name }}"],["fr","Bonjour"]],"senders":[["a","BE-Alert"]]},"values":[["x","\"1\""]]}"#;

    fn pairs(pairs: &[(&str, &str)]) -> Pairs {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn scenario(fields: &str) -> ScenarioConfig {
        let text = format!(r#"{{"name": "s", "kind": "news", "expiry_ms": 1{fields}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn sms_alone_is_frozen_as_it_always_was_and_comes_back_in_its_order() {
        let scenario = scenario(r#", "sms": {"nl": "Hallo {{ name }}", "fr": "Bonjour"}"#);
        let senders = Senders { sms: pairs(&[("a", "BE-Alert")]), ..Senders::default() };
        let json = Frozen::to_json(scenario, senders, pairs(&[("x", "\"1\"")]));
        assert_eq!(json, SMS);
        let mut frozen = Frozen::from_json(&json).unwrap();
        assert!(frozen.take_email().is_none());
        assert_eq!(frozen.values(), [("x", "\"1\"")]);
        let sms = frozen.sms().unwrap();
        assert_eq!(sms.content.languages(), ["nl", "fr"]);
        assert_eq!((sms.sender("a"), sms.sender("b")), (Some("BE-Alert"), None));
    }

    #[test]
    fn letters_are_frozen_with_their_attachments() {
        let scenario = scenario(
            r#", "unsubscribe": {"url": "https://x.example/{{ id }}"}, "email": [
                {"language": "nl", "subject": "S", "html": "<p>T",
                 "attachments": [{"name": "a.bin", "content_type": "application/pdf", "data": "AP8="}]},
                {"language": "fr", "subject": "S", "text": "T"}]"#,
        );
        let senders = Senders { email: pairs(&[("m", "BE <a@b.example>")]), ..Senders::default() };
        let mut frozen = Frozen::from_json(&Frozen::to_json(scenario.clone(), senders, vec![])).unwrap();
        assert!(frozen.sms().is_none());
        let email = frozen.take_email().unwrap();
        assert_eq!((&email.texts, &email.unsubscribe), (&scenario.email, &scenario.unsubscribe));
        assert_eq!(email.texts[0].attachments[0].data, [0, 255]);
        assert_eq!(email.senders(), pairs(&[("m", "BE <a@b.example>")]));
    }

    #[test]
    fn what_is_none_of_ours_is_an_error() {
        assert!(matches!(Frozen::from_json("{}"), Err(FrozenError::Json(_))));
        assert!(matches!(Frozen::from_json(r#"{"values": []}"#), Err(FrozenError::Json(_))));
        let json = SMS.replace("{{ name }}", "{{ name");
        assert!(matches!(Frozen::from_json(&json), Err(FrozenError::Texts(_))));
    }
}
