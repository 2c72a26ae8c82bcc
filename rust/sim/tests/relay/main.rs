//! A simulated relay and clients without sockets: each fault, and what the books say of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod accounts;
mod any_place;
mod arbitrary_input;
mod caller;
mod caps;
mod chances;
mod cuts;
mod delays;
mod duplicates;
mod every_octet;
mod greylisting;
mod reports;
mod slow;
