//! A simulated SMSC joined to ESMEs without sockets: each fault, and what the books say of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod accounts;
mod arbitrary_input;
mod chances;
mod delays;
mod early_receipts;
mod joined;
mod limits;
mod messages;
mod numbers;
mod receipts_first;
mod repeated_receipts;
mod resets;
mod returned_receipts;
mod silence;
