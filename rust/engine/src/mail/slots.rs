//! The places of a letter where something of the recipient goes.

use super::problem::Part;

/// Begins a mark in octets that are cut up later: a control character, which nothing encoded has.
pub(super) const MARK: u8 = 0x01;

/// Slots of a letter: two printable characters number them.
const MAX: usize = 1_024;

/// First of the characters that number slots, and how many there are.
const DIGIT: usize = 0x30;
const DIGITS: usize = 32;

/// What goes into a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The mailbox in `To`.
    To,
    /// The part of `Message-ID` before its `@`.
    Id,
    /// The whole text of `Subject`.
    Subject,
    /// The address in `List-Unsubscribe`.
    Unsubscribe,
    /// A value in a body.
    Value(Part, String),
    /// A whole body.
    Whole(Part),
}

/// The slots of a letter. One that stands in several places is rendered once.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
}

impl Slots {
    /// How many more there can be; some are kept for the headers.
    pub(super) fn room(&self) -> usize {
        (MAX - 8).saturating_sub(self.slots.len())
    }

    /// What stands for a slot until the letter is cut up.
    pub(super) fn mark(&mut self, slot: Slot) -> String {
        let number = self.slots.iter().position(|known| *known == slot).unwrap_or_else(|| {
            self.slots.push(slot);
            self.slots.len() - 1
        });
        assert!(number < MAX, "templates with more values are rendered as a whole");
        let digit = |digit: usize| char::from((DIGIT + digit) as u8);
        [char::from(MARK), digit(number / DIGITS), digit(number % DIGITS)].iter().collect()
    }

    /// Cuts octets up where the marks are.
    pub(super) fn cut(self, octets: &[u8]) -> Cut {
        let mut cut =
            Cut { slots: self.slots, octets: Vec::with_capacity(octets.len()), segments: Vec::new() };
        let mut at = 0;
        while let Some(found) = memchr::memchr(MARK, &octets[at..]) {
            let mark = at + found;
            cut.octets.extend_from_slice(&octets[at..mark]);
            let digit = |at: usize| usize::from(octets[at]) - DIGIT;
            let slot = (digit(mark + 1) * DIGITS + digit(mark + 2)) as u16;
            cut.segments.push((cut.octets.len(), slot));
            at = mark + 3;
        }
        cut.octets.extend_from_slice(&octets[at..]);
        cut
    }
}

/// A letter in pieces: static octets, and slots between them.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) slots: Vec<Slot>,
    /// All that is static, one piece after the other.
    pub(super) octets: Vec<u8>,
    /// Where a static piece ends in `octets`, and the slot that follows it. The rest comes last.
    pub(super) segments: Vec<(usize, u16)>,
}
