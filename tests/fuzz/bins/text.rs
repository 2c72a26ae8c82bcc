//! `text` under libFuzzer; see `src/targets/text.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("text");
