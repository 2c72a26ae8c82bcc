//! The books of a simulated SMSC.

/// What it has counted: the oracle of every test of loss and duplication.
///
/// `submits` = `accepted` + `throttled` + `rejected` + `swallowed`, `accepted` = `unique` + `duplicates`, and
/// `receipts` = `delivered` + `undelivered`, always. All count parts, not messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Books {
    /// Parts that came.
    pub submits: u64,
    /// Parts that it took, whether or not its response arrived.
    pub accepted: u64,
    /// Different parts among them, by source, destination and payload.
    pub unique: u64,
    /// Parts taken again.
    pub duplicates: u64,
    /// Receipts that were answered with success, once per accepted part.
    pub receipts: u64,
    /// Submits answered with a status that asks to slow down (0x58, 0x14).
    pub throttled: u64,
    /// Submits answered with any other error.
    pub rejected: u64,
    /// Submits neither taken nor answered.
    pub swallowed: u64,
    /// Taken, but never answered.
    pub silent: u64,
    /// `receipts` that said delivered.
    pub delivered: u64,
    /// `receipts` that said anything else.
    pub undelivered: u64,
    /// Accepted parts that asked for a receipt and get none.
    pub without_receipt: u64,
    /// Receipts sent before the response.
    pub early_receipts: u64,
    /// Receipts sent once more than needed and answered with success.
    pub repeated_receipts: u64,
    /// Receipts to be sent again: answered with an error, or not at all.
    pub returned_receipts: u64,
    /// Binds accepted.
    pub binds: u64,
    /// Binds refused.
    pub refused_binds: u64,
    /// Connections broken on purpose.
    pub resets: u64,
    /// Breaches of the protocol by the other side.
    pub faults: u64,
}

impl Books {
    /// Every count with its name, in the order above: for JSON and tables.
    pub fn counts(&self) -> [(&'static str, u64); 19] {
        let Self {
            submits,
            accepted,
            unique,
            duplicates,
            receipts,
            throttled,
            rejected,
            swallowed,
            silent,
            delivered,
            undelivered,
            without_receipt,
            early_receipts,
            repeated_receipts,
            returned_receipts,
            binds,
            refused_binds,
            resets,
            faults,
        } = *self;
        [
            ("submits", submits),
            ("accepted", accepted),
            ("unique", unique),
            ("duplicates", duplicates),
            ("receipts", receipts),
            ("throttled", throttled),
            ("rejected", rejected),
            ("swallowed", swallowed),
            ("silent", silent),
            ("delivered", delivered),
            ("undelivered", undelivered),
            ("without_receipt", without_receipt),
            ("early_receipts", early_receipts),
            ("repeated_receipts", repeated_receipts),
            ("returned_receipts", returned_receipts),
            ("binds", binds),
            ("refused_binds", refused_binds),
            ("resets", resets),
            ("faults", faults),
        ]
    }
}
