//! Random worlds: I1 to I10 hold in each of them, and each comes to its end.
//!
//! `make world` runs more of them (`SEEDS`, `FROM`), or tells the story of one (`SEED`).

use bealert_sim::world::{check, script};

use crate::timeline;

/// Worlds unless `WORLD_SEEDS` says otherwise: half a minute on two cores.
const SEEDS: u64 = 2_000;

/// What is wrong with the world of a seed, if anything is.
pub(crate) fn faults_of(seed: u64) -> Option<String> {
    let outcome = std::panic::catch_unwind(|| script::run(seed));
    let Ok(outcome) = outcome else { return Some("it panics".into()) };
    let broken = check::failures(&outcome.facts).into_iter().map(|(name, what)| format!("{name}: {what}"));
    let all: Vec<String> = outcome.stuck.into_iter().chain(broken).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Every second seed, so that two tests share them.
fn run(offset: u64) {
    if let Some(seed) = number("WORLD_SEED") {
        if seed % 2 == offset {
            timeline::print(seed);
        }
        return;
    }
    let from = number("WORLD_FROM").unwrap_or(1);
    let count = number("WORLD_SEEDS").unwrap_or(SEEDS);
    let mut broken = Vec::new();
    for seed in (from..from + count).filter(|seed| seed % 2 == offset) {
        if let Some(faults) = faults_of(seed) {
            println!("seed {seed}: {faults}\nits story: make world SEED={seed}");
            broken.push(seed);
        }
    }
    assert!(broken.is_empty(), "{} worlds are broken, their seeds: {broken:?}", broken.len());
}

#[test]
fn even_worlds_keep_the_invariants() {
    run(0);
}

#[test]
fn odd_worlds_keep_the_invariants() {
    run(1);
}
