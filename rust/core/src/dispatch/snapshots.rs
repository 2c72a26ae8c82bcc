//! Taking snapshots: at the end of a campaign and every million rows of the journal, so that opening
//! never folds the whole past.
//!
//! States, traces and doubts are copied at once, when a batch is taken: all rows so far are in it.
//! The book of receipts follows in slices while sending goes on. An entry that is newer than the
//! place of the snapshot does no harm, since the fold that follows says the same of it again; the head
//! is given out only once everything that any slice has seen is durable.

use super::live::Live;
use super::{Dispatcher, book::Expected, flight::Flight};
use crate::ledger::{SnapshotHead, SnapshotWrite};
use crate::model::{BlockKey, CampaignId, Channel};
use crate::outcome::{Mark, State, Step};
use crate::queue::Due;
use crate::snapshot::{ChannelHeader, DoubtItem, Header, PieceWriter, ReceiptItem, TraceItem};

use std::collections::{BTreeMap, VecDeque};

use hashbrown::HashMap;

/// Rows of the journal after which the snapshot of a campaign that is held is renewed: what opening
/// folds at most. A million rows are folded in about a second.
const ROWS: u64 = 1_000_000;

/// Entries of the book of receipts that are looked at in one go: some hundred microseconds.
const SLICE: u32 = 16_384;

/// When the next snapshots are due, and the one that is being taken.
#[derive(Debug)]
pub(crate) struct Snapshots {
    rows: u64,
    under_way: Option<UnderWay>,
    /// Steps that need no snapshot to be taken.
    short: VecDeque<SnapshotWrite>,
}

#[derive(Debug)]
struct UnderWay {
    campaign: CampaignId,
    seq: u64,
    pieces: PieceWriter,
    /// The entry of the book of receipts that comes next, and the one after the last: what is accepted
    /// later has its rows after the snapshot.
    next: u32,
    end: u32,
    finished: bool,
    /// The batch that has to be durable before the head counts.
    batch: u64,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self { rows: ROWS, under_way: None, short: VecDeque::new() }
    }
}

impl Dispatcher {
    /// Takes snapshots after so many rows of the journal, for tests; a million unless told.
    pub fn snapshot_every(&mut self, rows: u64) {
        self.snapshots.rows = rows.max(1);
    }

    /// The next step of keeping a snapshot, for the ledger to write behind its commits; to be asked again
    /// once that is done, and after each commit.
    pub fn poll_snapshot(&mut self) -> Option<SnapshotWrite> {
        if let Some(step) = self.snapshots.short.pop_front() {
            return Some(step);
        }
        if self.snapshots.under_way.is_none() && self.journal.clean() {
            self.extend_unchanged();
            self.begin_snapshot(self.journal.newest_batch());
        }
        let mut taken = self.snapshots.under_way.take()?;
        let write = self.next_piece(&mut taken);
        match write {
            Some(SnapshotWrite::Head(_)) => self.snapshots.short.push_back(SnapshotWrite::Sweep),
            _ => self.snapshots.under_way = Some(taken),
        }
        write
    }

    /// Begins the snapshot that is due, if one is: everything that was said up to now is in `batch` or
    /// before it.
    pub(crate) fn begin_snapshot(&mut self, batch: u64) {
        if self.snapshots.under_way.is_some() {
            return;
        }
        let (seq, rows) = (self.journal.seq(), self.snapshots.rows);
        let due = self.campaigns.values().filter(|campaign| {
            let changed = campaign.touched > campaign.reaches;
            let ended = campaign.row.state.ended() && !campaign.kept_end;
            changed && (ended || seq.saturating_sub(campaign.reaches) >= rows)
        });
        // The one that reaches least far, and not whichever a map gives first.
        let due = due.map(|campaign| (campaign.reaches, campaign.row.id)).min();
        let Some((_, campaign)) = due else { return };
        let pieces = self.pack(campaign, seq);
        let (next, end) = (self.book.first(), self.book.end());
        self.snapshots.under_way =
            Some(UnderWay { campaign, seq, pieces, next, end, finished: false, batch });
        if let Some(campaign) = self.campaigns.get_mut(&campaign) {
            campaign.reaches = seq;
            campaign.kept_end = campaign.row.state.ended();
        }
    }

