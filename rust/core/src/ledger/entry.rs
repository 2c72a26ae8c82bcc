//! What stands in the journal, and the batch in which it gets there.

use arrayvec::ArrayString;

use crate::model::{BlockKey, CampaignId, CampaignState, Channel, GatewayId};
use crate::outcome::Step;
use crate::tally::Tally;

/// A far end's id of an accepted message: opaque, at most 64 characters (SMPP 3.4 §5.2.23).
pub type RemoteId = ArrayString<64>;

/// One event in the life of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its place in the journal: gapless, shared with notices and block ends.
    pub seq: u64,
    /// Whose.
    pub campaign: CampaignId,
    /// Which person of the campaign.
    pub ordinal: u32,
    /// On which channel.
    pub channel: Channel,
    /// Which try, from 1 on, per part.
    pub attempt: u8,
    /// Which part, from 0 on.
    pub part: u8,
    /// Through which gateway, or [`GatewayId::NONE`].
    pub gateway: GatewayId,
    /// What happened.
    pub step: Step,
    /// The far end's id, empty if it gave none.
    pub remote: RemoteId,
    /// When, wall clock.
    pub at_ms: i64,
    /// From handing out to this, 0 where that has no meaning.
    pub took_us: u32,
    /// Why, for people: an error name, a receipt's code.
    pub detail: Option<Box<str>>,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum NoticeCode {
    /// A campaign was launched.
    Launched = 1,
    /// A campaign was paused.
    Paused = 2,
    /// A campaign goes on.
    Resumed = 3,
    /// A campaign was cancelled.
    Cancelled = 4,
    /// A campaign's expiry has passed.
    Expired = 5,
    /// Every dispatch of a campaign has ended.
    Ended = 6,
    /// A process took up what an earlier one left.
    Recovered = 7,
    /// A gateway can send.
    GatewayUp = 8,
    /// A gateway can't send; the text says why.
    GatewayDown = 9,
    /// A gateway asks for less.
    Throttled = 10,
    /// A campaign has nobody to send through.
    NoGateway = 11,
    /// The ledger could not be written for a while.
    LedgerStalled = 12,
    /// What the ledger holds of a campaign can't be read; it is set aside, the others go on.
    Unreadable = 13,
    /// A receipt came for a campaign that is not held any more: its report stays as it is.
    LateReceipt = 14,
    /// A gateway is sent to without encryption though it offers it; the text says why.
    Unencrypted = 15,
}

impl NoticeCode {
    const ALL: [(NoticeCode, &'static str); 15] = [
        (NoticeCode::Launched, "launched"),
        (NoticeCode::Paused, "paused"),
        (NoticeCode::Resumed, "resumed"),
        (NoticeCode::Cancelled, "cancelled"),
        (NoticeCode::Expired, "expired"),
        (NoticeCode::Ended, "ended"),
        (NoticeCode::Recovered, "recovered"),
        (NoticeCode::GatewayUp, "gateway_up"),
        (NoticeCode::GatewayDown, "gateway_down"),
        (NoticeCode::Throttled, "throttled"),
        (NoticeCode::NoGateway, "no_gateway"),
        (NoticeCode::LedgerStalled, "ledger_stalled"),
        (NoticeCode::Unreadable, "unreadable"),
        (NoticeCode::LateReceipt, "late_receipt"),
        (NoticeCode::Unencrypted, "unencrypted"),
    ];

    /// The name shown in events.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize - 1].1
    }

    /// The code of a stored number.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).map(|(code, _)| *code)
    }
}

/// An event of a campaign or gateway that is no outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its place in the journal.
    pub seq: u64,
    /// When, wall clock.
    pub at_ms: i64,
    /// The campaign it is about, if it is about one.
    pub campaign: Option<CampaignId>,
    /// The gateway it is about, or [`GatewayId::NONE`].
    pub gateway: GatewayId,
    /// What it is.
    pub code: NoticeCode,
    /// For people.
    pub text: Box<str>,
}

/// The end of everything in a block that was not handed out: one row instead of one per person.
///
/// It ends each dispatch at or above index `from`, and each below it that waits for a retry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockEnd {
    /// Its place in the journal.
    pub seq: u64,
    /// Which block.
    pub key: BlockKey,
    /// First index that was never handed out.
    pub from: u32,
    /// [`Step::Expired`] or [`Step::Cancelled`].
    pub step: Step,
    /// When, wall clock.
    pub at_ms: i64,
}

/// One journal entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// See [`Outcome`].
    Outcome(Outcome),
    /// See [`Notice`].
    Notice(Notice),
    /// See [`BlockEnd`].
    BlockEnd(BlockEnd),
}

impl Entry {
    /// Its place in the journal.
    pub fn seq(&self) -> u64 {
        match self {
            Entry::Outcome(outcome) => outcome.seq,
            Entry::Notice(notice) => notice.seq,
            Entry::BlockEnd(end) => end.seq,
        }
    }

    /// The campaign it belongs to, if it does to one.
    pub fn campaign(&self) -> Option<CampaignId> {
        match self {
            Entry::Outcome(outcome) => Some(outcome.campaign),
            Entry::Notice(notice) => notice.campaign,
            Entry::BlockEnd(end) => Some(end.key.campaign),
        }
    }
}

/// A receipt that came before the response it belongs to, or for nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Its number in the store, given by the dispatcher.
    pub id: u64,
    /// The gateway it came through.
    pub gateway: GatewayId,
    /// The far end's id of the message.
    pub remote: RemoteId,
    /// The number of the person as the far end gives it.
    pub address: ArrayString<20>,
    /// [`Step::Delivered`] or [`Step::Failed`].
    pub step: Step,
    /// The far end's code.
    pub detail: Option<Box<str>>,
    /// When it came, wall clock.
    pub at_ms: i64,
}

/// Everything one commit holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// Outcomes in order of sequence.
    pub outcomes: Vec<Outcome>,
    /// Notices in order of sequence.
    pub notices: Vec<Notice>,
    /// Block ends in order of sequence.
    pub block_ends: Vec<BlockEnd>,
    /// New reservation marks, raised or lowered.
    pub marks: Vec<(BlockKey, u32)>,
    /// Absolute tallies of campaigns that changed ([`Tally::settled`]).
    pub tallies: Vec<(CampaignId, Channel, Tally)>,
    /// New states of campaigns, with the time of their end if they ended.
    pub states: Vec<(CampaignId, CampaignState, Option<i64>)>,
    /// Receipts to keep.
    pub parked: Vec<Parked>,
    /// Kept receipts that were matched or given up.
    pub unparked: Vec<u64>,
    /// The highest sequence when it was made; what `reopen` finds at or above it has this batch.
    pub last_seq: u64,
}

impl Batch {
    /// Rows of the journal in it.
    pub fn rows(&self) -> usize {
        self.outcomes.len() + self.notices.len() + self.block_ends.len()
    }

    /// Whether a commit of it would change nothing.
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
            && self.marks.is_empty()
            && self.tallies.is_empty()
            && self.states.is_empty()
            && self.parked.is_empty()
            && self.unparked.is_empty()
    }
}
