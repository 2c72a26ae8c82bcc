//! The ids of an audience: each is given once.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// The ids seen so far: their text once, and 13 octets each.
#[derive(Debug, Default)]
pub(super) struct Ids {
    text: String,
    /// Where each ends in `text`.
    ends: Vec<usize>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
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
        let hash = hasher.hash_one(id);
        if table.find(hash, |index| at(*index) == id).is_some() {
            return false;
        }
        let next = u32::try_from(ends.len()).expect("an audience is counted in 32 bits");
        table.insert_unique(hash, next, |index| hasher.hash_one(at(*index)));
        text.push_str(id);
        ends.push(text.len());
        true
    }
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
