//! `reply` under libFuzzer; see `src/targets/reply.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("reply");
