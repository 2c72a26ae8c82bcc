//! `control` under libFuzzer; see `src/targets/control.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("control");
