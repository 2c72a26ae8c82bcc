//! What the far end has seen, said as one line of JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::pdu;

/// Seconds that are told apart; an hour is far longer than any measurement.
const MAX_SECONDS: usize = 3_600;

/// Groups of numbers whose first arrival is kept.
const MAX_GROUPS: usize = 10_000;

/// Numbers are told apart by their last digits: two bits for each of this many at most, 25 MB.
const DISTINCT: u64 = 100_000_000;

#[derive(Debug, Default)]
pub struct Books {
    pub submits: u64,
    pub accepted: u64,
    pub throttled: u64,
    pub receipts: u64,
    pub answered: u64,
    pub resets: u64,
    duplicates: u64,
    first_ns: Option<u64>,
    last_ns: u64,
    /// Taken and throttled, in each second since the first.
    seconds: Vec<(u32, u32)>,
    /// How many numbers that follow each other make a group; 0 for none.
    pub group: u64,
    /// When the first number of each group arrived.
    groups: BTreeMap<u64, u64>,
    /// The group of the last arrival; the next one mostly is of the same.
    last_group: u64,
    /// From each reset to the next message, in microseconds.
    pub gaps_us: Vec<u64>,
    seen: Bits,
    /// Numbers that came more than once, and how many those are.
    again: Bits,
    doubled: u64,
}

/// Numbers, a bit each.
#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Books {
    #[inline]
    pub fn submit(&mut self, now_ns: u64, taken: bool, number: &[u8]) {
        self.submits += 1;
        self.last_ns = now_ns;
        let first_ns = *self.first_ns.get_or_insert(now_ns);
        let second = ((now_ns - first_ns) / 1_000_000_000) as usize;
        if second >= self.seconds.len() {
            self.seconds.resize((second + 1).min(MAX_SECONDS), (0, 0));
        }
        let counts = self.seconds.get_mut(second);
        if taken {
            self.accepted += 1;
            counts.into_iter().for_each(|(taken, _)| *taken += 1);
            let number = pdu::number(number);
            self.tell_apart(number % DISTINCT);
            if self.group > 0 {
                self.arrived(now_ns, number);
            }
        } else {
            self.throttled += 1;
            counts.into_iter().for_each(|(_, throttled)| *throttled += 1);
        }
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

    #[inline]
    fn tell_apart(&mut self, number: u64) {
        if !self.seen.add(number) {
            self.duplicates += 1;
            self.doubled += u64::from(self.again.add(number));
        }
    }

    pub fn json(&self, cpu_ns: u64) -> String {
        let mut said = format!(
            "{{\"submits\": {}, \"accepted\": {}, \"throttled\": {}, \"duplicates\": {}, \"doubled\": {}, \"receipts\": {}, \
             \"receipts_answered\": {}, \"resets\": {}, \"first_ns\": {}, \"last_ns\": {}, \"cpu_us\": {}",
            self.submits,
            self.accepted,
            self.throttled,
            self.duplicates,
            self.doubled,
            self.receipts,
            self.answered,
            self.resets,
            self.first_ns.unwrap_or(0),
            self.last_ns,
            cpu_ns / 1_000,
        );
        let list = |name: &str, items: &mut dyn Iterator<Item = String>| {
            let items: Vec<String> = items.collect();
            format!(", \"{name}\": [{}]", items.join(", "))
        };
        let lists = [
            list("per_second", &mut self.seconds.iter().map(|(taken, _)| taken.to_string())),
            list("throttled_per_second", &mut self.seconds.iter().map(|(_, over)| over.to_string())),
            list("groups", &mut self.groups.iter().map(|(group, at_ns)| format!("[{group}, {at_ns}]"))),
            list("gaps_us", &mut self.gaps_us.iter().map(u64::to_string)),
        ];
        lists.iter().for_each(|list| {
            let _ = write!(said, "{list}");
        });
        said.push('}');
        said
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
