//! What letters of a campaign have in common besides their text.

use std::sync::Arc;

use bealert_core::model::Kind;

use super::dkim::DkimKey;
use super::mailbox::Mailbox;

/// Everything that letters are made with besides their content. All of it is the same on every try, so that a letter
/// which is sent twice is the same letter.
#[derive(Clone, Debug)]
pub struct LetterSettings {
    /// Warnings and preventive alerts are marked important; only news and info can be unsubscribed from.
    pub kind: Kind,
    /// Marks subject and header, so that nobody takes an exercise for the real thing.
    pub drill: bool,
    /// When the campaign was launched, wall clock: the `Date` of its letters.
    pub launched_at_ms: i64,
    /// Number of the campaign; with the ordinal and `hash_key` it makes `Message-ID`.
    pub campaign: u32,
    /// The ledger's secret ([`bealert_core::ledger::Ledger::hash_key`]).
    pub hash_key: (u64, u64),
    /// How to unsubscribe, for news and info.
    pub unsubscribe: Option<Unsubscribe>,
    /// Who sends, one for each sender that the campaign's gateways have. The domain of the first stands in
    /// `Message-ID`, through whichever gateway a letter goes.
    pub identities: Vec<Identity>,
}

/// Who letters come from, and how they prove it.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `From`.
    pub sender: Mailbox,
    /// `Reply-To`.
    pub reply_to: Option<Mailbox>,
    /// A signature for each: those of the sender's domain, in the order in which they stand in the letter.
    pub keys: Vec<Arc<DkimKey>>,
}

impl Identity {
    /// The identity of a sender with those of `keys` that can sign for its domain: of the domain itself or one above
    /// it (RFC 6376 §3.5, `d=`; RFC 7489 §3.1.1, relaxed alignment).
    #[must_use]
    pub fn new(sender: Mailbox, reply_to: Option<Mailbox>, keys: &[Arc<DkimKey>]) -> Self {
        let keys = keys.iter().filter(|key| key.signs_for(sender.address().domain())).cloned().collect();
        Self { sender, reply_to, keys }
    }
}

/// How people get no more of these letters (RFC 2369, RFC 8058).
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsubscribe {
    /// An `https:` address, a template of text and `{{ name }}` only; values are percent-encoded. With it goes
    /// `List-Unsubscribe-Post: List-Unsubscribe=One-Click`: the host unsubscribes whoever POSTs to it.
    #[serde(default)]
    pub url: Option<String>,
    /// An address that takes such wishes by mail.
    #[serde(default)]
    pub mailto: Option<String>,
}
