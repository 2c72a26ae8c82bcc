//! `block` under libFuzzer; see `src/targets/block.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("block");
