//! What a message to a return path tells, in the dispatcher's words.

use bealert_core::dispatch::Told;

use crate::mail::{Bounced, NotABounce, Verp, read_bounce};
use crate::session::Pass;

/// The most octets of a message that are kept: what reports say stands in front of the letter they return. A few
/// milliseconds of reading.
pub(super) const MAX_MESSAGE_OCTETS: usize = 256 * 1_024;

/// What came in, since the engine was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// Reports about letters of this ledger.
    pub(crate) reports: u64,
    /// Reports that carry no token of it: forged ones, and those of another ledger.
    pub(crate) foreign: u64,
    /// Messages that are no reports, such as automatic answers.
    pub(crate) others: u64,
}

impl Counts {
    pub(super) fn add(&mut self, read: &Result<Vec<Bounced>, NotABounce>) {
        match read {
            Ok(_) => self.reports += 1,
            Err(NotABounce::NoToken) => self.foreign += 1,
            Err(_) => self.others += 1,
        }
    }
}

/// Reads a message that came for `recipient`, where that is known.
pub(super) fn open(message: &[u8], recipient: Option<&str>, verp: &Verp) -> Result<Vec<Bounced>, NotABounce> {
    read_bounce(message, recipient, verp)
}

/// Tells the dispatcher what is news to it, each under the same number. Gives how many answers will come.
pub(super) fn tell(pass: &mut Pass<'_>, bearer: u16, reply: u64, bounced: &[Bounced]) -> u32 {
    let mut told = 0;
    for one in bounced {
        let Some(step) = one.step() else { continue };
        let detail = one.detail();
        pass.dispatcher.receipt_for(pass.now_us, bearer, reply, one.named(), Told { step, detail: &detail });
        told += 1;
    }
    told
}
