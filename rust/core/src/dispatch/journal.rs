//! The batch that is being filled, the one that is being committed, and when to flush.

use arrayvec::ArrayString;

use hashbrown::HashMap;

use super::{Action, Commit, Dispatcher};
use crate::ledger::{Batch, BlockEnd, Notice, NoticeCode, Outcome, Parked};
use crate::model::{BlockKey, CampaignId, CampaignState, GatewayId};
use crate::outcome::Step;

/// Longest wait of a row before it is flushed: what a crash can make uncertain grows with it.
pub(crate) const FLUSH_US: u64 = 5_000;

/// Rows that are flushed without waiting: more only make a commit longer.
const FLUSH_ROWS: usize = 4_096;

/// Rows kept in memory while the ledger does not take them. Beyond it receipts are refused for now and
/// nothing is handed out: some 20 MB, and a second of receipts at the pace of a loopback.
pub const HELD_ROWS: usize = 131_072;

/// Receipts waiting for their answer that are flushed without waiting: a far end that allows ten
/// unanswered receipts would stand still until the time is over.
const FLUSH_REPLIES: usize = 8;

/// A receipt that is not durable after this gets a temporary error, so that it is repeated.
pub(crate) const REPLY_US: u64 = 2_000_000;

#[derive(Debug, Clone, Copy)]
pub(crate) struct ReplyDue {
    pub(crate) gateway: GatewayId,
    pub(crate) session: u16,
    pub(crate) reply: u64,
    pub(crate) since_us: u64,
}

#[derive(Debug)]
pub(crate) struct Journal {
    seq: u64,
    batch: Batch,
    /// The newest mark of each block in this batch.
    marks: HashMap<BlockKey, u32>,
    /// Number of the batch that is being filled.
    pub(crate) number: u64,
    pub(crate) committed: u64,
    /// When the batch in flight was taken.
    pub(crate) taken_us: Option<u64>,
    /// When the oldest thing in the batch came.
    pub(crate) oldest_us: Option<u64>,
    /// A command waits, or a gateway has nothing left that it may send.
    pub(crate) urgent: bool,
    replies: Vec<ReplyDue>,
    replies_in_flight: Vec<ReplyDue>,
    pub(crate) dirty: hashbrown::HashSet<CampaignId>,
    /// The slowest commits of late: a decaying maximum, near the 99th percentile.
    pub(crate) slow_commit_us: f64,
}

impl Journal {
    pub(crate) fn new(last_seq: u64) -> Self {
        Self {
            seq: last_seq,
            batch: Batch::default(),
            marks: HashMap::new(),
            number: 1,
            committed: 0,
            taken_us: None,
            oldest_us: None,
            urgent: false,
            replies: Vec::new(),
            replies_in_flight: Vec::new(),
            dirty: hashbrown::HashSet::new(),
            slow_commit_us: 1_000.0,
        }
    }

    /// The batch that holds the latest that was said.
    pub(crate) fn newest_batch(&self) -> u64 {
        if self.oldest_us.is_some() { self.number } else { self.number - 1 }
    }

    /// The place of the latest row.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    fn next_seq(&mut self, now_us: u64) -> u64 {
        self.touch(now_us);
        self.seq += 1;
        self.seq
    }

    fn touch(&mut self, now_us: u64) {
        self.oldest_us.get_or_insert(now_us);
    }

    /// Appends an outcome, whose `seq` is set here.
    pub(crate) fn outcome(&mut self, now_us: u64, mut outcome: Outcome) {
        outcome.seq = self.next_seq(now_us);
        self.batch.outcomes.push(outcome);
    }

    pub(crate) fn notice(
        &mut self,
        now_us: u64,
        at_ms: i64,
        campaign: Option<CampaignId>,
        gateway: GatewayId,
        code: NoticeCode,
        text: &str,
    ) {
        let seq = self.next_seq(now_us);
        self.batch.notices.push(Notice { seq, at_ms, campaign, gateway, code, text: text.into() });
    }

    pub(crate) fn block_end(&mut self, now_us: u64, at_ms: i64, key: BlockKey, from: u32, step: Step) {
        let seq = self.next_seq(now_us);
        self.batch.block_ends.push(BlockEnd { seq, key, from, step, at_ms });
    }

    pub(crate) fn mark(&mut self, now_us: u64, key: BlockKey, reserved: u32) {
        self.touch(now_us);
        self.marks.insert(key, reserved);
    }

    pub(crate) fn state(
        &mut self,
        now_us: u64,
        campaign: CampaignId,
        state: CampaignState,
        ended: Option<i64>,
    ) {
        self.touch(now_us);
        self.batch.states.push((campaign, state, ended));
    }

    pub(crate) fn park(&mut self, now_us: u64, parked: Parked) {
        self.touch(now_us);
        self.batch.parked.push(parked);
    }

    pub(crate) fn unpark(&mut self, now_us: u64, id: u64) {
        self.touch(now_us);
        self.batch.unparked.push(id);
    }

    /// The batch a command is in: it is flushed as soon as the writer is free.
    pub(crate) fn command(&mut self, now_us: u64) -> Commit {
        self.touch(now_us);
        self.urgent = true;
        Commit(self.number)
    }

    /// Rows of the batch that is being filled.
    fn held(&self) -> usize {
        self.batch.rows() + self.batch.parked.len() + self.batch.unparked.len()
    }

    /// Whether the ledger is so far behind that nothing more may come in.
    pub(crate) fn is_full(&self) -> bool {
        self.held() >= HELD_ROWS
    }

    /// Whether everything said so far is durable.
    pub(crate) fn clean(&self) -> bool {
        self.taken_us.is_none() && self.oldest_us.is_none()
    }

    fn due(&self, now_us: u64) -> bool {
        self.urgent
            || self.batch.rows() >= FLUSH_ROWS
            || self.replies.len() >= FLUSH_REPLIES
            || self.oldest_us.is_some_and(|oldest| now_us >= oldest + FLUSH_US)
    }

    /// When something here is due without further input.
    pub(crate) fn timeout(&self) -> Option<u64> {
        let flush = self.oldest_us.filter(|_| self.taken_us.is_none()).map(|oldest| oldest + FLUSH_US);
        let replies = self.replies_in_flight.first().or(self.replies.first());
        let late = replies.map(|reply| reply.since_us + REPLY_US);
        [flush, late].into_iter().flatten().min()
    }
}

