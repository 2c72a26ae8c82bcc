//! Folding the journal into what is held of campaigns: what their snapshots don't have.

use super::Dispatcher;
use super::book::ReceiptKey;
use super::places::{Indexes, Place};
use crate::ledger::{BlockEnd, Entry, LedgerError, LedgerReader, Outcome};
use crate::outcome::{State, Step};

/// Journal entries read at a time.
const SLICE: usize = 10_000;

impl Dispatcher {
    /// Applies what the journal has of the campaigns that are held, each from where its snapshot ends.
    pub(crate) fn fold(
        &mut self,
        now_us: u64,
        reader: &mut dyn LedgerReader,
        indexes: &mut Indexes,
    ) -> Result<(), LedgerError> {
        let Some(mut after) = self.campaigns.values().map(|campaign| campaign.reaches).min() else {
            return Ok(());
        };
        loop {
            let entries = reader.journal(after, SLICE)?;
            let Some(last) = entries.last() else { return Ok(()) };
            after = last.seq();
            for entry in entries {
                if let Entry::Outcome(outcome) = &entry {
                    self.fold_run(outcome);
                }
                let Some(id) = entry.campaign() else { continue };
                if self.campaigns.get(&id).is_none_or(|campaign| entry.seq() <= campaign.reaches) {
                    continue;
                }
                let read = match entry {
                    Entry::Outcome(outcome) => self.fold_outcome(now_us, &outcome, indexes, reader),
                    Entry::BlockEnd(end) => self.fold_end(&end, indexes, reader),
                    Entry::Notice(_) => Ok(()),
                };
                self.set_aside_if_damaged(now_us, id, read)?;
            }
        }
    }

    fn fold_outcome(
        &mut self,
        now_us: u64,
        outcome: &Outcome,
        indexes: &mut Indexes,
        reader: &mut dyn LedgerReader,
    ) -> Result<(), LedgerError> {
        let Outcome { campaign: id, channel, ordinal, part, step, .. } = *outcome;
        let Some(campaign) = self.campaigns.get_mut(&id) else { return Ok(()) };
        let damaged = |what: &str| LedgerError::Damaged(format!("row {}: {what}", outcome.seq));
        campaign.touched = outcome.seq;
        let live = campaign.live(channel).ok_or_else(|| damaged("no such channel"))?;
        let place = indexes.find(channel, ordinal, id, live, reader)?;
        let place = place.ok_or_else(|| damaged("nobody of that number"))?;
        if part >= place.units {
            return Err(damaged("the message has no such part"));
        }
        live.apply(ordinal, part, place.units, step).map_err(|illegal| damaged(&illegal.to_string()))?;
        self.traces.note(outcome);
        self.fold_doubt(outcome, place);
        self.fold_receipt(now_us, outcome, place);
        Ok(())
    }

    /// How many a gateway has failed in a row.
    fn fold_run(&mut self, outcome: &Outcome) {
        let Some(gateway) = self.gateway_mut(outcome.gateway) else { return };
        match outcome.step {
            Step::Failed => gateway.failed_before += 1,
            Step::Accepted => gateway.failed_before = 0,
            _ => {}
        }
    }

    /// Attempts that are in doubt wait for their receipt by number, as before the restart.
    fn fold_doubt(&mut self, outcome: &Outcome, place: Place) {
        let doubt = place.attempt(outcome);
        let address = self.doubt_place(place.key, outcome.ordinal, place.address);
        match outcome.step {
            Step::Resend | Step::Uncertain => self.doubts.add(address, doubt),
            Step::Accepted | Step::Disproved | Step::Delivered | Step::Failed => {
                self.doubts.remove(address, doubt);
            }
            _ => {}
        }
    }

    /// Receipts of accepted attempts are waited for again, as long as is left of their time. Those of
    /// campaigns that have ended are only known, so that late ones still correct them.
    fn fold_receipt(&mut self, now_us: u64, outcome: &Outcome, place: Place) {
        if outcome.channel.receipts_name_attempts() {
            return self.fold_named(outcome);
        }
        let attempt = place.attempt(outcome);
        let key = ReceiptKey::of(self.hash, outcome.gateway, &outcome.remote, place.address);
        match outcome.step {
            Step::Accepted => {
                let gateway = self.gateway(outcome.gateway).filter(|gateway| gateway.spec.receipts);
                let Some(wait_us) = gateway.map(|gateway| gateway.spec.receipt_wait_us) else { return };
                let until_us = now_us + self.clock.left_us(outcome.at_ms, wait_us);
                self.expect(key, attempt, until_us);
            }
            Step::Delivered | Step::Failed | Step::Disproved if !outcome.remote.is_empty() => {
                self.book.know(key, attempt, outcome.step);
                if let Some(number) = self.book.find(key) {
                    self.stop_waiting(number);
                }
            }
            _ => {}
        }
    }

    fn fold_end(
        &mut self,
        end: &BlockEnd,
        indexes: &mut Indexes,
        reader: &mut dyn LedgerReader,
    ) -> Result<(), LedgerError> {
        let Some(campaign) = self.campaigns.get_mut(&end.key.campaign) else { return Ok(()) };
        campaign.stopped = Some(end.step);
        campaign.touched = end.seq;
        let Some(live) = campaign.live(end.key.channel) else { return Ok(()) };
        if live.blocks.get(end.key.block as usize).is_none() {
            return Ok(());
        }
        let entries = indexes.read(end.key, reader)?;
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
}
