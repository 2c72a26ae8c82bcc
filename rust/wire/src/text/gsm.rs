//! The GSM 7-bit default alphabet and its extension table, 3GPP TS 23.038 §6.2.1 and §6.2.1.1.

/// The septet that announces a character of the extension table (3GPP TS 23.038 §6.2.1).
pub(super) const ESCAPE: u8 = 0x1B;

/// How a character is written in septets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Septets {
    /// One septet of the default table.
    One(u8),
    /// [`ESCAPE`], then this septet.
    Escaped(u8),
}

/// The septets of a character, `None` where it is in neither table.
#[inline]
pub(super) fn septets(character: char) -> Option<Septets> {
    let code = match u8::try_from(u32::from(character)) {
        Ok(latin) => LATIN[usize::from(latin)],
        Err(_) => beyond_latin(character),
    };
    match code {
        ABSENT => None,
        code if code & EXTENDED != 0 => Some(Septets::Escaped(code & !EXTENDED)),
        code => Some(Septets::One(code)),
    }
}

/// The septet of an ASCII octet that takes just one; with the bit [`NOT_PLAIN`] for every other octet. Nearly all
/// texts are made of those only, and a look-up per octet is several times faster than one per character.
pub(super) const PLAIN: [u8; 256] = plain_octets();

/// What marks an octet that is no character of one septet by itself.
pub(super) const NOT_PLAIN: u8 = 0x80;

/// How many septets a text takes in the default alphabet: `None` when a character of it is not there. It is
/// what limits an alphanumeric sender (11 characters, 3GPP TS 23.040 §9.1.2.5).
///
/// ```
/// use bealert_wire::text::gsm_septets;
/// assert_eq!(gsm_septets("BE-Alert"), Some(8));
/// assert_eq!(gsm_septets("10 €"), Some(5));
/// assert_eq!(gsm_septets("façade"), None);
/// ```
#[must_use]
pub fn gsm_septets(text: &str) -> Option<usize> {
    text.chars()
        .map(|character| match septets(character)? {
            Septets::One(_) => Some(1),
            Septets::Escaped(_) => Some(2),
        })
        .sum()
}

/// The text of unpacked septets. It never fails, since it shows what a handset would: an escaped septet that the
/// extension table lacks is read in the default table, a lone escape or a pair of escapes is a space
/// (3GPP TS 23.038 §6.2.1.1). An octet above 0x7F is no septet and becomes U+FFFD.
#[must_use]
pub fn decode_gsm(septets: &[u8]) -> String {
    let mut text = String::with_capacity(septets.len());
    let mut rest = septets.iter().copied();
    while let Some(septet) = rest.next() {
        text.push(match septet {
            ESCAPE => rest.next().map_or(' ', escaped),
            septet => plain(septet),
        });
    }
    text
}

fn plain(septet: u8) -> char {
    DEFAULT.get(usize::from(septet)).copied().unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn escaped(septet: u8) -> char {
    if septet == ESCAPE {
        return ' ';
    }
    EXTENSION
        .iter()
        .find(|(_, code)| *code == septet)
        .map_or_else(|| plain(septet), |(character, _)| *character)
}

/// Marks a code that follows [`ESCAPE`].
const EXTENDED: u8 = 0x80;

/// A character in neither table. No code can be this: the extension table has nothing at 0x7F.
const ABSENT: u8 = 0xFF;

/// The default table by septet, 3GPP TS 23.038 §6.2.1.
#[rustfmt::skip]
const DEFAULT: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å',
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1B}', 'Æ', 'æ', 'ß', 'É',
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// The extension table, 3GPP TS 23.038 §6.2.1.1.
const EXTENSION: [(char, u8); 10] = [
    ('\u{0C}', 0x0A),
    ('^', 0x14),
    ('{', 0x28),
    ('}', 0x29),
    ('\\', 0x2F),
    ('[', 0x3C),
    ('~', 0x3D),
    (']', 0x3E),
    ('|', 0x40),
    ('€', 0x65),
];

/// Both tables by code point, for the 256 code points of Latin-1, where all but eleven of their characters are.
const LATIN: [u8; 256] = latin();

const fn plain_octets() -> [u8; 256] {
    let mut table = LATIN;
    let mut octet = 0x80;
    while octet < table.len() {
        table[octet] = NOT_PLAIN;
        octet += 1;
    }
    table
}

const fn latin() -> [u8; 256] {
    let mut table = [ABSENT; 256];
    let mut septet = 0;
    while septet < DEFAULT.len() {
        let point = DEFAULT[septet] as usize;
        if point < table.len() && septet != ESCAPE as usize {
            table[point] = septet as u8;
        }
        septet += 1;
    }
    let mut index = 0;
    while index < EXTENSION.len() {
        let (character, code) = EXTENSION[index];
        if (character as usize) < table.len() {
            table[character as usize] = code | EXTENDED;
        }
        index += 1;
    }
    table
}

