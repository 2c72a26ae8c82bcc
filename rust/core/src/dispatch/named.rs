//! Receipts that name their attempt themselves.

use super::{Dispatcher, Named, Told};

impl Dispatcher {
    /// A receipt has come that names its attempt. It is answered through [`super::Action::Reply`] with
    /// [`crate::model::GatewayId::NONE`] and these two numbers once it is durable, or at once with a
    /// temporary error where the ledger is too far behind ([`super::HELD_ROWS`]).
    pub fn receipt_for(&mut self, now_us: u64, bearer: u16, reply: u64, named: Named, told: Told<'_>) {
        todo!("{now_us} {bearer} {reply} {named:?} {told:?}")
    }

    /// Whoever brought receipts is gone: nothing is answered to it any more.
    pub fn bearer_gone(&mut self, bearer: u16) {
        todo!("{bearer}")
    }
}
