//! UCS-2 as it is sent today: UTF-16, big-endian, without a byte order mark (3GPP TS 23.038 §6.2.3).
//! Characters beyond the basic plane travel as surrogate pairs, which every handset of this century shows.

/// Octets that are not UTF-16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUcs2 {
    /// A unit has two octets, so an odd number of them is cut short.
    #[error("{octets} octets are not whole UTF-16 units")]
    Odd {
        /// How many octets there are.
        octets: usize,
    },
    /// A surrogate without its other half.
    #[error("the UTF-16 unit at {unit} is half a surrogate pair")]
    LoneSurrogate {
        /// Which unit, counted from 0.
        unit: usize,
    },
}

/// The text of big-endian UTF-16 units. It is strict, so that a message cut inside a pair is noticed.
///
/// # Errors
/// See [`BadUcs2`].
pub fn decode_ucs2(octets: &[u8]) -> Result<String, BadUcs2> {
    if !octets.len().is_multiple_of(2) {
        return Err(BadUcs2::Odd { octets: octets.len() });
    }
    let units = octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let mut text = String::with_capacity(octets.len());
    let mut unit = 0;
    for decoded in char::decode_utf16(units) {
        let character = decoded.map_err(|_| BadUcs2::LoneSurrogate { unit })?;
        unit += character.len_utf16();
        text.push(character);
    }
    Ok(text)
}

/// Appends the units of a character.
#[inline]
pub(super) fn push(character: char, octets: &mut Vec<u8>) {
    let mut pair = [0; 2];
    for unit in character.encode_utf16(&mut pair) {
        octets.extend_from_slice(&unit.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_significant_octet_comes_first() {
        let mut octets = Vec::new();
        push('é', &mut octets);
        push('😀', &mut octets);
        assert_eq!(octets, [0x00, 0xE9, 0xD8, 0x3D, 0xDE, 0x00]);
        assert_eq!(decode_ucs2(&octets).unwrap(), "é😀");
    }

    #[test]
    fn halves_are_refused_with_their_place() {
        assert_eq!(decode_ucs2(&[0]), Err(BadUcs2::Odd { octets: 1 }));
        let lone = [0xD8, 0x3D, 0xDE, 0x00, 0x00, 0x41, 0xD8, 0x3D];
        assert_eq!(decode_ucs2(&lone), Err(BadUcs2::LoneSurrogate { unit: 3 }));
    }
}
