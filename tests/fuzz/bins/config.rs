//! `config` under libFuzzer; see `src/targets/config.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("config");
