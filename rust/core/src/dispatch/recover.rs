//! Taking up what an earlier process left: a fold of the journal, then the uncertain by name.
//!
//! What lies below a block's mark without a row, and what ends in `submitting`, may have left:
//! an `uncertain` row is appended for each part, in the first batch, before anything is sent (I3).

use hashbrown::HashMap;

use super::book::ReceiptKey;
use super::command::LATE_US;
use super::doubts::Doubt;
use super::places::{Indexes, Place, rest_units};
use super::record::Said;
use super::{Action, Dispatcher, Entries, Receipt};
use crate::block::people;
use crate::ledger::{BlockEnd, Entry, LedgerError, LedgerReader, NoticeCode, Outcome};
use crate::model::{BlockKey, CampaignId, CampaignRow, CampaignState, Channel, EXCLUDED, GatewayId, Policy};
use crate::outcome::{State, Step};
use crate::queue::Due;
use crate::retry::RESENDS;

/// Journal entries read at a time.
const SLICE: usize = 10_000;

/// The last that the journal says of a part that may still be open.
#[derive(Debug, Clone, Copy)]
struct Trace {
    step: Step,
    attempt: u8,
    resends: u8,
    gateway: GatewayId,
    at_ms: i64,
}

type PartKey = (CampaignId, Channel, u32, u8);

/// What a fold gathers beside the states.
#[derive(Debug, Default)]
struct Gathered {
    traces: HashMap<PartKey, Trace>,
    /// Accepted attempts: the key of their id, what they are, and when.
    accepted: Vec<(ReceiptKey, Doubt, i64)>,
}

