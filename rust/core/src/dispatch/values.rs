//! What goes into the dispatcher and what comes out of it, as plain values.

use std::sync::Arc;

use siphasher::sip::SipHasher13;
use siphasher::sip128;
use thiserror::Error;

use crate::block::Person;
use crate::model::{BlockKey, BlockMeta, CampaignId, CampaignRow, CampaignState, Channel, GatewayId};
use crate::outcome::Step;
use crate::retry::{Refusal, RetryRules};
use crate::tally::Tally;

/// What a dispatcher starts from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The moment of the start.
    pub now_us: u64,
    /// The wall clock at that moment, not below the ledger's last `at_ms`; read once.
    pub wall_ms: i64,
    /// The ledger's highest sequence.
    pub last_seq: u64,
    /// Secret of the ledger ([`crate::ledger::Ledger::hash_key`]): far ends must not be able to choose
    /// ids that collide.
    pub hash_key: (u64, u64),
}

/// What the dispatcher must know of a gateway.
#[derive(Debug, Clone)]
pub struct GatewaySpec {
    /// Its number in the ledger.
    pub id: GatewayId,
    /// Its name in the configuration.
    pub name: String,
    /// The channel it serves.
    pub channel: Channel,
    /// Its limit in parts, messages or calls per second; `None`: no limit of ours.
    pub units_per_second: Option<f64>,
    /// Limits per second for the people of a domain, beside that one.
    pub domains: Vec<(String, f64)>,
    /// Whether receipts are asked for.
    pub receipts: bool,
    /// How long a receipt is waited for, from the response on.
    pub receipt_wait_us: u64,
    /// What follows a refusal.
    pub retry: RetryRules,
}

/// Hashes addresses and remote ids with the secret of the ledger.
#[derive(Debug, Clone, Copy)]
pub struct AddressHash(pub(super) (u64, u64));

impl AddressHash {
    /// The hash of an address as a block or a receipt holds it; a leading `+` or `00` is ignored,
    /// since far ends write numbers in their own way.
    pub fn of(self, address: &str) -> u64 {
        let bare = address.trim_start_matches('+');
        self.hash(0, bare.strip_prefix("00").unwrap_or(bare).as_bytes())
    }

    /// Tells this hash from another: what is stored under one can't be found under the other.
    pub(crate) fn fingerprint(self) -> u64 {
        self.hash(0x3_0000, b"fingerprint")
    }

    pub(crate) fn hash(self, salt: u64, bytes: &[u8]) -> u64 {
        SipHasher13::new_with_keys(self.0.0, self.0.1 ^ salt).hash(bytes)
    }

    /// Two hashes for little more than the price of one.
    pub(crate) fn both(self, salt: u64, bytes: &[u8]) -> (u64, u64) {
        let both = sip128::SipHasher13::new_with_keys(self.0.0, self.0.1 ^ salt).hash(bytes);
        (both.h1, both.h2)
    }
}

/// What the dispatcher holds of a block while it is being sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entries {
    /// The person's index in the campaign, per dispatch.
    pub ordinals: Vec<u32>,
    /// Parts, messages or calls, per dispatch; at least 1.
    pub units: Vec<u8>,
    /// [`AddressHash`] of the address, per dispatch.
    pub addresses: Vec<u64>,
}

impl Entries {
    /// The entries of these people.
    pub fn of(people: &[Person<'_>], hash: AddressHash) -> Self {
        Self {
            ordinals: people.iter().map(|person| person.ordinal).collect(),
            units: people.iter().map(|person| person.units.max(1)).collect(),
            addresses: people.iter().map(|person| hash.of(person.address)).collect(),
        }
    }
}

/// A campaign whose blocks are written and that is now to run.
#[derive(Debug)]
pub struct Launch {
    /// As the ledger has it.
    pub row: CampaignRow,
    /// Every block, excluded ones too.
    pub blocks: Vec<BlockMeta>,
    /// The first blocks of each route, so that the launch itself carries the first reservation.
    pub loaded: Vec<(BlockKey, Arc<Entries>)>,
    /// The excluded: their channel and index.
    pub excluded: Vec<(Channel, u32)>,
}

/// One part to be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handout {
    /// Names it in [`Dispatcher::answered`].
    pub token: u64,
    /// Through which gateway.
    pub gateway: GatewayId,
    /// Its block.
    pub key: BlockKey,
    /// Its place in the block.
    pub index: u32,
    /// Which part, from 0 on.
    pub part: u8,
    /// Of how many.
    pub parts: u8,
    /// Which try, from 1 on.
    pub attempt: u8,
}

/// What a session with room may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Send this and ask again.
    Send(Handout),
    /// Nothing may go before this time (limiter, throttled gateway).
    Wait(u64),
    /// Nothing to send until something changes.
    Idle,
}

