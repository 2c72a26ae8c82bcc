//! Dispatch without I/O: what to send when, and what became of it.
//!
//! Nothing here owns a socket, a clock, a thread, a file or a random source. The files are named
//! after the flow: [`model`], [`expand`], `queue`, `limit`, [`congestion`], `route`, `dispatch`, `retry`,
//! [`outcome`], `report`, with the [`ledger`]'s contract beside them. Time comes in as `now_us`,
//! monotonic microseconds from any origin. Nothing here knows a protocol: a channel is a type with
//! its own unit of cost.

pub mod block;
pub mod congestion;
pub mod dispatch;
pub mod expand;
pub mod ledger;
pub mod limit;
pub mod model;
pub mod outcome;
mod packed;
mod queue;
pub mod report;
pub mod retry;
pub mod route;
mod snapshot;
pub mod tally;
#[doc(hidden)]
pub mod untrusted;
