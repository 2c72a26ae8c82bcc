//! Worlds from seeds, the checks that judge them, and faults planted to see each check fail.

#![allow(clippy::unwrap_used)] // An unwrap in a test is an assertion.

mod base;
mod every_call;
mod found;
mod planted;
mod post;
mod regressions;
mod replay;
mod seeds;
mod tampered;
mod timeline;
mod unknown_limit;
