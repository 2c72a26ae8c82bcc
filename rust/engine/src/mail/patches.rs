//! Rendered letters: the values of many recipients, encoded and ready to be copied.

use super::letters::Letters;
use super::version::Version;

/// What was rendered for some recipients, in a few long buffers: a queued letter is its encoded values. Chunks of
/// a block can be rendered on several threads, each into its own, and joined.
#[derive(Clone, Debug, Default)]
pub struct Patches {
    identities: Vec<usize>,
    entries: Vec<Entry>,
    /// Encoded values and signatures, one after the other.
    pub(super) octets: Vec<u8>,
    /// Where each of them ends in `octets`.
    ends: Vec<u32>,
    /// What is used again for the next letter.
    pub(super) text: String,
    pub(super) letter: Vec<u8>,
}

/// A letter: where its first value begins, and which of `ends` is that value's.
#[derive(Clone, Copy, Debug)]
struct Entry {
    octets: u32,
    ends: u32,
    language: u16,
}

/// How much there was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    entries: usize,
    octets: usize,
    ends: usize,
}

impl Patches {
    /// For letters from these identities, numbers in [`LetterSettings::identities`](super::LetterSettings): each
    /// letter is signed for each of them, and may be sent as any.
    #[must_use]
    pub fn new(identities: &[usize]) -> Self {
        Self { identities: identities.to_vec(), ..Self::default() }
    }

    /// Letters in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Octets that its letters take in memory.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.octets.len() + self.ends.len() * size_of::<u32>() + self.entries.len() * size_of::<Entry>()
    }

    /// Gives back what rendering needed and waiting does not.
    pub fn shrink(&mut self) {
        self.entries.shrink_to_fit();
        self.octets.shrink_to_fit();
        self.ends.shrink_to_fit();
        (self.text, self.letter) = (String::new(), Vec::new());
    }

    /// Forgets its letters; what was made room for is kept.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.octets.clear();
        self.ends.clear();
    }

    /// Puts the letters of `more` behind these.
    ///
    /// # Panics
    /// Where they are for other identities, or come to 4 GB.
    pub fn append(&mut self, more: &Patches) {
        assert_eq!(self.identities, more.identities, "letters of a block are from the same identities");
        let (octets, ends) = (offset(self.octets.len()), offset(self.ends.len()));
        self.octets.extend_from_slice(&more.octets);
        let _ = offset(self.octets.len());
        self.ends.extend(more.ends.iter().map(|end| end + octets));
        let moved =
            |entry: &Entry| Entry { octets: entry.octets + octets, ends: entry.ends + ends, ..*entry };
        self.entries.extend(more.entries.iter().map(moved));
    }

    /// The letter at `index`, in the order of rendering, as it goes out from `identity`.
    ///
    /// # Panics
    /// Where there is none, or none from this identity.
    #[must_use]
    pub fn letter<'a>(&'a self, letters: &'a Letters, index: usize, identity: usize) -> Letter<'a> {
        let letter = self.unsigned(letters, index, identity);
        let place = self.identities.iter().position(|known| *known == identity);
        let place = place.expect("letters go out from the identities they were rendered for");
        let keys = |identity: &usize| letter.version.intros[*identity].len();
        let before: usize = self.identities[..place].iter().map(keys).sum();
        let signature = letter.version.cut.slots.len() + before;
        Letter { intros: &letter.version.intros[identity], signature, ..letter }
    }

    /// The letter at the end, without a signature.
    pub(super) fn last<'a>(&'a self, letters: &'a Letters, identity: usize) -> Letter<'a> {
        self.unsigned(letters, self.entries.len() - 1, identity)
    }

    fn unsigned<'a>(&'a self, letters: &'a Letters, index: usize, identity: usize) -> Letter<'a> {
        let entry = self.entries[index];
        Letter {
            version: &letters.versions[usize::from(entry.language)],
            head: &letters.identities[identity].head,
            start: entry.octets as usize,
            ends: &self.ends[entry.ends as usize..],
            octets: &self.octets,
            intros: &[],
            signature: 0,
        }
    }

    pub(super) fn identities(&self) -> &[usize] {
        &self.identities
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { entries: self.entries.len(), octets: self.octets.len(), ends: self.ends.len() }
    }

    /// Forgets what came since.
    pub(super) fn reset(&mut self, mark: Mark) {
        self.entries.truncate(mark.entries);
        self.octets.truncate(mark.octets);
        self.ends.truncate(mark.ends);
    }

    /// Begins a letter.
    pub(super) fn begin(&mut self, language: usize) {
        let language = u16::try_from(language).expect("a campaign has a few languages");
        let entry = Entry { octets: offset(self.octets.len()), ends: offset(self.ends.len()), language };
        self.entries.push(entry);
    }

    /// Ends a value or a signature.
    pub(super) fn end(&mut self) {
        self.ends.push(offset(self.octets.len()));
    }
}

fn offset(len: usize) -> u32 {
    u32::try_from(len).expect("the values of a block take less than 4 GB")
}

/// A letter that is ready to go.
#[derive(Clone, Copy)]
pub struct Letter<'a> {
    version: &'a Version,
    /// Headers of the identity.
    head: &'a [u8],
    /// Where the first value begins.
    start: usize,
    ends: &'a [u32],
    octets: &'a [u8],
    /// How its signatures begin.
    intros: &'a [Vec<u8>],
    /// Which of `ends` is that of the first signature.
    signature: usize,
}

impl std::fmt::Debug for Letter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Letter({} bytes)", self.size())
    }
}

impl<'a> Letter<'a> {
    /// Octets that [`write`](Self::write) appends: what `SIZE=` says (RFC 1870).
    #[must_use]
    pub fn size(&self) -> usize {
        let values = self.version.cut.segments.iter().map(|(_, slot)| self.between(usize::from(*slot)).len());
        let signed = self.signatures().map(|(intro, signature)| intro.len() + signature.len());
        signed.sum::<usize>() + self.head.len() + self.version.cut.octets.len() + values.sum::<usize>()
    }

    /// Appends the letter. It ends in CRLF, no line begins with a dot, no line is longer than 998 octets, and no CR
    /// or LF stands alone: the same octets serve DATA and BDAT without a scan.
    #[inline]
    pub fn write(&self, out: &mut Vec<u8>) {
        for (intro, signature) in self.signatures() {
            out.extend_from_slice(intro);
            out.extend_from_slice(signature);
        }
        out.extend_from_slice(self.head);
        let (fixed, mut from) = (&*self.version.cut.octets, 0);
        for (end, slot) in &self.version.cut.segments {
            out.extend_from_slice(&fixed[from..*end]);
            out.extend_from_slice(self.between(usize::from(*slot)));
            from = *end;
        }
        out.extend_from_slice(&fixed[from..]);
    }

    #[inline]
    fn signatures(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.intros.iter().enumerate().map(|(at, intro)| (&**intro, self.between(self.signature + at)))
    }

    /// The value or signature that ends at this of `ends`.
    #[inline]
    fn between(&self, at: usize) -> &'a [u8] {
        let start = if at == 0 { self.start } else { self.ends[at - 1] as usize };
        &self.octets[start..self.ends[at] as usize]
    }
}
