//! The ids of an audience: each is given once.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// The ids seen so far: their text once, and 18 octets each.
#[derive(Debug, Default)]
pub(super) struct Ids {
    text: String,
    /// Where each ends in `text`.
    ends: Vec<usize>,
    table: HashTable<Known>,
    hasher: DefaultHashBuilder,
}

/// An id by its number. With its hash beside it the table grows, and finds nothing, without a look at the text.
#[derive(Debug)]
struct Known {
    hash: u32,
    index: u32,
}

impl Ids {
    /// Adds an id; `false` if it is there already.
    pub(super) fn add(&mut self, id: &str) -> bool {
        let Self { text, ends, table, hasher } = self;
        let at = |index: u32| {
            let index = index as usize;
            let start = index.checked_sub(1).map_or(0, |before| ends[before]);
            &text[start..ends[index]]
        };
        let hash = hasher.hash_one(id) as u32;
        if table.find(spread(hash), |known| known.hash == hash && at(known.index) == id).is_some() {
            return false;
        }
        let index = u32::try_from(ends.len()).expect("an audience is counted in 32 bits");
        table.insert_unique(spread(hash), Known { hash, index }, |known| spread(known.hash));
        text.push_str(id);
        ends.push(text.len());
        true
    }
}

/// A hash for the table, which takes its place from the low bits and a mark from the high ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_new_once() {
        let mut ids = Ids::default();
        for round in [true, false] {
            for number in 0..1_000 {
                assert_eq!(ids.add(&number.to_string()), round, "{number}");
            }
            assert_eq!(ids.add(""), round);
        }
    }
}
