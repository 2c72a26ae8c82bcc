//! I3: duplicates are bounded by doubts, and named.

use std::collections::HashSet;

use bealert_core::ledger::Batch;
use bealert_core::model::{BlockKey, CampaignId, EXCLUDED, GatewayId};
use bealert_core::outcome::{State, Step};

use super::fold::Fold;
use crate::world::facts::{Facts, Part, What};

/// I3: duplicates are at most the attempts ever marked uncertain, each named. A crash adds at most the
/// open reservations and due retries, a lost session or a late answer at most its own requests, and an
/// end in which all sessions drained adds none.
pub fn i3_duplicates_are_named(facts: &Facts) -> Result<(), String> {
    let fold = Fold::whole(facts);
    for (part, taken) in facts.taken() {
        let doubts = fold.doubts.get(&part).copied().unwrap_or(0);
        if taken > 1 + doubts {
            let story = fold.story(part);
            return Err(format!("{part:?} was taken {taken} times, with {doubts} doubts{story}"));
        }
        if taken > 1 && !fold.mark(part).resent() {
            return Err(format!("{part:?} was taken {taken} times and is not named{}", fold.story(part)));
        }
    }
    for fact in &facts.timeline {
        match &fact.what {
            What::Taken { gateway, remote, part: None, .. } => {
                return Err(format!("{gateway:?} took {remote}, which nobody sent"));
            }
            What::MailTaken { gateway, part: None } => {
                return Err(format!("{gateway:?} took a message that nobody sent"));
            }
            _ => {}
        }
    }
    doubts_are_explained(facts)
}

/// Every doubt has its cause: an answer that did not come, or an end of the process with the attempt
/// open. An attempt whose answer was durable is never doubted.
fn doubts_are_explained(facts: &Facts) -> Result<(), String> {
    let mut ledger = Open::new(facts);
    let mut allowed = 0;
    let mut drained = false;
    for fact in &facts.timeline {
        match &fact.what {
            What::InDoubt { .. } => allowed += 1,
            What::Closed { drained: all } => drained = *all,
            What::Crashed => drained = false,
            What::Opened { .. } => {
                let (open, cut_off) = ledger.count();
                if drained && open > 0 {
                    return Err(format!("{open} attempts were open after an end in which all had drained"));
                }
                allowed += open + cut_off;
            }
            What::Durable { batch } => {
                ledger.take_in(batch)?;
                if ledger.doubts > allowed {
                    let doubts = ledger.doubts;
                    return Err(format!("at {} us {doubts} doubts, {allowed} explained", fact.at_us));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// What the ledger holds of attempts that may be on their way.
struct Open<'a> {
    facts: &'a Facts,
    fold: Fold<'a>,
    marks: std::collections::HashMap<BlockKey, u32>,
    /// The last `submitting` row of each part that has no answer.
    intents: std::collections::HashMap<Part, u8>,
    answered: HashSet<(Part, u8)>,
    over: HashSet<CampaignId>,
    doubts: u64,
}

impl<'a> Open<'a> {
    fn new(facts: &'a Facts) -> Self {
        Self {
            facts,
            fold: Fold::new(facts),
            marks: Default::default(),
            intents: Default::default(),
            answered: HashSet::new(),
            over: HashSet::new(),
            doubts: 0,
        }
    }

    fn take_in(&mut self, batch: &Batch) -> Result<(), String> {
        self.fold.batch(batch);
        self.marks.extend(batch.marks.iter().copied());
        self.over.extend(batch.states.iter().filter(|(_, state, _)| state.ended()).map(|(id, ..)| *id));
        for row in &batch.outcomes {
            let part = Part::of(row);
            let attempt = (part, row.attempt);
            match row.step {
                Step::Submitting => drop(self.intents.insert(part, row.attempt)),
                step if step.doubts() => {
                    self.doubts += 1;
                    if self.answered.contains(&attempt) {
                        return Err(format!("row {} doubts what was answered: {part:?}", row.seq));
                    }
                }
                Step::Accepted | Step::Failed => drop(self.answered.insert(attempt)),
                Step::Deferred if row.gateway != GatewayId::NONE => drop(self.answered.insert(attempt)),
                _ => {}
            }
            if row.step != Step::Submitting && self.intents.get(&part) == Some(&row.attempt) {
                self.intents.remove(&part);
            }
        }
        Ok(())
    }

    /// Attempts that may be on their way, as far as the ledger knows: of parts that are open, and of
    /// parts that something else has settled meanwhile.
    fn count(&self) -> (u64, u64) {
        let audiences = self.facts.audiences.iter().filter(|(id, _)| !self.over.contains(id));
        let blocks = audiences.flat_map(|(_, audience)| &audience.blocks).filter(|b| b.route != EXCLUDED);
        let (mut open, mut cut_off) = (0, 0);
        for block in blocks {
            let mark = self.marks.get(&block.key).copied().unwrap_or(0) as usize;
            for person in block.people.iter().take(mark) {
                for part in 0..person.units {
                    let BlockKey { campaign, channel, .. } = block.key;
                    let part = Part { campaign, channel, ordinal: person.ordinal, part };
                    match self.fold.mark(part).state() {
                        State::Queued => open += 1,
                        State::Submitted if self.intents.contains_key(&part) => open += 1,
                        _ => cut_off += u64::from(self.intents.contains_key(&part)),
                    }
                }
            }
        }
        (open, cut_off)
    }
}
