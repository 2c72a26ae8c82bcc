//! What a world is made of, before anything happens in it.

use bealert_core::dispatch::GatewaySpec;
use bealert_core::model::{Channel, GatewayId};
use bealert_core::retry::RetryRules;
use bealert_wire::smpp::EsmeConfig;
use bealert_wire::smtp::{ClientConfig, TlsMode};

use crate::relay::RelayConfig;
use crate::smsc::SimConfig;

/// A world before its first moment.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// What the wall clock shows at time 0.
    pub wall_ms: i64,
    /// The far ends and how they are reached.
    pub gateways: Vec<GatewaySetup>,
    /// How the ledger takes what is given to it.
    pub disk: DiskSetup,
    /// How long a block may take to be read and rendered.
    pub load_us: u64,
    /// Whether messages are kept so that [`World::messages`](super::World::messages) can tell them.
    pub keep_messages: bool,
}

/// A gateway, its far end, and the line between them.
#[derive(Debug, Clone)]
pub struct GatewaySetup {
    /// Its name in configuration and ledger.
    pub name: String,
    /// Sessions, all behind one limiter.
    pub sessions: u16,
    /// The account and the timers of each session.
    pub esme: EsmeConfig,
    /// Its limit in parts per second, if there is one of ours.
    pub units_per_second: Option<f64>,
    /// Limits per second for the people of a domain, beside that one.
    pub domains: Vec<(String, f64)>,
    /// Whether receipts are asked for.
    pub receipts: bool,
    /// How long a receipt is waited for.
    pub receipt_wait_us: u64,
    /// What follows a refusal.
    pub retry: RetryRules,
    /// Longest wait between two tries to connect.
    pub reconnect_max_us: u64,
    /// The far end.
    pub far_end: SimConfig,
    /// The relay that is there instead, if it is one: then neither `esme` nor `far_end` counts.
    pub relay: Option<RelaySetup>,
    /// What bytes meet on their way.
    pub line: LineSetup,
}

/// A mail relay, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct RelaySetup {
    /// The settings of each connection. TLS is none, or implicit, and then only counts as such: nothing is
    /// encrypted in a world.
    pub client: ClientConfig,
    /// The relay.
    pub far_end: RelayConfig,
}

/// What bytes meet on their way.
#[derive(Debug, Clone, Copy)]
pub struct LineSetup {
    /// How long they take, one way.
    pub latency_us: u64,
    /// What a connection takes before its reader has read: a write beyond it is cut.
    pub octets: usize,
    /// Whether what is read at once is cut anywhere.
    pub cuts: bool,
}

/// How the ledger takes what is given to it.
#[derive(Debug, Clone, Copy)]
pub struct DiskSetup {
    /// Shortest and longest commit.
    pub commit_us: (u64, u64),
    /// Share of the commits that stall, and how long.
    pub stalls: f64,
    /// How long a stall lasts.
    pub stall_us: u64,
    /// Share of the commits that are rolled back.
    pub rolled_back: f64,
    /// Share of the commits of which nobody knows; every second one was kept.
    pub unknown: f64,
}

impl GatewaySetup {
    /// A gateway of this name whose far end does everything right.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            sessions: 1,
            esme: EsmeConfig { system_id: "bealert".into(), ..EsmeConfig::default() },
            units_per_second: None,
            domains: Vec::new(),
            receipts: true,
            receipt_wait_us: 600_000_000,
            retry: RetryRules::default(),
            reconnect_max_us: 30_000_000,
            far_end: SimConfig { keep_diary: true, ..SimConfig::default() },
            relay: None,
            line: LineSetup { latency_us: 100, octets: 64 * 1024, cuts: false },
        }
    }

    /// A mail relay of this name that does everything right.
    pub fn mail(name: &str) -> Self {
        let client = ClientConfig { tls: TlsMode::None, ..ClientConfig::default() };
        let far_end = RelayConfig { keep_messages: true, reports: true, ..RelayConfig::default() };
        Self {
            receipts: false,
            retry: RetryRules::UNTIL_EXPIRY,
            relay: Some(RelaySetup { client, far_end }),
            ..Self::new(name)
        }
    }

    /// What it carries.
    pub fn channel(&self) -> Channel {
        if self.relay.is_some() { Channel::Email } else { Channel::Sms }
    }

    /// What the dispatcher must know of it.
    pub(super) fn spec(&self, id: GatewayId) -> GatewaySpec {
        GatewaySpec {
            id,
            name: self.name.clone(),
            channel: self.channel(),
            units_per_second: self.units_per_second,
            domains: self.domains.clone(),
            receipts: self.receipts,
            receipt_wait_us: self.receipt_wait_us,
            retry: self.retry,
        }
    }
}

impl Default for DiskSetup {
    fn default() -> Self {
        Self { commit_us: (100, 3_000), stalls: 0.0, stall_us: 0, rolled_back: 0.0, unknown: 0.0 }
    }
}

impl Setup {
    /// A world in which nothing goes wrong, with these gateways.
    pub fn calm(seed: u64, gateways: Vec<GatewaySetup>) -> Self {
        Self {
            seed,
            wall_ms: 1_800_000_000_000,
            gateways,
            disk: DiskSetup::default(),
            load_us: 2_000,
            keep_messages: false,
        }
    }
}
