//! The words of the engine: channels, kinds, campaigns, blocks and gateways as plain values.

use std::fmt;

/// People in one block: large enough that a reservation costs one row per few hundred messages,
/// small enough that several campaigns of one class take turns within seconds.
pub const BLOCK_LEN: usize = 2_000;

/// A way to reach somebody. Each counts its cost in its own unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Channel {
    /// Text message over SMPP; the unit is the part.
    Sms = 0,
    /// Mail over SMTP; the unit is the message.
    Email = 1,
    /// Spoken call over SIP; the unit is the call.
    Voice = 2,
}

impl Channel {
    /// Every channel, in the order of its number.
    pub const ALL: [Channel; 3] = [Channel::Sms, Channel::Email, Channel::Voice];

    /// What a limiter of this channel counts.
    pub fn unit(self) -> &'static str {
        match self {
            Channel::Sms => "part",
            Channel::Email => "message",
            Channel::Voice => "call",
        }
    }

    /// The name used in configuration, reports and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Sms => "sms",
            Channel::Email => "email",
            Channel::Voice => "voice",
        }
    }

    /// Whether people are reached by a number, which is stored without its `+`.
    pub fn dials(self) -> bool {
        matches!(self, Channel::Sms | Channel::Voice)
    }

    /// Whether receipts come by themselves and name their attempt, as bounces do; those of others are
    /// told by the far end's id.
    pub fn receipts_name_attempts(self) -> bool {
        self == Channel::Email
    }

    /// The channel of a stored number.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a scenario is for; it decides the priority class and what becomes of the uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Danger now.
    Warning = 0,
    /// Danger that may come.
    Preventive = 1,
    /// Something people should know soon.
    News = 2,
    /// Anything else.
    Info = 3,
}

/// Priority classes: one per kind, 0 first.
pub const CLASSES: usize = 4;

impl Kind {
    /// Every kind, most urgent first.
    pub const ALL: [Kind; CLASSES] = [Kind::Warning, Kind::Preventive, Kind::News, Kind::Info];

    /// The priority class, 0 being the most urgent.
    pub fn class(self) -> usize {
        self as usize
    }

    /// The name used in configuration and reports.
    pub fn name(self) -> &'static str {
        ["warning", "preventive", "news", "info"][self as usize]
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind of a stored number.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// What becomes of an uncertain dispatch unless the scenario says otherwise: an alert must
    /// not be lost, a newsletter must not come twice.
    pub fn default_policy(self) -> Policy {
        match self {
            Kind::Warning | Kind::Preventive => Policy::Resend,
            Kind::News | Kind::Info => Policy::Hold,
        }
    }
}

/// What becomes of an attempt of which nobody knows whether it left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Policy {
    /// Send again (at most [`crate::retry::RESENDS`] times): nothing lost, duplicates named.
    Resend = 0,
    /// Leave it `uncertain`: nothing sent twice.
    Hold = 1,
}

impl Policy {
    /// The name used in configuration.
    pub fn name(self) -> &'static str {
        match self {
            Policy::Resend => "resend",
            Policy::Hold => "hold",
        }
    }

    /// The policy of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Policy::Resend, Policy::Hold].into_iter().find(|policy| policy.name() == name)
    }
}

/// The number of a campaign in its ledger, from 1 on, never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CampaignId(pub u32);

impl fmt::Display for CampaignId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a gateway in its ledger: one per name, kept for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GatewayId(pub u16);

impl GatewayId {
    /// Stored where no gateway is known or meant.
    pub const NONE: GatewayId = GatewayId(u16::MAX);
}

/// One block of one campaign on one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockKey {
    /// Whose block it is.
    pub campaign: CampaignId,
    /// On which channel.
    pub channel: Channel,
    /// Which one, from 0 on per campaign and channel.
    pub block: u32,
}

/// Where a campaign stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum CampaignState {
    /// Its blocks are being written; a crash now leaves nothing of it.
    Launching = 0,
    /// Sending, or waiting for receipts.
    Running = 1,
    /// Held by a command; its expiry goes on.
    Paused = 2,
    /// Cancelled, with answers or receipts still to come.
    Cancelling = 3,
    /// Ended by `cancel`.
    Cancelled = 4,
    /// Ended: every dispatch is in its end state.
    Done = 5,
}

impl CampaignState {
    const ALL: [CampaignState; 6] = [
        CampaignState::Launching,
        CampaignState::Running,
        CampaignState::Paused,
        CampaignState::Cancelling,
        CampaignState::Cancelled,
        CampaignState::Done,
    ];

    /// The name used in Python, on the command line and in reports.
    pub fn name(self) -> &'static str {
        ["launching", "running", "paused", "cancelling", "cancelled", "done"][self as usize]
    }

    /// The state of a stored number.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Whether nothing more will be sent or awaited.
    pub fn ended(self) -> bool {
        matches!(self, CampaignState::Cancelled | CampaignState::Done)
    }
}

/// An ordered choice of gateways for the blocks of one prefix or domain: the first healthy one sends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// The channel it serves.
    pub channel: Channel,
    /// Gateway names, most preferred first.
    pub gateways: Vec<String>,
    /// The domain of its people, where one of the gateways has a limit for it: each of them then takes
    /// from that limit as well.
    pub domain: Option<String>,
}

/// What a campaign froze at launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignRow {
    /// Its number; 0 until the ledger gave one.
    pub id: CampaignId,
    /// The launch key: the same key and hash is the same campaign.
    pub key: String,
    /// Hash over scenario, content, values, recipients and policy.
    pub hash: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Kind of the scenario.
    pub kind: Kind,
    /// What becomes of the uncertain.
    pub policy: Policy,
    /// Who launched it.
    pub by: String,
    /// Every row given, excluded ones too.
    pub people: u32,
    /// Where it stands.
    pub state: CampaignState,
    /// When launch was called, wall clock.
    pub launched_at_ms: i64,
    /// What is not sent by then ends `expired`.
    pub expires_at_ms: i64,
    /// When it ended, if it has.
    pub ended_at_ms: Option<i64>,
    /// Sequence before its first journal entry; reading its journal starts here.
    pub launched_seq: u64,
    /// The routes its blocks point to.
    pub routes: Vec<Route>,
    /// Templates, senders and plan values as the engine froze them; opaque here.
    pub frozen: String,
}

/// Route number of the blocks that hold excluded people.
pub const EXCLUDED: u16 = u16::MAX;

/// A block without its people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockMeta {
    /// Which block.
    pub key: BlockKey,
    /// Index into the campaign's routes, or [`EXCLUDED`].
    pub route: u16,
    /// Dispatches in it.
    pub len: u32,
    /// Parts, messages or calls in it.
    pub units: u32,
    /// How far into it sending may have gone.
    pub reserved: u32,
}

/// A block as the ledger stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRow {
    /// All but the people.
    pub meta: BlockMeta,
    /// The people, packed (see [`crate::block`]).
    pub data: Vec<u8>,
}
