//! Rendered letters: the values of many recipients, encoded and ready to be copied.

use super::letters::Letters;

/// What was rendered for some recipients, in a few long buffers: a queued letter is its encoded values. Chunks of
/// a block can be rendered on several threads, each into its own, and joined.
#[derive(Clone, Debug, Default)]
pub struct Patches {
    pub(super) identities: Vec<u8>,
}

impl Patches {
    /// For letters from these identities, numbers in [`LetterSettings::identities`](super::LetterSettings): each
    /// letter is signed for each of them, and may be sent as any.
    #[must_use]
    pub fn new(identities: &[usize]) -> Self {
        let _ = identities;
        todo!()
    }

    /// Letters in it.
    #[must_use]
    pub fn len(&self) -> usize {
        let _ = &self.identities;
        todo!()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Octets it takes in memory.
    #[must_use]
    pub fn octets(&self) -> usize {
        todo!()
    }

    /// Puts the letters of `more` behind these. Both are for the same identities.
    pub fn append(&mut self, more: &Patches) {
        let _ = more;
        todo!()
    }

    /// The letter at `index`, in the order of rendering, as it goes out from `identity`.
    ///
    /// # Panics
    /// Where there is none, or none from this identity.
    #[must_use]
    pub fn letter<'a>(&'a self, letters: &'a Letters, index: usize, identity: usize) -> Letter<'a> {
        let _ = (letters, index, identity);
        todo!()
    }
}

/// A letter that is ready to go.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    pub(super) letters: &'a Letters,
    pub(super) patches: &'a Patches,
}

impl Letter<'_> {
    /// Octets that [`write`](Self::write) appends: what `SIZE=` says (RFC 1870).
    #[must_use]
    pub fn size(&self) -> usize {
        todo!()
    }

    /// Appends the letter. It ends in CRLF, no line begins with a dot, no line is longer than 998 octets, and no CR
    /// or LF stands alone: the same octets serve DATA and BDAT without a scan.
    pub fn write(&self, out: &mut Vec<u8>) {
        let _ = (self.letters, self.patches, out);
        todo!()
    }
}
