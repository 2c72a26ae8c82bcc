//! A far end that decides at random what becomes of a message, and keeps books.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// xorshift64*: enough chance for a test, the same for the same seed.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    pub(crate) fn per_mille(&mut self, share: u64) -> bool {
        self.below(1_000) < share
    }
}

/// One part of one person: what the books are kept by.
pub(crate) type Part = (u32, u32, u8);

#[derive(Debug, Clone)]
pub(crate) enum Say {
    Accepted(String),
    ForNow,
    ForGood,
    Throttled,
    Silence,
}

#[derive(Debug, Clone)]
pub(crate) struct Receipt {
    pub(crate) remote: String,
    pub(crate) address: String,
    pub(crate) delivered: bool,
}

#[derive(Debug)]
pub(crate) struct FarEnd {
    name: &'static str,
    calm: bool,
    next_id: u64,
    /// Every message is one too many.
    pub(crate) throttles: bool,
    /// Times each part was accepted.
    pub(crate) accepted: BTreeMap<Part, u32>,
    /// Whose message an id is, and whether its receipt says delivered.
    pub(crate) ids: BTreeMap<String, (Part, bool)>,
    /// Receipts by the time they are sent; kept until they are answered.
    pub(crate) receipts: VecDeque<(u64, Receipt)>,
    /// Receipts that were answered with success.
    pub(crate) answered: BTreeSet<String>,
}

impl FarEnd {
    pub(crate) fn new(name: &'static str, calm: bool) -> Self {
        Self {
            name,
            calm,
            next_id: 0,
            throttles: false,
            accepted: BTreeMap::new(),
            ids: BTreeMap::new(),
            receipts: VecDeque::new(),
            answered: BTreeSet::new(),
        }
    }

    /// A message arrives. A silent far end may have taken it all the same.
    pub(crate) fn submit(&mut self, now: u64, part: Part, address: &str, chance: &mut Chance) -> Say {
        if self.throttles {
            return Say::Throttled;
        }
        if self.calm {
            return Say::Accepted(self.take(now, part, address, chance));
        }
        match chance.below(100) {
            0..=79 => Say::Accepted(self.take(now, part, address, chance)),
            80..=84 => Say::ForNow,
            85..=87 => Say::ForGood,
            88..=91 => Say::Throttled,
            92..=95 => {
                self.take(now, part, address, chance);
                Say::Silence
            }
            _ => Say::Silence,
        }
    }

    fn take(&mut self, now: u64, part: Part, address: &str, chance: &mut Chance) -> String {
        // Both far ends give the same ids: only the gateway tells them apart.
        self.next_id += 1;
        let remote = self.next_id.to_string();
        *self.accepted.entry(part).or_default() += 1;
        let delivered = chance.below(10) > 0;
        self.ids.insert(remote.clone(), (part, delivered));
        if chance.below(20) > 0 {
            // Some come before their response.
            let at = now + chance.below(60_000);
            let receipt = Receipt { remote: remote.clone(), address: address.into(), delivered };
            self.receipts.push_back((at, receipt));
        }
        remote
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }
}
