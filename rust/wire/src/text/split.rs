//! From a text to the parts that are sent.

use super::gsm::{self, ESCAPE, NOT_PLAIN, PLAIN, Septets};
use super::header::{CONCAT_OCTETS, concat_header};
use super::ucs2;

/// The most parts one message can have: total and number are an octet each (3GPP TS 23.040 §9.2.3.24.1).
pub const MAX_PARTS: u16 = 255;

/// The alphabet a text is sent in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// The GSM 7-bit default alphabet with its extension table, unpacked.
    #[default]
    Gsm,
    /// UTF-16, big-endian.
    Ucs2,
}

impl Encoding {
    /// The `data_coding` that announces it (SMPP 3.4 §5.2.19): 0, the gateway's default alphabet, or 8, UCS-2.
    #[must_use]
    pub const fn data_coding(self) -> u8 {
        match self {
            Self::Gsm => 0,
            Self::Ucs2 => 8,
        }
    }

    /// Units (septets or UTF-16 units) in a message of one part: 140 octets (3GPP TS 23.038 §4, 23.040 §9.2.3.24.1).
    const fn single(self) -> u32 {
        match self {
            Self::Gsm => 160,
            Self::Ucs2 => 70,
        }
    }

    /// Units in a part of several: 140 octets less the header of six and, in septets, one bit of fill.
    const fn joined(self) -> u32 {
        match self {
            Self::Gsm => 153,
            Self::Ucs2 => 67,
        }
    }
}

/// What sending a text takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The alphabet it needs.
    pub encoding: Encoding,
    /// The first character outside the GSM alphabet: what made the text longer than its author may expect.
    pub forced_by: Option<char>,
    /// Parts, exact, also above [`MAX_PARTS`], where the text cannot be sent (65,535 stands for more). An empty
    /// text has one empty part.
    pub parts: u16,
    /// Septets or UTF-16 units of the whole text, headers not counted.
    pub units: u32,
}

/// Measures a text without writing it.
///
/// ```
/// use bealert_wire::text::{Encoding, shape};
/// let plain = shape("Bel 101 bij onraad.");
/// assert_eq!((plain.encoding, plain.parts, plain.units), (Encoding::Gsm, 1, 19));
/// assert_eq!(shape("Appelez le 101, ça urge").forced_by, Some('ç'));
/// ```
#[must_use]
pub fn shape(text: &str) -> Shape {
    let seen = text.bytes().fold(0, |seen, octet| seen | PLAIN[usize::from(octet)]);
    if seen & NOT_PLAIN == 0 {
        return Count::of_septets(text.len()).shape(None);
    }
    let mut count = Count::new(Encoding::Gsm);
    let forced_by = text.chars().find(|character| match gsm::septets(*character) {
        Some(Septets::One(_)) => {
            count.add(1);
            false
        }
        Some(Septets::Escaped(_)) => {
            count.add(2);
            false
        }
        None => true,
    });
    if forced_by.is_some() {
        count = Count::new(Encoding::Ucs2);
        for character in text.chars() {
            count.add(character.len_utf16() as u32);
        }
    }
    count.shape(forced_by)
}

/// A text has more than [`MAX_PARTS`] parts. It is never cut short instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text takes {parts} parts, and a message has at most {MAX_PARTS}: shorten it")]
pub struct TooLong {
    /// How many it would take (65,535 stands for more).
    pub parts: u16,
}

/// The parts of one text, as they stand in `short_message`. It is a buffer to use again: once it has grown to the
/// longest text, encoding allocates nothing.
///
/// ```
/// use bealert_wire::text::Parts;
/// let mut parts = Parts::new();
/// parts.encode(&"x".repeat(161), 42).unwrap();
/// assert_eq!((parts.len(), parts.udhi()), (2, true));
/// assert_eq!(&parts.part(1)[..6], [0x05, 0x00, 0x03, 42, 2, 2]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Parts {
    encoding: Encoding,
    /// The whole text without headers.
    text: Vec<u8>,
    /// Where in `text` each part but the first begins.
    cuts: Vec<usize>,
    /// The parts with their headers, one behind the other; only used when there are several.
    framed: Vec<u8>,
    parts: usize,
}

impl Parts {
    /// An empty buffer, which has no part.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the parts by those of `text`. Parts of one message share `reference`, which must be the same when
    /// a part is sent again and should differ from what else is on its way to that phone.
    ///
    /// Parts are as long as they can be, but a character is never divided: neither an escape from what it
    /// announces, nor a surrogate pair (3GPP TS 23.038 §6.2.1.1, 23.040 §9.2.3.24.1).
    ///
    /// # Errors
    /// [`TooLong`] when the text has more than [`MAX_PARTS`] parts; the buffer is empty then.
    pub fn encode(&mut self, text: &str, reference: u8) -> Result<(), TooLong> {
        let count =
            self.write_plain(text).or_else(|| self.write_gsm(text)).unwrap_or_else(|| self.write_ucs2(text));
        self.encoding = count.encoding;
        self.parts = count.parts() as usize;
        let Ok(total) = u8::try_from(self.parts) else {
            let parts = u16::try_from(self.parts).unwrap_or(u16::MAX);
            self.parts = 0;
            return Err(TooLong { parts });
        };
        if self.parts > 1 {
            self.frame(reference, total);
        }
        Ok(())
    }