#[rustfmt::skip]
fn beyond_latin(character: char) -> u8 {
    match character {
        '€' => EXTENDED | 0x65,
        'Δ' => 0x10, 'Φ' => 0x12, 'Γ' => 0x13, 'Λ' => 0x14, 'Ω' => 0x15,
        'Π' => 0x16, 'Ψ' => 0x17, 'Σ' => 0x18, 'Θ' => 0x19, 'Ξ' => 0x1A,
        _ => ABSENT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both tables give a character its code, and nothing else has one.
    #[test]
    fn the_tables_and_the_lookup_agree_on_every_character() {
        let mut found = 0;
        for character in '\0'..=char::MAX {
            let default = DEFAULT.iter().position(|c| *c == character && *c != '\u{1B}');
            let extension = EXTENSION.iter().find(|(c, _)| *c == character);
            let expected = match (default, extension) {
                (Some(septet), None) => Some(Septets::One(u8::try_from(septet).unwrap())),
                (None, Some((_, code))) => Some(Septets::Escaped(*code)),
                (None, None) => None,
                (Some(_), Some(_)) => panic!("{character:?} stands in both tables"),
            };
            assert_eq!(septets(character), expected, "{character:?}");
            found += usize::from(expected.is_some());
        }
        assert_eq!(found, 127 + 10);
    }

    /// Another way to write the standard's tables down, so that a slip in one of them shows.
    #[test]
    #[rustfmt::skip]
    fn the_tables_are_those_of_the_standard() {
        let default = [
            ('@', 0x00), ('£', 0x01), ('$', 0x02), ('¥', 0x03), ('è', 0x04), ('é', 0x05), ('ù', 0x06), ('ì', 0x07),
            ('ò', 0x08), ('Ç', 0x09), ('\n', 0x0A), ('Ø', 0x0B), ('ø', 0x0C), ('\r', 0x0D), ('Å', 0x0E), ('å', 0x0F),
            ('\u{394}', 0x10), ('_', 0x11), ('\u{3A6}', 0x12), ('\u{393}', 0x13), ('\u{39B}', 0x14), ('\u{3A9}', 0x15),
            ('\u{3A0}', 0x16), ('\u{3A8}', 0x17), ('\u{3A3}', 0x18), ('\u{398}', 0x19), ('\u{39E}', 0x1A), ('Æ', 0x1C),
            ('æ', 0x1D), ('ß', 0x1E), ('É', 0x1F), ('¤', 0x24), ('¡', 0x40), ('Ä', 0x5B), ('Ö', 0x5C), ('Ñ', 0x5D),
            ('Ü', 0x5E), ('§', 0x5F), ('¿', 0x60), ('ä', 0x7B), ('ö', 0x7C), ('ñ', 0x7D), ('ü', 0x7E), ('à', 0x7F),
        ];
        let as_in_ascii = (' '..='Z').chain('a'..='z').filter(|character| !"$@".contains(*character));
        let as_in_ascii = as_in_ascii.map(|character| (character, character as u8));
        for (character, code) in default.into_iter().chain(as_in_ascii) {
            assert_eq!(septets(character), Some(Septets::One(code)), "{character:?}");
        }
        let extension = b"\x0A\x14\x28\x29\x2F\x3C\x3D\x3E\x40\x65";
        for (character, code) in "\u{0C}^{}\\[~]|\u{20AC}".chars().zip(extension) {
            assert_eq!(septets(character), Some(Septets::Escaped(*code)), "{character:?}");
        }
    }

    #[test]
    fn the_codes_that_others_get_wrong_are_those_of_the_standard() {
        assert_eq!(septets('@'), Some(Septets::One(0x00)));
        assert_eq!(septets('§'), Some(Septets::One(0x5F)));
        assert_eq!(septets('`'), None, "a backtick is in no table; 0x60 is an inverted question mark");
        assert_eq!(septets('¿'), Some(Septets::One(0x60)));
        assert_eq!(septets('Ç'), Some(Septets::One(0x09)));
        assert_eq!(septets('ç'), None);
        assert_eq!(septets('€'), Some(Septets::Escaped(0x65)));
        assert_eq!(septets('\u{0C}'), Some(Septets::Escaped(0x0A)));
        assert_eq!(septets('\u{1B}'), None, "an escape is no character");
        assert_eq!(septets('\u{2126}'), None, "the ohm sign is not the Greek letter");
    }

    #[test]
    fn what_no_table_has_is_shown_as_a_handset_shows_it() {
        assert_eq!(decode_gsm(&[0x41, ESCAPE]), "A ");
        assert_eq!(decode_gsm(&[ESCAPE, ESCAPE, 0x41]), " A");
        assert_eq!(decode_gsm(&[ESCAPE, 0x41]), "A");
        assert_eq!(decode_gsm(&[0x80, 0xFF]), "\u{FFFD}\u{FFFD}");
    }
}
