//! The story of a world, for a person.

use bealert_core::ledger::Batch;
use bealert_sim::world::script::{self, Script};
use bealert_sim::world::{What, check};

/// Prints what a world is made of, all that happened in it, and what is wrong with it.
pub(crate) fn print(seed: u64) {
    let script = Script::of(seed);
    println!("{script:#?}");
    let outcome = script::play(&script, None);
    for fact in &outcome.facts.timeline {
        match &fact.what {
            What::Durable { batch } => print_batch(fact.at_us, batch),
            what => println!("{:>12} {what:?}", fact.at_us),
        }
    }
    let broken = check::failures(&outcome.facts);
    println!("{} rounds, {} calls of the driver", outcome.passes, outcome.calls);
    println!("stuck: {:?}", outcome.stuck);
    broken.iter().for_each(|(name, what)| println!("{name}: {what}"));
    assert!(outcome.stuck.is_none() && broken.is_empty(), "seed {seed} is broken");
}

fn print_batch(at_us: u64, batch: &Batch) {
    println!("{at_us:>12} Durable, up to row {}", batch.last_seq);
    for (key, mark) in &batch.marks {
        println!("{:14}{}/{} reserved to {mark}", "", key.campaign, key.block);
    }
    for row in &batch.outcomes {
        let of = format!("{}.{}.{} attempt {}", row.campaign, row.ordinal, row.part, row.attempt);
        let detail = row.detail.as_deref().unwrap_or("");
        println!(
            "{:14}{} {of} {:?} through {} {} {detail}",
            "", row.seq, row.step, row.gateway.0, row.remote
        );
    }
    for notice in &batch.notices {
        println!("{:14}{} {:?}: {}", "", notice.seq, notice.code, notice.text);
    }
    for end in &batch.block_ends {
        println!("{:14}{} {:?} from {} on: {:?}", "", end.seq, end.key, end.from, end.step);
    }
    for (campaign, state, _) in &batch.states {
        println!("{:14}campaign {campaign} is {}", "", state.name());
    }
    for parked in &batch.parked {
        println!("{:14}parked {}: {} of {}", "", parked.id, parked.remote, parked.address);
    }
}