impl Dispatcher {
    /// The batch to commit now, with its number; `None` while one is in flight or nothing is due.
    pub fn take_batch(&mut self, now_us: u64) -> Option<(u64, Batch)> {
        if self.journal.taken_us.is_some() {
            return None;
        }
        let due = self.journal.due(now_us);
        self.refill(now_us, due);
        if self.journal.oldest_us.is_none() || !self.journal.due(now_us) {
            return None;
        }
        // In an order of their own: what a run does must not hang on how a map hashes.
        let mut dirty: Vec<CampaignId> = self.journal.dirty.drain().collect();
        dirty.sort_unstable();
        dirty.into_iter().for_each(|id| self.tell_tallies(id));
        let mut batch = std::mem::take(&mut self.journal.batch);
        batch.marks.extend(self.journal.marks.drain());
        batch.marks.sort_unstable();
        batch.last_seq = self.journal.seq;
        let number = self.journal.number;
        self.journal.number += 1;
        self.journal.taken_us = Some(now_us);
        self.journal.oldest_us = None;
        self.journal.urgent = false;
        self.journal.replies_in_flight.append(&mut self.journal.replies);
        self.begin_snapshot(number);
        Some((number, batch))
    }

    /// Puts the counts of a campaign into the batch.
    pub(crate) fn tell_tallies(&mut self, id: CampaignId) {
        let Some(campaign) = self.campaigns.get_mut(&id) else { return };
        campaign.touched = self.journal.seq;
        for channel in crate::model::Channel::ALL {
            if let Some(live) = &campaign.channels[channel as usize] {
                self.journal.batch.tallies.push((id, channel, live.tally.settled()));
            }
        }
    }

    /// The batch of this number is durable.
    pub fn committed(&mut self, now_us: u64, number: u64) {
        let took_us = now_us.saturating_sub(self.journal.taken_us.take().unwrap_or(now_us)) as f64;
        self.journal.slow_commit_us = took_us.max(self.journal.slow_commit_us * 0.99);
        self.journal.committed = number;
        let due = std::mem::take(&mut self.journal.replies_in_flight);
        self.actions.extend(due.into_iter().map(|due| due.action(true)));
    }

    /// Rows in memory that no batch holds yet.
    pub fn held_rows(&self) -> usize {
        self.journal.held()
    }

    /// The newest batch that is durable.
    pub fn committed_number(&self) -> u64 {
        self.journal.committed
    }

    /// Answers a receipt once everything said so far is durable.
    pub(crate) fn reply_when_durable(&mut self, due: ReplyDue) {
        if self.journal.clean() {
            self.actions.push_back(due.action(true));
        } else {
            self.journal.touch(due.since_us);
            self.journal.replies.push(due);
        }
    }

    /// Receipts whose commit takes too long get a temporary error.
    pub(crate) fn refuse_late_replies(&mut self, now_us: u64) {
        let journal = &mut self.journal;
        for replies in [&mut journal.replies_in_flight, &mut journal.replies] {
            let late = replies.iter().take_while(|reply| now_us >= reply.since_us + REPLY_US).count();
            self.actions.extend(replies.drain(..late).map(|due| due.action(false)));
        }
    }

    /// Replies to a session that has ended have nowhere to go.
    pub(crate) fn forget_replies(&mut self, gateway: GatewayId, session: u16) {
        for replies in [&mut self.journal.replies_in_flight, &mut self.journal.replies] {
            replies.retain(|reply| (reply.gateway, reply.session) != (gateway, session));
        }
    }
}

impl ReplyDue {
    fn action(self, ok: bool) -> Action {
        let ReplyDue { gateway, session, reply, .. } = self;
        Action::Reply { gateway, session, reply, ok }
    }
}

/// A far end's text, cut to what the journal holds.
pub(crate) fn fit<const N: usize>(text: &str) -> ArrayString<N> {
    let mut end = text.len().min(N);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    ArrayString::from(&text[..end]).unwrap_or_default()
}
