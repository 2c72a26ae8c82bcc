//! Properties of splitting, for any text.

use super::*;
use proptest::prelude::*;

/// Texts near and across the limits: of GSM characters only, with few others, and of anything.
fn texts() -> impl Strategy<Value = String> {
    let gsm = prop_oneof![
        8 => proptest::char::range(' ', '~').prop_filter("backtick is no GSM character", |c| *c != '`'),
        2 => proptest::sample::select("€^{}\\[~]|\u{0C}".chars().collect::<Vec<_>>()),
        1 => proptest::sample::select("@£$¥èéùìòÇ\nØø\rÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà".chars().collect::<Vec<_>>()),
    ];
    let wide = prop_oneof![
        3 => proptest::char::range('!', '~'),
        3 => Just('😀'),
        1 => any::<char>(),
    ];
    let length = prop_oneof![0..80_usize, 130..180_usize, 290..330_usize, 0..3_000_usize];
    prop_oneof![
        (length.clone(), proptest::collection::vec(gsm, 1..400)).prop_map(|(n, few)| repeat(&few, n)),
        (length, proptest::collection::vec(wide, 1..400)).prop_map(|(n, few)| repeat(&few, n)),
        any::<String>(),
    ]
}

fn repeat(characters: &[char], length: usize) -> String {
    characters.iter().cycle().take(length).collect()
}

/// The text in a part and its place, taken apart as a receiver does.
fn open(parts: &Parts, index: usize) -> (Option<Concat>, &[u8]) {
    let part = parts.part(index);
    if !parts.udhi() {
        return (None, part);
    }
    split_header(part).expect("a header is as long as it says")
}

fn decode(encoding: Encoding, octets: &[u8]) -> String {
    match encoding {
        Encoding::Gsm => decode_gsm(octets),
        Encoding::Ucs2 => decode_ucs2(octets).expect("a part is whole UTF-16"),
    }
}

