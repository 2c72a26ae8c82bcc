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
    /// Its limit in units of its channel per second, if there is one of ours.
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
    /// The far end, and how it is spoken to.
    pub far_end: FarEndSetup,
    /// What bytes meet on their way.
    pub line: LineSetup,
}

/// A far end, and how it is spoken to: it decides the channel.
#[derive(Debug, Clone)]
pub enum FarEndSetup {
    /// Of SMS.
    Smsc(Box<SmscSetup>),
    /// Of mail.
    Relay(Box<RelaySetup>),
}

/// An SMSC, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct SmscSetup {
    /// The account and the timers of each session.
    pub esme: EsmeConfig,
    /// The SMSC.
    pub sim: SimConfig,
}

/// A mail relay, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct RelaySetup {
    /// The settings of each connection. TLS is none, or implicit, and then only counts as such: nothing is
    /// encrypted in a world.
    pub client: ClientConfig,
    /// The relay.
    pub sim: RelayConfig,
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
    /// A gateway of this name to a far end, without a limit.
    pub fn new(name: &str, far_end: FarEndSetup) -> Self {
        Self {
            name: name.to_owned(),
            sessions: 1,
            units_per_second: None,
            domains: Vec::new(),
            receipts: true,
            receipt_wait_us: 600_000_000,
            retry: RetryRules::default(),
            reconnect_max_us: 30_000_000,
            far_end,
            line: LineSetup { latency_us: 100, octets: 64 * 1024, cuts: false },
        }
    }

    /// An SMSC of this name that does everything right.
    pub fn sms(name: &str) -> Self {
        let esme = EsmeConfig { system_id: "bealert".into(), ..EsmeConfig::default() };
        let sim = SimConfig { keep_diary: true, ..SimConfig::default() };
        Self::new(name, SmscSetup { esme, sim }.into())
    }

    /// A mail relay of this name that does everything right.
    pub fn mail(name: &str) -> Self {
        let client = ClientConfig { tls: TlsMode::None, ..ClientConfig::default() };
        let sim = RelayConfig { keep_messages: true, reports: true, ..RelayConfig::default() };
        let far_end = RelaySetup { client, sim }.into();
        Self { receipts: false, retry: RetryRules::UNTIL_EXPIRY, ..Self::new(name, far_end) }
    }

    /// What it carries.
    pub fn channel(&self) -> Channel {
        match self.far_end {
            FarEndSetup::Smsc(_) => Channel::Sms,
            FarEndSetup::Relay(_) => Channel::Email,
        }
    }

    /// Its SMSC, to be changed.
    ///
    /// # Panics
    /// Where the gateway has a relay.
    pub fn smsc(&mut self) -> &mut SmscSetup {
        let FarEndSetup::Smsc(smsc) = &mut self.far_end else { panic!("{} has a relay", self.name) };
        smsc
    }

    /// Its relay, to be changed.
    ///
    /// # Panics
    /// Where the gateway has an SMSC.
    pub fn relay(&mut self) -> &mut RelaySetup {
        let FarEndSetup::Relay(relay) = &mut self.far_end else { panic!("{} has an SMSC", self.name) };
        relay
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

impl From<SmscSetup> for FarEndSetup {
    fn from(smsc: SmscSetup) -> Self {
        Self::Smsc(Box::new(smsc))
    }
}

impl From<RelaySetup> for FarEndSetup {
    fn from(relay: RelaySetup) -> Self {
        Self::Relay(Box::new(relay))
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
