//! I6 and I7: states move along the table, and counts are the fold of the journal.

use bealert_core::ledger::{Entry, Rows};

use super::fold::Fold;
use crate::world::facts::Facts;

/// I6: states move only along the table.
pub fn i6_states_move_along_the_table(facts: &Facts) -> Result<(), String> {
    match Fold::whole(facts).illegal {
        Some(illegal) => Err(illegal),
        None if facts.faults > 0 => {
            Err(format!("{} steps were tried that the table does not have", facts.faults))
        }
        None => Ok(()),
    }
}

/// I7: tallies are the fold of outcomes, in every commit and at the end; and the journal holds each row
/// of each commit once, without a gap.
pub fn i7_counts_are_the_fold(facts: &Facts) -> Result<(), String> {
    let mut fold = Fold::new(facts);
    let mut journal: Vec<Entry> = Vec::new();
    for (at_us, batch) in facts.batches() {
        let last = journal.last().map_or(0, Entry::seq);
        // A batch of which nobody knew may come again.
        let new = Rows::of(batch).after(last);
        if new.len() == batch.rows() {
            fold.batch(batch);
        } else if !new.is_empty() {
            return Err(format!("at {at_us} us a part of a batch came again"));
        }
        new.follow(last).map_err(|gap| format!("at {at_us} us: {gap}"))?;
        journal.extend(new.entries(last));
        for (campaign, channel, tally) in &batch.tallies {
            let folded = fold.tally(*campaign, *channel);
            if *tally != folded {
                let both = format!("{tally:?} and not {folded:?}");
                return Err(format!("at {at_us} us campaign {campaign} was counted as {both}"));
            }
        }
    }
    if journal != facts.journal {
        return Err("the journal is not what was committed".into());
    }
    for (id, audience) in &facts.audiences {
        if !facts.rows.iter().any(|row| row.id == *id) {
            continue;
        }
        for channel in audience.channels() {
            let (stored, folded) = (facts.tallies.get(&(*id, channel)), fold.tally(*id, channel));
            if stored != Some(&folded) {
                return Err(format!(
                    "campaign {id} is counted on {channel} as {stored:?} and not {folded:?}"
                ));
            }
        }
    }
    Ok(())
}
