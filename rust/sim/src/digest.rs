//! One number for what makes a message: enough to know it again among millions.

/// Odd constants without pattern (the fraction of pi).
const KEYS: [u64; 3] = [0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7345, 0xA409_3822_299F_31D1];

/// A 64-bit digest of `fields`, each told apart from its neighbours by its length. Two of ten million different
/// messages share one with a chance of 3 in a million.
#[inline]
pub(crate) fn digest(fields: [&[u8]; 3]) -> u64 {
    let mut state = KEYS[0];
    for field in fields {
        state = fold(state ^ field.len() as u64, KEYS[1]);
        let mut blocks = field.chunks_exact(16);
        for block in &mut blocks {
            let (low, high) = block.split_at(8);
            state = fold(state ^ word(low), KEYS[2] ^ word(high));
        }
        let rest = blocks.remainder();
        if !rest.is_empty() {
            let (low, high) = rest.split_at(rest.len().min(8));
            state = fold(state ^ word(low), KEYS[2] ^ word(high));
        }
    }
    fold(state, KEYS[1])
}

/// The product in 128 bits, its halves laid over each other.
#[inline]
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product as u64) ^ ((product >> 64) as u64)
}

/// At most eight octets as a number. The length of the field is in the state already.
#[inline]
fn word(octets: &[u8]) -> u64 {
    match octets.try_into() {
        Ok(eight) => u64::from_le_bytes(eight),
        Err(_) => octets.iter().rev().fold(0, |word, &octet| word << 8 | u64::from(octet)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_million_neighbours_differ_and_spread() {
        let mut seen = HashSet::new();
        let mut tops = [0u32; 128];
        for number in 0..1_000_000u64 {
            let destination = format!("324{number:08}");
            let value = digest([b"BE-Alert", destination.as_bytes(), b"Blijf binnen."]);
            tops[(value >> 57) as usize] += 1;
            assert!(seen.insert(value));
        }
        assert!(tops.iter().all(|&count| (7_200..8_500).contains(&count)), "{tops:?}");
    }

    #[test]
    fn octets_do_not_move_between_fields() {
        assert_ne!(digest([b"ab", b"c", b""]), digest([b"a", b"bc", b""]));
        assert_ne!(digest([b"", b"", b"\0"]), digest([b"", b"", b"\0\0"]));
        assert_ne!(digest([b"", b"", &[0; 16]]), digest([b"", b"", &[0; 17]]));
    }
}
