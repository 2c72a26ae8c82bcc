//! What a connection was refused, and when it is left for that: before the relay punishes it.

use super::super::learnt::FREE_REFUSALS;
use super::super::reply::Reply;

/// The recipients that may be refused for good on one connection, and the errors about such that may follow each
/// other: Postfix delays every reply after 10 errors with no message taken between them, and closes at 20
/// (smtpd_soft_error_limit, smtpd_hard_error_limit); others do not begin anew with a message.
const MAX_FOR_GOOD: u32 = 8;

/// A refusal that takes so long after [`FREE_REFUSALS`] of them is a punishment: Postfix waits a second
/// (smtpd_error_sleep_time), and a relay that is this slow without meaning it loses little by the mistake.
pub(super) const PUNISHED_US: u64 = 500_000;

/// Refusals on one connection.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// Recipients refused for good.
    gone: u32,
    /// Replies 4yz and 5yz since the server last took a message, and those of them that were for good.
    errors: u32,
    for_good: u32,
    /// The last one was for good.
    last_for_good: bool,
}

impl Refusals {
    /// A reply has come. `follows`: to what was said for nobody any more, so that it is as lasting as the one before.
    pub(super) fn reply(&mut self, reply: &Reply, follows: bool) {
        if !reply.is_transient() && !reply.is_permanent() {
            return;
        }
        if !follows {
            self.last_for_good = reply.is_permanent();
        }
        self.errors += 1;
        self.for_good += u32::from(self.last_for_good);
    }

    /// A recipient was refused.
    pub(super) fn recipient(&mut self, reply: &Reply) {
        self.gone += u32::from(reply.is_permanent());
    }

    /// A message was taken.
    #[inline]
    pub(super) fn taken(&mut self) {
        (self.errors, self.for_good) = (0, 0);
    }

    /// How many follow each other.
    pub(super) fn in_a_row(&self) -> u32 {
        self.errors
    }

    /// Whether there are so many that a relay may punish them.
    #[inline]
    pub(super) fn are_risked(&self) -> bool {
        self.errors >= FREE_REFUSALS
    }

    /// Whether too many people are gone to go on.
    pub(super) fn tell_of_bad_addresses(&self) -> bool {
        self.gone.max(self.for_good) >= MAX_FOR_GOOD
    }
}
