//! The queue of blocks: a lane per route and priority class, in which campaigns take turns by
//! block, and the stretch of each lane that is reserved and may be handed out.

use std::collections::VecDeque;

use crate::model::{BlockKey, CampaignId, Channel};

/// A run of dispatches of one block under one reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) key: BlockKey,
    /// Index of the next dispatch to hand out.
    pub(crate) next: u32,
    /// Index after the last.
    pub(crate) end: u32,
    /// Next part of dispatch `next`; above 0 the message has begun.
    pub(crate) part: u8,
    /// The batch that makes the reservation durable.
    pub(crate) batch: u64,
}

impl Slice {
    /// Index of the first dispatch of which nothing was handed out.
    pub(crate) fn first_unbegun(&self) -> u32 {
        self.next + u32::from(self.part > 0)
    }
}

/// A dispatch (one part of it) that is to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    pub(crate) key: BlockKey,
    pub(crate) index: u32,
    pub(crate) part: u8,
    /// The number this attempt will have.
    pub(crate) attempt: u8,
    /// How often it was sent again because an attempt was uncertain.
    pub(crate) resends: u8,
    /// Whether it is such a resend: those wait for the fresh messages of their class.
    pub(crate) resend: bool,
}

/// A [`Due`] whose `submitting` row is in a batch, or a message that came back unsent (batch 0).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Intent {
    pub(crate) due: Due,
    pub(crate) batch: u64,
    /// Whether it runs under its block's reservation, without a row of its own.
    pub(crate) first: bool,
}

/// What is left of a campaign's blocks on one lane.
#[derive(Debug)]
struct Turn {
    campaign: CampaignId,
    /// Block number, next index, length.
    blocks: VecDeque<(u32, u32, u32)>,
}

/// Everything queued for one route in one class.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// Came back before it left (throttled, connection lost in time): first of all.
    pub(crate) returned: VecDeque<Intent>,
    /// Retries and resends under a `submitting` row.
    pub(crate) ready: VecDeque<Intent>,
    /// Retries whose time has come, without a row yet.
    pub(crate) due: VecDeque<Due>,
    /// Resends whose time has come, without a row yet.
    pub(crate) resends: VecDeque<Due>,
    pub(crate) runway: VecDeque<Slice>,
    turns: VecDeque<Turn>,
    /// Dispatches on the runway.
    reserved: u32,
}

impl Lane {
    /// Queues blocks of a campaign, at the end of the turns.
    pub(crate) fn push(&mut self, campaign: CampaignId, blocks: impl Iterator<Item = (u32, u32, u32)>) {
        let blocks: VecDeque<_> = blocks.collect();
        if !blocks.is_empty() {
            self.turns.push_back(Turn { campaign, blocks });
        }
    }

    /// Whether something at the head may be durable: it is up to the caller to look.
    pub(crate) fn has_durable(&self, committed: u64) -> bool {
        let fresh = self.runway.front().is_some_and(|slice| slice.batch <= committed);
        let intent = |queue: &VecDeque<Intent>| queue.front().is_some_and(|intent| intent.batch <= committed);
        fresh || intent(&self.returned) || intent(&self.ready)
    }

    /// Whether anything here could still be sent.
    pub(crate) fn has_stock(&self) -> bool {
        self.ahead() > 0 || self.has_fresh() || !self.due.is_empty() || !self.resends.is_empty()
    }

    /// Whether blocks wait to be reserved.
    pub(crate) fn has_fresh(&self) -> bool {
        !self.turns.is_empty()
    }

