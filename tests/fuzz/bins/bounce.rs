//! `bounce` under libFuzzer; see `src/targets/bounce.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("bounce");
