//! Random worlds.

use bealert_sim::world::{check, script};

#[test]
fn some() {
    let from: u64 = std::env::var("FROM").map_or(1, |n| n.parse().unwrap());
    let count: u64 = std::env::var("SEEDS").map_or(100, |n| n.parse().unwrap());
    let mut bad = 0;
    let mut totals = std::collections::BTreeMap::new();
    for seed in from..from + count {
        let outcome = std::panic::catch_unwind(|| script::run(seed));
        let Ok(outcome) = outcome else {
            println!("seed {seed} PANIC");
            bad += 1;
            continue;
        };
        for fact in &outcome.facts.timeline {
            let name = format!("{:?}", fact.what);
            let name = name.split([' ', '(', '{']).next().unwrap().to_owned();
            *totals.entry(name).or_insert(0u64) += 1;
        }
        *totals.entry("passes".into()).or_default() += outcome.passes;
        *totals.entry("calls".into()).or_default() += outcome.calls;
        let failures = check::failures(&outcome.facts);
        if count == 1 {
            println!("{:#?}", script::Script::of(seed).setup);
            println!("{:?}", script::Script::of(seed).events);
            for fact in &outcome.facts.timeline {
                match &fact.what {
                    bealert_sim::world::What::Durable { batch } => {
                        println!(
                            "{:>12} Durable marks {:?} states {:?} parked {:?} -{:?}",
                            fact.at_us,
                            batch.marks.iter().map(|(k, m)| (k.campaign.0, k.block, m)).collect::<Vec<_>>(),
                            batch.states,
                            batch.parked,
                            batch.unparked
                        );
                        for row in &batch.outcomes {
                            println!(
                                "             {} {}.{}.{} {:?} a{} g{} {:?} {:?}",
                                row.seq,
                                row.campaign,
                                row.ordinal,
                                row.part,
                                row.step,
                                row.attempt,
                                row.gateway.0,
                                row.remote.as_str(),
                                row.detail
                            );
                        }
                        for row in &batch.notices {
                            println!("             {} {:?} {}", row.seq, row.code, row.text);
                        }
                        for row in &batch.block_ends {
                            println!("             {:?}", row);
                        }
                    }
                    what => println!("{:>12} {what:?}", fact.at_us),
                }
            }
        }
        if outcome.stuck.is_some() || !failures.is_empty() {
            bad += 1;
            println!("seed {seed}: {:?}", outcome.stuck);
            for (name, what) in failures {
                println!("   {name}: {}", what.chars().take(1500).collect::<String>());
            }
        }
    }
    println!("{totals:?}");
    println!("{bad} of {count}");
}
