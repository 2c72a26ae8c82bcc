//! How a simulated relay behaves, and misbehaves.

use bealert_wire::smtp::{Phase, Reply};

pub use crate::bucket::Limit;

/// What it does with connections, commands and messages. Without a fault it takes everything at once. It may be
/// changed while it runs, for what comes after.
///
/// Shares lie between 0 and 1. What says no for good, and what a report says, is decided by the seed and the
/// recipient, so that it is the same however often a message comes; everything else is decided anew each time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Faults {
    /// From anything it says to its arrival. What comes meanwhile is worked on, as over a long line.
    pub latency_us: u64,
    /// How long it works on each whole message, doing nothing else for that connection.
    pub work_us: u64,
    /// Share of the whole messages that are refused for now (451 4.3.0).
    pub defer: f64,
    /// Share of the recipients that are refused for good (550 5.1.1).
    pub refuse: f64,
    /// The most messages; what is more is refused at MAIL with 454 4.7.0.
    pub limit: Option<Limit>,
    /// Whether it then hangs up, with a 421 4.7.0.
    pub limit_hangs_up: bool,
    /// For how long a pair of sender and recipient it has not seen is refused (450 4.7.1, RFC 6647).
    pub greylist_us: Option<u64>,
    /// The most connections at once; more are greeted with 421 4.7.0.
    pub max_connections: Option<u32>,
    /// The most messages on one connection; the next MAIL gets 421 4.7.0.
    pub max_messages: Option<u32>,
    /// What it does to a connection with many mistakes.
    pub tarpit: Option<Tarpit>,
    /// Where it breaks connections, of those made from then on.
    pub cut: Option<Cut>,
    /// After every so many messages that it took the connection of the last one breaks, its reply unsent.
    pub reset_every: Option<u64>,
    /// Whether replies are handed out one by one, for a driver that then writes one by one.
    pub one_by_one: bool,
    /// The most octets a second that it reads of one connection.
    pub read_per_second: Option<u32>,
    /// It reads nothing. What has come stays with the system, which stops taking more.
    pub deaf: bool,
    /// Share of the messages of which a report says that they did not arrive after all (5.1.1).
    pub bounces: f64,
    /// From taking a message to the report about it.
    pub report_us: u64,
    /// What happens in certain places; the first that fits counts, before any share above.
    pub rules: Vec<Rule>,
}

/// Mistakes make it slow, as Postfix is: each no counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tarpit {
    /// So many are free.
    pub after: u32,
    /// How long each further one keeps the connection waiting.
    pub delay_us: u64,
    /// At so many it hangs up with 421; `None` for never.
    pub hang_up_at: Option<u32>,
}

/// After how many octets a connection breaks, in either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cut {
    /// Octets that it read; what came behind them is not looked at.
    pub received: Option<u64>,
    /// Octets that it wrote.
    pub sent: Option<u64>,
    /// How many connections this happens to; `None` for all.
    pub times: Option<u32>,
}

/// What happens in one place of the dialogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Where.
    pub phase: Phase,
    /// Of whom: recipients at RCPT and at the dot, senders at MAIL; elsewhere it is not asked.
    pub who: Option<AddressPattern>,
    /// In which share of the cases.
    pub share: f64,
    /// How often: of each address where [`who`](Self::who) is said, in all where not. `None` for always.
    pub times: Option<u32>,
    /// What happens.
    pub fate: Fate,
}

impl Rule {
    /// Something that always happens in this place.
    pub fn always(phase: Phase, fate: Fate) -> Self {
        Self { phase, who: None, share: 1.0, times: None, fate }
    }

    /// Something that happens to these addresses in this place.
    pub fn of(phase: Phase, who: AddressPattern, fate: Fate) -> Self {
        Self { who: Some(who), ..Self::always(phase, fate) }
    }
}

/// Some addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressPattern {
    /// Those that begin so.
    Prefix(String),
    /// Those that end so: `@example.org` is a whole domain.
    Suffix(String),
}

impl AddressPattern {
    pub(super) fn fits(&self, address: &str) -> bool {
        match self {
            Self::Prefix(prefix) => address.starts_with(prefix.as_str()),
            Self::Suffix(suffix) => address.ends_with(suffix.as_str()),
        }
    }
}

/// What happens in a place.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It is answered so. A code below 400 is a yes; 421 hangs up.
    Reply(Reply),
    /// These octets stand where the reply should; what was asked is done.
    Garble(Vec<u8>),
    /// What was asked is done, and never answered.
    Silent,
    /// Nothing is done, and nothing answered.
    Swallow,
    /// The connection breaks before anything is done.
    Reset,
    /// What was asked is done, and the connection breaks before the reply.
    ResetAfter,
    /// At the dot: it is taken, and a report about it says this.
    Report(Report),
}

/// What a report says of a recipient (RFC 3464 §2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What became of the message.
    pub action: Action,
    /// What the next hop said, with an enhanced code, which becomes the status.
    pub reply: Reply,
}

/// What became of a message (RFC 3464 §2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It did not arrive and will not.
    Failed,
    /// It has not arrived yet.
    Delayed,
    /// It has arrived.
    Delivered,
    /// It was handed to a system that reports nothing.
    Relayed,
}

impl Action {
    /// The word that stands for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
        }
    }
}
