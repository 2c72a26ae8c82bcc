//! What was observed of a world, as plain data: all that the checks look at.

use std::collections::{BTreeMap, HashMap};

use bealert_core::dispatch::Named;
use bealert_core::ledger::{Batch, Entry, Outcome};
use bealert_core::model::{BlockKey, CampaignId, CampaignRow, Channel, EXCLUDED, GatewayId, Route};
use bealert_core::outcome::Step;
use bealert_core::tally::Tally;

/// Everything a world has shown.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What happened, in order.
    pub timeline: Vec<Fact>,
    /// Who was to be alerted, by campaign.
    pub audiences: BTreeMap<CampaignId, Audience>,
    /// The gateways by number, with the names that routes know them by.
    pub gateways: BTreeMap<GatewayId, String>,
    /// The campaigns as the ledger has them at the end.
    pub rows: Vec<CampaignRow>,
    /// The stored counts at the end.
    pub tallies: BTreeMap<(CampaignId, Channel), Tally>,
    /// The journal at the end.
    pub journal: Vec<Entry>,
    /// Steps that the dispatchers tried and the table does not have.
    pub faults: u64,
    /// Whether a block may take so long to load that less urgent ones go on meanwhile.
    pub slow_loads: bool,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// When.
    pub at_us: u64,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A process opened the ledger. Its limiters, its sessions and its memory are new.
    Opened {
        /// The wall clock as it has it.
        wall_ms: i64,
    },
    /// The process died.
    Crashed,
    /// The process ended in order, every session drained or dropped.
    Closed {
        /// Whether all sessions had drained.
        drained: bool,
    },
    /// The limit of a gateway is this from now on.
    Limit {
        /// Which gateway.
        gateway: GatewayId,
        /// Parts per second.
        units_per_second: Option<f64>,
    },
    /// A batch is in the ledger.
    Durable {
        /// All that it holds.
        batch: Box<Batch>,
    },
    /// A launch was asked for.
    LaunchAsked {
        /// Its key.
        key: String,
        /// The hash of its content.
        hash: String,
    },
    /// The answer to a launch.
    LaunchTold {
        /// Its key.
        key: String,
        /// The hash of its content.
        hash: String,
        /// The campaign, or none where the key is another's.
        campaign: Option<CampaignId>,
    },
    /// A command was taken.
    Asked {
        /// Of which campaign.
        campaign: CampaignId,
        /// Which.
        order: Order,
    },
    /// A command is durable: what it promises holds from now on.
    Promised {
        /// Of which campaign.
        campaign: CampaignId,
        /// Which.
        order: Order,
    },
    /// A session can send.
    Up {
        /// Its gateway.
        gateway: GatewayId,
        /// Its number.
        session: u16,
    },
    /// A session has ended.
    Down {
        /// Its gateway.
        gateway: GatewayId,
        /// Its number.
        session: u16,
    },
    /// A part was handed to a session.
    Sent(Sent),
    /// An attempt became uncertain while the process lived: no answer in time, or its session ended.
    InDoubt {
        /// Through which gateway.
        gateway: GatewayId,
        /// Whether its session had ended.
        lost: bool,
    },
    /// A far end took a part.
    Taken {
        /// Which far end.
        gateway: GatewayId,
        /// The id it gave it.
        remote: String,
        /// The part, or none where nobody sent such a one.
        part: Option<Part>,
        /// Whether its receipt will say delivered; none where no receipt comes.
        receipt: Option<bool>,
    },
    /// The limit of a gateway for the people of a domain is this from now on.
    DomainLimit {
        /// Which gateway.
        gateway: GatewayId,
        /// Whose addresses end so.
        domain: String,
        /// Messages per second.
        units_per_second: f64,
    },
    /// A relay took a message.
    MailTaken {
        /// Which relay.
        gateway: GatewayId,
        /// The message, or none where nobody sent such a one.
        part: Option<Part>,
    },
    /// A relay sent a report of what became of the message of an attempt.
    Reported {
        /// The attempt.
        named: Named,
        /// What it says.
        step: Step,
    },
    /// A report was answered as kept: it will not come again.
    ReportKept {
        /// The attempt.
        named: Named,
        /// What it says.
        step: Step,
    },
    /// A far end got success for a receipt: it will not come again.
    Settled {
        /// Which far end.
        gateway: GatewayId,
        /// The id of the part.
        remote: String,
        /// Whether it said delivered.
        delivered: bool,
    },
}

