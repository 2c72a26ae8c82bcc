//! Packed bytes: LEB128 numbers, texts with their length, and the check that ends a piece.

use thiserror::Error;

/// Bytes of the check at the end of a piece.
const CHECK: usize = 8;

/// Why packed bytes can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum PackedError {
    /// They end too early or hold an impossible length.
    #[error("it is cut short")]
    Cut,
    /// A text among them is no UTF-8.
    #[error("it holds text that is not UTF-8")]
    Text,
}

pub(crate) fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn text(out: &mut Vec<u8>, value: &str) {
    number(out, value.len() as u64);
    out.extend_from_slice(value.as_bytes());
}

/// Ends a piece with a check over all of it and its place, so that it stands for no other.
pub(crate) fn seal(piece: &mut Vec<u8>, place: u64) {
    let check = check(piece, place);
    piece.extend_from_slice(&check.to_le_bytes());
}

/// What a piece holds, where its check says that it is whole and belongs here.
pub(crate) fn unseal(piece: &[u8], place: u64) -> Option<&[u8]> {
    let (data, stored) = piece.split_last_chunk::<CHECK>()?;
    (check(data, place) == u64::from_le_bytes(*stored)).then_some(data)
}

/// Tells a damaged disk, not an attacker: FNV-1a in steps of eight bytes, each spread over all bits.
fn check(data: &[u8], place: u64) -> u64 {
    const BASIS: u64 = 0xCBF2_9CE4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01B3;
    let step = |hash: u64, word: u64| (hash ^ word).wrapping_mul(PRIME).rotate_left(29);
    let (words, rest) = data.as_chunks::<8>();
    let hash = words
        .iter()
        .fold(step(BASIS ^ place, data.len() as u64), |hash, word| step(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, byte| step(hash, u64::from(*byte)))
}

/// Packed bytes that are read from the front.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, PackedError> {
        let (first, rest) = self.0.split_first().ok_or(PackedError::Cut)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8], PackedError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(PackedError::Cut)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], PackedError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(PackedError::Cut)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(crate) fn number(&mut self) -> Result<u64, PackedError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(PackedError::Cut)
    }

    /// A number that fits its type.
    pub(crate) fn narrow<T: TryFrom<u64>>(&mut self) -> Result<T, PackedError> {
        T::try_from(self.number()?).map_err(|_| PackedError::Cut)
    }

    /// A number of things that each take at least a byte, so a damaged one can't exhaust memory.
    pub(crate) fn count(&mut self) -> Result<usize, PackedError> {
        let count = self.number()? as usize;
        if count > self.0.len() { Err(PackedError::Cut) } else { Ok(count) }
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, PackedError> {
        let len = self.number()? as usize;
        std::str::from_utf8(self.bytes(len)?).map_err(|_| PackedError::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_changed_or_missing_byte_breaks_the_seal() {
        for len in [0, 1, 7, 8, 9, 40] {
            let mut piece: Vec<u8> = (0..len).map(|n| n as u8 * 3).collect();
            let data = piece.clone();
            seal(&mut piece, 5);
            assert_eq!(unseal(&piece, 5), Some(&data[..]));
            assert_eq!(unseal(&piece, 6), None);
            for at in 0..piece.len() {
                let mut damaged = piece.clone();
                damaged[at] ^= 0x10;
                assert_eq!(unseal(&damaged, 5), None, "{len}: {at}");
                assert_eq!(unseal(&piece[..at], 5), None, "{len}: cut at {at}");
            }
        }
    }
}
