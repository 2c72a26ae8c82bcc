//! One message on its way in: from MAIL to the reply to its content.

use super::content::Inspector;

/// A transaction, or that there is none.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    /// MAIL was accepted.
    pub(super) open: bool,
    /// SMTPUTF8 was said.
    pub(super) utf8: bool,
    /// Recipients accepted.
    pub(super) recipients: u32,
    /// Recipients named, accepted or not.
    pub(super) named: u32,
    /// Of the content so far.
    pub(super) octets: u64,
    /// More than was allowed came: the rest is read and thrown away.
    pub(super) too_large: bool,
    /// Its content comes by BDAT.
    pub(super) chunked: bool,
    pub(super) inspector: Inspector,
}

impl Transaction {
    pub(super) fn begin(utf8: bool) -> Self {
        Self { open: true, utf8, ..Self::default() }
    }

    /// Counts content. Gives whether it is still to be handed out.
    #[inline]
    pub(super) fn take(&mut self, piece: &[u8], limit: u64) -> bool {
        self.octets += piece.len() as u64;
        self.too_large |= limit > 0 && self.octets > limit;
        if !self.too_large {
            self.inspector.look(piece);
        }
        !self.too_large
    }

    /// Ends it. Gives whether there was one.
    pub(super) fn end(&mut self) -> bool {
        std::mem::take(self).open
    }
}
