//! `snapshot` under libFuzzer; see `src/targets/snapshot.rs`.
#![no_main]

bealert_fuzz::libfuzzer!("snapshot");
