//! `smsc` under libFuzzer; see `src/targets/smsc.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("smsc");
