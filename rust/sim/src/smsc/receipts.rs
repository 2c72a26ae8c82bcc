//! Receipts on their way: waiting for their time, for a session, and for their answer.

use std::collections::VecDeque;

use arrayvec::ArrayString;
use bealert_wire::smpp::{MAX_ADDRESS_CHARS, ReceiptState};

use crate::bucket::Bucket;
use crate::lines::ConnectionId;

/// A receipt to be sent until it is answered with success.
#[derive(Debug, Clone)]
pub(super) struct Receipt {
    /// That of the message id.
    pub(super) number: u64,
    /// Whose it is: an index of [`Accounts`].
    pub(super) account: u32,
    /// When the message came.
    pub(super) submitted_us: u64,
    pub(super) state: ReceiptState,
    /// The second of two, which the books count apart.
    pub(super) repeated: bool,
    /// The recipient of the message.
    pub(super) from: ArrayString<MAX_ADDRESS_CHARS>,
    /// Its sender.
    pub(super) to: ArrayString<MAX_ADDRESS_CHARS>,
}

/// What belongs to one system_id, over all its connections.
#[derive(Debug, Default)]
pub(super) struct Account {
    system_id: String,
    pub(super) bucket: Bucket,
    /// Receipts whose time has come.
    pub(super) ready: VecDeque<Receipt>,
    /// The connections bound to receive.
    receivers: Vec<ConnectionId>,
    /// Which of them is next.
    turn: usize,
}

impl Account {
    pub(super) fn add_receiver(&mut self, connection: ConnectionId) {
        self.receivers.push(connection);
    }

    pub(super) fn remove_receiver(&mut self, connection: ConnectionId) {
        self.receivers.retain(|&receiver| receiver != connection);
    }

    /// The next connection that has room, each in turn.
    pub(super) fn receiver(&mut self, has_room: impl Fn(ConnectionId) -> bool) -> Option<ConnectionId> {
        let count = self.receivers.len();
        let chosen = (self.turn..self.turn + count)
            .map(|turn| turn % count)
            .find(|&turn| has_room(self.receivers[turn]))?;
        self.turn = chosen + 1;
        Some(self.receivers[chosen])
    }
}

/// The accounts that have bound so far. Their receipts outlive their connections.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    list: Vec<Account>,
}

impl Accounts {
    /// The index of an account, which is opened by its first bind.
    pub(super) fn open(&mut self, system_id: &str) -> u32 {
        let known = self.list.iter().position(|account| account.system_id == system_id);
        let index = known.unwrap_or_else(|| {
            self.list.push(Account { system_id: system_id.into(), ..Account::default() });
            self.list.len() - 1
        });
        index as u32
    }

    pub(super) fn count(&self) -> u32 {
        self.list.len() as u32
    }

    #[inline]
    pub(super) fn get(&mut self, index: u32) -> &mut Account {
        &mut self.list[index as usize]
    }
}

/// Receipts that wait for their answer, by token.
#[derive(Debug, Default)]
pub(super) struct Flights {
    slots: Vec<Option<Receipt>>,
    free: Vec<usize>,
}

impl Flights {
    pub(super) fn depart(&mut self, receipt: Receipt) -> u64 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[slot] = Some(receipt);
        slot as u64
    }

    pub(super) fn arrive(&mut self, token: u64) -> Option<Receipt> {
        let receipt = self.slots.get_mut(token as usize)?.take()?;
        self.free.push(token as usize);
        Some(receipt)
    }
}
