//! Where it is decided what becomes of a submit.

use std::collections::HashMap;

use arrayvec::ArrayString;
use bealert_wire::smpp::{MAX_ADDRESS_CHARS, ReceiptState, StatusClass, SubmitSm, class, status};

use super::books::Books;
use super::faults::{Fate, Faults};
use super::taken::Taken;
use crate::bucket::Bucket;
use crate::chance::Chance;
use crate::digest::digest;

/// The desk at which every submit is judged and entered in the books.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) books: Books,
    pub(super) taken: Taken,
    /// For what is decided before a part is taken.
    chance: Chance,
    seed: u64,
    next_number: u64,
    /// How often a rule with a count was applied, by its place in the list and the number.
    applied: HashMap<(usize, ArrayString<MAX_ADDRESS_CHARS>), u32>,
}

/// What becomes of a submit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Swallowed,
    Refused(u32),
    Accepted(Acceptance),
}

/// A part that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Acceptance {
    /// Of its message id.
    pub(super) number: u64,
    pub(super) silent: bool,
    /// What its receipt says, if there is to be one.
    pub(super) receipt: Option<ReceiptState>,
    pub(super) early: bool,
    pub(super) repeated: bool,
}

impl Desk {
    pub(super) fn new(seed: u64, first_number: u64, keep_messages: bool) -> Self {
        Self {
            books: Books::default(),
            taken: Taken::new(keep_messages),
            chance: Chance::new(seed),
            seed,
            next_number: first_number,
            applied: HashMap::new(),
        }
    }

    /// What the rules for certain numbers were applied to does not count under new rules.
    pub(super) fn forget_rules(&mut self) {
        self.applied.clear();
    }

    #[inline]
    pub(super) fn judge(
        &mut self,
        now_us: u64,
        faults: &Faults,
        bucket: &mut Bucket,
        submit: &SubmitSm,
    ) -> Verdict {
        self.books.submits += 1;
        if faults.limit.is_some_and(|limit| !bucket.take(now_us, limit)) {
            return self.refuse(status::ESME_RTHROTTLED);
        }
        let rule = if faults.numbers.is_empty() { None } else { self.rule(faults, submit) };
        match rule {
            Some(Fate::Refuse(status)) => self.refuse(status),
            Some(Fate::Swallow) => self.swallow(),
            None if self.chance.happens(faults.swallowed) => self.swallow(),
            None if self.chance.happens(faults.queue_full) => self.refuse(status::ESME_RMSGQFUL),
            _ => Verdict::Accepted(self.accept(faults, rule, submit)),
        }
    }

    fn rule(&mut self, faults: &Faults, submit: &SubmitSm) -> Option<Fate> {
        for (place, rule) in faults.numbers.iter().enumerate() {
            if !rule.pattern.fits(&submit.destination) {
                continue;
            }
            let Some(times) = rule.times else { return Some(rule.fate) };
            let applied = self.applied.entry((place, submit.destination)).or_default();
            if *applied < times {
                *applied += 1;
                return Some(rule.fate);
            }
        }
        None
    }

    fn refuse(&mut self, status: u32) -> Verdict {
        match class(status) {
            StatusClass::Throttled => self.books.throttled += 1,
            _ => self.books.rejected += 1,
        }
        Verdict::Refused(status)
    }

    fn swallow(&mut self) -> Verdict {
        self.books.swallowed += 1;
        Verdict::Swallowed
    }

    #[inline]
    fn accept(&mut self, faults: &Faults, rule: Option<Fate>, submit: &SubmitSm) -> Acceptance {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        let digest = digest([submit.source.as_bytes(), submit.destination.as_bytes(), &submit.body]);
        let new = self.taken.enter(digest, submit, number);
        self.books.accepted += 1;
        self.books.unique += u64::from(new);
        self.books.duplicates += u64::from(!new);

        // The same part has the same fate whatever came before it; its repetitions each have their own.
        let repetition = if new { 0 } else { number };
        let mut chance = Chance::new(digest ^ self.seed.rotate_left(32) ^ repetition.rotate_left(16));
        let silent = rule == Some(Fate::Silent) || chance.happens(faults.silent);
        self.books.silent += u64::from(silent);
        let state = match rule {
            Some(Fate::Receipt(state)) => Some(state),
            Some(Fate::NoReceipt) => None,
            _ if !chance.happens(faults.receipts) => None,
            _ if chance.happens(faults.failed) => Some(ReceiptState::Undeliverable),
            _ => Some(ReceiptState::Delivered),
        };
        // Which ends are asked for (SMPP 3.4 §5.2.17; 3 is of SMPP 5.0 §4.7.21).
        let asked = submit.registered_delivery & 0x03;
        let receipt = state.filter(|&state| match asked {
            0 => false,
            1 => true,
            2 => state != ReceiptState::Delivered,
            _ => state == ReceiptState::Delivered,
        });
        self.books.without_receipt += u64::from(asked != 0 && state.is_none());
        let early = receipt.is_some() && chance.happens(faults.early_receipts);
        let repeated = receipt.is_some() && chance.happens(faults.repeated_receipts);
        Acceptance { number, silent, receipt, early, repeated }
    }
}