/// Units a character takes.
fn width(encoding: Encoding, character: char) -> usize {
    match encoding {
        Encoding::Gsm => gsm_septets(character.encode_utf8(&mut [0; 4])).expect("a GSM character"),
        Encoding::Ucs2 => character.len_utf16(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Each part can be read by itself, and all of them together are the text.
    #[test]
    fn the_parts_are_the_text(text in texts(), reference: u8) {
        let mut parts = Parts::new();
        parts.encode(&text, reference).unwrap();
        let mut read = String::new();
        for index in 0..parts.len() {
            let (place, octets) = open(&parts, index);
            if parts.udhi() {
                let expected = Concat {
                    reference: u16::from(reference),
                    total: u8::try_from(parts.len()).unwrap(),
                    number: u8::try_from(index + 1).unwrap(),
                };
                prop_assert_eq!(place, Some(expected));
            }
            read.push_str(&decode(parts.encoding(), octets));
        }
        prop_assert_eq!(read, text);
    }

    #[test]
    fn measuring_tells_what_encoding_does(text in texts()) {
        let mut parts = Parts::new();
        parts.encode(&text, 0).unwrap();
        let shape = shape(&text);
        prop_assert_eq!(usize::from(shape.parts), parts.len());
        prop_assert_eq!(shape.encoding, parts.encoding());
        let outside = text.chars().find(|c| gsm_septets(c.encode_utf8(&mut [0; 4])).is_none());
        prop_assert_eq!(shape.forced_by, outside);
        prop_assert_eq!(shape.encoding == Encoding::Ucs2, outside.is_some());
        let units: usize = text.chars().map(|c| width(shape.encoding, c)).sum();
        prop_assert_eq!(shape.units as usize, units);
    }

    /// 140 octets on the air: septets count packed, behind a header filled up to a septet boundary.
    #[test]
    fn no_part_is_over_140_octets_nor_could_hold_more(text in texts()) {
        let mut parts = Parts::new();
        parts.encode(&text, 0).unwrap();
        let encoding = parts.encoding();
        let on_air = |header: usize, units: usize| match encoding {
            Encoding::Gsm => ((header * 8).div_ceil(7) * 7 + units * 7).div_ceil(8),
            Encoding::Ucs2 => header + units * 2,
        };
        let header = if parts.udhi() { 6 } else { 0 };
        for index in 0..parts.len() {
            let units = |octets: &[u8]| if encoding == Encoding::Gsm { octets.len() } else { octets.len() / 2 };
            let (_, octets) = open(&parts, index);
            prop_assert!(on_air(header, units(octets)) <= 140);
            if index + 1 < parts.len() {
                let (_, next) = open(&parts, index + 1);
                let first = decode(encoding, next).chars().next().expect("no part is empty");
                prop_assert!(on_air(header, units(octets) + width(encoding, first)) > 140, "part {} has room", index);
            }
        }
        if parts.udhi() {
            prop_assert!(on_air(0, shape(&text).units as usize) > 140, "one part would do");
        }
    }

    #[test]
    fn no_part_ends_inside_a_character(text in texts()) {
        let mut parts = Parts::new();
        parts.encode(&text, 0).unwrap();
        for index in 0..parts.len() {
            let (_, octets) = open(&parts, index);
            match (parts.encoding(), octets) {
                (Encoding::Gsm, [.., last]) => prop_assert_ne!(*last, 0x1B),
                (Encoding::Ucs2, [.., high, _]) => prop_assert!(!(0xD8..0xDC).contains(high)),
                _ => {}
            }
        }
    }

    /// What was encoded before leaves no trace.
    #[test]
    fn a_buffer_used_again_is_as_good_as_new(texts in proptest::collection::vec(texts(), 1..5)) {
        let mut again = Parts::new();
        for text in &texts {
            again.encode(text, 9).unwrap();
            let mut new = Parts::new();
            new.encode(text, 9).unwrap();
            prop_assert_eq!(again.len(), new.len());
            for index in 0..new.len() {
                prop_assert_eq!(again.part(index), new.part(index));
            }
        }
    }

    #[test]
    fn reading_octets_of_a_stranger_never_panics(octets: Vec<u8>) {
        let _ = decode_gsm(&octets);
        let _ = decode_ucs2(&octets);
        let _ = split_header(&octets);
    }
}

#[test]
fn the_limits_are_those_of_the_standard() {
    for (unit, single, joined) in [("a", 160, 153), ("ç", 70, 67)] {
        let parts = |units: usize| shape(&unit.repeat(units)).parts;
        assert_eq!((parts(0), parts(1), parts(single)), (1, 1, 1));
        assert_eq!((parts(single + 1), parts(2 * joined), parts(2 * joined + 1)), (2, 2, 3));
        assert_eq!((parts(255 * joined), parts(255 * joined + 1)), (255, 256));
    }
}

/// 153 falls inside the pair, so the first part stays one short; a text of 160 needs no part more for it.
#[test]
fn a_pair_on_the_boundary_moves_to_the_next_part() {
    let mut parts = Parts::new();
    parts.encode(&format!("{}€{}", "a".repeat(152), "b".repeat(10)), 1).unwrap();
    assert_eq!((parts.len(), parts.part(0).len(), parts.part(1).len()), (2, 6 + 152, 6 + 12));
    assert_eq!(&parts.part(1)[6..8], [0x1B, 0x65]);
    parts.encode(&format!("{}€{}", "a".repeat(152), "b".repeat(6)), 1).unwrap();
    assert_eq!((parts.len(), parts.udhi(), parts.part(0).len()), (1, false, 160));

    parts.encode(&format!("{}😀{}", "ç".repeat(66), "b".repeat(10)), 1).unwrap();
    assert_eq!((parts.len(), parts.part(0).len(), parts.part(1).len()), (2, 6 + 132, 6 + 24));
}

/// Escapes that never fit the end of a part waste a septet each, and are counted.
#[test]
fn waste_at_the_boundaries_counts() {
    let euros = "€".repeat(76 * 255);
    assert_eq!(shape(&euros).parts, 255);
    assert_eq!(shape(&format!("{euros}€")).parts, 256);
}

#[test]
fn a_text_over_255_parts_is_refused_whole() {
    let mut parts = Parts::new();
    parts.encode("fits", 0).unwrap();
    let long = "a".repeat(255 * 153 + 1);
    assert_eq!(parts.encode(&long, 0), Err(TooLong { parts: 256 }));
    assert!(parts.is_empty());
    assert_eq!(parts.encode(&long[1..], 0), Ok(()));
    assert_eq!((parts.len(), &parts.part(254)[..6]), (255, &[5, 0, 3, 0, 255, 255][..]));
    let huge = "a".repeat(70_000 * 153);
    assert_eq!(shape(&huge).parts, u16::MAX);
    assert_eq!(parts.encode(&huge, 0), Err(TooLong { parts: u16::MAX }));
}

/// A text of plain octets is counted at once; with a character that is not plain, one by one. Both are the same.
#[test]
fn the_short_way_counts_as_the_long_one() {
    for units in 0..2_000 {
        let (short, long) = ("a".repeat(units), format!("é{}", "a".repeat(units)));
        let (mut by_octet, mut by_character) = (Parts::new(), Parts::new());
        by_octet.encode(&format!("a{short}"), 1).unwrap();
        by_character.encode(&long, 1).unwrap();
        assert_eq!(shape(&long), shape(&format!("a{short}")));
        assert_eq!(by_octet.len(), by_character.len(), "{units}");
        for index in 0..by_octet.len() {
            assert_eq!(by_octet.part(index).len(), by_character.part(index).len());
        }
    }
}

#[test]
fn data_coding_names_the_alphabet() {
    assert_eq!((Encoding::Gsm.data_coding(), Encoding::Ucs2.data_coding()), (0, 8));
}
