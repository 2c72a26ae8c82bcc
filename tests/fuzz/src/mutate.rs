//! Octets near those that are known: what finds faults where nothing watches the coverage.

/// Changes made to one input, at most: more leave nothing of it.
const MOST_CHANGES: usize = 6;

/// Octets of an input, at most: several PDUs, or a plan of some people.
const MOST_OCTETS: usize = 8_192;

/// Octets that are the edge of something: lengths, signs, varints, and the marks of the formats read here.
const EDGES: [u8; 24] = [
    0x00, 0x01, 0x02, 0x04, 0x05, 0x10, 0x1B, 0x1E, 0x20, 0x24, 0x27, 0x3A, 0x40, 0x7F, 0x80, 0x8F, 0xC0,
    0xD8, 0xDC, 0xF0, 0xFE, 0xFF, b'"', b'{',
];

/// A source of mutations, the same for the same seed.
#[derive(Debug, Clone)]
pub struct Mutator {
    state: u64,
}

impl Mutator {
    /// From this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// An input made of the known ones.
    pub fn next(&mut self, known: &[Vec<u8>]) -> Vec<u8> {
        let mut octets = self.pick(known).cloned().unwrap_or_default();
        for _ in 0..=self.below(MOST_CHANGES) {
            self.change(&mut octets, known);
        }
        octets.truncate(MOST_OCTETS);
        octets
    }

    /// A number below `end`, which is above 0.
    fn below(&mut self, end: usize) -> usize {
        // splitmix64 (Steele, Lea and Flood, 2014)
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.below(from.len())) }
    }

    fn octet(&mut self) -> u8 {
        match self.below(3) {
            0 => self.below(256) as u8,
            _ => EDGES[self.below(EDGES.len())],
        }
    }

    fn change(&mut self, octets: &mut Vec<u8>, known: &[Vec<u8>]) {
        let at = self.below(octets.len() + 1);
        let end = (at + 1 + self.below(16)).min(octets.len());
        let there = at < octets.len();
        match self.below(9) {
            0 if there => octets[at] ^= 1 << self.below(8),
            1 if there => octets[at] = self.octet(),
            2 if there => octets[at] = octets[at].wrapping_add(if self.below(2) == 0 { 1 } else { 255 }),
            3 => octets.insert(at, self.octet()),
            4 if there => drop(octets.drain(at..end)),
            5 if there => {
                let again = octets[at..end].to_vec();
                let to = self.below(octets.len() + 1);
                octets.splice(to..to, again);
            }
            6 => octets.truncate(at),
            7 => {
                let other = self.pick(known).cloned().unwrap_or_default();
                let from = self.below(other.len() + 1);
                octets.truncate(at);
                octets.extend_from_slice(&other[from..]);
            }
            _ => {
                let value =
                    [0, 1, 0x7F, 0x80, 0xFFFF, 70_000, u32::MAX, self.below(1 << 32) as u32][self.below(8)];
                let wide = if self.below(2) == 0 { value.to_be_bytes() } else { value.to_le_bytes() };
                for (place, octet) in octets.iter_mut().skip(at).zip(wide) {
                    *place = octet;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_inputs_and_another_one_others() {
        let known = [b"some octets".to_vec(), b"others".to_vec(), vec![]];
        let inputs = |seed| {
            let mut mutator = Mutator::new(seed);
            (0..100).map(|_| mutator.next(&known)).collect::<Vec<_>>()
        };
        assert_eq!(inputs(7), inputs(7));
        assert_ne!(inputs(7), inputs(8));
        assert!(inputs(7).iter().filter(|input| !known.contains(input)).count() > 50);
    }

    #[test]
    fn nothing_known_is_something_to_begin_with() {
        let mut mutator = Mutator::new(1);
        assert!((0..100).any(|_| !mutator.next(&[]).is_empty()));
    }
}