/// What became of a handed-out part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The far end took it, under this id (empty if it gave none).
    Accepted {
        /// The far end's id.
        remote: &'a str,
    },
    /// The far end refused it.
    Refused {
        /// What that means.
        refusal: Refusal,
        /// For people.
        detail: &'a str,
    },
    /// No answer in time. It may still come; `Lost` follows when the session ends without one.
    TimedOut,
    /// The session ended without an answer.
    Lost,
    /// The session ended before any byte of it was written.
    Unsent,
}

/// The attempt that a receipt names itself, as the token in the address of a bounce does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Named {
    /// Whose campaign.
    pub campaign: CampaignId,
    /// On which channel.
    pub channel: Channel,
    /// Which person of the campaign.
    pub ordinal: u32,
    /// Which try, from 1 on, or [`Named::ANY`].
    pub attempt: u8,
}

impl Named {
    /// The attempt of a receipt that knows the message and not the try: each try has the same return path, so that
    /// a far end that greylists sees the same sender again (RFC 6647 §2). It is about the one that can have left.
    pub const ANY: u8 = 0;
}

/// What a receipt tells of the attempt that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<'a> {
    /// [`Step::Delivered`], [`Step::Failed`], or [`Step::Accepted`] where it went on to somebody who tells
    /// nothing (`relayed`).
    pub step: Step,
    /// The far end's code and words, for people.
    pub detail: &'a str,
}

/// A final receipt from a far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt<'a> {
    /// The far end's id of the message.
    pub remote: &'a str,
    /// The person's number as the far end writes it.
    pub address: &'a str,
    /// [`Step::Delivered`] or [`Step::Failed`].
    pub step: Step,
    /// The far end's code, for people.
    pub detail: &'a str,
}

/// Something the driver must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read and render this block, keep it, then call [`Dispatcher::loaded`].
    Load(BlockKey),
    /// This block may be dropped.
    Unload(BlockKey),
    /// Answer a receipt: it is durable (`ok`), or could not be made so in time.
    Reply {
        /// The gateway it came through; [`GatewayId::NONE`] for one of [`Dispatcher::receipt_for`].
        gateway: GatewayId,
        /// The session it came on, or who brought it.
        session: u16,
        /// The session's name for it.
        reply: u64,
        /// `false`: a temporary error, so that the far end repeats it.
        ok: bool,
    },
    /// A line for the log.
    Log(String),
}

/// The batch that makes a command durable: it is once [`Dispatcher::committed_number`] reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Commit(pub u64);

/// Why a command has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CommandError {
    /// Nobody knows that campaign.
    #[error("no such campaign")]
    Unknown,
    /// It has not ended.
    #[error("the campaign is {} and has not ended", .0.name())]
    Running(CampaignState),
    /// It has ended, or is being cancelled.
    #[error("the campaign is {}", .0.name())]
    Ended(CampaignState),
}

/// How far a campaign is.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Where it stands.
    pub state: CampaignState,
    /// Per channel, `None` where the campaign does not use it.
    pub tallies: [Option<Tally>; 3],
    /// Dispatches handed out at least once, per channel.
    pub sent: [u64; 3],
    /// Parts, messages or calls that no attempt was made for yet, per channel.
    pub units_left: [u64; 3],
    /// Accepted parts whose receipt is still waited for.
    pub awaiting: u64,
    /// Parts, messages or calls handed out per second, lately.
    pub rate: f64,
    /// When `rate` was measured.
    pub measured_us: u64,
    /// Seconds until everything is handed out at that rate, those included that were refused for now; `None`
    /// where nothing is handed out, or only such are left: they go when their wait is over.
    pub eta_s: Option<f64>,
}

/// A rate that was measured longer ago says nothing of now: several windows of the meter.
const RATE_HOLDS_US: u64 = 2_000_000;

impl Progress {
    /// The same, read at `now_us`: where nothing was handed out for a while there is no rate.
    #[must_use]
    pub fn at(mut self, now_us: u64) -> Self {
        if now_us.saturating_sub(self.measured_us) > RATE_HOLDS_US && self.rate > 0.0 {
            self.rate = 0.0;
            self.eta_s = self.eta_s.filter(|left_s| *left_s == 0.0);
        }
        self
    }
}

/// What became of receipts that name their attempts, since the engine was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NamedCounters {
    /// Those that changed an attempt, or noted something of it.
    pub heard: u64,
    /// Those of what never left.
    pub unmatched: u64,
    /// Those of campaigns that are not held any more.
    pub late: u64,
}

/// What went through a gateway since the engine was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Parts handed to sessions.
    pub handed_out: u64,
    /// Parts the far end took.
    pub accepted: u64,
    /// Parts the far end refused, for now or for good.
    pub refused: u64,
    /// Parts the far end sent back because it was asked for too much.
    pub throttled: u64,
    /// Attempts that became uncertain.
    pub uncertain: u64,
    /// Final receipts that changed an attempt.
    pub receipts: u64,
    /// Receipts that matched nothing, or several things.
    pub orphans: u64,
    /// Parts handed out and not answered.
    pub in_flight: u64,
    /// Accepted parts whose receipt is still waited for.
    pub awaiting: u64,
}
