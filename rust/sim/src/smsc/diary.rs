//! What a simulated SMSC notes of each thing that happens, where that is wanted.

use std::mem;

use arrayvec::ArrayString;
use bealert_wire::smpp::{MAX_ADDRESS_CHARS, MessageId, SubmitSm};

/// One thing that happened, as the SMSC knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// It took a part, whether or not its response arrived.
    Taken {
        /// The id it gave it.
        id: MessageId,
        /// The recipient.
        destination: ArrayString<MAX_ADDRESS_CHARS>,
        /// What stood in `short_message`, its header in front where there was one.
        body: Vec<u8>,
        /// What its receipt will say: whether it was delivered. `None` where no receipt comes.
        receipt: Option<bool>,
    },
    /// A receipt was answered with success: it will not come again.
    Settled {
        /// The id of the part.
        id: MessageId,
        /// The recipient of the part.
        destination: ArrayString<MAX_ADDRESS_CHARS>,
        /// What it said.
        delivered: bool,
    },
}

/// A list that is kept only where that is wanted.
#[derive(Debug, Default)]
pub(super) struct Diary(Option<Vec<Noted>>);

impl Diary {
    pub(super) fn new(keep: bool) -> Self {
        Self(keep.then(Vec::new))
    }

    #[inline]
    pub(super) fn taken(&mut self, submit: &SubmitSm, receipt: Option<bool>, id: impl FnOnce() -> MessageId) {
        if let Some(list) = &mut self.0 {
            let (destination, body) = (submit.destination, submit.body.to_vec());
            list.push(Noted::Taken { id: id(), destination, body, receipt });
        }
    }

    #[inline]
    pub(super) fn settled(
        &mut self,
        destination: ArrayString<MAX_ADDRESS_CHARS>,
        delivered: bool,
        id: impl FnOnce() -> MessageId,
    ) {
        if let Some(list) = &mut self.0 {
            list.push(Noted::Settled { id: id(), destination, delivered });
        }
    }

    pub(super) fn take(&mut self) -> Vec<Noted> {
        self.0.as_mut().map(mem::take).unwrap_or_default()
    }
}
