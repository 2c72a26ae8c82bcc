//! Writes the seeds of `src/seeds.rs` into `corpus`: `cargo run -p bealert-fuzz --bin seeds`.

use std::fs;
use std::io;

use bealert_fuzz::{TARGETS, seeds, store};

fn main() -> io::Result<()> {
    for target in TARGETS {
        let directory = store::corpus(target);
        fs::create_dir_all(&directory)?;
        for (name, octets) in seeds::of(target) {
            fs::write(directory.join(name), octets)?;
        }
    }
    Ok(())
}
