//! What became of the tries of a dispatch that was ever in doubt, beside those that still are: a report of failure
//! must neither undo another try that was taken, nor count twice.
//!
//! A dispatch that was never in doubt has one accepted try at most, and needs no entry.

use hashbrown::HashMap;

use super::Named;
use crate::model::{CampaignId, Channel};

/// By dispatch, in the order of their numbers.
#[derive(Debug, Default)]
pub(crate) struct Tries(HashMap<(CampaignId, Channel, u32), Vec<Try>>);

/// A try that certainly left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Try {
    /// [`Named::ANY`]: one of them bounced, nobody knows which.
    pub(crate) attempt: u8,
    pub(crate) fate: Fate,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    /// A relay took it, and nobody has said that it failed.
    Taken,
    /// A report says that it failed.
    Bounced,
}

impl Tries {
    /// Notes what became of a try; the latest counts.
    pub(crate) fn note(&mut self, named: Named, fate: Fate) {
        let tries = self.0.entry(named.dispatch()).or_default();
        tries.retain(|one| one.attempt != named.attempt);
        tries.push(Try { attempt: named.attempt, fate });
        tries.sort_unstable();
    }

    /// Those of a dispatch.
    pub(crate) fn of(&self, named: Named) -> &[Try] {
        self.0.get(&named.dispatch()).map_or(&[], Vec::as_slice)
    }

    /// What became of a try, if that is known.
    pub(crate) fn fate(&self, named: Named) -> Option<Fate> {
        self.of(named).iter().find(|one| one.attempt == named.attempt).map(|one| one.fate)
    }

    /// Whether another try of the dispatch was taken too.
    pub(crate) fn other_taken(&self, named: Named) -> bool {
        self.of(named).iter().any(|one| one.attempt != named.attempt && one.fate == Fate::Taken)
    }

    /// Those of a campaign.
    pub(crate) fn of_campaign(&self, campaign: CampaignId) -> impl Iterator<Item = (Named, Fate)> + '_ {
        let all = self.0.iter().filter(move |((of, ..), _)| *of == campaign);
        all.flat_map(|(&(campaign, channel, ordinal), tries)| {
            let named = move |one: &Try| Named { campaign, channel, ordinal, attempt: one.attempt };
            tries.iter().map(move |one| (named(one), one.fate))
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
