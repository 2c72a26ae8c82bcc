//! The journal folded by the table of transitions alone, apart from the dispatcher's own fold.

use std::collections::HashMap;

use bealert_core::ledger::{Batch, BlockEnd, Entry, Outcome};
use bealert_core::model::{BlockKey, CampaignId, Channel, EXCLUDED};
use bealert_core::outcome::{IllegalStep, Mark, State};
use bealert_core::tally::Tally;

use crate::world::facts::{Facts, Part};

/// Where every part of every campaign stands, as far as the journal was read.
pub(super) struct Fold<'a> {
    facts: &'a Facts,
    /// Parts that no row is about are queued.
    marks: HashMap<Part, Mark>,
    /// How often each part was in doubt.
    pub(super) doubts: HashMap<Part, u32>,
    /// The first step that the table does not have.
    pub(super) illegal: Option<String>,
}

impl<'a> Fold<'a> {
    pub(super) fn new(facts: &'a Facts) -> Self {
        Self { facts, marks: HashMap::new(), doubts: HashMap::new(), illegal: None }
    }

    /// Of the whole journal.
    pub(super) fn whole(facts: &'a Facts) -> Self {
        let mut fold = Self::new(facts);
        for entry in &facts.journal {
            match entry {
                Entry::Outcome(row) => fold.outcome(row),
                Entry::BlockEnd(end) => fold.block_end(end),
                Entry::Notice(_) => {}
            }
        }
        fold
    }

    /// Goes on with a batch. Its rows stand by kind; their sequence is their order.
    pub(super) fn batch(&mut self, batch: &Batch) {
        let (mut outcomes, mut ends) = (batch.outcomes.iter().peekable(), batch.block_ends.iter().peekable());
        loop {
            let end_first = match (outcomes.peek(), ends.peek()) {
                (None, None) => return,
                (Some(row), Some(end)) => end.seq < row.seq,
                (row, _) => row.is_none(),
            };
            if end_first {
                ends.next().into_iter().for_each(|end| self.block_end(end));
            } else {
                outcomes.next().into_iter().for_each(|row| self.outcome(row));
            }
        }
    }

    pub(super) fn outcome(&mut self, row: &Outcome) {
        let part = Part::of(row);
        let mark = self.marks.entry(part).or_default();
        match mark.after(row.step) {
            Ok(after) => *mark = after,
            Err(illegal) => self.refuse(illegal, &format!("row {} about {part:?}", row.seq)),
        }
        *self.doubts.entry(part).or_default() += u32::from(row.step.doubts());
    }

    fn block_end(&mut self, end: &BlockEnd) {
        let Some(block) = self.facts.audiences.get(&end.key.campaign).and_then(|a| a.block(end.key)) else {
            return;
        };
        for (index, person) in (0..).zip(&block.people) {
            let ends = if index < end.from { State::Waiting } else { State::Queued };
            for part in 0..person.units {
                let BlockKey { campaign, channel, .. } = end.key;
                let part = Part { campaign, channel, ordinal: person.ordinal, part };
                let mark = self.marks.entry(part).or_default();
                if mark.state() == ends {
                    match mark.after(end.step) {
                        Ok(after) => *mark = after,
                        Err(illegal) => self.refuse(illegal, &format!("row {} ends {part:?}", end.seq)),
                    }
                }
            }
        }
    }

    fn refuse(&mut self, illegal: IllegalStep, what: &str) {
        self.illegal.get_or_insert_with(|| format!("{what}: {illegal}"));
    }

    pub(super) fn mark(&self, part: Part) -> Mark {
        self.marks.get(&part).copied().unwrap_or_default()
    }

    /// The state of a person of so many parts.
    pub(super) fn whole_mark(&self, key: BlockKey, ordinal: u32, units: u8) -> Mark {
        let BlockKey { campaign, channel, .. } = key;
        let mark = |part| self.mark(Part { campaign, channel, ordinal, part });
        let marks: Vec<Mark> = (0..units).map(mark).collect();
        if let [mark] = marks[..] { mark } else { Mark::combine(&marks) }
    }

    /// The counts of a campaign on a channel, as the journal can tell them.
    pub(super) fn tally(&self, campaign: CampaignId, channel: Channel) -> Tally {
        let mut tally = Tally::default();
        let blocks = self.facts.audiences.get(&campaign).into_iter().flat_map(|audience| &audience.blocks);
        for block in blocks.filter(|block| block.key.channel == channel) {
            for person in &block.people {
                let state = if block.route == EXCLUDED {
                    State::Skipped
                } else {
                    self.whole_mark(block.key, person.ordinal, person.units).state()
                };
                tally.add(state);
            }
        }
        tally.settled()
    }

    /// What the journal says of a part, for a person who reads that a check has failed.
    pub(super) fn story(&self, part: Part) -> String {
        let about = self.facts.journal.iter().filter(|entry| match entry {
            Entry::Outcome(row) => Part::of(row) == part,
            Entry::BlockEnd(end) => end.key.campaign == part.campaign,
            Entry::Notice(notice) => notice.code.name() == "recovered",
        });
        about.map(|entry| format!("\n    {entry:?}")).collect()
    }
}
