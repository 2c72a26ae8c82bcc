//! What the dispatcher holds of a running campaign: a byte per dispatch, counts, loaded blocks.

use std::sync::Arc;

use hashbrown::HashMap;

use super::{Entries, Progress};
use crate::model::{BlockKey, BlockMeta, CampaignRow, CampaignState, Channel, EXCLUDED};
use crate::outcome::{IllegalStep, Mark, State, Step};
use crate::queue::Due;
use crate::tally::Tally;

/// Length of a meter's window.
const METER_US: u64 = 500_000;

#[derive(Debug)]
pub(crate) struct Campaign {
    pub(crate) row: CampaignRow,
    pub(crate) expires_us: u64,
    /// When what is held of an ended campaign is dropped.
    pub(crate) purge_us: Option<u64>,
    /// When of an ended campaign the ids of its receipts are dropped.
    pub(crate) forget_ids_us: Option<u64>,
    /// Until when receipts that name their attempts are waited for, if any are.
    pub(crate) receipts_until_us: Option<u64>,
    /// The dispatcher's number of each of its routes.
    pub(crate) routes: Vec<usize>,
    pub(crate) channels: [Option<Live>; 3],
    /// Set once nothing more of it may leave: [`Step::Cancelled`] or [`Step::Expired`].
    pub(crate) stopped: Option<Step>,
    /// Retries and resends that wait for `resume`.
    pub(crate) held: Vec<Due>,
    /// Parts handed out and not answered, timed-out ones included.
    pub(crate) flying: u64,
    /// Accepted parts whose receipt is still waited for.
    pub(crate) awaiting: u64,
    pub(crate) meter: Meter,
    /// Up to there the journal has nothing of it that its snapshot, or its blocks, don't tell.
    pub(crate) reaches: u64,
    /// The place of its latest row, where that lies above `reaches`.
    pub(crate) touched: u64,
    /// Its snapshot was taken after it had ended.
    pub(crate) kept_end: bool,
}

/// One channel of a campaign.
#[derive(Debug)]
pub(crate) struct Live {
    marks: Vec<Mark>,
    /// Marks per part of dispatches that have several.
    parts: HashMap<u32, Vec<Mark>>,
    /// A bit for each dispatch of which it was said that it was relayed.
    relayed: Vec<u64>,
    pub(crate) tally: Tally,
    pub(crate) blocks: Vec<Block>,
    /// Dispatches handed out at least once.
    pub(crate) sent: u64,
    pub(crate) units_left: u64,
}

#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) meta: BlockMeta,
    /// Index of the first dispatch that was never handed out.
    pub(crate) sent: u32,
    pub(crate) entries: Option<Arc<Entries>>,
    /// Lowest and highest ordinal in it, once it was read.
    pub(crate) range: Option<(u32, u32)>,
    /// When its entries were asked for, if they are not here.
    pub(crate) asked_us: Option<u64>,
    /// Parts in flight, returned or about to be sent again: they need the entries.
    pub(crate) users: u32,
}

/// Units per second, over the last one or two windows.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    since_us: u64,
    count: u64,
    rate: f64,
}

impl Campaign {
    pub(crate) fn new(row: CampaignRow, expires_us: u64, routes: Vec<usize>, blocks: Vec<BlockMeta>) -> Self {
        let mut channels = [None, None, None];
        for meta in blocks {
            let live = &mut channels[meta.key.channel as usize];
            live.get_or_insert_with(|| Live::new(row.people)).add(meta);
        }
        Self {
            reaches: row.launched_seq,
            touched: 0,
            kept_end: false,
            // Whoever renders has what was frozen; here it would be kept for as long as receipts may come.
            row: CampaignRow { frozen: String::new(), ..row },
            expires_us,
            purge_us: None,
            forget_ids_us: None,
            receipts_until_us: None,
            routes,
            channels,
            stopped: None,
            held: Vec::new(),
            flying: 0,
            awaiting: 0,
            meter: Meter::default(),
        }
    }

    pub(crate) fn class(&self) -> usize {
        self.row.kind.class()
    }

    pub(crate) fn may_send(&self) -> bool {
        self.row.state == CampaignState::Running && self.stopped.is_none()
    }

    pub(crate) fn live(&mut self, channel: Channel) -> Option<&mut Live> {
        self.channels[channel as usize].as_mut()
    }