    /// Snapshots of campaigns that nothing has happened to hold longer than they were taken for. Once
    /// everything that was said is durable.
    fn extend_unchanged(&mut self) {
        let (seq, rows) = (self.journal.seq(), self.snapshots.rows);
        let unchanged = self.campaigns.values_mut().filter(|campaign| {
            campaign.touched <= campaign.reaches && seq.saturating_sub(campaign.reaches) >= rows
        });
        let mut ids: Vec<CampaignId> = Vec::new();
        for campaign in unchanged {
            campaign.reaches = seq;
            ids.push(campaign.row.id);
        }
        ids.sort_unstable();
        let reach = |campaign| SnapshotWrite::Reaches { campaign, reaches: seq };
        self.snapshots.short.extend(ids.into_iter().map(reach));
    }

    /// The snapshot of a campaign that is not held any more may go.
    pub(crate) fn drop_snapshot(&mut self, campaign: CampaignId) {
        self.snapshots.under_way.take_if(|taken| taken.campaign == campaign);
        self.snapshots.short.push_back(SnapshotWrite::Drop(campaign));
        if self.snapshots.under_way.is_none() {
            self.sweep_snapshots();
        }
    }

    /// Has pieces removed that belong to no snapshot, while none is being taken.
    pub(crate) fn sweep_snapshots(&mut self) {
        self.snapshots.short.push_back(SnapshotWrite::Sweep);
    }

    fn next_piece(&mut self, taken: &mut UnderWay) -> Option<SnapshotWrite> {
        let UnderWay { campaign, seq, .. } = *taken;
        loop {
            if let Some((number, data)) = taken.pieces.take() {
                return Some(SnapshotWrite::Piece { campaign, seq, number, data });
            }
            if taken.finished {
                let head = SnapshotHead { campaign, seq, reaches: seq, pieces: taken.pieces.count() };
                let durable = self.journal.committed >= taken.batch;
                return durable.then_some(SnapshotWrite::Head(head));
            }
            if taken.next == taken.end {
                taken.pieces.finish();
                taken.finished = true;
            }
            let slice = taken.end.wrapping_sub(taken.next).min(SLICE);
            for number in 0..slice {
                let entry = self.book.get(taken.next.wrapping_add(number));
                if let Some(expected) = entry.filter(|expected| expected.campaign == campaign) {
                    taken.pieces.receipt(&self.receipt_item(expected));
                }
            }
            taken.next = taken.next.wrapping_add(slice);
            // What this slice has seen is in the batch that is being filled, or before.
            taken.batch = self.journal.newest_batch();
        }
    }

