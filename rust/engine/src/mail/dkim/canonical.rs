//! What is hashed of a letter: the relaxed canonicalizations (RFC 6376 §3.4.2 and §3.4.4).

use aws_lc_rs::digest::{SHA256, digest};

/// The hash of a body: spaces at the end of lines and empty lines at the end don't count, and spaces and tabs
/// between words are one space.
pub(in super::super) fn body_hash(body: &[u8]) -> [u8; 32] {
    let mut canonical = Vec::with_capacity(body.len());
    // Ends of what counts, since empty lines do only where others follow.
    let mut end = 0;
    for line in lines(body) {
        relaxed(line, &mut canonical);
        let empty = canonical.is_empty() || canonical.ends_with(b"\n");
        canonical.extend_from_slice(b"\r\n");
        if !empty {
            end = canonical.len();
        }
    }
    let hash = digest(&SHA256, &canonical[..end]);
    hash.as_ref().try_into().expect("SHA-256 has 32 octets")
}

/// The headers of a letter's head: name, and the whole field with its folds and line end.
pub(super) fn headers(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = head;
    std::iter::from_fn(move || {
        let mut end = 0;
        loop {
            end += memchr::memchr(b'\n', &rest[end..])? + 1;
            if !rest.get(end).is_some_and(|next| matches!(next, b' ' | b'\t')) {
                break;
            }
        }
        let (field, more) = rest.split_at(end);
        rest = more;
        let colon = memchr::memchr(b':', field)?;
        Some((&field[..colon], field))
    })
}

/// Appends a header: its name in lower case, its value unfolded, spaces and tabs between words as one space.
pub(super) fn header(field: &[u8], out: &mut Vec<u8>) {
    let colon = memchr::memchr(b':', field).unwrap_or(field.len());
    out.extend(field[..colon].trim_ascii_end().iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let value = field.get(colon + 1..).unwrap_or_default().trim_ascii();
    let mut space = false;
    for octet in value {
        if matches!(octet, b' ' | b'\t' | b'\r' | b'\n') {
            space = true;
        } else {
            if space {
                out.push(b' ');
            }
            space = false;
            out.push(*octet);
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// The lines of a body, without their ends.
fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = body;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    })
}

fn relaxed(line: &[u8], out: &mut Vec<u8>) {
    let end = line.iter().rposition(|octet| !matches!(octet, b' ' | b'\t')).map_or(0, |last| last + 1);
    let line = &line[..end];
    let canonical = !line.contains(&b'\t') && !line.windows(2).any(|pair| pair == b"  ");
    if canonical {
        return out.extend_from_slice(line);
    }
    let mut space = false;
    for octet in line {
        if matches!(octet, b' ' | b'\t') {
            space = true;
        } else {
            if space {
                out.push(b' ');
            }
            space = false;
            out.push(*octet);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relaxed_as_the_example_of_the_standard() {
        // RFC 6376 §3.4.5.
        let head = b"A: X\r\nB : Y\t\r\n\tZ  \r\n";
        let mut out = Vec::new();
        headers(head).for_each(|(_, field)| header(field, &mut out));
        assert_eq!(out, b"a:X\r\nb:Y Z\r\n");
        let hash = |canonical: &[u8]| digest(&SHA256, canonical).as_ref().to_vec();
        assert_eq!(body_hash(b" C \r\nD \t E\r\n\r\n\r\n").to_vec(), hash(b" C\r\nD E\r\n"));
        assert_eq!(body_hash(b"\r\n \r\n").to_vec(), hash(b""), "nothing but empty lines is nothing");
        assert_eq!(body_hash(b"a\r\n\r\nb").to_vec(), hash(b"a\r\n\r\nb\r\n"));
    }
}
