//! Far ends that send nothing: what tests, demonstrations and drills talk to instead of a gateway; and what of a
//! client lies between them and the dispatcher.
//!
//! Far ends speak the protocols of `bealert-wire` in their server role and own, like it, no socket, clock, thread or
//! random source. Chance comes from a seed: the same seed and the same input give the same run. Each keeps books
//! of what it took, which are the oracle of every test of loss and duplication.

mod bucket;
mod chance;
pub mod client;
mod digest;
mod lines;
pub mod relay;
pub mod smsc;
mod timeline;
pub mod world;
