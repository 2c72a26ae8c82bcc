//! Chance from a seed.

/// SplitMix64: every seed gives a good stream at once, so that one can be begun per message.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Whether something happens that happens in this share of cases. 0 never does, 1 always, without a draw.
    #[inline]
    pub(crate) fn happens(&mut self, share: f64) -> bool {
        if share <= 0.0 {
            return false;
        }
        share >= 1.0 || self.unit() < share
    }

    /// A number below `bound`, which is above 0.
    #[inline]
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // Good enough for bounds far below 2^64: the bias is bound / 2^64.
        self.next() % bound
    }

    /// A number from `range`, both ends included.
    pub(crate) fn within(&mut self, range: std::ops::RangeInclusive<u64>) -> u64 {
        let (low, high) = range.into_inner();
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// One of several.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// In [0, 1).
    fn unit(&mut self) -> f64 {
        // 53 bits: what an f64 holds
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_are_those_of_splitmix64() {
        let mut chance = Chance::new(1_234_567);
        assert_eq!([chance.next(), chance.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn shares_are_met() {
        let mut chance = Chance::new(7);
        let hits = (0..100_000).filter(|_| chance.happens(0.03)).count();
        assert!((2_800..3_200).contains(&hits), "{hits}");
        // the first draw of neighbouring seeds is as good
        let hits = (0..100_000).filter(|&seed| Chance::new(seed).happens(0.03)).count();
        assert!((2_800..3_200).contains(&hits), "{hits}");
        assert!(!chance.happens(0.0) && chance.happens(1.0));
    }
}
