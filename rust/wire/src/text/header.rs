//! The user data header of a part, 3GPP TS 23.040 §9.2.3.24 and §9.2.3.24.1.

/// Octets of the header with an 8-bit reference, its own length octet included.
pub(super) const CONCAT_OCTETS: usize = 6;

/// Where a part belongs in a long message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concat {
    /// What the parts of one message have in common; 8 bits in what is sent here, 16 are read too.
    pub reference: u16,
    /// How many parts the message has.
    pub total: u8,
    /// Which of them this is, counted from 1.
    pub number: u8,
}

/// Divides a message with a user data header into its place in a long message, if the header gives one, and the
/// text behind the header. `None` when the header is longer than the message.
///
/// Only call it where `esm_class` has the UDHI bit (SMPP 3.4 §5.2.12): without it the first octet is text.
#[must_use]
pub fn split_header(body: &[u8]) -> Option<(Option<Concat>, &[u8])> {
    let (length, rest) = body.split_first()?;
    let (header, text) = rest.split_at_checked(usize::from(*length))?;
    Some((concat(header), text))
}

/// The header of one part with an 8-bit reference (3GPP TS 23.040 §9.2.3.24.1).
pub(super) fn concat_header(reference: u8, total: u8, number: u8) -> [u8; CONCAT_OCTETS] {
    [5, EIGHT_BIT, 3, reference, total, number]
}

const EIGHT_BIT: u8 = 0x00;
const SIXTEEN_BIT: u8 = 0x08;

/// The last concatenation element of a header; §9.2.3.24 lets a receiver take the last of repeated elements. One
/// with a total or number of 0, or a number over the total, is ignored (§9.2.3.24.1).
fn concat(mut header: &[u8]) -> Option<Concat> {
    let mut found = None;
    while let [element, length, rest @ ..] = header {
        let (data, after) = rest.split_at_checked(usize::from(*length))?;
        let read = match (*element, data) {
            (EIGHT_BIT, &[reference, total, number]) => Some((u16::from(reference), total, number)),
            (SIXTEEN_BIT, &[high, low, total, number]) => {
                Some((u16::from_be_bytes([high, low]), total, number))
            }
            _ => None,
        };
        if let Some((reference, total, number)) = read
            && number > 0
            && number <= total
        {
            found = Some(Concat { reference, total, number });
        }
        header = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_back() {
        let mut body = concat_header(7, 3, 2).to_vec();
        body.extend_from_slice(b"text");
        let place = Concat { reference: 7, total: 3, number: 2 };
        assert_eq!(split_header(&body), Some((Some(place), &b"text"[..])));
    }

    #[test]
    fn a_reference_of_16_bits_among_other_elements_is_read() {
        let body = [9, 0x24, 1, 1, 0x08, 4, 0x12, 0x34, 2, 1, b'x'];
        let place = Concat { reference: 0x1234, total: 2, number: 1 };
        assert_eq!(split_header(&body), Some((Some(place), &b"x"[..])));
        let cut = [8, 0x24, 1, 1, 0x08, 4, 0x12, 0x34, 2, b'x'];
        assert_eq!(split_header(&cut), Some((None, &b"x"[..])));
    }

    #[test]
    fn nonsense_is_no_place_and_no_panic() {
        assert_eq!(split_header(&[]), None);
        assert_eq!(split_header(&[5, 0, 3, 1]), None);
        assert_eq!(split_header(&concat_header(1, 2, 3)), Some((None, &b""[..])));
        assert_eq!(split_header(&concat_header(1, 0, 0)), Some((None, &b""[..])));
    }
}