    pub(crate) fn block(&self, key: BlockKey) -> Option<&Block> {
        self.channels[key.channel as usize].as_ref()?.blocks.get(key.block as usize)
    }

    pub(crate) fn block_mut(&mut self, key: BlockKey) -> Option<&mut Block> {
        self.live(key.channel)?.blocks.get_mut(key.block as usize)
    }

    /// Everything is answered and nothing is waited for.
    pub(crate) fn settled(&self, now_us: u64) -> bool {
        self.flying == 0
            && self.awaiting == 0
            && self.channels.iter().flatten().all(|live| live.tally.open() == 0)
            && (self.receipts_until_us.is_none_or(|until_us| until_us <= now_us) || self.awaits_names() == 0)
    }

    /// Receipts that name their attempts are waited for until then at least.
    pub(crate) fn wait_for_receipts(&mut self, until_us: u64) {
        self.receipts_until_us = self.receipts_until_us.max(Some(until_us));
    }

    /// Accepted dispatches whose receipt may still come and names its attempt.
    fn awaits_names(&self) -> u64 {
        let named = Channel::ALL.into_iter().filter(|channel| channel.receipts_name_attempts());
        let lives = named.filter_map(|channel| self.channels[channel as usize].as_ref());
        lives.map(|live| live.tally.of(State::Accepted)).sum()
    }

    pub(crate) fn progress(&self) -> Progress {
        let each = |read: fn(&Live) -> u64| {
            [0, 1, 2].map(|channel: usize| self.channels[channel].as_ref().map_or(0, read))
        };
        let units_left = each(|live| live.units_left);
        let rate = self.meter.rate;
        let queued = each(|live| live.tally.of(State::Queued));
        let left: u64 = queued.into_iter().zip(units_left).map(|(queued, units)| queued.max(units)).sum();
        let fresh = units_left.iter().any(|units| *units > 0);
        Progress {
            state: self.row.state,
            tallies: [0, 1, 2].map(|channel: usize| self.channels[channel].as_ref().map(|live| live.tally)),
            sent: each(|live| live.sent),
            units_left,
            awaiting: self.awaiting + self.receipts_until_us.map_or(0, |_| self.awaits_names()),
            rate,
            measured_us: self.meter.since_us,
            eta_s: if left == 0 { Some(0.0) } else { (fresh && rate > 0.0).then(|| left as f64 / rate) },
        }
    }
}

impl Live {
    fn new(people: u32) -> Self {
        Self {
            marks: vec![Mark::default(); people as usize],
            parts: HashMap::new(),
            relayed: Vec::new(),
            tally: Tally::queued(people.into()),
            blocks: Vec::new(),
            sent: 0,
            units_left: 0,
        }
    }

    fn add(&mut self, meta: BlockMeta) {
        if meta.route != EXCLUDED {
            self.units_left += u64::from(meta.units);
        }
        let sent = meta.reserved;
        self.blocks.push(Block { meta, sent, entries: None, range: None, asked_us: None, users: 0 });
    }

    /// The mark of one part.
    pub(crate) fn mark(&self, ordinal: u32, part: u8) -> Mark {
        if let Some(parts) = self.parts.get(&ordinal) {
            return parts.get(usize::from(part)).copied().unwrap_or_default();
        }
        self.marks.get(ordinal as usize).copied().unwrap_or_default()
    }

    pub(crate) fn skip(&mut self, ordinal: u32) {
        if let Some(mark) = self.marks.get_mut(ordinal as usize) {
            self.tally.shift(mark.state(), State::Skipped);
            *mark = Mark::SKIPPED;
        }
    }

    /// Moves one part of a dispatch of `units`; gives the part's state before.
    pub(crate) fn apply(
        &mut self,
        ordinal: u32,
        part: u8,
        units: u8,
        step: Step,
    ) -> Result<State, IllegalStep> {
        let whole = &mut self.marks[ordinal as usize];
        let before = whole.state();
        let part_before;
        if units <= 1 {
            part_before = before;
            *whole = whole.after(step)?;
        } else {
            let parts = self.parts.entry(ordinal).or_insert_with(|| vec![Mark::default(); units.into()]);
            let mark = &mut parts[usize::from(part)];
            part_before = mark.state();
            *mark = mark.after(step)?;
            *whole = Mark::combine(parts);
        }
        self.tally.shift(before, whole.state());
        Ok(part_before)
    }

