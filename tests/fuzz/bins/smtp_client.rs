//! `smtp_client` under libFuzzer; see `src/targets/smtp_client.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("smtp_client");
