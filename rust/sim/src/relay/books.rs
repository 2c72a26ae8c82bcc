//! The books of a simulated relay.

/// What it has counted: the oracle of every test of loss and duplication.
///
/// `messages` = `unique` + `duplicates`, always. They count a message once for each of its recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Books {
    /// Messages that it took, whether or not its reply arrived.
    pub messages: u64,
    /// Different ones among them, by recipient and Message-ID.
    pub unique: u64,
    /// Messages taken again.
    pub duplicates: u64,
    /// Octets of what it took.
    pub bytes: u64,
    /// Connections made, those that were turned away too.
    pub connections: u64,
    /// Connections refused with the greeting.
    pub refused_connections: u64,
    /// Connections that were encrypted.
    pub encrypted: u64,
    /// Clients that proved who they are.
    pub authenticated: u64,
    /// Clients that could not.
    pub refused_accounts: u64,
    /// Replies of 4yz to MAIL, RCPT, DATA and messages, but those counted below.
    pub deferred: u64,
    /// Replies of 5yz to the same.
    pub refused: u64,
    /// Recipients that were asked to come again, as unknown ones are.
    pub greylisted: u64,
    /// Messages refused because they were too many: by the second, or on one connection.
    pub throttled: u64,
    /// Times it hung up with a 421.
    pub hung_up: u64,
    /// Taken, but never answered.
    pub silent: u64,
    /// Messages neither taken nor answered.
    pub swallowed: u64,
    /// Replies that were none.
    pub garbled: u64,
    /// Connections broken on purpose.
    pub resets: u64,
    /// Reports made of what became of messages.
    pub reports: u64,
    /// Messages with a CR or LF that stood alone, with a NUL, or with octets above ASCII that were not declared.
    pub malformed: u64,
    /// Breaches of the protocol by the other side.
    pub faults: u64,
}

impl Books {
    /// Every count with its name, in the order above: for JSON and tables.
    pub fn counts(&self) -> [(&'static str, u64); 21] {
        let Self {
            messages,
            unique,
            duplicates,
            bytes,
            connections,
            refused_connections,
            encrypted,
            authenticated,
            refused_accounts,
            deferred,
            refused,
            greylisted,
            throttled,
            hung_up,
            silent,
            swallowed,
            garbled,
            resets,
            reports,
            malformed,
            faults,
        } = *self;
        [
            ("messages", messages),
            ("unique", unique),
            ("duplicates", duplicates),
            ("bytes", bytes),
            ("connections", connections),
            ("refused_connections", refused_connections),
            ("encrypted", encrypted),
            ("authenticated", authenticated),
            ("refused_accounts", refused_accounts),
            ("deferred", deferred),
            ("refused", refused),
            ("greylisted", greylisted),
            ("throttled", throttled),
            ("hung_up", hung_up),
            ("silent", silent),
            ("swallowed", swallowed),
            ("garbled", garbled),
            ("resets", resets),
            ("reports", reports),
            ("malformed", malformed),
            ("faults", faults),
        ]
    }
}