    /// Notes that a dispatch was relayed; `false` where that was known.
    pub(crate) fn note_relayed(&mut self, ordinal: u32) -> bool {
        let (at, bit) = (ordinal as usize / 64, 1 << (ordinal % 64));
        if self.relayed.is_empty() {
            self.relayed = vec![0; self.marks.len().div_ceil(64)];
        }
        let Some(word) = self.relayed.get_mut(at) else { return false };
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// The marks of all, by ordinal.
    pub(crate) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// The marks per part of dispatches that have several and have begun.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (u32, &[Mark])> {
        self.parts.iter().map(|(ordinal, marks)| (*ordinal, marks.as_slice()))
    }

    /// Takes a mark over from a snapshot; `false` where there is nobody of that number.
    pub(crate) fn restore(&mut self, ordinal: u32, mark: Mark) -> bool {
        let Some(known) = self.marks.get_mut(ordinal as usize) else { return false };
        self.tally.shift(known.state(), mark.state());
        *known = mark;
        true
    }

    /// Takes the marks of the parts of a dispatch over from a snapshot; `false` where they make another
    /// than the dispatch has.
    pub(crate) fn restore_parts(&mut self, ordinal: u32, parts: Vec<Mark>) -> bool {
        let fits = self.marks.get(ordinal as usize).is_some_and(|mark| *mark == Mark::combine(&parts));
        self.parts.insert(ordinal, parts);
        fits
    }

    /// Whether any dispatch of these ordinals may still go somewhere.
    pub(crate) fn any_open(&self, (first, last): (u32, u32)) -> bool {
        let all = self.marks.get(first as usize..=last as usize);
        all.is_none_or(|marks| marks.iter().any(|mark| mark.state().open()))
    }

    /// Ends, on a campaign's expiry or cancellation, everything that is queued or waits; what is
    /// in flight ends by its answer.
    pub(crate) fn stop(&mut self, step: Step) {
        for (ordinal, mark) in self.marks.iter_mut().enumerate() {
            if !mark.state().open() {
                continue;
            }
            let before = mark.state();
            if let Some(parts) = self.parts.get_mut(&(ordinal as u32)) {
                for part in parts.iter_mut() {
                    stop_one(part, step);
                }
                *mark = Mark::combine(parts);
            } else {
                stop_one(mark, step);
            }
            self.tally.shift(before, mark.state());
        }
        self.units_left = 0;
    }
}

fn stop_one(mark: &mut Mark, step: Step) {
    if matches!(mark.state(), State::Queued | State::Waiting) {
        *mark = mark.after(step).expect("queued and waiting can be stopped");
    }
}

impl Block {
    /// Notes which ordinals it holds.
    pub(crate) fn note_range(&mut self, ordinals: &[u32]) {
        self.range = ordinals.iter().min().copied().zip(ordinals.iter().max().copied());
    }

    /// Whether it may hold a dispatch: it does not where its range is known and another.
    pub(crate) fn may_hold(&self, ordinal: u32) -> bool {
        self.range.is_none_or(|(first, last)| (first..=last).contains(&ordinal))
    }

    /// Whether its entries may go.
    pub(crate) fn idle(&self, sending: bool) -> bool {
        self.entries.is_some() && self.users == 0 && !(sending && self.sent < self.meta.len)
    }
}

impl Meter {
    pub(crate) fn count(&mut self, now_us: u64, units: u64) {
        self.roll(now_us);
        self.count += units;
    }

    pub(crate) fn rate(&mut self, now_us: u64) -> f64 {
        self.roll(now_us);
        self.rate
    }

    fn roll(&mut self, now_us: u64) {
        let elapsed_us = now_us.saturating_sub(self.since_us);
        if elapsed_us < METER_US {
            return;
        }
        // The first window of a burst began somewhere in its idle time: it must not dilute it.
        let measured = self.count as f64 * 1e6 / elapsed_us.min(2 * METER_US) as f64;
        self.rate = if self.rate == 0.0 { measured } else { (self.rate + measured) / 2.0 };
        if self.count == 0 && elapsed_us > 2 * METER_US {
            self.rate = 0.0;
        }
        self.since_us = now_us;
        self.count = 0;
    }
}
