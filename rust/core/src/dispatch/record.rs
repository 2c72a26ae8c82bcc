//! One step of one part: the live state, the journal row and the counts move together.

use super::journal::fit;
use super::live::Block;
use super::{Action, Dispatcher};
use crate::ledger::Outcome;
use crate::model::{BlockKey, CampaignId, GatewayId};
use crate::outcome::{State, Step};

/// What is to be recorded of one part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) key: BlockKey,
    pub(crate) ordinal: u32,
    pub(crate) part: u8,
    pub(crate) units: u8,
    pub(crate) attempt: u8,
    pub(crate) gateway: GatewayId,
    pub(crate) step: Step,
    pub(crate) remote: &'a str,
    pub(crate) took_us: u64,
    pub(crate) detail: &'a str,
}

impl Dispatcher {
    /// Moves a part and appends its row (handing out has none). `false` where the table has no
    /// such edge: a fault of ours, counted and logged, that changes nothing.
    pub(crate) fn record(&mut self, now_us: u64, said: Said<'_>) -> bool {
        let Some(live) = self.campaigns.get_mut(&said.key.campaign).and_then(|c| c.live(said.key.channel))
        else {
            return false;
        };
        if let Err(illegal) = live.apply(said.ordinal, said.part, said.units, said.step) {
            self.faults += 1;
            let Said { key, ordinal, part, .. } = said;
            let line =
                format!("{illegal}: campaign {}, {} {ordinal}, part {part}", key.campaign, key.channel);
            self.actions.push_back(Action::Log(line));
            return false;
        }
        self.changed.insert(said.key.campaign);
        if said.step == Step::HandedOut {
            return true;
        }
        self.journal.dirty.insert(said.key.campaign);
        let outcome = Outcome {
            seq: 0,
            campaign: said.key.campaign,
            ordinal: said.ordinal,
            channel: said.key.channel,
            attempt: said.attempt,
            part: said.part,
            gateway: said.gateway,
            step: said.step,
            remote: fit(said.remote),
            at_ms: self.clock.at_ms(now_us),
            took_us: u32::try_from(said.took_us).unwrap_or(u32::MAX),
            detail: (!said.detail.is_empty()).then(|| said.detail.into()),
        };
        self.traces.note(&outcome);
        self.journal.outcome(now_us, outcome);
        true
    }

    /// Where a part stands now.
    pub(crate) fn part_state(&self, key: BlockKey, ordinal: u32, part: u8) -> Option<State> {
        let live = self.campaigns.get(&key.campaign)?.channels[key.channel as usize].as_ref()?;
        Some(live.mark(ordinal, part).state())
    }

    /// Ordinal, units and address hash of a dispatch whose block is loaded.
    pub(crate) fn entry(&self, key: BlockKey, index: u32) -> Option<(u32, u8, u64)> {
        let entries = self.campaigns.get(&key.campaign)?.block(key)?.entries.as_ref()?;
        let at = index as usize;
        Some((*entries.ordinals.get(at)?, *entries.units.get(at)?, *entries.addresses.get(at)?))
    }

    /// A part that needs the block's entries more, or less.
    pub(crate) fn use_block(&mut self, key: BlockKey) {
        if let Some(block) = self.campaigns.get_mut(&key.campaign).and_then(|c| c.block_mut(key)) {
            block.users += 1;
        }
    }

    /// The opposite of [`Self::use_block`]; the last one lets the entries go.
    pub(crate) fn leave_block(&mut self, key: BlockKey) {
        let Some(campaign) = self.campaigns.get_mut(&key.campaign) else { return };
        let sending = campaign.may_send();
        let Some(block) = campaign.block_mut(key) else { return };
        block.users -= 1;
        if block.idle(sending) {
            block.entries = None;
            self.actions.push_back(Action::Unload(key));
        }
    }

    /// Lets go of blocks that were loaded ahead and are not needed now.
    pub(crate) fn unload_idle(&mut self, campaign: CampaignId) {
        let Some(campaign) = self.campaigns.get_mut(&campaign) else { return };
        let blocks = campaign.channels.iter_mut().flatten().flat_map(|live| &mut live.blocks);
        let idle = |block: &&mut Block| block.idle(false);
        for block in blocks.filter(idle) {
            block.entries = None;
            self.actions.push_back(Action::Unload(block.meta.key));
        }
    }
}
