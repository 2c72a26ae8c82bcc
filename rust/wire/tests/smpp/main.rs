//! SMPP sessions, joined without sockets. One file per scenario, named by it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod accounting;
mod any_order;
mod arbitrary_bytes;
mod bind;
mod congestion;
mod early_receipt;
mod early_response;
mod full_window;
mod half_held;
mod late_response;
mod malformed;
mod pair;
mod reset;
mod round_trip;
mod silence;
mod unbind;
mod wrap;