impl Gathered {
    /// An answer takes the trace of its attempt away. One that is disproved has another to follow.
    fn answered(&mut self, part: PartKey, step: Step, attempt: u8) {
        let opens = matches!(step, Step::Submitting | Step::Deferred | Step::Resend | Step::Disproved);
        if !opens && self.traces.get(&part).is_some_and(|trace| trace.attempt == attempt) {
            self.traces.remove(&part);
        }
    }
}

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
        let all = campaigns.iter().chain(&late);
        let Some(from) = all.map(|campaign| campaign.launched_seq).min() else { return Ok(()) };
        let open: Vec<CampaignId> = campaigns.iter().map(|campaign| campaign.id).collect();
        let mut ids = Vec::new();
        for row in campaigns.into_iter().chain(late) {
            let (id, state, ended_at_ms) = (row.id, row.state, row.ended_at_ms);
            let blocks = reader.blocks(id)?;
            self.admit(row, blocks);
            if let Some(campaign) = self.campaigns.get_mut(&id) {
                campaign.stopped = (state == CampaignState::Cancelling).then_some(Step::Cancelled);
                campaign.purge_us = ended_at_ms.map(|at_ms| now_us + self.clock.left_us(at_ms, LATE_US));
            }
            ids.push(id);
        }
        let indexes = self.read_blocks(now_us, &ids, reader)?;
        let gathered = self.fold(now_us, from, reader, &indexes)?;
        for id in open {
            if self.campaigns.contains_key(&id) {
                self.take_up(now_us, id, &gathered, &indexes);
            }
        }
        self.expect_again(now_us, gathered.accepted);
        self.settle_parked(now_us);
        let mut ids: Vec<CampaignId> = self.campaigns.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            self.check_end(now_us, id);
        }
        Ok(())
    }

    /// Campaigns that have ended, but whose late receipts still correct them.
    fn lately_ended(&self, reader: &mut dyn LedgerReader) -> Result<Vec<CampaignRow>, LedgerError> {
        let mut campaigns = reader.campaigns()?;
        campaigns.retain(|row| row.ended_at_ms.is_some_and(|at_ms| self.clock.left_us(at_ms, LATE_US) > 0));
        Ok(campaigns)
    }

    /// Reads the people of every block, marks the excluded, and says where each dispatch lies.
    fn read_blocks(
        &mut self,
        now_us: u64,
        ids: &[CampaignId],
        reader: &mut dyn LedgerReader,
    ) -> Result<Indexes, LedgerError> {
        let mut indexes = Indexes::default();
        for id in ids {
            let read = self.read_campaign(*id, reader, &mut indexes);
            self.set_aside_if_damaged(now_us, *id, read)?;
        }
        Ok(indexes)
    }

    fn read_campaign(
        &mut self,
        id: CampaignId,
        reader: &mut dyn LedgerReader,
        indexes: &mut Indexes,
    ) -> Result<(), LedgerError> {
        let blocks = self.campaigns[&id].channels.iter().flatten().flat_map(|live| &live.blocks);
        let metas: Vec<_> = blocks.map(|block| block.meta).collect();
        for meta in metas {
            let BlockKey { channel, block, .. } = meta.key;
            let damaged =
                |what: &str| LedgerError::Damaged(format!("campaign {id}, {channel} block {block}: {what}"));
            let row = reader.block(meta.key)?.ok_or_else(|| damaged("it is missing"))?;
            let inside = people(&row.data).map_err(|error| damaged(&error.to_string()))?;
            if meta.route == EXCLUDED {
                if let Some(live) = self.campaigns.get_mut(&id).and_then(|c| c.live(channel)) {
                    inside.iter().for_each(|person| live.skip(person.ordinal));
                }
            } else {
                indexes.add(meta.key, Entries::of(&inside, self.hash));
            }
        }
        Ok(())
    }

    /// A campaign of which the ledger holds what can't be is set aside: an old newsletter must not keep
    /// a new warning from going out.
    fn set_aside_if_damaged(
        &mut self,
        now_us: u64,
        id: CampaignId,
        read: Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let Err(LedgerError::Damaged(what)) = read else { return read };
        self.campaigns.remove(&id);
        self.book.forget(id);
        self.doubts.forget(id);
        let text = format!("set aside, nothing more of it is sent: {what}; run `bealert verify`");
        self.notice(now_us, Some(id), GatewayId::NONE, NoticeCode::Unreadable, &text);
        self.actions.push_back(Action::Log(format!("campaign {id} is {text}")));
        Ok(())
    }

    fn fold(
        &mut self,
        now_us: u64,
        from: u64,
        reader: &mut dyn LedgerReader,
        indexes: &Indexes,
    ) -> Result<Gathered, LedgerError> {
        let mut gathered = Gathered::default();
        let mut after = from;
        loop {
            let entries = reader.journal(after, SLICE)?;
            let Some(last) = entries.last() else { return Ok(gathered) };
            after = last.seq();
            for entry in entries {
                let Some(id) = entry.campaign() else { continue };
                let read = match entry {
                    Entry::Outcome(outcome) => self.fold_outcome(outcome, &mut gathered, indexes),
                    Entry::BlockEnd(end) => self.fold_end(&end, indexes),
                    Entry::Notice(_) => Ok(()),
                };
                self.set_aside_if_damaged(now_us, id, read)?;
            }
        }
    }

    fn fold_outcome(
        &mut self,
        outcome: Outcome,
        gathered: &mut Gathered,
        indexes: &Indexes,
    ) -> Result<(), LedgerError> {
        let Some(campaign) = self.campaigns.get_mut(&outcome.campaign) else { return Ok(()) };
        let damaged = |what: &str| LedgerError::Damaged(format!("row {}: {what}", outcome.seq));
        let place = indexes.find(outcome.campaign, outcome.channel, outcome.ordinal);
        let place = place.ok_or_else(|| damaged("nobody of that number"))?;
        let live = campaign.live(outcome.channel).ok_or_else(|| damaged("no such channel"))?;
        live.apply(outcome.ordinal, outcome.part, place.units, outcome.step)
            .map_err(|illegal| damaged(&illegal.to_string()))?;
        self.fold_doubt(&outcome, place);
        let Outcome { campaign, channel, ordinal, part, step, attempt, gateway, at_ms, .. } = outcome;
        let part_key = (campaign, channel, ordinal, part);
        gathered.answered(part_key, step, attempt);
        match step {
            Step::Submitting | Step::Deferred | Step::Resend => {
                let known = gathered.traces.get(&part_key).map_or(0, |trace| trace.resends);
                let resends = known + u8::from(step == Step::Resend);
                gathered.traces.insert(part_key, Trace { step, attempt, resends, gateway, at_ms });
            }
            Step::Accepted => {
                let key = ReceiptKey::of(self.hash, gateway, &outcome.remote, place.address);
                gathered.accepted.push((key, place.attempt(&outcome), at_ms));
            }
            Step::Delivered | Step::Failed | Step::Disproved if !outcome.remote.is_empty() => {
                let key = ReceiptKey::of(self.hash, gateway, &outcome.remote, place.address);
                self.book.know(key, place.attempt(&outcome), step);
            }
            _ => {}
        }
        Ok(())
    }

    /// Attempts that are in doubt wait for their receipt by number, as before the restart.
    fn fold_doubt(&mut self, outcome: &Outcome, place: Place) {
        let doubt = place.attempt(outcome);
        match outcome.step {
            Step::Resend | Step::Uncertain => self.doubts.add(place.address, doubt),
            Step::Accepted | Step::Disproved | Step::Delivered => {
                self.doubts.remove(place.address, doubt);
            }
            _ => {}
        }
    }

    fn fold_end(&mut self, end: &BlockEnd, indexes: &Indexes) -> Result<(), LedgerError> {
        let Some(campaign) = self.campaigns.get_mut(&end.key.campaign) else { return Ok(()) };
        campaign.stopped = Some(end.step);
        let Some(entries) = indexes.blocks.get(&end.key) else { return Ok(()) };
        let Some(live) = campaign.live(end.key.channel) else { return Ok(()) };
        for (index, (ordinal, units)) in entries.ordinals.iter().zip(&entries.units).enumerate() {
            for part in 0..*units {
                let state = live.mark(*ordinal, part).state();
                let ends =
                    if (index as u32) < end.from { state == State::Waiting } else { state == State::Queued };
                if ends {
                    live.apply(*ordinal, part, *units, end.step)
                        .map_err(|illegal| LedgerError::Damaged(format!("row {}: {illegal}", end.seq)))?;
                }
            }
        }
        Ok(())
    }

    fn take_up(&mut self, now_us: u64, id: CampaignId, gathered: &Gathered, indexes: &Indexes) {
        let mut open = Vec::new();
        for block in self.campaigns[&id].channels.iter().flatten().flat_map(|live| &live.blocks) {
            let key = block.meta.key;
            if let Some(entries) = indexes.blocks.get(&key) {
                for index in 0..block.meta.reserved.min(entries.ordinals.len() as u32) {
                    self.open_parts(key, index, entries, gathered, &mut open);
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
    }

    fn open_parts(
        &self,
        key: BlockKey,
        index: u32,
        entries: &Entries,
        gathered: &Gathered,
        open: &mut Vec<Open>,
    ) {
        let at = index as usize;
        let (ordinal, units, address) = (entries.ordinals[at], entries.units[at], entries.addresses[at]);
        for part in 0..units {
            let state = self.part_state(key, ordinal, part).unwrap_or(State::Skipped);
            let trace = gathered.traces.get(&(key.campaign, key.channel, ordinal, part)).copied();
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
        self.doubts.add(address, Doubt { key, ordinal, part, units, attempt, gateway });
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
                if let Some(gateway) = self.gateway_mut(id) {
                    gateway.uncertain_at_start += 1;
                }
            }
        }
        for gateway in self.gateways.iter_mut().flatten() {
            // More than a second's worth can't have left within the last second.
            let second = gateway.spec.units_per_second.unwrap_or(0.0) as u64;
            gateway.limiter = crate::limit::Limiter::new(gateway.spec.units_per_second);
            gateway.limiter.start_charged(now_us, gateway.uncertain_at_start.min(second));
        }
    }

    fn count_sent(&mut self, id: CampaignId, indexes: &Indexes) {
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        for live in campaign.channels.iter_mut().flatten() {
            for block in live.blocks.iter().filter(|block| block.meta.route != EXCLUDED) {
                let reserved = block.meta.reserved;
                live.sent += u64::from(reserved);
                let left = indexes.blocks.get(&block.meta.key).map_or(0, |e| rest_units(e, reserved));
                live.units_left = live.units_left.saturating_sub(u64::from(block.meta.units) - left);
            }
        }
    }

    /// Receipts of accepted attempts are waited for again, as long as is left of their time. Those of
    /// campaigns that have ended are only known, so that late ones still correct them.
    fn expect_again(&mut self, now_us: u64, accepted: Vec<(ReceiptKey, Doubt, i64)>) {
        for (key, attempt, at_ms) in accepted {
            let Some(gateway) = self.gateway(attempt.gateway).filter(|gateway| gateway.spec.receipts) else {
                continue;
            };
            let until_us = now_us + self.clock.left_us(at_ms, gateway.spec.receipt_wait_us);
            let number = self.expect(key, attempt, until_us);
            let ended = self.campaigns.get(&attempt.key.campaign).is_none_or(|c| c.row.state.ended());
            if ended || self.part_state(attempt.key, attempt.ordinal, attempt.part) != Some(State::Accepted) {
                self.stop_waiting(number);
            }
        }
        for gateway in self.gateways.iter_mut().flatten() {
            gateway.waits.make_contiguous().sort_unstable();
        }
    }

    /// A receipt that was parked while its attempt was unanswered, and answered once it was durable, settles
    /// that attempt now that the restart has made it uncertain (I9). After all doubts are known: one of several
    /// to the same number would be taken for the only one.
    fn settle_parked(&mut self, now_us: u64) {
        for parked in self.parking.alone_from_their_number() {
            self.settle_by_number(now_us, parked.gateway, Receipt::from(&parked));
        }
    }
}
