//! Faults that are planted in the driver, so that the checks can be seen to fail.

/// A token that no dispatcher gives: of what is sent besides.
pub(super) const NOBODY: u64 = u64::MAX;

/// Something that the driver of a world does wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// Some answers of far ends never reach the dispatcher (I1).
    AnswerDropped,
    /// A batch is said to be durable before it is (I2).
    CommittedTooSoon,
    /// Some messages are sent twice (I3).
    SentTwice,
    /// The dispatcher does not know the limit (I4).
    NoLimit,
    /// The dispatcher takes what is urgent for information (I5).
    NotUrgent,
    /// Some rows of the journal say what cannot be (I6).
    RowsGarbled,
    /// Counts are off by one (I7).
    CountsOff,
    /// A key that is known is launched again (I8).
    KeyForgotten,
    /// Receipts are answered and not kept (I9).
    ReceiptDropped,
    /// Mail whose end has left and that has no reply is taken for unsent (I3).
    LostIsUnsent,
    /// The dispatcher does not know the limits of domains (I4).
    NoDomainLimit,
    /// Reports of relays are answered and not kept (I9).
    ReportDropped,
    /// A pause is promised and not carried out (I10).
    PauseIgnored,
}
