//! The far end and the raw client of SMPP.

mod blast;
mod desk;
mod line;
mod options;
mod pdu;

pub use blast::run as run_blast;
pub use line::Line;
pub use options::{blast, sink};
