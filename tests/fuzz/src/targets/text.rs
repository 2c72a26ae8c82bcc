//! Texts into parts and back: nothing is lost, cut inside a character or longer than a part may be.

use bealert_wire::text::{
    Encoding, MAX_PARTS, Parts, Shape, decode_gsm, decode_ucs2, gsm_septets, shape, split_header,
};

/// The octets: a reference, then a text; or octets of a far end.
pub(crate) fn read(octets: &[u8]) -> bool {
    let _ = (split_header(octets), decode_gsm(octets), decode_ucs2(octets));
    let [reference, text @ ..] = octets else { return false };
    let Ok(text) = str::from_utf8(text) else { return false };
    // Long enough for several parts whatever it is, and sometimes for too many.
    for times in [1, 3, 40] {
        split(&text.repeat(times), *reference);
    }
    true
}

fn split(text: &str, reference: u8) {
    let measured = shape(text);
    assert_eq!(measured.encoding == Encoding::Gsm, gsm_septets(text).is_some());
    let mut parts = Parts::new();
    let encoded = parts.encode(text, reference);
    assert_eq!(encoded.is_ok(), measured.parts <= MAX_PARTS);
    if let Err(too_long) = encoded {
        assert_eq!((too_long.parts, parts.len()), (measured.parts, 0));
        return;
    }
    assert_eq!((parts.len(), parts.encoding()), (usize::from(measured.parts), measured.encoding));
    assert_eq!(shown(&parts, measured, reference), text);
}

/// What a phone shows, which puts the parts together by their headers.
fn shown(parts: &Parts, measured: Shape, reference: u8) -> String {
    let (mut whole, mut text) = (Vec::new(), String::new());
    for index in 0..parts.len() {
        let part = parts.part(index);
        let body = if parts.udhi() {
            let (place, body) = split_header(part).expect("a header of six octets");
            let place = place.expect("it says where the part belongs");
            assert_eq!((place.reference, usize::from(place.number)), (reference.into(), index + 1));
            assert_eq!(usize::from(place.total), parts.len());
            body
        } else {
            part
        };
        let (most, joined) = match measured.encoding {
            Encoding::Gsm => (160, 153),
            Encoding::Ucs2 => (140, 134),
        };
        assert!(body.len() <= if parts.udhi() { joined } else { most });
        // A phone that shows each part by itself shows no half character.
        text.push_str(&match measured.encoding {
            Encoding::Gsm => decode_gsm(body),
            Encoding::Ucs2 => decode_ucs2(body).expect("no pair is divided"),
        });
        whole.extend_from_slice(body);
    }
    let units = if measured.encoding == Encoding::Gsm { whole.len() } else { whole.len() / 2 };
    assert_eq!(units, measured.units as usize);
    text
}
