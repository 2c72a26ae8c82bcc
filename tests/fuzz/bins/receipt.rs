//! `receipt` under libFuzzer; see `src/targets/receipt.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("receipt");
