//! The bytes on their way to the transport.

/// How many taken bytes may lie in front of the rest before they are moved away: below it a move costs more
/// than the memory, above it each byte is moved at most once.
const COMPACT_OCTETS: usize = 64 * 1024;

/// The largest buffer kept for what comes next, unless it is said otherwise: a message with attachments is rare, and
/// leaves none behind.
const KEEP_OCTETS: usize = 256 * 1024;

/// One buffer with a read mark, and the place of every byte in the whole stream.
#[derive(Debug)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    read: usize,
    written: u64,
    keep_octets: usize,
}

impl Default for Outbox {
    fn default() -> Self {
        Self::keeping(KEEP_OCTETS)
    }
}

impl Outbox {
    /// One that keeps a smaller or larger buffer than most for what comes next.
    pub(crate) fn keeping(keep_octets: usize) -> Self {
        Self { bytes: Vec::new(), read: 0, written: 0, keep_octets }
    }

    /// What waits for the transport.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.bytes[self.read..]
    }

    /// The buffer to append to.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Sees to it that so many bytes can be appended to a buffer that grows to no more than `most` and these: beyond
    /// that what was taken makes room.
    #[inline]
    pub(crate) fn make_room(&mut self, octets: usize, most: usize) {
        if self.bytes.capacity() - self.bytes.len() >= octets {
            return;
        }
        if self.bytes.len() > most {
            self.compact();
        }
        self.bytes.reserve_exact(octets);
    }

    /// The place in the stream of the first byte that waits.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Overwrites the first bytes that wait.
    pub(crate) fn overwrite(&mut self, with: &[u8]) {
        self.bytes[self.read..self.read + with.len()].copy_from_slice(with);
    }

    /// The place in the stream where the next byte will stand.
    pub(crate) fn end(&self) -> u64 {
        self.written + (self.bytes.len() - self.read) as u64
    }

    /// Whether the transport took any byte of what begins at `start`.
    pub(crate) fn reached(&self, start: u64) -> bool {
        start < self.written
    }

    /// The transport took this many bytes.
    pub(crate) fn wrote(&mut self, octets: usize) {
        let octets = octets.min(self.bytes.len() - self.read);
        self.read += octets;
        self.written += octets as u64;
        if self.read == self.bytes.len() {
            self.bytes.clear();
            self.read = 0;
            self.shrink();
        } else if self.read > COMPACT_OCTETS && self.read > self.bytes.len() / 2 {
            self.compact();
            self.shrink();
        }
    }

    fn compact(&mut self) {
        self.bytes.copy_within(self.read.., 0);
        self.bytes.truncate(self.bytes.len() - self.read);
        self.read = 0;
    }

    fn shrink(&mut self) {
        if self.bytes.capacity() > self.keep_octets {
            self.bytes.shrink_to(self.keep_octets);
        }
    }

    /// Drops what the transport did not take. Nothing may be sent after it.
    pub(crate) fn discard(&mut self) {
        self.bytes = Vec::new();
        self.read = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_hold_across_writes_and_compaction() {
        let mut outbox = Outbox::default();
        let mut sent = Vec::new();
        for round in 0..2_000u32 {
            assert_eq!(outbox.end(), u64::from(round) * 100);
            outbox.buffer().extend_from_slice(&[(round % 251) as u8; 100]);
            let take = outbox.waiting().len().min(99);
            sent.extend_from_slice(&outbox.waiting()[..take]);
            outbox.wrote(take);
        }
        sent.extend_from_slice(outbox.waiting());
        for (at, octet) in sent.iter().enumerate() {
            assert_eq!(usize::from(*octet), at / 100 % 251);
        }
        assert!(outbox.reached(0) && !outbox.reached(outbox.end()));
    }
}
