//! `pdu` under libFuzzer; see `src/targets/pdu.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("pdu");
