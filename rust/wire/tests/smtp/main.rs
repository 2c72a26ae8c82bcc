//! SMTP sessions, without sockets. One file per scenario, named by it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod modes;
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
