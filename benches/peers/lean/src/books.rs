//! What the far end has seen, said as one line of JSON.

use std::fmt::Write;

use crate::pdu;

/// Seconds that are told apart; an hour is far longer than any measurement.
const MAX_SECONDS: usize = 3_600;

/// Arrivals of watched numbers that are kept.
const MAX_WATCHED: usize = 10_000;

/// Numbers are told apart by their last digits: one bit for each of this many, 12 MB.
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
    /// When a watched number arrived.
    watched: Vec<(u64, u64)>,
    /// From each reset to the next message, in microseconds.
    pub gaps_us: Vec<u64>,
    seen: Vec<u64>,
}

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
            self.tell_apart(pdu::number(number) % DISTINCT);
        } else {
            self.throttled += 1;
            counts.into_iter().for_each(|(_, throttled)| *throttled += 1);
        }
    }

    pub fn watch(&mut self, now_ns: u64, number: &[u8]) {
        if self.watched.len() < MAX_WATCHED {
            self.watched.push((pdu::number(number), now_ns));
        }
    }

    #[inline]
    fn tell_apart(&mut self, number: u64) {
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if word >= self.seen.len() {
            self.seen.resize(word + 1, 0);
        }
        if self.seen[word] & bit == 0 {
            self.seen[word] |= bit;
        } else {
            self.duplicates += 1;
        }
    }

    pub fn json(&self, cpu_ns: u64) -> String {
        let mut said = format!(
            "{{\"submits\": {}, \"accepted\": {}, \"throttled\": {}, \"duplicates\": {}, \"receipts\": {}, \
             \"receipts_answered\": {}, \"resets\": {}, \"first_ns\": {}, \"last_ns\": {}, \"cpu_us\": {}",
            self.submits,
            self.accepted,
            self.throttled,
            self.duplicates,
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
            list("watched", &mut self.watched.iter().map(|(number, at_ns)| format!("[{number}, {at_ns}]"))),
            list("gaps_us", &mut self.gaps_us.iter().map(u64::to_string)),
        ];
        lists.iter().for_each(|list| {
            let _ = write!(said, "{list}");
        });
        said.push('}');
        said
    }
}
