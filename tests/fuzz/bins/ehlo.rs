//! `ehlo` under libFuzzer; see `src/targets/ehlo.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("ehlo");
