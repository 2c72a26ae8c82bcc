//! I1: nobody is lost.

use std::collections::{HashMap, HashSet};

use bealert_core::outcome::State;

use super::fold::Fold;
use crate::world::facts::{Facts, Part, What};

/// I1: no recipient of a launched campaign is lost; each dispatch ends in exactly one end state. And
/// what the state says is true of the far ends: what was accepted was taken by one, and of what
/// expired or was cancelled nothing was.
pub fn i1_nobody_is_lost(facts: &Facts) -> Result<(), String> {
    for fact in &facts.timeline {
        if let What::LaunchTold { campaign: Some(id), key, .. } = &fact.what
            && !facts.rows.iter().any(|row| row.id == *id)
        {
            return Err(format!("campaign {id} ({key}) was launched and is not in the ledger"));
        }
    }
    let (fold, taken) = (Fold::whole(facts), facts.taken());
    let shared = shared_numbers(facts);
    for row in &facts.rows {
        if !row.state.ended() {
            return Err(format!("campaign {} is {} at the end", row.id, row.state.name()));
        }
        let audience = facts.audiences.get(&row.id).ok_or("a campaign that nobody launched")?;
        for channel in audience.channels() {
            let blocks = audience.blocks.iter().filter(|block| block.key.channel == channel);
            let people: usize = blocks.map(|block| block.people.len()).sum();
            if people != row.people as usize {
                return Err(format!(
                    "campaign {} has {people} people of {} on {channel}",
                    row.id, row.people
                ));
            }
        }
        for (block, _, person) in audience.alerted() {
            let (campaign, channel) = (row.id, block.key.channel);
            let state = fold.whole_mark(block.key, person.ordinal, person.units).state();
            if state.open() {
                let part = Part { campaign, channel, ordinal: person.ordinal, part: 0 };
                return Err(format!("{part:?} is {} at the end{}", state.name(), fold.story(part)));
            }
            for part in 0..person.units {
                let part = Part { campaign, channel, ordinal: person.ordinal, part };
                // Where only the number tells whose a receipt is, those who share it are taken for each other.
                let told = fold.mark(part).state() == State::Delivered;
                if !told || !shared.contains(person.address.as_str()) {
                    true_of(&fold, &taken, part)?;
                }
            }
        }
    }
    Ok(())
}

/// Numbers with more than one message, where some far end gave ids that tell nothing.
fn shared_numbers(facts: &Facts) -> HashSet<&str> {
    let mut given = HashSet::new();
    let mut careless = false;
    for fact in &facts.timeline {
        if let What::Taken { gateway, remote, .. } = &fact.what {
            careless |= remote.is_empty() || !given.insert((*gateway, remote.as_str()));
        }
    }
    let mut seen: HashMap<&str, u32> = HashMap::new();
    let people = facts.audiences.values().flat_map(|audience| audience.alerted());
    people.for_each(|(_, _, person)| *seen.entry(&person.address).or_default() += u32::from(person.units));
    seen.into_iter().filter(|(_, count)| careless && *count > 1).map(|(address, _)| address).collect()
}

fn true_of(fold: &Fold<'_>, taken: &HashMap<Part, u32>, part: Part) -> Result<(), String> {
    let state = fold.mark(part).state();
    let taken = taken.get(&part).copied().unwrap_or(0);
    let told = match state {
        State::Accepted | State::Delivered | State::Confirmed => taken > 0,
        State::Expired | State::Cancelled => taken == 0,
        state => !state.open(),
    };
    if told {
        return Ok(());
    }
    Err(format!("{part:?} is {} and was taken {taken} times{}", state.name(), fold.story(part)))
}
