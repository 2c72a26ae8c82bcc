//! The content of a message as it comes in: without its dots, and looked at for what may not stand in it.

use super::event::Flaws;

/// Reads what follows DATA. Only CRLF, dot, CRLF ends it (RFC 5321 §4.1.1.4): a bare LF is content, or a stranger's
/// text could end one message and begin another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unstuffer {
    /// What comes next stands at the start of a line.
    line_start: bool,
}

/// What the next octets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Content.
    Content(&'a [u8]),
    /// The line that ends it.
    End,
    /// Not to be said before more of it is here.
    Unknown,
}

impl Unstuffer {
    pub(super) fn new() -> Self {
        Self { line_start: true }
    }

    /// What `bytes` begins with, and how many of them that takes.
    #[inline]
    pub(super) fn next<'a>(&mut self, bytes: &'a [u8]) -> (Piece<'a>, usize) {
        let mut skipped = 0;
        let mut rest = bytes;
        if self.line_start && rest.first() == Some(&b'.') {
            match rest.get(1..3) {
                Some(b"\r\n") => return (Piece::End, 3),
                None if matches!(rest.get(1), None | Some(b'\r')) => return (Piece::Unknown, 0),
                // the dot was put there (RFC 5321 §4.5.2)
                _ => (skipped, rest) = (1, &rest[1..]),
            }
        }
        let end = match memchr::memmem::find(rest, b"\r\n.") {
            Some(before) => before + 2,
            // what an LF may follow waits for what follows
            None if rest.last() == Some(&b'\r') => rest.len() - 1,
            None => rest.len(),
        };
        if end == 0 {
            // a dot that was skipped stays away; nothing else was looked at
            self.line_start &= skipped == 0;
            return (Piece::Unknown, skipped);
        }
        self.line_start = rest[..end].ends_with(b"\r\n");
        (Piece::Content(&rest[..end]), skipped + end)
    }
}

/// Looks for what a client may not send, across the borders of the pieces.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Inspector {
    flaws: Flaws,
    last: u8,
}

impl Inspector {
    /// One pass without a branch, so that the compiler looks at many octets at once.
    #[inline]
    pub(super) fn look(&mut self, piece: &[u8]) {
        let (Some(&first), Some(&last)) = (piece.first(), piece.last()) else { return };
        let is_bare = |before: u8, octet: u8| (before == b'\r') ^ (octet == b'\n');
        let mut bare = is_bare(self.last, first);
        let mut nul = false;
        let mut high = 0;
        for (&before, &octet) in piece.iter().zip(&piece[1..]) {
            bare |= is_bare(before, octet);
        }
        for &octet in piece {
            nul |= octet == 0;
            high |= octet;
        }
        self.flaws.bare_newline |= bare;
        self.flaws.nul |= nul;
        self.flaws.eight_bit |= high >= 128;
        self.last = last;
    }

    /// What was found, when there is no more to come.
    pub(super) fn flaws(&self) -> Flaws {
        Flaws { bare_newline: self.flaws.bare_newline | (self.last == b'\r'), ..self.flaws }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Content and rest, when it comes in pieces of `cut` octets.
    fn read(bytes: &[u8], cut: usize) -> Option<(Vec<u8>, Vec<u8>)> {
        let (mut inbox, mut content) = (Vec::new(), Vec::new());
        let mut unstuffer = Unstuffer::new();
        let mut pieces = bytes.chunks(cut);
        loop {
            let (piece, took) = unstuffer.next(&inbox);
            match piece {
                Piece::Content(octets) => content.extend_from_slice(octets),
                Piece::End => {
                    let rest = pieces.flatten().copied();
                    return Some((content, inbox[took..].iter().copied().chain(rest).collect()));
                }
                Piece::Unknown if took == 0 => match pieces.next() {
                    Some(more) => inbox.extend_from_slice(more),
                    None => return None,
                },
                Piece::Unknown => {}
            }
            inbox.drain(..took);
        }
    }

    #[test]
    fn only_a_dot_between_two_crlf_ends_it() {
        for (sent, content) in [
            (&b".\r\nQUIT"[..], &b""[..]),
            (b"a\r\n.\r\nQUIT", b"a\r\n"),
            (b"a\r\n..\r\n.\r\nQUIT", b"a\r\n.\r\n"),
            (b"..a\r\n.\r\nQUIT", b".a\r\n"),
            (b".a\r\n.\r\nQUIT", b"a\r\n"),
            (b"a\n.\nb\n.\r\nc\r\n.\nd\r\n.\r\nQUIT", b"a\n.\nb\n.\r\nc\r\n\nd\r\n"),
            (b"a\r.\rb\r\n.\rc\r\n.\r\nQUIT", b"a\r.\rb\r\n\rc\r\n"),
            (b"a\r\r\n.\r\nQUIT", b"a\r\r\n"),
        ] {
            for cut in 1..=sent.len() {
                let (got, rest) = read(sent, cut).unwrap();
                assert_eq!(got, content, "{} by {cut}", String::from_utf8_lossy(sent));
                assert_eq!(rest, b"QUIT");
            }
        }
        assert_eq!(read(b"a\r\n.\n", 1), None);
    }

    proptest! {
        #[test]
        fn stuffed_content_comes_out_as_it_was(
            lines in proptest::collection::vec("[.a\r\n]{0,6}", 0..12),
            cut in 1usize..40,
        ) {
            let content: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
            let mut stuffed = Vec::new();
            let mut line_start = true;
            for (at, &octet) in content.iter().enumerate() {
                if line_start && octet == b'.' {
                    stuffed.push(b'.');
                }
                stuffed.push(octet);
                line_start = octet == b'\n' && at > 0 && content[at - 1] == b'\r';
            }
            stuffed.extend_from_slice(b".\r\nQUIT");
            prop_assert_eq!(read(&stuffed, cut), Some((content, b"QUIT".to_vec())));
        }

        #[test]
        fn flaws_do_not_depend_on_the_pieces(content in "[a\r\n\0é]{0,40}", cut in 1usize..9) {
            let mut inspector = Inspector::default();
            content.as_bytes().chunks(cut).for_each(|piece| inspector.look(piece));
            let flaws = inspector.flaws();
            let without_pairs = content.replace("\r\n", "");
            prop_assert_eq!(flaws.bare_newline, without_pairs.contains(['\r', '\n']));
            prop_assert_eq!(flaws.nul, content.contains('\0'));
            prop_assert_eq!(flaws.eight_bit, !content.is_ascii());
        }
    }
}
