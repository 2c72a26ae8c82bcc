//! Worlds from seeds, and the checks that judge them.

#![allow(clippy::unwrap_used)] // An unwrap in a test is an assertion.

mod seeds;
mod unknown_limit;
