//! A plan as bytes: how it gets from the process that made it to the one that sends.
//!
//! Layout: the length of the head (4 octets, little end first), the head as JSON, then the blocks' people, one blob
//! after the other. Whatever can be told from the people themselves is not repeated in the head.

use bealert_core::block::{BlockError, people};
use bealert_core::model::{BlockKey, BlockMeta, BlockRow, CampaignId, Channel, EXCLUDED, Kind, Policy};
use bealert_wire::text::Encoding;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::finished::{ChannelPlan, Example, Excluded, Plan};
use crate::ledger::routes::StoredRoute;

/// Layout version. Both ends are mostly of one installation; where they are not, neither guesses.
const VERSION: u32 = 3;

/// Octets of the length in front.
const LENGTH: usize = 4;

/// Why bytes are no plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanBytesError {
    /// They end too early, or too much is there.
    #[error("the plan is cut short or too long")]
    Length,
    /// The head is none that this version knows.
    #[error("the plan is none of this version ({0}); make it with the version that sends")]
    Head(String),
    /// A block can't be read.
    #[error("block {block} of the plan: {error}")]
    Block {
        /// Its place.
        block: usize,
        /// What is wrong.
        error: BlockError,
    },
    /// A block is not what the head says of it.
    #[error("block {block} of the plan is not what it says")]
    Untrue {
        /// Its place.
        block: usize,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u32,
    hash: String,
    created_ms: i64,
    scenario: String,
    kind: String,
    policy: String,
    expiry_ms: i64,
    people: u32,
    routes: Vec<StoredRoute>,
    gateways_fingerprint: String,
    blocks: Vec<BlockHead>,
    warnings: Vec<String>,
    frozen: String,
    channels: Vec<ChannelHead>,
    examples: Vec<Example>,
}

#[derive(Serialize, Deserialize)]
struct BlockHead {
    channel: u8,
    block: u32,
    route: u16,
    len: u32,
    units: u32,
    octets: usize,
}

#[derive(Serialize, Deserialize)]
struct ChannelHead {
    channel: u8,
    people: u64,
    excluded: u64,
    parts: u64,
    ucs2: Option<bool>,
    forced_by: Option<char>,
    octets: u64,
    largest_octets: u64,
    duration_s: Option<f64>,
}

impl Plan {
    /// The plan as bytes, for another process of this installation.
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = serde_json::to_vec(&head(self)).expect("a head is texts and numbers");
        let length = u32::try_from(head.len()).expect("a head of 4 GB has more texts than a scenario");
        let blobs: usize = self.blocks.iter().map(|block| block.data.len()).sum();
        let mut bytes = Vec::with_capacity(LENGTH + head.len() + blobs);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&head);
        self.blocks.iter().for_each(|block| bytes.extend_from_slice(&block.data));
        bytes
    }

    /// The plan of these bytes. Every block is looked into: what is launched later can be read.
    ///
    /// # Errors
    /// [`PlanBytesError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PlanBytesError> {
        let (length, rest) = bytes.split_first_chunk::<LENGTH>().ok_or(PlanBytesError::Length)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (head, blobs) = rest.split_at_checked(length).ok_or(PlanBytesError::Length)?;
        let head: Head =
            serde_json::from_slice(head).map_err(|error| PlanBytesError::Head(error.to_string()))?;
        plan(head, blobs)
    }
}

fn head(plan: &Plan) -> Head {
    Head {
        version: VERSION,
        hash: plan.hash.clone(),
        created_ms: plan.created_ms,
        scenario: plan.scenario.clone(),
        kind: plan.kind.name().to_owned(),
        policy: plan.policy.name().to_owned(),
        expiry_ms: plan.expiry_ms,
        people: plan.people,
        routes: plan.routes.iter().map(StoredRoute::of).collect(),
        gateways_fingerprint: plan.gateways_fingerprint.clone(),
        blocks: plan.blocks.iter().map(block_head).collect(),
        warnings: plan.warnings.clone(),
        frozen: plan.frozen.clone(),
        channels: plan.channels.iter().map(channel_head).collect(),
        examples: plan.examples.clone(),
    }
}

