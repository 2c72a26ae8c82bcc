//! What has come to a far end and when, whichever protocol brought it; said as a part of a line of JSON.

use std::collections::BTreeMap;

use crate::options::FarEnd;

/// Seconds that are told apart; an hour is far longer than any measurement.
const MAX_SECONDS: usize = 3_600;

/// Groups of numbers whose first arrival is kept.
const MAX_GROUPS: usize = 10_000;

/// Numbers are told apart by their last digits: two bits for each of this many at most, 25 MB.
const DISTINCT: u64 = 100_000_000;

#[derive(Debug, Default)]
pub struct Arrivals {
    pub accepted: u64,
    pub throttled: u64,
    resets: u64,
    duplicates: u64,
    first_ns: Option<u64>,
    last_ns: u64,
    /// Taken and throttled, in each second since the first.
    seconds: Vec<(u32, u32)>,
    /// How many numbers that follow each other make a group; 0 for none.
    group: u64,
    /// When the first number of each group arrived.
    groups: BTreeMap<u64, u64>,
    /// The group of the last arrival; the next one mostly is of the same.
    last_group: u64,
    /// The last reset, until the next message has come.
    reset_ns: Option<u64>,
    /// From each reset to the next message, in microseconds.
    gaps_us: Vec<u64>,
    seen: Bits,
    /// Numbers that came more than once, and how many those are.
    again: Bits,
    doubled: u64,
}

/// Numbers, a bit each.
#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Arrivals {
    pub fn new(far_end: &FarEnd) -> Self {
        Self { group: far_end.group, ..Self::default() }
    }

    /// A message to this number has been taken.
    #[inline]
    pub fn taken(&mut self, now_ns: u64, number: u64) {
        self.accepted += 1;
        self.came(now_ns).into_iter().for_each(|(taken, _)| *taken += 1);
        if !self.seen.add(number % DISTINCT) {
            self.duplicates += 1;
            self.doubled += u64::from(self.again.add(number % DISTINCT));
        }
        if self.group > 0 {
            self.arrived(now_ns, number);
        }
    }

    /// A message was sent back: there were too many.
    pub fn throttled(&mut self, now_ns: u64) {
        self.throttled += 1;
        self.came(now_ns).into_iter().for_each(|(_, throttled)| *throttled += 1);
    }

    /// A connection has been reset.
    pub fn reset(&mut self, now_ns: u64) {
        self.resets += 1;
        self.reset_ns = Some(now_ns);
    }

    /// The counts of this second.
    #[inline]
    fn came(&mut self, now_ns: u64) -> Option<&mut (u32, u32)> {
        self.last_ns = now_ns;
        if let Some(reset_ns) = self.reset_ns.take() {
            self.gaps_us.push((now_ns - reset_ns) / 1_000);
        }
        let first_ns = *self.first_ns.get_or_insert(now_ns);
        let second = ((now_ns - first_ns) / 1_000_000_000) as usize;
        if second >= self.seconds.len() {
            self.seconds.resize((second + 1).min(MAX_SECONDS), (0, 0));
        }
        self.seconds.get_mut(second)
    }

    fn arrived(&mut self, now_ns: u64, number: u64) {
        let group = number / self.group;
        if group != self.last_group {
            self.last_group = group;
            if self.groups.len() < MAX_GROUPS {
                self.groups.entry(group).or_insert(now_ns);
            }
        }
    }

    /// The members of a JSON object, without its braces.
    pub fn members(&self) -> String {
        let counts = [
            ("accepted", self.accepted),
            ("throttled", self.throttled),
            ("duplicates", self.duplicates),
            ("doubled", self.doubled),
            ("resets", self.resets),
            ("first_ns", self.first_ns.unwrap_or(0)),
            ("last_ns", self.last_ns),
        ];
        let counts = counts.iter().map(|(name, count)| format!("\"{name}\": {count}"));
        let list = |name: &str, items: &mut dyn Iterator<Item = String>| {
            let items: Vec<String> = items.collect();
            format!("\"{name}\": [{}]", items.join(", "))
        };
        let lists = [
            list("per_second", &mut self.seconds.iter().map(|(taken, _)| taken.to_string())),
            list("throttled_per_second", &mut self.seconds.iter().map(|(_, over)| over.to_string())),
            list("groups", &mut self.groups.iter().map(|(group, at_ns)| format!("[{group}, {at_ns}]"))),
            list("gaps_us", &mut self.gaps_us.iter().map(u64::to_string)),
        ];
        counts.chain(lists).collect::<Vec<_>>().join(", ")
    }
}

impl Bits {
    /// Whether it was not there.
    #[inline]
    fn add(&mut self, number: u64) -> bool {
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }
}
