//! A plan: what a scenario would do to an audience now, frozen and hashed.

use bealert_core::model::{BlockRow, Channel, Kind, Policy, Route};
use bealert_wire::text::Encoding;
use serde::{Deserialize, Serialize};

/// Everything a launch needs, and what people want to know before they launch. It was made without a side effect,
/// and may be launched by another process than the one that made it (see [`Plan::to_bytes`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Over scenario, content, values, recipients and policy; not over time or gateways.
    pub hash: String,
    /// When it was made, wall clock: a plan grows old.
    pub created_ms: i64,
    /// Name of the scenario.
    pub scenario: String,
    /// Kind of the scenario.
    pub kind: Kind,
    /// What becomes of the uncertain.
    pub policy: Policy,
    /// How long after launch a message is still worth sending.
    pub expiry_ms: i64,
    /// Everybody that was given, the excluded included.
    pub people: u32,
    /// The routes that blocks point to.
    pub routes: Vec<Route>,
    /// Of the gateways it was made for: with others it is stale.
    pub gateways_fingerprint: String,
    /// The people, packed; those of a campaign without a number yet.
    pub blocks: Vec<BlockRow>,
    /// Who is not sent to on which channel, and why; by channel, and there in the order given.
    pub excluded: Vec<Excluded>,
    /// What will not go as one would think, for people.
    pub warnings: Vec<String>,
    /// Texts, senders and plan values, for the campaign's row.
    pub frozen: String,
    /// What it does on each channel that the scenario uses.
    pub channels: Vec<ChannelPlan>,
    /// On each channel, the message of the first person who is sent to.
    pub examples: Vec<Example>,
}

/// Somebody who is not sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excluded {
    /// The host's id.
    pub id: String,
    /// On which channel.
    pub channel: Channel,
    /// Why, for people.
    pub reason: String,
}

/// What a plan does on one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelPlan {
    /// Which.
    pub channel: Channel,
    /// Those who are sent to.
    pub people: u64,
    /// Those who are not.
    pub excluded: u64,
    /// What it costs, in the unit of the channel.
    pub parts: u64,
    /// The costlier of the encodings that its SMS need.
    pub encoding: Option<Encoding>,
    /// The first character that forced it.
    pub forced_by: Option<char>,
    /// Octets of its letters, all together.
    pub octets: u64,
    /// Octets of the largest of its letters: relays have a limit (`SIZE`, RFC 1870).
    pub largest_octets: u64,
    /// How long sending takes at the rates of the gateways that are asked first; `None` where none of them has a
    /// limit of ours.
    pub duration_s: Option<f64>,
}

/// One message as it would leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// On which channel, by its name.
    pub channel: String,
    /// Whose, by the host's id.
    pub recipient: String,
    /// In which of the scenario's languages.
    pub language: String,
    /// The subject of a letter.
    pub subject: Option<String>,
    /// What they would read.
    pub text: String,
    /// How many parts it takes.
    pub parts: u8,
}

impl Plan {
    /// What it costs over all channels, in their units.
    pub fn parts(&self) -> u64 {
        self.channels.iter().map(|channel| channel.parts).sum()
    }
}

impl ChannelPlan {
    /// The encoding for people, with the character that forced it.
    pub fn encoding_text(&self) -> String {
        match (self.encoding, self.forced_by) {
            (None, _) => "UTF-8".to_owned(),
            (Some(Encoding::Gsm), _) => "GSM-7".to_owned(),
            (Some(Encoding::Ucs2), None) => "UCS-2".to_owned(),
            (Some(Encoding::Ucs2), Some(character)) => format!("UCS-2, forced by '{character}'"),
        }
    }
}
