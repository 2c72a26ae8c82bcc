//! `letter` under libFuzzer; see `src/targets/letter.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("letter");
