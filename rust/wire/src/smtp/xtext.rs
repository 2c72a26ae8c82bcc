//! xtext: how an address or an id stands in a parameter (RFC 3461 §4).

/// Appends `text` so that it holds no space, `+`, `=`, control or octet above ASCII but as `+` and two hex digits.
pub fn write_xtext(text: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &octet in text {
        match octet {
            b'+' | b'=' => {
                out.extend_from_slice(&[b'+', HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]])
            }
            b'!'..=b'~' => out.push(octet),
            _ => out.extend_from_slice(&[b'+', HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]),
        }
    }
}

/// What an xtext stands for; `None` if it is none.
pub fn read_xtext(xtext: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(xtext.len());
    let mut rest = xtext;
    while let [first, tail @ ..] = rest {
        rest = match first {
            b'+' => {
                let [high, low, tail @ ..] = tail else { return None };
                out.push(hex(*high)? << 4 | hex(*low)?);
                tail
            }
            b'=' => return None,
            b'!'..=b'~' => {
                out.push(*first);
                tail
            }
            _ => return None,
        };
    }
    Some(out)
}

/// Only upper case counts (hexchar, RFC 3461 §4).
fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_comes_back_and_none_ends_a_parameter() {
        let all: Vec<u8> = (0..=255).collect();
        let mut xtext = Vec::new();
        write_xtext(&all, &mut xtext);
        assert!(xtext.iter().all(|octet| (b'!'..=b'~').contains(octet) && *octet != b'='));
        assert_eq!(read_xtext(&xtext).as_deref(), Some(&all[..]));
    }

    #[test]
    fn as_in_the_standard() {
        let mut out = Vec::new();
        write_xtext(b"a+b=c@example.org", &mut out);
        assert_eq!(out, b"a+2Bb+3Dc@example.org");
        for bad in [&b"a=b"[..], b"a b", b"+4", b"+4g", b"+2b", b"+", "\u{e9}".as_bytes()] {
            assert_eq!(read_xtext(bad), None, "{bad:?}");
        }
    }
}
