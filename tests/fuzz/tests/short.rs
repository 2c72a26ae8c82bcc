//! The part of fuzzing that every test run does: what is known, and a number of mutations of it.
//!
//! `FUZZ_SECONDS=600 cargo test -p bealert-fuzz --release` goes on for so long with each target, from a seed of
//! the time; `FUZZ_SEED=N` repeats one.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bealert_fuzz::mutate::Mutator;
use bealert_fuzz::{TARGETS, Target, seeds, store};

/// Mutations of each target where no time is given: about a second of work for the slowest.
const MUTATIONS: usize = 40_000;

/// The seed where none is given: the same inputs on every machine.
const SEED: u64 = 8;

macro_rules! target {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            fuzz(Target::named(stringify!($name)).expect("each test has its target"));
        })*

        #[test]
        fn every_target_has_a_test() {
            assert_eq!(TARGETS.map(|target| target.name), [$(stringify!($name)),*]);
        }
    };
}

target!(block bounce config control ehlo esme ledger letter number pdu receipt reply smsc smtp_client smtp_server snapshot template text);

fn fuzz(target: Target) {
    let mut known = Vec::new();
    for (name, octets) in store::files(&store::regressions(target)).expect("regressions can be read") {
        println!("regression {name}");
        target.run(&octets);
        known.push(octets);
    }
    for (name, octets) in store::files(&store::corpus(target)).expect("the corpus can be read") {
        println!("{name}");
        target.run(&octets);
        known.push(octets);
    }
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    let seconds = number("FUZZ_SECONDS");
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    let seed = number("FUZZ_SEED").unwrap_or(if seconds.is_some() { since_1970.as_secs() } else { SEED });
    println!("FUZZ_SEED={seed}");
    let until = Instant::now() + Duration::from_secs(seconds.unwrap_or(0));
    let mut mutator = Mutator::new(seed);
    let mut done = 0;
    while done < MUTATIONS || (seconds.is_some() && Instant::now() < until) {
        let octets = mutator.next(&known);
        if let Err(fault) = catch_unwind(AssertUnwindSafe(|| target.run(&octets))) {
            let path = store::keep(target, &octets).expect("it can be kept");
            println!("{} fails on {}: commit it with what repairs it", target.name, path.display());
            resume_unwind(fault);
        }
        done += 1;
    }
    println!("{done} mutations of {} inputs", known.len());
}

#[test]
fn the_committed_seeds_are_those_of_this_version_and_are_understood() {
    for target in TARGETS {
        let files = store::files(&store::corpus(target)).unwrap();
        let mut understood = 0;
        for (name, octets) in seeds::of(target) {
            let found = files.iter().find(|(file, _)| *file == name).map(|(_, octets)| octets);
            let again = "run `cargo run -p bealert-fuzz --bin seeds`";
            assert_eq!(found, Some(&octets), "{} {name} is another: {again}", target.name);
            understood += usize::from(target.run(&octets));
        }
        assert!(understood > 0, "{} understands none of its seeds: it tests nothing", target.name);
    }
}
