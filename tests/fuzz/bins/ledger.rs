//! `ledger` under libFuzzer; see `src/targets/ledger.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("ledger");
