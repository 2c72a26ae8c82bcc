//! SMTP sessions, without sockets. One file per scenario, named by it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod any_server;
mod auth;
mod bdat;
mod both_roles;
mod client_arbitrary_bytes;
mod contradictions;
mod cost;
mod data_for_nobody;
mod down_the_ladder;
mod error_scopes;
mod injection;
mod ladder;
mod leaving;
mod line_ends;
mod modes;
mod opening;
mod parameters;
mod per_recipient;
mod pipelining_rules;
mod refused_for_now;
mod replies;
mod reset_anywhere;
mod scripted;
mod server_arbitrary_bytes;
mod server_auth;
mod server_bdat;
mod server_content;
mod server_dialogue;
mod server_lmtp;
mod server_owner;
mod server_strict;
mod server_tls;
mod starttls;
mod timeouts;
mod uncertain;
