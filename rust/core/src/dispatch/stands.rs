//! Which attempts of a dispatch that was ever in doubt a relay has taken: a report of failure that names one
//! must not undo another.
//!
//! A dispatch that was never in doubt has one accepted attempt at most, and needs no entry.

use hashbrown::HashMap;

use super::Named;
use crate::model::{CampaignId, Channel};

/// By dispatch: its attempts that were accepted, and of which nobody has said that they failed.
#[derive(Debug, Default)]
pub(crate) struct Stands(HashMap<(CampaignId, Channel, u32), Vec<u8>>);

impl Stands {
    pub(crate) fn add(&mut self, named: Named) {
        let attempts = self.0.entry(named.dispatch()).or_default();
        if !attempts.contains(&named.attempt) {
            attempts.push(named.attempt);
            attempts.sort_unstable();
        }
    }

    /// Whether an attempt was accepted.
    pub(crate) fn has(&self, named: Named) -> bool {
        self.0.get(&named.dispatch()).is_some_and(|attempts| attempts.contains(&named.attempt))
    }

    /// Whether any attempt of the dispatch was accepted.
    pub(crate) fn has_any(&self, named: Named) -> bool {
        self.0.contains_key(&named.dispatch())
    }

    /// Whether another attempt of the dispatch was accepted too.
    pub(crate) fn has_other(&self, named: Named) -> bool {
        self.0.get(&named.dispatch()).is_some_and(|attempts| attempts.iter().any(|at| *at != named.attempt))
    }

    /// An attempt has failed after all.
    pub(crate) fn remove(&mut self, named: Named) {
        if let Some(attempts) = self.0.get_mut(&named.dispatch()) {
            attempts.retain(|attempt| *attempt != named.attempt);
            if attempts.is_empty() {
                self.0.remove(&named.dispatch());
            }
        }
    }

    /// Those of a campaign.
    pub(crate) fn of(&self, campaign: CampaignId) -> impl Iterator<Item = Named> + '_ {
        let all = self.0.iter().filter(move |((of, ..), _)| *of == campaign);
        all.flat_map(|(&(campaign, channel, ordinal), attempts)| {
            attempts.iter().map(move |&attempt| Named { campaign, channel, ordinal, attempt })
        })
    }

    pub(crate) fn forget(&mut self, campaign: CampaignId) {
        self.0.retain(|(of, ..), _| *of != campaign);
    }
}

impl Named {
    fn dispatch(self) -> (CampaignId, Channel, u32) {
        (self.campaign, self.channel, self.ordinal)
    }
}
