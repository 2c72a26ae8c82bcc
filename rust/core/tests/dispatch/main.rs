//! The dispatcher, step by step: one file per thing that goes wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod ledger_behind;
mod settled_resend;
mod stage;
