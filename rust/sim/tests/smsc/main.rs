//! A simulated SMSC joined to ESMEs without sockets: each fault, and what the books say of it.

mod accounts;
mod arbitrary_input;
mod chances;
mod delays;
mod early_receipts;
mod joined;
mod limits;
mod messages;
mod numbers;
mod repeated_receipts;
mod resets;
mod returned_receipts;
mod silence;
