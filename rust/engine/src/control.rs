//! `control.sock`: plans and commands for the process that holds a data directory, from any other one of the same
//! user.
//!
//! The holder listens for as long as it holds the directory. A connection carries requests, one after the other,
//! each answered before the next is read. Whatever was taken is carried out, also where the client does not wait.

mod client;
mod frame;
mod holder;
mod message;
mod server;
mod socket;
pub(crate) mod untrusted;

pub use client::{ControlClient, ControlError};
pub(crate) use holder::WeakEngine;
pub use message::CommandName;
pub(crate) use server::ControlServer;

#[cfg(test)]
mod tests;
