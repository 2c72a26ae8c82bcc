//! `number` under libFuzzer; see `src/targets/number.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("number");
