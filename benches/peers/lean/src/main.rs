//! The two ends of a measurement that costs next to nothing itself, for SMPP and for SMTP.
//!
//! A sink is a far end that answers everything, in one thread, with one read and one write for all that is
//! there. A blast is what a client can reach at most: messages from a template, nothing decided, nothing kept.
//! Both are measured against far more than they measure.

mod arrivals;
mod bucket;
mod clock;
mod number;
mod options;
mod port;
mod signs;
mod sink;
mod smpp;
mod smtp;

use std::io;
use std::process::ExitCode;

const USAGE: &str = "\
lean sink  FAR-END [--silent-receipts] [--unanswered-receipts N]
lean blast --port P --count N --window W [--receipts]
lean smtp-sink  FAR-END [--no-pipelining] [--no-chunking] [--nagle] [--starttls CERTIFICATE]
lean smtp-blast --port P --count N --connections C [--mode lockstep|pipelined|joined|bdat] [--window W] [--size N]
lean rsa-signs [--seconds N]
FAR-END: [--port P] [--latency-ms N] [--limit N] [--burst N] [--reset-every N] [--group N] [--with-parent]";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let done = match words.next().as_deref() {
        Some("sink") => smpp::sink(words).and_then(|chosen| said(sink::run::<smpp::Line>(chosen))),
        Some("blast") => smpp::blast(words).and_then(|chosen| said(smpp::run_blast(&chosen))),
        Some("smtp-sink") => smtp::sink(words).and_then(|chosen| said(sink::run::<smtp::Line>(chosen))),
        Some("smtp-blast") => smtp::blast(words).and_then(|chosen| said(smtp::run_blast(&chosen))),
        Some("rsa-signs") => signs::run(words),
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

fn said(done: io::Result<()>) -> Result<(), String> {
    done.map_err(|error| error.to_string())
}
