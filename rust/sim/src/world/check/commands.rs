//! I10: stop means stop.

use std::collections::HashMap;

use bealert_core::model::CampaignId;

use crate::world::facts::{Facts, Order, What};

/// I10: stop means no send after the promised time. A pause and a cancellation hold at once in the
/// process that was asked, and once they are promised in every one after it, until a resume is asked
/// for; an expiry holds always.
pub fn i10_stop_means_stop(facts: &Facts) -> Result<(), String> {
    let mut stops: HashMap<CampaignId, Stop> = HashMap::new();
    let mut wall = (0, 0);
    for fact in &facts.timeline {
        match &fact.what {
            What::Opened { wall_ms } => {
                wall = (fact.at_us, *wall_ms);
                stops.values_mut().for_each(|stop| stop.asked = false);
            }
            What::Asked { campaign, order } => {
                let stop = stops.entry(*campaign).or_default();
                if *order == Order::Resume {
                    *stop = Stop { over: stop.over, ..Stop::default() };
                } else {
                    stop.asked = true;
                }
            }
            What::Promised { campaign, order } => {
                let stop = stops.entry(*campaign).or_default();
                // A resume that was asked after it has the last word.
                stop.promised |= *order == Order::Pause && stop.asked;
                stop.over |= *order == Order::Cancel;
            }
            What::Sent(sent) => {
                let id = sent.key.campaign;
                let stop = stops.get(&id).copied().unwrap_or_default();
                if stop.asked || stop.promised || stop.over {
                    return Err(format!("at {} us {sent:?} left a campaign that was stopped", fact.at_us));
                }
                let now_ms = wall.1 + ((fact.at_us - wall.0) / 1_000) as i64;
                let expires_ms = facts.audiences.get(&id).map_or(i64::MAX, |a| a.row.expires_at_ms);
                if now_ms > expires_ms {
                    let late_ms = now_ms - expires_ms;
                    return Err(format!("at {} us {sent:?} left {late_ms} ms after its expiry", fact.at_us));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, Default)]
struct Stop {
    /// In this process.
    asked: bool,
    promised: bool,
    over: bool,
}
