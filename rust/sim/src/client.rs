//! What lies between the dispatcher and a session, without a socket: what an answer or a receipt
//! means for a message, receipts that wait for their commit, and when to connect again.
//!
//! The engine's driver and the simulated world share it, so that what the world shows of it
//! holds for what is sent over a socket.

mod backoff;
mod breaker;
mod brief;
mod ending;
mod hear;
mod mail;
mod openings;
mod replies;

pub use backoff::{Backoff, WORKED_US};
pub use breaker::Breaker;
pub use brief::brief;
pub use ending::{Ending, ending};
pub use hear::{Heard, Origin, hear};
pub use mail::{HeardMail, hear_mail};
pub use openings::{Openings, Standing};
pub use replies::Replies;
