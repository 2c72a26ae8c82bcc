//! What the journal said last of parts that may still be open: what a restart goes on from.

use hashbrown::HashMap;

use crate::ledger::Outcome;
use crate::model::{CampaignId, Channel, GatewayId};
use crate::outcome::Step;

/// Kept as rows are written, and gathered again from rows and snapshots after a restart. Parts that
/// are answered at their first attempt leave none.
#[derive(Debug, Default)]
pub(crate) struct Traces(HashMap<PartKey, Trace>);

pub(crate) type PartKey = (CampaignId, Channel, u32, u8);

/// The last that the journal says of a part that may still be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) step: Step,
    pub(crate) attempt: u8,
    pub(crate) resends: u8,
    pub(crate) gateway: GatewayId,
    pub(crate) at_ms: i64,
}

impl Traces {
    /// Takes in a row of the journal.
    pub(crate) fn note(&mut self, row: &Outcome) {
        let opens = matches!(row.step, Step::Submitting | Step::Deferred | Step::Resend);
        if self.0.is_empty() && !opens {
            return;
        }
        let key = (row.campaign, row.channel, row.ordinal, row.part);
        if opens {
            let known = self.0.get(&key).map_or(0, |trace| trace.resends);
            let resends = known + u8::from(row.step == Step::Resend);
            let Outcome { step, attempt, gateway, at_ms, .. } = *row;
            self.0.insert(key, Trace { step, attempt, resends, gateway, at_ms });
        } else if !matches!(row.step, Step::Disproved | Step::Bounced)
            && self.get(key).is_some_and(|t| t.attempt == row.attempt)
        {
            // An answer takes the trace of its attempt away. One that has failed after all may have another to follow.
            self.0.remove(&key);
        }
    }

    pub(crate) fn get(&self, key: PartKey) -> Option<Trace> {
        self.0.get(&key).copied()
    }

    pub(crate) fn insert(&mut self, key: PartKey, trace: Trace) {
        self.0.insert(key, trace);
    }

    /// Those of a campaign.
    pub(crate) fn of(&self, campaign: CampaignId) -> impl Iterator<Item = (PartKey, Trace)> + '_ {
        self.0.iter().filter(move |(key, _)| key.0 == campaign).map(|(key, trace)| (*key, *trace))
    }

    pub(crate) fn forget(&mut self, campaign: CampaignId) {
        self.0.retain(|key, _| key.0 != campaign);
    }
}
