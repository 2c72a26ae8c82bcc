//! The octets of a message on the wire: line ends made right, dots stuffed (RFC 5321 §4.5.2).

use super::envelope::{MAX_TEXT_LINE_OCTETS, SubmitError};

/// What ends a message after DATA, behind the CRLF of its last line (RFC 5321 §4.1.1.4).
pub(crate) const DOT: &[u8] = b".\r\n";

/// Appends `text` with CRLF for every line end, whichever it was: a bare CR or LF means another thing to another
/// server (RFC 5321 §2.3.8, CVE-2023-51764). What no message may hold is refused.
pub(crate) fn normalise(text: &[u8], seven_bit: bool, out: &mut Vec<u8>) -> Result<(), SubmitError> {
    if memchr::memchr(0, text).is_some() {
        return Err(SubmitError::Nul);
    }
    if seven_bit && !text.is_ascii() {
        return Err(SubmitError::NotSevenBit);
    }
    let mut rest = text;
    while !rest.is_empty() {
        let end = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        if end > MAX_TEXT_LINE_OCTETS {
            return Err(SubmitError::LongLine);
        }
        out.extend_from_slice(&rest[..end]);
        out.extend_from_slice(b"\r\n");
        rest = match &rest[end..] {
            [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
            [] => &[],
        };
    }
    Ok(())
}

/// Appends normalised `text` with a second dot before each line that begins with one.
pub(crate) fn stuff(text: &[u8], out: &mut Vec<u8>) {
    let mut line = text;
    while !line.is_empty() {
        if line[0] == b'.' {
            out.push(b'.');
        }
        let end = memchr::memchr(b'\n', line).map_or(line.len(), |at| at + 1);
        out.extend_from_slice(&line[..end]);
        line = &line[end..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        normalise(text, false, &mut out).unwrap();
        out
    }

    #[test]
    fn every_line_ends_in_crlf_and_no_bare_one_is_left() {
        assert_eq!(normalised(b"a\nb\rc\r\n\n\r\nd"), b"a\r\nb\r\nc\r\n\r\n\r\nd\r\n");
        assert_eq!(normalised(b"a\r\r\n\n.\n"), b"a\r\n\r\n\r\n.\r\n");
        assert_eq!(normalised(b""), b"");
    }

    #[test]
    fn dots_are_stuffed_at_the_beginning_of_lines_only() {
        let mut out = Vec::new();
        stuff(b".\r\n..a\r\nb.c\r\n.\r\n", &mut out);
        assert_eq!(out, b"..\r\n...a\r\nb.c\r\n..\r\n");
    }

    #[test]
    fn what_no_message_may_hold_is_refused() {
        let refused = |text: &[u8]| normalise(text, true, &mut Vec::new());
        assert_eq!(refused(b"a\0b\r\n"), Err(SubmitError::Nul));
        assert_eq!(refused("\u{e9}".as_bytes()), Err(SubmitError::NotSevenBit));
        assert_eq!(refused(&[b'a'; 999]), Err(SubmitError::LongLine));
        assert_eq!(refused(&[b'a'; 998]), Ok(()));
    }
}
