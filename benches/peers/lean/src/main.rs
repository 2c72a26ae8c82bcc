//! The two ends of a measurement that costs next to nothing itself.
//!
//! `lean sink` is an SMSC that answers every PDU, in one thread, with one read and one write for all that is
//! there. `lean blast` is what a client can reach at most: a window kept full from a template, nothing decided,
//! nothing kept. Both are measured against far more than they measure.

mod blast;
mod books;
mod bucket;
mod desk;
mod line;
mod options;
mod pdu;
mod sink;

use std::process::ExitCode;

const USAGE: &str = "\
lean sink [--port P] [--latency-ms N] [--silent-receipts] [--unanswered-receipts N] [--limit N] [--burst N]
          [--reset-every N] [--group N] [--with-parent]
lean blast --port P --count N --window W [--receipts]";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let done = match words.next().as_deref() {
        Some("sink") => options::sink(words).and_then(|chosen| sink::run(chosen).map_err(|e| e.to_string())),
        Some("blast") => {
            options::blast(words).and_then(|chosen| blast::run(&chosen).map_err(|e| e.to_string()))
        }
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}
