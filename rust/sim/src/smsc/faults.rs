//! How a simulated SMSC behaves, and misbehaves.

use bealert_wire::smpp::{ReceiptForm, ReceiptState};

pub use crate::bucket::Limit;

/// What it does with messages, receipts and connections. Without a fault it answers at once, and a receipt of
/// success follows at once. It may be changed while it runs, for what comes after.
///
/// Shares lie between 0 and 1. Those of accepted parts are decided by the seed and the part itself, so that the
/// order in which parts come does not matter; a part that comes again is decided anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    /// From a submit to its response, whatever it says.
    pub response_us: u64,
    /// From the response to the receipt.
    pub receipt_us: u64,
    /// Share of the accepted parts that get the receipt they asked for.
    pub receipts: f64,
    /// Share of those receipts that say undeliverable; the others say delivered.
    pub failed: f64,
    /// Share of the receipts sent before the response, as far as
    /// [`unanswered_receipts`](Self::unanswered_receipts) lets them.
    pub early_receipts: f64,
    /// Share of the receipts sent twice.
    pub repeated_receipts: f64,
    /// Share of the accepted parts whose response never comes. Their receipts do.
    pub silent: f64,
    /// Share of the submits that are neither accepted nor answered.
    pub swallowed: f64,
    /// Share of the submits refused with `ESME_RMSGQFUL`.
    pub queue_full: f64,
    /// The most submits per account; what is more is refused with `ESME_RTHROTTLED`.
    pub limit: Option<Limit>,
    /// Whether responses tell how loaded it is (congestion_state, SMPP 5.0 §4.8.4.18): what comes of late, as a
    /// share of what [`limit`](Self::limit) lets through.
    pub tells_load: bool,
    /// After every so many submits the connection of the last one breaks, its responses unsent.
    pub reset_every: Option<u64>,
    /// The most receipts of one connection that wait for their answer, at most
    /// [`MAX_WINDOW`](bealert_wire::smpp::MAX_WINDOW). Raised later, it counts for new connections only.
    pub unanswered_receipts: u32,
    /// How receipts tell what they tell.
    pub receipt_form: ReceiptForm,
    /// How long a receipt rests that was answered with an error.
    pub receipt_retry_us: u64,
    /// After how long without an answer a receipt is sent again; of connections made from then on.
    pub receipt_timeout_us: u64,
    /// Nothing is answered while a receipt of the same account waits to be sent or to be answered: an SMSC that
    /// asks for its own answers first.
    pub receipts_first: bool,
    /// It reads nothing. What has come stays with the system, which stops taking more.
    pub deaf: bool,
    /// Refuses every bind with this status.
    pub refuse_binds: Option<u32>,
    /// What happens to certain numbers; the first that fits counts, before any share.
    pub numbers: Vec<NumberRule>,
}

/// Receipts that may be unanswered: what large SMSCs allow. Small ones allow 10.
const UNANSWERED_RECEIPTS: u32 = 1_000;

impl Default for Faults {
    fn default() -> Self {
        Self {
            response_us: 0,
            receipt_us: 0,
            receipts: 1.0,
            failed: 0.0,
            early_receipts: 0.0,
            repeated_receipts: 0.0,
            silent: 0.0,
            swallowed: 0.0,
            queue_full: 0.0,
            limit: None,
            tells_load: false,
            reset_every: None,
            unanswered_receipts: UNANSWERED_RECEIPTS,
            receipt_form: ReceiptForm::default(),
            receipt_retry_us: 1_000_000,
            receipt_timeout_us: 60_000_000,
            receipts_first: false,
            deaf: false,
            refuse_binds: None,
            numbers: Vec::new(),
        }
    }
}

/// What happens to messages to certain numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberRule {
    /// Which numbers.
    pub pattern: NumberPattern,
    /// What happens to them.
    pub fate: Fate,
    /// To how many submits to each such number; `None` for all.
    pub times: Option<u32>,
}

/// Some numbers, as the wire has them: digits without "+".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberPattern {
    /// Those that begin so.
    Prefix(String),
    /// Those that end so.
    Suffix(String),
}

impl NumberPattern {
    pub(super) fn fits(&self, number: &str) -> bool {
        match self {
            Self::Prefix(prefix) => number.starts_with(prefix.as_str()),
            Self::Suffix(suffix) => number.ends_with(suffix.as_str()),
        }
    }
}

/// What happens to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is refused with this status.
    Refuse(u32),
    /// It is accepted, and a receipt that is asked for says this.
    Receipt(ReceiptState),
    /// It is accepted, and no receipt comes.
    NoReceipt,
    /// It is accepted, and the response never comes.
    Silent,
    /// It is neither accepted nor answered.
    Swallow,
}