    fn pack(&self, id: CampaignId, seq: u64) -> PieceWriter {
        let mut out = PieceWriter::new(id, seq);
        let Some(campaign) = self.campaigns.get(&id) else { return out };
        let unsaid = self.handed_out_without_a_row(id);
        let lives = || {
            let used = Channel::ALL.into_iter().zip(&campaign.channels);
            used.filter_map(|(channel, live)| Some((channel, live.as_ref()?)))
        };
        let channels = lives().map(|(channel, live)| ChannelHeader {
            channel,
            tally: live.tally.settled(),
            ranges: live.blocks.iter().map(|block| block.range).collect(),
        });
        let fingerprint = self.hash.fingerprint();
        let (stopped, ended) = (campaign.stopped, campaign.row.state.ended());
        out.header(&Header { fingerprint, stopped, ended, channels: channels.collect() });
        for (channel, live) in lives() {
            pack_marks(&mut out, channel, live, &unsaid);
        }
        if let Some(until_us) = campaign.receipts_until_us {
            out.until(self.clock.at_ms(until_us));
        }
        let mut tries: Vec<_> = self.tries.of_campaign(id).collect();
        tries.sort_unstable_by_key(|(named, _)| (named.channel, named.ordinal, named.attempt));
        for (named, fate) in tries {
            out.tried(named.channel, named.ordinal, named.attempt, fate);
        }
        let mut traces: Vec<_> = self.traces.of(id).collect();
        traces.sort_unstable_by_key(|(key, _)| *key);
        for ((_, channel, ordinal, part), trace) in traces {
            let key = BlockKey { campaign: id, channel, block: 0 };
            let open = self.part_state(key, ordinal, part).is_some_and(State::open);
            if open || trace.step == Step::Submitting {
                let super::traces::Trace { step, attempt, resends, gateway, at_ms } = trace;
                out.trace(&TraceItem { channel, ordinal, part, step, attempt, resends, gateway, at_ms });
            }
        }
        let mut doubts: Vec<_> = self.doubts.of(id).collect();
        doubts.sort_by_key(|(address, _)| *address);
        for (address, doubt) in doubts {
            let BlockKey { channel, block, .. } = doubt.key;
            let super::doubts::Doubt { ordinal, part, units, attempt, gateway, .. } = doubt;
            out.doubt(&DoubtItem { address, channel, block, ordinal, part, units, attempt, gateway });
        }
        out
    }

    /// Parts of first attempts that are handed out: the journal knows nothing of that yet.
    fn handed_out_without_a_row(&self, id: CampaignId) -> HashMap<(Channel, u32), Vec<u8>> {
        let mut parts: HashMap<(Channel, u32), Vec<u8>> = HashMap::new();
        let mut note = |due: &Due, ordinal: u32| {
            let submitted = self.part_state(due.key, ordinal, due.part) == Some(State::Submitted);
            if due.key.campaign == id && submitted {
                parts.entry((due.key.channel, ordinal)).or_default().push(due.part);
            }
        };
        let first = |flight: &&Flight| flight.first && !flight.timed_out;
        self.flights.iter().filter(first).for_each(|flight| note(&flight.due, flight.ordinal));
        for lane in self.routes.iter().flat_map(|route| &route.lanes) {
            for intent in lane.returned.iter().filter(|intent| intent.first) {
                if let Some((ordinal, ..)) = self.entry(intent.due.key, intent.due.index) {
                    note(&intent.due, ordinal);
                }
            }
        }
        parts
    }

    fn receipt_item(&self, expected: &Expected) -> ReceiptItem {
        let until_ms = || self.clock.at_ms(expected.until.us());
        ReceiptItem {
            key: expected.key.key,
            check: expected.key.check,
            channel: expected.block_key().channel,
            ordinal: expected.ordinal,
            part: expected.part,
            units: expected.units,
            attempt: expected.attempt,
            gateway: expected.gateway,
            ambiguous: expected.ambiguous(),
            heard: expected.heard as u8,
            until_ms: expected.awaited().then(until_ms),
        }
    }
}

fn pack_marks(
    out: &mut PieceWriter,
    channel: Channel,
    live: &Live,
    unsaid: &HashMap<(Channel, u32), Vec<u8>>,
) {
    let mut marks = live.marks().to_vec();
    let mut parts: BTreeMap<u32, Vec<Mark>> =
        live.parts().map(|(ordinal, parts)| (ordinal, parts.to_vec())).collect();
    for ((_, ordinal), unsaid) in unsaid.iter().filter(|((of, _), _)| *of == channel) {
        let Some(mark) = marks.get_mut(*ordinal as usize) else { continue };
        match parts.get_mut(ordinal) {
            None => *mark = Mark::default(),
            Some(parts) => {
                unsaid.iter().for_each(|part| parts[usize::from(*part)] = Mark::default());
                *mark = Mark::combine(parts);
            }
        }
    }
    out.marks(channel, &marks);
    parts.iter().for_each(|(ordinal, parts)| out.parts(channel, *ordinal, parts));
}
