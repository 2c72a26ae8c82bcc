//! Rendering: from a stored block to its messages, ready to be sent.

mod email;
mod shares;
mod sms;

use std::sync::Arc;

use bealert_core::block::BlockError;
use bealert_core::dispatch::{AddressHash, Entries};
use bealert_core::model::{BlockRow, Channel};
use bealert_wire::text::TooLong;
use thiserror::Error;

use crate::campaign::Prepared;
use crate::mail::{AddressProblem, LetterProblem};
use crate::plan::RenderProblem;

pub(crate) use email::EmailBlock;
pub(crate) use shares::Shares;
pub(crate) use sms::SmsBlock;

/// The messages of a block, on the channel that it is for.
#[derive(Debug)]
pub(crate) enum Rendered {
    /// Parts of SMS.
    Sms(SmsBlock),
    /// Letters.
    Email(EmailBlock),
}

/// Why a stored block can't be sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum RenderedError {
    /// It can't be read.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// A message that could be rendered when it was planned can't be now.
    #[error("the message to {id:?}: {problem}")]
    Text {
        /// Whose.
        id: String,
        /// Why.
        problem: RenderProblem,
    },
    /// It became too long.
    #[error("the message to {id:?}: {problem}")]
    TooLong {
        /// Whose.
        id: String,
        /// How long.
        problem: TooLong,
    },
    /// A message has another number of parts than was planned, reserved and paid for.
    #[error("the message to {id:?} takes {rendered} parts and was planned with {planned}")]
    Parts {
        /// Whose.
        id: String,
        /// What the block says.
        planned: u8,
        /// What came out.
        rendered: usize,
    },
    /// A letter that could be rendered when it was planned can't be now.
    #[error("the e-mail to {id:?}: {problem}")]
    Letter {
        /// Whose.
        id: String,
        /// Why.
        problem: LetterProblem,
    },
    /// An address that was judged when it was planned is none now.
    #[error("the address of {id:?}: {problem}")]
    Address {
        /// Whose.
        id: String,
        /// Why.
        problem: AddressProblem,
    },
    /// The campaign froze no content for the channel of the block.
    #[error("the campaign has no content for {0}")]
    Channel(&'static str),
    /// The block points to a language that the campaign doesn't have.
    #[error("the message to {id:?} is in a language that the campaign does not have")]
    Language {
        /// Whose.
        id: String,
    },
    /// It is no block that fits in 32 bits.
    #[error("the block is too large")]
    Size,
}

impl Rendered {
    /// Renders the messages of a block.
    ///
    /// # Errors
    /// [`RenderedError`], where the block is damaged, or not what was planned.
    pub(crate) fn of(prepared: &Prepared, row: &BlockRow) -> Result<Self, RenderedError> {
        match row.meta.key.channel {
            Channel::Sms => SmsBlock::of(&prepared.frozen, &row.data, prepared.reference()).map(Self::Sms),
            Channel::Email => EmailBlock::of(prepared, row, ..).map(Self::Email),
            Channel::Voice => Err(RenderedError::Channel("voice")),
        }
    }

    /// What the dispatcher holds of it.
    pub(crate) fn entries(&self, hash: AddressHash) -> Arc<Entries> {
        Arc::new(match self {
            Self::Sms(block) => block.entries(hash),
            Self::Email(block) => block.entries(hash),
        })
    }

    /// Octets of all its messages, as they are kept.
    pub(crate) fn octets(&self) -> usize {
        match self {
            Self::Sms(block) => block.octets(),
            Self::Email(block) => block.octets(),
        }
    }

    /// Its SMS.
    #[inline]
    pub(crate) fn sms(&self) -> Option<&SmsBlock> {
        match self {
            Self::Sms(block) => Some(block),
            Self::Email(_) => None,
        }
    }

    /// Its letters.
    #[inline]
    pub(crate) fn email(&self) -> Option<&EmailBlock> {
        match self {
            Self::Sms(_) => None,
            Self::Email(block) => Some(block),
        }
    }
}

#[cfg(test)]
mod email_tests;
#[cfg(test)]
mod sms_tests;
