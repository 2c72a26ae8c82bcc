//! The engine against an SMSC on loopback: one module per scenario.

#![allow(clippy::unwrap_used)]

mod bounces_come_back;
mod bounces_wait_for_the_ledger;
mod bringer;
mod commands;
mod events;
mod far;
mod full_campaign;
mod host;
mod killed;
mod ledger_fails;
mod ledger_refuses;
mod letters_reach_their_people;
mod mail_campaign;
mod panics;
mod post;
mod post_office;
mod relay_has_limits;
mod relay_is_checked;
mod relay_lost;
mod relay_refuses_us;
mod reopened;
mod retention;
mod sessions_lost;
mod silent_far_end;
mod slow_and_throttled;
mod slow_report;
mod stops_reading;
mod unfit_account;
mod unfit_gateway;
mod unreachable;
mod wall_clock;
mod week;