fn block_head(BlockRow { meta, data }: &BlockRow) -> BlockHead {
    let BlockMeta { key, route, len, units, .. } = *meta;
    BlockHead { channel: key.channel as u8, block: key.block, route, len, units, octets: data.len() }
}

fn channel_head(channel: &ChannelPlan) -> ChannelHead {
    ChannelHead {
        channel: channel.channel as u8,
        people: channel.people,
        excluded: channel.excluded,
        parts: channel.parts,
        ucs2: channel.encoding.map(|encoding| encoding == Encoding::Ucs2),
        forced_by: channel.forced_by,
        octets: channel.octets,
        largest_octets: channel.largest_octets,
        duration_s: channel.duration_s,
    }
}

fn plan(head: Head, mut blobs: &[u8]) -> Result<Plan, PlanBytesError> {
    let odd = |what: &str| PlanBytesError::Head(format!("its {what} is unknown"));
    if head.version != VERSION {
        return Err(odd("layout"));
    }
    let channel = |number: u8| Channel::from_u8(number).ok_or_else(|| odd("channel"));
    let route = |stored: StoredRoute| stored.route().ok_or_else(|| odd("channel"));
    let routes = head.routes.into_iter().map(route).collect::<Result<Vec<_>, _>>()?;
    let mut plan = Plan {
        hash: head.hash,
        created_ms: head.created_ms,
        scenario: head.scenario,
        kind: Kind::from_name(&head.kind).ok_or_else(|| odd("kind"))?,
        policy: Policy::from_name(&head.policy).ok_or_else(|| odd("policy"))?,
        expiry_ms: head.expiry_ms,
        people: head.people,
        routes,
        gateways_fingerprint: head.gateways_fingerprint,
        blocks: Vec::with_capacity(head.blocks.len()),
        excluded: Vec::new(),
        warnings: head.warnings,
        frozen: head.frozen,
        channels: head
            .channels
            .into_iter()
            .map(channel_plan)
            .collect::<Option<_>>()
            .ok_or_else(|| odd("channel"))?,
        examples: head.examples,
    };
    for (at, block) in head.blocks.iter().enumerate() {
        let (data, rest) = blobs.split_at_checked(block.octets).ok_or(PlanBytesError::Length)?;
        blobs = rest;
        let row = block_row(block, channel(block.channel)?, data);
        check(&mut plan, at, &row)?;
        plan.blocks.push(row);
    }
    if blobs.is_empty() { Ok(plan) } else { Err(PlanBytesError::Length) }
}

fn channel_plan(head: ChannelHead) -> Option<ChannelPlan> {
    Some(ChannelPlan {
        channel: Channel::from_u8(head.channel)?,
        people: head.people,
        excluded: head.excluded,
        parts: head.parts,
        encoding: head.ucs2.map(|ucs2| if ucs2 { Encoding::Ucs2 } else { Encoding::Gsm }),
        forced_by: head.forced_by,
        octets: head.octets,
        largest_octets: head.largest_octets,
        duration_s: head.duration_s,
    })
}

fn block_row(head: &BlockHead, channel: Channel, data: &[u8]) -> BlockRow {
    let BlockHead { block, route, len, units, .. } = *head;
    let key = BlockKey { campaign: CampaignId(0), channel, block };
    BlockRow { meta: BlockMeta { key, route, len, units, reserved: 0 }, data: data.to_vec() }
}

/// Looks into a block, and notes who is excluded.
fn check(plan: &mut Plan, at: usize, row: &BlockRow) -> Result<(), PlanBytesError> {
    let people = people(&row.data).map_err(|error| PlanBytesError::Block { block: at, error })?;
    let BlockMeta { key, route, len, units, .. } = row.meta;
    let routed = plan.routes.get(usize::from(route)).is_some_and(|known| known.channel == key.channel);
    let found: u32 = people.iter().map(|person| u32::from(person.units)).sum();
    let known = people.iter().all(|person| person.ordinal < plan.people);
    if people.len() != len as usize || found != units || !known || (route != EXCLUDED && !routed) {
        return Err(PlanBytesError::Untrue { block: at });
    }
    if route == EXCLUDED {
        let excluded = people.iter().map(|person| Excluded {
            id: person.id.to_owned(),
            channel: key.channel,
            reason: person.reason.to_owned(),
        });
        plan.excluded.extend(excluded);
    }
    Ok(())
}
