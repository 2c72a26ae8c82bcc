//! What is waited for, in the order in which it was sent (RFC 2920 §3.1: every reply is matched).

use std::collections::VecDeque;

use super::super::event::Phase;
use super::super::sasl::Mechanism;

/// One reply that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) what: What,
    /// The place in the stream behind the last octet of what it answers: no reply can come before that is written.
    pub(super) end: u64,
}

/// What a reply answers. MAIL to the dot are those of the first transaction held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    Auth(Prompt),
    Mail,
    Rcpt,
    Data,
    Dot,
    Rset,
    Quit,
}

/// What is said when the server asks for more (RFC 4954 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompt {
    /// What did not fit into the command.
    Initial(Mechanism),
    User,
    Password,
    /// Nothing of a token is left to say. If the server asks on, it has told an error, and waits for this line to say
    /// that it refuses: an empty one with XOAUTH2, a control-A with OAUTHBEARER (RFC 7628 §3.2.3).
    Token(&'static str),
    /// That we give up: all is said (RFC 4954 §4).
    Over,
    /// Nothing: we have given up.
    GivenUp,
}

impl What {
    /// The first digit of the reply that is hoped for, where its text says nothing.
    #[inline]
    pub(super) fn plain(self) -> Option<u8> {
        match self {
            Self::Mail | Self::Rcpt | Self::Rset => Some(b'2'),
            Self::Data => Some(b'3'),
            _ => None,
        }
    }

    pub(super) fn phase(self) -> Phase {
        match self {
            Self::Greeting => Phase::Greeting,
            Self::Ehlo | Self::Helo => Phase::Ehlo,
            Self::StartTls => Phase::StartTls,
            Self::Auth(_) => Phase::Auth,
            Self::Mail => Phase::Mail,
            Self::Rcpt => Phase::Rcpt,
            Self::Data => Phase::Data,
            Self::Dot => Phase::Dot,
            Self::Rset => Phase::Rset,
            Self::Quit => Phase::Quit,
        }
    }
}

/// One message between submit and its last reply. Its commands and its octets lie in the outgoing stream already,
/// one behind the other; how far they may go is what the replies decide.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transaction {
    pub(super) token: u64,
    pub(super) submitted_us: u64,
    /// Places in the stream: behind the RSET before its MAIL, if there is one; behind MAIL, behind DATA (with BDAT behind the last RCPT), behind the message.
    pub(super) rset_end: Option<u64>,
    pub(super) mail_end: u64,
    pub(super) data_end: u64,
    pub(super) body_end: u64,
    pub(super) recipients: u16,
    /// Replies to RCPT so far.
    pub(super) answered: u16,
    /// Recipients that the server took.
    pub(super) accepted: u16,
    /// Recipients whose final event has not been told.
    pub(super) open: u16,
    pub(super) released: Released,
    /// In lock-step: each command waits for the reply to the one before.
    pub(super) stepwise: bool,
    /// Its commands went out before the message ahead of it was answered.
    pub(super) joined: bool,
    /// By BDAT: nothing is held back.
    pub(super) chunk: bool,
    /// The server took MAIL: if nothing comes of it, RSET ends it.
    pub(super) begun: bool,
    /// The message is not to be sent: MAIL or every recipient was refused.
    pub(super) spoiled: bool,
    /// Its end was not written, and yet the server said that it has it.
    pub(super) doubtful: bool,
}

/// How far a transaction may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Released {
    Nothing,
    /// Its commands, or in lock-step those of them that are due.
    Commands,
    Everything,
}

/// One recipient of a transaction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipient {
    /// The place in the stream behind its RCPT.
    pub(super) end: u64,
    /// Its final event has been told.
    pub(super) told: bool,
}

/// All that is waited for.
#[derive(Debug, Default)]
pub(super) struct Ring {
    pub(super) expected: VecDeque<Expected>,
    pub(super) transactions: VecDeque<Transaction>,
    /// Of all transactions, in their order.
    pub(super) recipients: VecDeque<Recipient>,
}

impl Ring {
    #[inline]
    pub(super) fn expect(&mut self, what: What, end: u64) {
        self.expected.push_back(Expected { what, end });
    }

    /// Where the recipients of the transaction at `index` begin.
    pub(super) fn first_recipient(&self, index: usize) -> usize {
        let behind = self.transactions.range(index..);
        let held: usize = behind.map(|transaction| usize::from(transaction.recipients)).sum();
        self.recipients.len() - held
    }

    /// The first transaction is over.
    #[inline]
    pub(super) fn pop(&mut self) {
        if let Some(transaction) = self.transactions.pop_front() {
            self.recipients.drain(..usize::from(transaction.recipients));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.transactions.is_empty() && self.expected.is_empty()
    }
}
