//! `template` under libFuzzer; see `src/targets/template.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("template");
