//! `esme` under libFuzzer; see `src/targets/esme.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("esme");
