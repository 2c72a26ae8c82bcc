//! What became of everybody: outcomes, the ledger that holds them, and what is read from it.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod diagram;
mod memory_ledger;
mod outcome;
mod report;
mod story;
mod verify;
