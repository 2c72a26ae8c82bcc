//! The two ends against each other: what they promise a measurement.

mod ends;
mod smpp;
mod smtp;
mod tls;
