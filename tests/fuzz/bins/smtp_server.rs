//! `smtp_server` under libFuzzer; see `src/targets/smtp_server.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("smtp_server");
