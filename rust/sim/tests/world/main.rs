//! Worlds from seeds, and the checks that judge them.

mod replay;
mod seeds;
