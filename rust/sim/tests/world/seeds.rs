//! Random worlds.

use bealert_sim::world::{check, script};

#[test]
fn some() {
    let from: u64 = std::env::var("FROM").map_or(1, |n| n.parse().unwrap());
    let count: u64 = std::env::var("SEEDS").map_or(100, |n| n.parse().unwrap());
    let mut bad = 0;
    for seed in from..from + count {
        let outcome = std::panic::catch_unwind(|| script::run(seed));
        let Ok(outcome) = outcome else { println!("seed {seed} PANIC"); bad += 1; continue };
        let failures = check::failures(&outcome.facts);
        if outcome.stuck.is_some() || !failures.is_empty() {
            bad += 1;
            println!("seed {seed}: {:?}", outcome.stuck);
            for (name, what) in failures { println!("   {name}: {}", what.chars().take(1500).collect::<String>()); }
        }
    }
    println!("{bad} of {count}");
}
