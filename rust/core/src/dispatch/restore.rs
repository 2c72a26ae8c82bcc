//! From a snapshot back to what is held of a campaign.

use super::book::{Expected, Heard, Moment, ReceiptKey};
use super::doubts::Doubt;
use super::traces::Trace;
use super::{Dispatcher, Named};
use crate::ledger::{LedgerError, LedgerReader, SnapshotHead};
use crate::model::{BlockKey, CampaignId};
use crate::outcome::Mark;
use crate::snapshot::{
    ChannelHeader, DoubtItem, Header, Item, PIECE, RECEIPT, ReceiptItem, SnapshotError, TraceItem, mark, read,
};

impl Dispatcher {
    /// Fills a campaign that has just been entered from its snapshot; whether it has one. After an
    /// inner error what is held of it is half one thing and half another: it has to be forgotten.
    pub(crate) fn restore(
        &mut self,
        now_us: u64,
        id: CampaignId,
        reader: &mut dyn LedgerReader,
    ) -> Result<Result<bool, SnapshotError>, LedgerError> {
        let Some(head) = reader.snapshot(id)? else { return Ok(Ok(false)) };
        // A journal that ends before is another than it was taken of.
        if head.seq > head.reaches || head.reaches > self.journal.seq() {
            return Ok(Err(SnapshotError::Counts));
        }
        Ok(self.restore_pieces(now_us, &head, reader)?.map(|()| true))
    }

    fn restore_pieces(
        &mut self,
        now_us: u64,
        head: &SnapshotHead,
        reader: &mut dyn LedgerReader,
    ) -> Result<Result<(), SnapshotError>, LedgerError> {
        let mut channels = Vec::new();
        // Most pieces hold receipts.
        self.book.reserve(head.pieces as usize * PIECE / RECEIPT);
        for number in 0..head.pieces {
            let Some(piece) = reader.snapshot_piece(head, number)? else {
                return Ok(Err(SnapshotError::Incomplete));
            };
            let result = read(head, number, &piece, |item| match item {
                Item::Header(header) => self.restore_header(head.campaign, header, &mut channels),
                item => self.restore_item(now_us, head.campaign, item),
            });
            if let Err(why) = result {
                return Ok(Err(why));
            }
        }
        let Some(campaign) = self.campaigns.get_mut(&head.campaign).filter(|_| head.pieces > 0) else {
            return Ok(Err(SnapshotError::Incomplete));
        };
        for ChannelHeader { channel, tally, .. } in channels {
            if campaign.live(channel).is_none_or(|live| live.tally.settled() != tally) {
                return Ok(Err(SnapshotError::Counts));
            }
        }
        campaign.reaches = head.reaches;
        Ok(Ok(()))
    }

    fn restore_header(
        &mut self,
        id: CampaignId,
        header: Header,
        channels: &mut Vec<ChannelHeader>,
    ) -> Result<(), SnapshotError> {
        if header.fingerprint != self.hash.fingerprint() {
            return Err(SnapshotError::Foreign);
        }
        let campaign = self.campaigns.get_mut(&id).ok_or(SnapshotError::Counts)?;
        campaign.stopped = campaign.stopped.or(header.stopped);
        campaign.kept_end = header.ended;
        for told in &header.channels {
            let live = campaign.live(told.channel).ok_or(SnapshotError::Counts)?;
            for (block, range) in live.blocks.iter_mut().zip(&told.ranges) {
                block.range = *range;
            }
        }
        *channels = header.channels;
        Ok(())
    }

    fn restore_item(&mut self, now_us: u64, id: CampaignId, item: Item<'_>) -> Result<(), SnapshotError> {
        let campaign = self.campaigns.get_mut(&id).ok_or(SnapshotError::Counts)?;
        match item {
            Item::Marks(channel, first, bytes) => {
                let live = campaign.live(channel).ok_or(SnapshotError::Counts)?;
                for (ordinal, byte) in (first..).zip(bytes) {
                    if !live.restore(ordinal, mark(*byte)?) {
                        return Err(SnapshotError::Counts);
                    }
                }
            }
            Item::Parts(channel, ordinal, bytes) => {
                let parts = bytes.iter().map(|byte| mark(*byte)).collect::<Result<Vec<Mark>, _>>()?;
                let live = campaign.live(channel).ok_or(SnapshotError::Counts)?;
                if !live.restore_parts(ordinal, parts) {
                    return Err(SnapshotError::Counts);
                }
            }
            Item::Trace(TraceItem { channel, ordinal, part, step, attempt, resends, gateway, at_ms }) => {
                let trace = Trace { step, attempt, resends, gateway, at_ms };
                self.traces.insert((id, channel, ordinal, part), trace);
            }
            Item::Doubt(DoubtItem { address, channel, block, ordinal, part, units, attempt, gateway }) => {
                let key = BlockKey { campaign: id, channel, block };
                self.doubts.add(address, Doubt { key, ordinal, part, units, attempt, gateway });
            }
            Item::Until(at_ms) => campaign.wait_for_receipts(self.clock.at_us(at_ms)),
            Item::Try(channel, ordinal, attempt, fate) => {
                self.tries.note(Named { campaign: id, channel, ordinal, attempt }, fate);
            }
            Item::Receipt(item) => self.restore_receipt(now_us, id, &item),
            Item::Header(_) | Item::End(_) => {}
        }
        Ok(())
    }

    fn restore_receipt(&mut self, now_us: u64, id: CampaignId, item: &ReceiptItem) {
        let ReceiptItem { key, check, channel, ordinal, part, units, attempt, gateway, .. } = *item;
        let about = BlockKey { campaign: id, channel, block: 0 };
        let attempt = Doubt { key: about, ordinal, part, units, attempt, gateway };
        let until_us = item.until_ms.map_or(0, |at_ms| self.clock.at_us(at_ms).max(now_us));
        let mut expected = Expected::of(ReceiptKey { key, check }, attempt, Moment::from_us(until_us));
        expected.heard = Heard::from_u8(item.heard);
        if item.ambiguous {
            expected.make_ambiguous();
        }
        if let Some(number) = self.book.find(expected.key)
            && let Some(known) = self.book.get_mut(number)
            && known.awaited()
        {
            // Another campaign waits for a receipt of the same id: it tells neither from the other.
            if !known.same_attempt(&expected) {
                known.make_ambiguous();
            }
            return;
        }
        let ended = self.campaigns.get(&id).is_none_or(|campaign| campaign.row.state.ended());
        if item.until_ms.is_none() || ended {
            self.book.put(expected.unawaited());
        } else {
            self.wait_for(expected);
        }
    }
}
