//! The octets that came and were not looked at yet.

/// How many octets that were read may lie in front of the rest before they are moved away.
const COMPACT_OCTETS: usize = 64 * 1024;

/// One buffer with a read mark, and the place of every octet in the whole stream.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    pub(super) mark: Mark,
}

/// How far an inbox was read. It stands apart so that it can move while the octets are lent out.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    /// In the buffer.
    at: usize,
    /// Octets that were dropped from its front.
    dropped: u64,
}

impl Inbox {
    /// Appends; what was read goes when that costs little.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        let Self { bytes: held, mark } = self;
        let left = held.len() - mark.at;
        if left == 0 || mark.at > COMPACT_OCTETS.max(left) {
            held.copy_within(mark.at.., 0);
            held.truncate(left);
            mark.dropped += mark.at as u64;
            mark.at = 0;
        }
        held.extend_from_slice(bytes);
    }

    /// What was not read.
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.mark.at..]
    }

    /// Takes what was not read as read. Gives how much it was.
    pub(super) fn discard(&mut self) -> usize {
        let left = self.unread().len();
        self.mark.at += left;
        left
    }

    /// The place in the stream of the next octet that comes.
    pub(super) fn end(&self) -> u64 {
        self.mark.dropped + self.bytes.len() as u64
    }

    /// The octets, and how far they were read.
    pub(super) fn split(&mut self) -> (&[u8], &mut Mark) {
        (&self.bytes, &mut self.mark)
    }
}

impl Mark {
    /// What was not read of the octets it belongs to.
    #[inline]
    pub(super) fn unread<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.at..]
    }

    #[inline]
    pub(super) fn advance(&mut self, octets: usize) {
        self.at += octets;
    }

    /// The place in the stream of the next octet to read.
    pub(super) fn place(&self) -> u64 {
        self.dropped + self.at as u64
    }
}
