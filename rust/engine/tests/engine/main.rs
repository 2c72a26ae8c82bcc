//! The engine against an SMSC on loopback: one module per scenario.

#![allow(clippy::unwrap_used)]

mod commands;
mod events;
mod far;
mod full_campaign;
mod host;
mod ledger_fails;
mod panics;
mod reopened;
mod silent_far_end;
mod slow_and_throttled;
mod sessions_lost;
mod unreachable;