/// A part that was handed to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Through which gateway.
    pub gateway: GatewayId,
    /// On which session.
    pub session: u16,
    /// Its block.
    pub key: BlockKey,
    /// Its place there.
    pub index: u32,
    /// Which part, from 0 on.
    pub part: u8,
    /// Which try, from 1 on.
    pub attempt: u8,
}

/// One part of one person of one campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// Whose campaign.
    pub campaign: CampaignId,
    /// On which channel.
    pub channel: Channel,
    /// Which person.
    pub ordinal: u32,
    /// Which part, from 0 on.
    pub part: u8,
}

impl Part {
    /// The part that a row is about.
    pub fn of(row: &Outcome) -> Self {
        let Outcome { campaign, channel, ordinal, part, .. } = *row;
        Self { campaign, channel, ordinal, part }
    }
}

/// What can be commanded of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// Hold it.
    Pause,
    /// Go on with it.
    Resume,
    /// End it.
    Cancel,
}

/// Who was to be alerted by a campaign.
#[derive(Debug, Clone)]
pub struct Audience {
    /// As it was launched.
    pub row: CampaignRow,
    /// Its blocks, those of a channel by number.
    pub blocks: Vec<AudienceBlock>,
}

/// The people of a block.
#[derive(Debug, Clone)]
pub struct AudienceBlock {
    /// Which block.
    pub key: BlockKey,
    /// Its route, or [`EXCLUDED`].
    pub route: u16,
    /// Who, by index.
    pub people: Vec<Person>,
}

/// One person of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Index in the campaign.
    pub ordinal: u32,
    /// Parts of the message.
    pub units: u8,
    /// The number or mail address.
    pub address: String,
}

impl Audience {
    /// The block of a key.
    pub fn block(&self, key: BlockKey) -> Option<&AudienceBlock> {
        self.blocks.iter().find(|block| block.key == key)
    }

    /// The channels it uses.
    pub fn channels(&self) -> Vec<Channel> {
        let used = |channel: &Channel| self.blocks.iter().any(|block| block.key.channel == *channel);
        Channel::ALL.into_iter().filter(used).collect()
    }

    /// The route of a block.
    pub fn route(&self, key: BlockKey) -> Option<&Route> {
        let route = self.block(key)?.route;
        self.row.routes.get(usize::from(route))
    }

    /// Those who are to get a message.
    pub fn alerted(&self) -> impl Iterator<Item = (&AudienceBlock, u32, &Person)> {
        let alerted = self.blocks.iter().filter(|block| block.route != EXCLUDED);
        alerted.flat_map(|block| (0..).zip(&block.people).map(move |(index, person)| (block, index, person)))
    }
}

impl Facts {
    /// The person a part went to.
    pub fn person(&self, key: BlockKey, index: u32) -> Option<&Person> {
        self.audiences.get(&key.campaign)?.block(key)?.people.get(index as usize)
    }

    /// The part that was sent.
    pub fn part(&self, sent: &Sent) -> Option<Part> {
        let person = self.person(sent.key, sent.index)?;
        let BlockKey { campaign, channel, .. } = sent.key;
        Some(Part { campaign, channel, ordinal: person.ordinal, part: sent.part })
    }

    /// How often each part was taken, by all far ends together.
    pub fn taken(&self) -> HashMap<Part, u32> {
        let mut taken = HashMap::new();
        for fact in &self.timeline {
            if let What::Taken { part: Some(part), .. } | What::MailTaken { part: Some(part), .. } = fact.what
            {
                *taken.entry(part).or_default() += 1;
            }
        }
        taken
    }

    /// Every batch that became durable, in order.
    pub fn batches(&self) -> impl Iterator<Item = (u64, &Batch)> {
        self.timeline.iter().filter_map(|fact| match &fact.what {
            What::Durable { batch } => Some((fact.at_us, &**batch)),
            _ => None,
        })
    }
}
