//! I2: reserve before sending.

use std::collections::{HashMap, HashSet};

use bealert_core::model::{BlockKey, GatewayId};
use bealert_core::outcome::Step;

use crate::world::facts::{Facts, Part, What};

/// I2: nothing leaves before its reservation (first attempts) or its `submitting` row (all others) is
/// durable, and that row names the gateway it leaves through.
pub fn i2_nothing_leaves_before_it_is_durable(facts: &Facts) -> Result<(), String> {
    let mut marks: HashMap<BlockKey, u32> = HashMap::new();
    let mut intents: HashSet<(Part, u8, GatewayId)> = HashSet::new();
    for fact in &facts.timeline {
        match &fact.what {
            What::Durable { batch } => {
                marks.extend(batch.marks.iter().copied());
                let submitting = batch.outcomes.iter().filter(|row| row.step == Step::Submitting);
                intents.extend(submitting.map(|row| (Part::of(row), row.attempt, row.gateway)));
            }
            What::Sent(sent) => {
                let mark = marks.get(&sent.key).copied().unwrap_or(0);
                let part = facts.part(sent).ok_or_else(|| format!("{sent:?} is nobody's"))?;
                let first = sent.attempt == 1 && sent.index < mark;
                if !first && !intents.contains(&(part, sent.attempt, sent.gateway)) {
                    return Err(format!("at {} us {sent:?} left, with the mark at {mark}", fact.at_us));
                }
            }
            _ => {}
        }
    }
    Ok(())
}
