//! Which try of a letter came back: from the second on each names itself in a header, which most bounces return even
//! where the envelope's id is lost on the way.

use bealert_wire::smtp::Content;

use super::patches::Letter;
use super::verp::Token;

/// The header. It stands in front of the letter, where those who pass it on write theirs, and is signed by nobody.
pub(super) const TRY: &str = "X-BE-Alert-Try";

/// A letter as it leaves on one try.
pub(crate) struct Tried<'a> {
    letter: Letter<'a>,
    name: Option<&'a str>,
}

impl<'a> Tried<'a> {
    /// `name` is the token of the try, where bounces return to us. The first needs none: whatever returns the headers
    /// of a letter without it is about that one.
    #[inline]
    pub(crate) fn of(letter: Letter<'a>, attempt: u8, name: Option<&'a str>) -> Self {
        Self { letter, name: name.filter(|_| attempt > 1) }
    }
}

impl Content for Tried<'_> {
    #[inline]
    fn size(&self) -> usize {
        self.letter.size() + self.name.map_or(0, |name| TRY.len() + ": ".len() + name.len() + "\r\n".len())
    }

    #[inline]
    fn write(&self, out: &mut Vec<u8>) {
        if let Some(name) = self.name {
            for piece in [TRY, ": ", name, "\r\n"] {
                out.extend_from_slice(piece.as_bytes());
            }
        }
        self.letter.write(out);
    }

    /// As [`Letter::write`] promises.
    #[inline]
    fn dot_free(&self) -> bool {
        true
    }
}

/// The try that the headers of a returned letter name: `header` gives one of them. `None` where too little of the
/// letter came back to tell.
pub(super) fn named<'a>(
    letter: Token,
    header: impl Fn(&'static str) -> Option<&'a str>,
    verify: impl Fn(&str) -> Option<Token>,
) -> Option<Token> {
    match header(TRY) {
        Some(name) => verify(name.trim()).filter(|token| letter.names_letter_of(*token)),
        None => header("Message-ID").map(|_| Token { attempt: 1, ..letter }),
    }
}
