//! Quoted-printable (RFC 2045 §6.7): text as octets that no relay needs to change.

/// Characters of a line, the soft break not counted: with its `=` a line has 76 (RFC 2045 §6.7, rule 5).
const LINE: usize = 75;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// A soft line break: it stands for nothing.
pub(super) const SOFT: &[u8] = b"=\r\n";

/// Encodes text at the end of a buffer, beginning at the start of a line. Every line end becomes CRLF; no line
/// begins with a dot, so that it needs no stuffing (RFC 5321 §4.5.2), nor with `From ` (mailbox files), nor ends in
/// a space; nothing but printable ASCII comes out.
pub(super) struct Quoted<'a> {
    out: &'a mut Vec<u8>,
    /// Characters of the line so far.
    column: usize,
}

impl<'a> Quoted<'a> {
    /// At the start of a line of `out`.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, column: 0 }
    }

    /// Encodes a text. What is encoded next goes on in the same line.
    pub(super) fn text(&mut self, text: &str) {
        let octets = text.as_bytes();
        let mut at = 0;
        while let Some(first) = octets.get(at).copied() {
            let starts = self.column == 0 && (first == b'.' || octets[at..].starts_with(b"From "));
            let run = if starts { 0 } else { self.run(&octets[at..]) };
            if run > 0 {
                self.out.extend_from_slice(&octets[at..at + run]);
                self.column += run;
                at += run;
                continue;
            }
            match first {
                b'\n' if at > 0 && octets[at - 1] == b'\r' => {}
                b'\r' | b'\n' => self.line_end(),
                // The line is full.
                other if self.column == LINE && is_plain(other) => {
                    self.break_softly();
                    continue;
                }
                other => self.escaped(other),
            }
            at += 1;
        }
    }

    /// Encodes a value of an HTML template, escaped as minijinja escapes it, so that it can end neither the element
    /// nor the quoted attribute it stands in.
    pub(super) fn html(&mut self, value: &str) {
        let mut rest = value;
        while let Some(at) = rest.find(['<', '>', '&', '"', '\'', '/']) {
            self.text(&rest[..at]);
            self.text(match rest.as_bytes()[at] {
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'&' => "&amp;",
                b'"' => "&quot;",
                b'\'' => "&#x27;",
                _ => "&#x2f;",
            });
            rest = &rest[at + 1..];
        }
        self.text(rest);
    }

    /// Goes to the start of a line without encoding anything, if it is not there.
    pub(super) fn break_softly(&mut self) {
        if self.column > 0 {
            self.out.extend_from_slice(SOFT);
            self.column = 0;
        }
    }

    /// How many octets can stand as they are in what is left of the line. A space can't end it.
    fn run(&self, octets: &[u8]) -> usize {
        let most = octets.len().min(LINE - self.column);
        let run = octets[..most].iter().position(|octet| !is_plain(*octet)).unwrap_or(most);
        let ends = matches!(octets.get(run), None | Some(b'\r' | b'\n'));
        if ends && octets[..run].ends_with(b" ") { run - 1 } else { run }
    }

    fn escaped(&mut self, octet: u8) {
        if self.column + 3 > LINE {
            self.break_softly();
        }
        self.out.extend_from_slice(&[b'=', HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]);
        self.column += 3;
    }

    fn line_end(&mut self) {
        self.out.extend_from_slice(b"\r\n");
        self.column = 0;
    }
}

/// What stands for itself (RFC 2045 §6.7, rule 2), and spaces within a line.
fn is_plain(octet: u8) -> bool {
    matches!(octet, b' '..=b'<' | b'>'..=b'~')
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::decoders::quoted_printable::quoted_printable_decode;
    use proptest::prelude::*;

    fn encoded(text: &str) -> String {
        let mut out = Vec::new();
        Quoted::new(&mut out).text(text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_a_relay_could_change_is_encoded() {
        for (text, expected) in [
            (".", "=2E"),
            ("a.\n.\r\n..b\r.", "a.\r\n=2E\r\n=2E.b\r\n=2E"),
            ("From x\nFrom y", "=46rom x\r\n=46rom y"),
            ("end \nend\t\n a", "end=20\r\nend=09\r\n a"),
            ("1 = 1 é", "1 =3D 1 =C3=A9"),
            ("\n\n", "\r\n\r\n"),
            ("", ""),
        ] {
            assert_eq!(encoded(text), expected, "{text:?}");
        }
        let long = encoded(&format!("{}{}", "a".repeat(75), ".b"));
        assert_eq!(long, format!("{}=\r\n=2Eb", "a".repeat(75)), "a dot that a soft break puts in front");
    }

    #[test]
    fn values_are_escaped_as_minijinja_escapes_them() {
        let value = "<a href='x'>\"&\"</a> é";
        let mut out = Vec::new();
        Quoted::new(&mut out).html(value);
        let decoded = quoted_printable_decode(&out).unwrap();
        assert_eq!(String::from_utf8(decoded).unwrap(), minijinja::HtmlEscape(value).to_string());
    }

    proptest! {
        #[test]
        fn point_7_no_dot_no_bare_line_end_and_nothing_lost(text in "([\\PC]|[ .=F\r\n\t]|From ){0,200}") {
            let out = encoded(&text);
            let decoded = String::from_utf8(quoted_printable_decode(out.as_bytes()).unwrap()).unwrap();
            prop_assert_eq!(decoded, text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n"));
            for line in out.split("\r\n") {
                prop_assert!(line.len() <= 76 && !line.starts_with('.') && !line.starts_with("From "), "{:?}", line);
                prop_assert!(line.bytes().all(|octet| (b' '..=b'~').contains(&octet)) && !line.ends_with(' '), "{:?}", line);
            }
        }
    }
}