    /// The block of each campaign whose turn comes next.
    pub(crate) fn fronts(&self, channel: Channel) -> impl Iterator<Item = BlockKey> + '_ {
        let front = move |turn: &Turn| {
            let (block, ..) = *turn.blocks.front()?;
            Some(BlockKey { campaign: turn.campaign, channel, block })
        };
        self.turns.iter().filter_map(front)
    }

    /// Campaigns that take turns here.
    pub(crate) fn campaigns(&self) -> usize {
        self.turns.len()
    }

    /// Dispatches that may be handed out now or after the next commit.
    pub(crate) fn ahead(&self) -> u32 {
        self.reserved + (self.ready.len() + self.returned.len()) as u32
    }

    /// The next blocks in the order in which they will be reserved, at most `count`.
    pub(crate) fn upcoming(&self, channel: Channel, count: usize) -> Vec<BlockKey> {
        let mut keys = Vec::new();
        let deepest = self.turns.iter().map(|turn| turn.blocks.len()).max().unwrap_or(0);
        for depth in 0..deepest {
            for turn in &self.turns {
                if keys.len() == count {
                    return keys;
                }
                if let Some((block, ..)) = turn.blocks.get(depth) {
                    keys.push(BlockKey { campaign: turn.campaign, channel, block: *block });
                }
            }
        }
        keys
    }

    /// Moves up to `count` dispatches of the block whose turn it is to the runway and gives its
    /// new mark; `None` where no block that waits is `loaded`.
    pub(crate) fn reserve(
        &mut self,
        channel: Channel,
        count: u32,
        batch: u64,
        loaded: impl Fn(BlockKey) -> bool,
    ) -> Option<(BlockKey, u32)> {
        // A campaign whose block is not here yet loses its turn, and does not hold up the others.
        let at = self.fronts(channel).position(&loaded)?;
        self.turns.rotate_left(at);
        let turn = self.turns.front_mut()?;
        let (block, next, len) = *turn.blocks.front()?;
        let key = BlockKey { campaign: turn.campaign, channel, block };
        let end = len.min(next + count);
        if end == len {
            turn.blocks.pop_front();
            let turn = self.turns.pop_front()?;
            if !turn.blocks.is_empty() {
                self.turns.push_back(turn);
            }
        } else {
            turn.blocks[0].1 = end;
        }
        self.reserved += end - next;
        self.runway.push_back(Slice { key, next, end, part: 0, batch });
        Some((key, end))
    }

    /// The dispatch at the front of the runway is done with, all parts handed out.
    pub(crate) fn advance(&mut self) {
        self.reserved -= 1;
        if let Some(slice) = self.runway.front_mut() {
            slice.next += 1;
            slice.part = 0;
            if slice.next == slice.end {
                self.runway.pop_front();
            }
        }
    }

    /// Takes back the reservations of those campaigns that `which` names: the rest of each block
    /// returns to the head of its campaign's turn. Gives the slices as they were, in order. A begun
    /// message stays where `keep_begun` says so; otherwise its slice tells where it stood.
    pub(crate) fn release(&mut self, which: impl Fn(CampaignId) -> bool, keep_begun: bool) -> Vec<Slice> {
        let mut taken = Vec::new();
        let mut kept = VecDeque::new();
        for mut slice in std::mem::take(&mut self.runway) {
            if !which(slice.key.campaign) {
                kept.push_back(slice);
                continue;
            }
            if slice.part > 0 && keep_begun {
                kept.push_back(Slice { end: slice.next + 1, ..slice.clone() });
                slice = Slice { next: slice.next + 1, part: 0, ..slice };
                if slice.next == slice.end {
                    // Nothing lies behind it: its mark stands where it is.
                    continue;
                }
            }
            self.reserved -= slice.end - slice.next;
            taken.push(slice);
        }
        self.runway = kept;
        // Backwards: of one block, the lowest slice has the say.
        for slice in taken.iter().rev() {
            self.put_back(slice.key, slice.first_unbegun(), slice.end);
        }
        taken
    }

    /// Takes those of the messages that came back or are about to be sent again.
    pub(crate) fn withdraw(&mut self, which: impl Fn(&Intent) -> bool) -> Vec<Intent> {
        let mut taken = Vec::new();
        for queue in [&mut self.returned, &mut self.ready] {
            taken.extend(queue.iter().filter(|intent| which(intent)));
            queue.retain(|intent| !which(intent));
        }
        taken
    }

    /// Takes a campaign's retries and resends that have no row yet.
    pub(crate) fn take_due(&mut self, campaign: CampaignId) -> Vec<Due> {
        let mut taken = Vec::new();
        for queue in [&mut self.due, &mut self.resends] {
            taken.extend(queue.iter().filter(|due| due.key.campaign == campaign));
            queue.retain(|due| due.key.campaign != campaign);
        }
        taken
    }

    /// Removes a campaign from the turns.
    pub(crate) fn forget(&mut self, campaign: CampaignId) {
        self.turns.retain(|turn| turn.campaign != campaign);
    }

    fn put_back(&mut self, key: BlockKey, from: u32, end: u32) {
        let at = self.turns.iter().position(|turn| turn.campaign == key.campaign);
        let at = at.unwrap_or_else(|| {
            self.turns.push_front(Turn { campaign: key.campaign, blocks: VecDeque::new() });
            0
        });
        let blocks = &mut self.turns[at].blocks;
        match blocks.front_mut() {
            Some((block, next, _)) if *block == key.block => *next = from,
            _ if from < end => blocks.push_front((key.block, from, end)),
            _ => {}
        }
        if self.turns[at].blocks.is_empty() {
            self.turns.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(count: u32) -> impl Iterator<Item = (u32, u32, u32)> {
        (0..count).map(|block| (block, 0, 10))
    }

    fn reserve(lane: &mut Lane, count: u32) -> Option<(u32, u32, u32)> {
        let (key, mark) = lane.reserve(Channel::Sms, count, 1, |_| true)?;
        Some((key.campaign.0, key.block, mark))
    }

    #[test]
    fn campaigns_take_turns_by_block() {
        let mut lane = Lane::default();
        lane.push(CampaignId(1), blocks(2));
        lane.push(CampaignId(2), blocks(2));
        let order: Vec<_> = std::iter::from_fn(|| reserve(&mut lane, 6)).collect();
        assert_eq!(
            order,
            [(1, 0, 6), (1, 0, 10), (2, 0, 6), (2, 0, 10), (1, 1, 6), (1, 1, 10), (2, 1, 6), (2, 1, 10)]
        );
        assert_eq!(lane.ahead(), 40);
    }

    #[test]
    fn upcoming_is_the_order_of_reservation() {
        let mut lane = Lane::default();
        lane.push(CampaignId(1), blocks(3));
        lane.push(CampaignId(2), blocks(1));
        let keys: Vec<_> =
            lane.upcoming(Channel::Sms, 9).iter().map(|key| (key.campaign.0, key.block)).collect();
        assert_eq!(keys, [(1, 0), (2, 0), (1, 1), (1, 2)]);
    }

    #[test]
    fn what_is_released_comes_again_and_nothing_twice() {
        let mut lane = Lane::default();
        lane.push(CampaignId(1), blocks(2));
        while reserve(&mut lane, 4).is_some() {}
        for _ in 0..5 {
            lane.advance();
        }
        lane.release(|_| true, false);
        assert_eq!(lane.ahead(), 0);
        assert_eq!(reserve(&mut lane, 100), Some((1, 0, 10)));
        assert_eq!(lane.runway[0].next, 5);
        assert_eq!(reserve(&mut lane, 100), Some((1, 1, 10)));
        assert_eq!(reserve(&mut lane, 100), None);
    }

    #[test]
    fn what_lies_behind_a_begun_message_is_released_once() {
        let mut lane = Lane::default();
        lane.push(CampaignId(1), blocks(1));
        reserve(&mut lane, 9);
        lane.runway[0].part = 1;
        assert_eq!(lane.release(|_| true, true).len(), 1);
        // Whoever holds a more urgent campaign asks again and again: that is no news for the ledger.
        assert_eq!((lane.release(|_| true, true).len(), lane.ahead()), (0, 1));
    }

    #[test]
    fn a_begun_message_is_not_put_back() {
        let mut lane = Lane::default();
        lane.push(CampaignId(1), std::iter::once((0, 0, 1)));
        reserve(&mut lane, 9);
        lane.runway[0].part = 1;
        assert_eq!((lane.release(|_| true, true).len(), lane.ahead()), (0, 1));
        lane.release(|_| true, false);
        assert!(!lane.has_stock());
    }
}
