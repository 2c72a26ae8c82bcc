//! Taking up what an earlier process left: snapshots, a fold of what followed, then the uncertain by
//! name.
//!
//! What lies below a block's mark without a row, and what ends in `submitting`, may have left:
//! an `uncertain` row is appended for each part, in the first batch, before anything is sent (I3).

use super::book::Expected;
use super::command::{LATE_US, late_us};
use super::doubts::Doubt;
use super::places::{Indexes, read_block, rest_units};
use super::record::Said;
use super::traces::Trace;
use super::{Action, Dispatcher, Entries, Receipt};
use crate::ledger::{LedgerError, LedgerReader, NoticeCode};
use crate::model::{BlockKey, CampaignId, CampaignRow, CampaignState, EXCLUDED, GatewayId, Policy};
use crate::outcome::{State, Step};
use crate::queue::Due;
use crate::retry::RESENDS;

/// A part whose attempt was cut off, or that waits for its next.
#[derive(Debug, Clone, Copy)]
struct Open {
    due: Due,
    ordinal: u32,
    units: u8,
    address: u64,
    gateway: GatewayId,
    uncertain: bool,
    wait_us: u64,
}

impl Dispatcher {
    /// Takes up the campaigns that have not ended. Call once, after the gateways were added.
    ///
    /// # Errors
    /// [`LedgerError`] where the ledger can't be read or contradicts itself.
    pub fn recover(
        &mut self,
        now_us: u64,
        campaigns: Vec<CampaignRow>,
        reader: &mut dyn LedgerReader,
    ) -> Result<(), LedgerError> {
        for parked in reader.parked()? {
            self.parking.next_id = self.parking.next_id.max(parked.id + 1);
            self.keep_parked(now_us, parked);
        }
        let late = self.lately_ended(reader)?;
        let open: Vec<CampaignId> = campaigns.iter().map(|campaign| campaign.id).collect();
        for row in campaigns.into_iter().chain(late) {
            let id = row.id;
            let begun = self.begin_again(now_us, row, reader);
            self.set_aside_if_damaged(now_us, id, begun)?;
        }
        let mut indexes = Indexes::new(self.hash);
        self.fold(now_us, reader, &mut indexes)?;
        for id in open {
            if self.campaigns.contains_key(&id) {
                let taken = self.take_up(now_us, id, &mut indexes, reader);
                self.set_aside_if_damaged(now_us, id, taken)?;
            }
        }
        self.stop_vain_waits();
        self.settle_parked(now_us);
        let mut ids: Vec<CampaignId> = self.campaigns.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            self.check_end(now_us, id);
        }
        self.sweep_snapshots();
        Ok(())
    }

    /// Campaigns that have ended, but whose late receipts still correct them. Snapshots of others go.
    fn lately_ended(&mut self, reader: &mut dyn LedgerReader) -> Result<Vec<CampaignRow>, LedgerError> {
        let mut late = Vec::new();
        for row in reader.campaigns()? {
            let Some(ended_at_ms) = row.ended_at_ms else { continue };
            let retired = reader.erased(row.id)?.is_some() || reader.archived(row.id)?.is_some();
            if self.clock.left_us(ended_at_ms, late_us(&row)) > 0 && !retired {
                late.push(row);
            } else if reader.snapshot(row.id)?.is_some() {
                self.drop_snapshot(row.id);
            }
        }
        Ok(late)
    }

    /// Takes a campaign in as its snapshot has it; without one as it was launched.
    fn begin_again(
        &mut self,
        now_us: u64,
        row: CampaignRow,
        reader: &mut dyn LedgerReader,
    ) -> Result<(), LedgerError> {
        let id = row.id;
        let blocks = reader.blocks(id)?;
        self.enter(now_us, row.clone(), blocks.clone());
        match self.restore(now_us, id, reader)? {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(why) => {
                let text =
                    format!("the snapshot of campaign {id} is passed over, its journal is read: {why}");
                self.actions.push_back(Action::Log(text));
                self.forget(id);
                self.enter(now_us, row, blocks);
            }
        }
        let blocks = self.campaigns[&id].channels.iter().flatten().flat_map(|live| &live.blocks);
        let excluded = blocks.filter(|block| block.meta.route == EXCLUDED).map(|block| block.meta.key);
        for key in excluded.collect::<Vec<_>>() {
            let entries = read_block(key, self.hash, reader)?;
            if let Some(live) = self.campaigns.get_mut(&id).and_then(|c| c.live(key.channel)) {
                entries.ordinals.iter().for_each(|ordinal| live.skip(*ordinal));
            }
        }
        Ok(())
    }

    fn enter(&mut self, now_us: u64, row: CampaignRow, blocks: Vec<crate::model::BlockMeta>) {
        let (id, state, ended_at_ms, late_us) = (row.id, row.state, row.ended_at_ms, late_us(&row));
        self.admit(row, blocks);
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.stopped = (state == CampaignState::Cancelling).then_some(Step::Cancelled);
            let left_us = |span_us| ended_at_ms.map(|at_ms| now_us + self.clock.left_us(at_ms, span_us));
            campaign.purge_us = left_us(late_us);
            campaign.forget_ids_us = left_us(LATE_US);
        }
    }

    /// Lets go of everything that is held of a campaign.
    pub(crate) fn forget(&mut self, id: CampaignId) {
        for number in self.waited_for(|expected| expected.campaign == id) {
            self.stop_waiting(number);
        }
        self.campaigns.remove(&id);
        self.book.forget(id);
        self.doubts.forget(id);
        self.tries.forget(id);
        self.traces.forget(id);
    }

    /// A campaign of which the ledger holds what can't be is set aside: an old newsletter must not keep
    /// a new warning from going out.
    pub(crate) fn set_aside_if_damaged(
        &mut self,
        now_us: u64,
        id: CampaignId,
        read: Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let Err(LedgerError::Damaged(what)) = read else { return read };
        self.forget(id);
        let text = format!("set aside, nothing more of it is sent: {what}; run `bealert verify`");
        self.notice(now_us, Some(id), GatewayId::NONE, NoticeCode::Unreadable, &text);
        self.actions.push_back(Action::Log(format!("campaign {id} is {text}")));
        Ok(())
    }

    fn take_up(
        &mut self,
        now_us: u64,
        id: CampaignId,
        indexes: &mut Indexes,
        reader: &mut dyn LedgerReader,
    ) -> Result<(), LedgerError> {
        for key in self.unsettled_blocks(id) {
            indexes.read(key, reader)?;
        }
        let mut open = Vec::new();
        for block in self.campaigns[&id].channels.iter().flatten().flat_map(|live| &live.blocks) {
            let key = block.meta.key;
            if let Some(entries) = indexes.block(key) {
                for index in 0..block.meta.reserved.min(entries.ordinals.len() as u32) {
                    self.open_parts(key, index, entries, &mut open);
                }
            }
        }
        let uncertain = open.iter().filter(|open| open.uncertain).count();
        self.charge_limiters(now_us, &open);
        for open in &open {
            if open.uncertain {
                self.mark_uncertain(now_us, open);
            } else {
                self.schedule(now_us + open.wait_us, open.due);
            }
        }
        self.count_sent(id, indexes);
        let text = format!("taken up after a restart, {uncertain} attempts uncertain");
        self.notice(now_us, Some(id), GatewayId::NONE, NoticeCode::Recovered, &text);
        self.journal.dirty.insert(id);
        self.journal.urgent = true;
        let campaign = &self.campaigns[&id];
        if campaign.stopped.is_none() && campaign.expires_us <= now_us {
            self.expire(now_us, id);
        } else if campaign.may_send() {
            self.enqueue(now_us, id);
        }
        Ok(())
    }

    /// Blocks of which something may have been sent and may still go somewhere, or that say nothing of
    /// whom they hold.
    fn unsettled_blocks(&self, id: CampaignId) -> Vec<BlockKey> {
        let campaign = &self.campaigns[&id];
        let mut traced: Vec<_> =
            self.traces.of(id).map(|((_, channel, ordinal, _), _)| (channel, ordinal)).collect();
        traced.sort_unstable();
        let mut keys = Vec::new();
        for live in campaign.channels.iter().flatten() {
            let begun = live.blocks.iter().filter(|b| b.meta.reserved > 0 && b.meta.route != EXCLUDED);
            keys.extend(begun.map(|block| (block.meta.key, block.range)).filter_map(|(key, range)| {
                let settled = range.is_some_and(|(first, last)| {
                    let at = traced.partition_point(|known| *known < (key.channel, first));
                    let trace = traced.get(at).is_some_and(|known| *known <= (key.channel, last));
                    !trace && !live.any_open((first, last))
                });
                (!settled).then_some(key)
            }));
        }
        keys
    }

    fn open_parts(&self, key: BlockKey, index: u32, entries: &Entries, open: &mut Vec<Open>) {
        let at = index as usize;
        let (ordinal, units, address) = (entries.ordinals[at], entries.units[at], entries.addresses[at]);
        for part in 0..units {
            let state = self.part_state(key, ordinal, part).unwrap_or(State::Skipped);
            let trace = self.traces.get((key.campaign, key.channel, ordinal, part));
            // A resend may have been on its way while a receipt settled the matter.
            let cut_off = trace.is_some_and(|trace| trace.step == Step::Submitting);
            if !state.open() && !cut_off {
                continue;
            }
            let trace = trace.unwrap_or(Trace {
                step: Step::HandedOut,
                attempt: 1,
                resends: 0,
                gateway: GatewayId::NONE,
                at_ms: 0,
            });
            let uncertain = state != State::Waiting;
            // What was put off before it left (no gateway in its row) keeps its number.
            let resend = trace.step == Step::Resend;
            let tried = !uncertain && (resend || trace.gateway != GatewayId::NONE);
            let attempt = trace.attempt.saturating_add(u8::from(tried));
            let due = Due { key, index, part, attempt, resends: trace.resends, resend };
            let wait_us = self.wait_left_us(&trace, ordinal);
            open.push(Open { due, ordinal, units, address, gateway: trace.gateway, uncertain, wait_us });
        }
    }

    /// What is left of a refused attempt's back-off.
    fn wait_left_us(&self, trace: &Trace, ordinal: u32) -> u64 {
        let salt = self.hash.hash(1, &ordinal.to_le_bytes());
        let rules = self.gateway(trace.gateway).map(|gateway| gateway.spec.retry);
        let wait_us =
            rules.filter(|_| trace.step == Step::Deferred).and_then(|r| r.wait_us(trace.attempt, salt));
        self.clock.left_us(trace.at_ms, wait_us.unwrap_or(0))
    }

    fn mark_uncertain(&mut self, now_us: u64, open: &Open) {
        let Open { due, ordinal, units, gateway, address, .. } = *open;
        let campaign = &self.campaigns[&due.key.campaign];
        let open = self.part_state(due.key, ordinal, due.part).is_some_and(State::open);
        let again = open
            && campaign.row.policy == Policy::Resend
            && due.resends < RESENDS
            && campaign.stopped.is_none();
        let said = Said {
            key: due.key,
            ordinal,
            part: due.part,
            units,
            attempt: due.attempt,
            gateway,
            step: if again { Step::Resend } else { Step::Uncertain },
            remote: "",
            took_us: 0,
            detail: "the engine was stopped before an answer came",
        };
        self.record(now_us, said);
        let Due { key, part, attempt, .. } = due;
        let place = self.doubt_place(key, ordinal, address);
        self.doubts.add(place, Doubt { key, ordinal, part, units, attempt, gateway });
        if again {
            let attempt = attempt.saturating_add(1);
            self.schedule(now_us, Due { attempt, resends: due.resends + 1, resend: true, ..due });
        }
    }

    /// What may just have left through a gateway counts against its limit.
    fn charge_limiters(&mut self, now_us: u64, open: &[Open]) {
        for open in open.iter().filter(|open| open.uncertain) {
            let Some(route) = self.route_of(open.due.key) else { continue };
            for id in self.routes[route].gateways.clone() {
                let bucket = self.bucket_at(id, route);
                if let Some(gateway) = self.gateway_mut(id) {
                    gateway.uncertain_at_start += 1;
                    if let Some(bucket) = bucket {
                        gateway.buckets[bucket].uncertain_at_start += 1;
                    }
                }
            }
        }
        for gateway in self.gateways.iter_mut().flatten() {
            // More than a second's worth can't have left within the last second.
            let second = gateway.spec.units_per_second.unwrap_or(0.0) as u64;
            gateway.limiter = crate::limit::Limiter::new(gateway.spec.units_per_second);
            gateway.limiter.start_charged(now_us, gateway.uncertain_at_start.min(second));
            gateway.buckets.iter_mut().for_each(|bucket| bucket.charge(now_us));
        }
    }

    fn count_sent(&mut self, id: CampaignId, indexes: &Indexes) {
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        let stopped = campaign.stopped.is_some();
        for live in campaign.channels.iter_mut().flatten() {
            for block in live.blocks.iter().filter(|block| block.meta.route != EXCLUDED) {
                let reserved = block.meta.reserved;
                live.sent += u64::from(reserved);
                let left = match indexes.block(block.meta.key) {
                    Some(entries) => rest_units(entries, reserved),
                    None if reserved == 0 => block.meta.units.into(),
                    None => 0,
                };
                live.units_left = live.units_left.saturating_sub(u64::from(block.meta.units) - left);
            }
            if stopped {
                live.units_left = 0;
            }
        }
    }

    /// Receipts are waited for only where their attempt is as it was accepted: what a row of another
    /// attempt has settled meanwhile, and what belongs to a campaign that has ended, is only known.
    fn stop_vain_waits(&mut self) {
        let vain = self.waited_for(|expected| {
            let ended = self.campaigns.get(&expected.campaign).is_none_or(|c| c.row.state.ended());
            let state = self.part_state(expected.block_key(), expected.ordinal, expected.part);
            ended || state != Some(State::Accepted)
        });
        for number in vain {
            self.stop_waiting(number);
        }
        for gateway in self.gateways.iter_mut().flatten() {
            gateway.waits.make_contiguous().sort_unstable();
        }
    }

    /// Numbers of those receipts that are waited for.
    fn waited_for(&self, which: impl Fn(&Expected) -> bool) -> Vec<u32> {
        let awaited = |number: &u32| self.book.get(*number).is_some_and(|e| e.awaited() && which(e));
        self.book.numbers().filter(awaited).collect()
    }

    /// A receipt that was parked while its attempt was unanswered, and answered once it was durable, settles
    /// that attempt now that the restart has made it uncertain (I9). After all doubts are known: one of several
    /// to the same number would be taken for the only one.
    fn settle_parked(&mut self, now_us: u64) {
        for parked in self.parking.alone_from_their_number() {
            self.settle_by_number(now_us, parked.gateway, Receipt::from(&parked));
        }
        self.settle_named_parked(now_us);
    }
}
