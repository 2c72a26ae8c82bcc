//! The far end and the raw client of SMTP.

mod blast;
mod desk;
mod line;
mod message;
mod options;
mod tls;

pub use blast::run as run_blast;
pub use line::Line;
pub use options::{blast, sink};