    /// The alphabet of the parts.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// How many parts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts
    }

    /// Whether nothing was encoded: before the first text, and after one that was too long.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts == 0
    }

    /// Whether the parts begin with a user data header, so that `esm_class` needs its bit 0x40 (SMPP 3.4 §5.2.12).
    #[must_use]
    pub fn udhi(&self) -> bool {
        self.parts > 1
    }

    /// The octets of a part: header and text when there are several, the text alone when there is one.
    ///
    /// # Panics
    /// When there is no part `index` (counted from 0), as indexing a slice does.
    #[must_use]
    pub fn part(&self, index: usize) -> &[u8] {
        assert!(index < self.parts, "part {index} of {}", self.parts);
        if self.parts == 1 {
            return &self.text;
        }
        let header = |parts: usize| parts * CONCAT_OCTETS;
        &self.framed[self.cut(index) + header(index)..self.cut(index + 1) + header(index + 1)]
    }

    /// Where in `text` a part begins; the end of the text for the part behind the last.
    fn cut(&self, index: usize) -> usize {
        match index.checked_sub(1) {
            None => 0,
            Some(before) => self.cuts.get(before).copied().unwrap_or(self.text.len()),
        }
    }

    fn frame(&mut self, reference: u8, total: u8) {
        self.framed.clear();
        for number in 1..=total {
            let index = usize::from(number) - 1;
            self.framed.extend_from_slice(&concat_header(reference, total, number));
            self.framed.extend_from_slice(&self.text[self.cut(index)..self.cut(index + 1)]);
        }
    }

    /// Writes a text that takes one septet for each octet it has.
    fn write_plain(&mut self, text: &str) -> Option<Count> {
        self.clear();
        let mut seen = 0;
        self.text.extend(text.bytes().map(|octet| {
            let septet = PLAIN[usize::from(octet)];
            seen |= septet;
            septet
        }));
        if seen & NOT_PLAIN != 0 {
            return None;
        }
        let count = Count::of_septets(text.len());
        let part = Encoding::Gsm.joined() as usize;
        self.cuts.extend((1..=count.further as usize).map(|cut| cut * part));
        Some(count)
    }

    fn write_gsm(&mut self, text: &str) -> Option<Count> {
        self.clear();
        let mut count = Count::new(Encoding::Gsm);
        for character in text.chars() {
            let at = self.text.len();
            let opened = match gsm::septets(character)? {
                Septets::One(septet) => {
                    self.text.push(septet);
                    count.add(1)
                }
                Septets::Escaped(septet) => {
                    self.text.extend_from_slice(&[ESCAPE, septet]);
                    count.add(2)
                }
            };
            if opened {
                self.cuts.push(at);
            }
        }
        Some(count)
    }

    fn write_ucs2(&mut self, text: &str) -> Count {
        self.clear();
        let mut count = Count::new(Encoding::Ucs2);
        for character in text.chars() {
            let at = self.text.len();
            ucs2::push(character, &mut self.text);
            if count.add(character.len_utf16() as u32) {
                self.cuts.push(at);
            }
        }
        count
    }

    fn clear(&mut self) {
        self.text.clear();
        self.cuts.clear();
    }
}

/// Counts units and the parts they fill. Measuring and writing share it, so that they agree.
struct Count {
    encoding: Encoding,
    units: u32,
    /// Parts begun behind the first, if the text does not fit in one.
    further: u32,
    /// Units in the part begun last.
    filled: u32,
}

impl Count {
    fn new(encoding: Encoding) -> Self {
        Self { encoding, units: 0, further: 0, filled: 0 }
    }

    /// What adding `septets` characters of one septet comes to.
    fn of_septets(septets: usize) -> Self {
        let encoding = Encoding::Gsm;
        let units = u32::try_from(septets).unwrap_or(u32::MAX);
        let further = units.saturating_sub(1) / encoding.joined();
        Self { encoding, units, further, filled: units - further * encoding.joined() }
    }

    fn shape(&self, forced_by: Option<char>) -> Shape {
        let parts = u16::try_from(self.parts()).unwrap_or(u16::MAX);
        Shape { encoding: self.encoding, forced_by, parts, units: self.units }
    }

    /// Adds a character of `width` units, and says whether it begins a further part.
    #[inline]
    fn add(&mut self, width: u32) -> bool {
        self.units = self.units.saturating_add(width);
        self.filled += width;
        let opens = self.filled > self.encoding.joined();
        if opens {
            self.further += 1;
            self.filled = width;
        }
        opens
    }

    fn parts(&self) -> u32 {
        if self.units <= self.encoding.single() { 1 } else { self.further + 1 }
    }
}
