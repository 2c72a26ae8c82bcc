//! The dispatcher, step by step: one file per thing that goes wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod how_long_it_takes;
mod late_answer;
mod late_bounce;
mod ledger_behind;
mod mail;
mod one_of_several_tries;
mod refused_by_gateway;
mod same_return_path;
mod settled_resend;
mod slow_block;
mod slow_domain;
mod stage;
mod takes_nothing;
mod until_expiry;
