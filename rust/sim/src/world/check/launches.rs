//! I8: a key is one campaign.

use std::collections::HashMap;

use crate::world::facts::{Facts, What};

/// I8: the same launch key and content is the same campaign, other content is none.
pub fn i8_a_key_is_one_campaign(facts: &Facts) -> Result<(), String> {
    let mut known: HashMap<&str, (&str, _)> = HashMap::new();
    for row in &facts.rows {
        if known.insert(&row.key, (&row.hash, row.id)).is_some() {
            return Err(format!("two campaigns have the key {}", row.key));
        }
    }
    for fact in &facts.timeline {
        let What::LaunchTold { key, hash, campaign } = &fact.what else { continue };
        let wanted = known.get(key.as_str()).filter(|(known, _)| known == hash).map(|(_, id)| *id);
        if *campaign != wanted {
            let told = format!("told {campaign:?} and not {wanted:?}");
            return Err(format!("at {} us the launch of {key} was {told}", fact.at_us));
        }
    }
    Ok(())
}
