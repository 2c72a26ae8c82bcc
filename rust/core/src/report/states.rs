//! The state of every dispatch of a campaign, folded from blocks and journal.

use hashbrown::HashMap;

use crate::block::Person;
use crate::ledger::{BlockEnd, Outcome};
use crate::model::{BlockMeta, CampaignRow, Channel, EXCLUDED, GatewayId};
use crate::outcome::{Mark, State, Step};
use crate::tally::Tally;

use super::faults::{Fault, Faults};

/// No dispatch of that ordinal on the channel.
const ABSENT: u32 = u32::MAX;

/// Where each dispatch of a campaign stands: about 15 bytes per dispatch.
///
/// Blocks are added first, each once, in any order; then the journal is applied in its order. What
/// can't be is kept as a [`Fault`] and changes nothing.
#[derive(Debug)]
pub struct States {
    people: u32,
    books: [Option<Book>; Channel::ALL.len()],
    faults: Faults,
}

/// Where an outcome went: a dispatch by its place in the fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) channel: Channel,
    pub(super) at: usize,
}

/// One channel of a campaign.
#[derive(Debug, Default)]
struct Book {
    /// Place of a dispatch by the ordinal of its person.
    places: Vec<u32>,
    /// Dispatches in the order of their blocks.
    dispatches: Vec<Dispatch>,
    /// State of each part, those of a dispatch together.
    marks: Vec<Mark>,
    /// Highest attempt per part that the journal has an intent for.
    intents: Vec<u8>,
    stretches: Vec<Stretch>,
    by_block: HashMap<u32, u32>,
}

#[derive(Debug, Clone, Copy)]
struct Dispatch {
    first_part: u32,
    stretch: u32,
    parts: u8,
}

/// The dispatches of one block.
#[derive(Debug)]
struct Stretch {
    first: usize,
    len: usize,
    /// How far into it first attempts have certainly gone.
    sent: u32,
}

impl States {
    /// The fold of a campaign without its blocks.
    pub fn new(campaign: &CampaignRow) -> Self {
        Self { people: campaign.people, books: Default::default(), faults: Faults::default() }
    }

    /// Adds the dispatches of a block: queued, or skipped where its people are excluded.
    pub fn add_block(&mut self, meta: &BlockMeta, people: &[Person<'_>]) {
        let book = self.books[meta.key.channel as usize].get_or_insert_default();
        if people.len() != meta.len as usize {
            self.faults.add(Fault::Length { key: meta.key, len: meta.len, found: people.len() });
        }
        let mark = if meta.route == EXCLUDED { Mark::SKIPPED } else { Mark::default() };
        let stretch = book.stretches.len() as u32;
        let first = book.dispatches.len();
        let len = people.len();
        book.by_block.insert(meta.key.block, stretch);
        book.stretches.push(Stretch { first, len, sent: 0 });
        for person in people {
            let at = book.dispatches.len() as u32;
            let parts = person.units.max(1);
            let first_part = book.marks.len() as u32;
            book.dispatches.push(Dispatch { first_part, stretch, parts });
            book.marks.resize(book.marks.len() + usize::from(parts), mark);
            book.intents.resize(book.marks.len(), 0);
            let ordinal = person.ordinal;
            if ordinal >= self.people || !book.place(ordinal, at) {
                self.faults.add(Fault::Ordinal { key: meta.key, ordinal });
            }
        }
    }

    /// Applies an outcome of this campaign; where it went.
    pub(super) fn apply(&mut self, outcome: &Outcome) -> Option<Slot> {
        match self.books[outcome.channel as usize].as_mut().map(|book| book.apply(outcome)) {
            Some(Ok(at)) => Some(Slot { channel: outcome.channel, at }),
            Some(Err(fault)) => {
                self.faults.add(fault);
                None
            }
            None => {
                self.faults.add(Fault::nobody(outcome));
                None
            }
        }
    }

    /// Applies an outcome of this campaign.
    pub fn outcome(&mut self, outcome: &Outcome) {
        self.apply(outcome);
    }

    /// Ends what of a block was not handed out, and what of it waits to be sent again.
    pub fn block_end(&mut self, end: &BlockEnd) {
        let book = self.books[end.key.channel as usize].as_mut();
        if let Err(fault) = book.ok_or_else(|| Fault::no_block(end)).and_then(|book| book.end(end)) {
            self.faults.add(fault);
        }
    }

    /// Counts per channel in use, as the journal can tell them ([`Tally::settled`]).
    pub fn tallies(&self) -> Vec<(Channel, Tally)> {
        let used = Channel::ALL.into_iter().filter_map(|channel| Some((channel, self.book(channel)?)));
        used.map(|(channel, book)| {
            let mut tally = Tally::default();
            (0..book.dispatches.len()).for_each(|at| tally.add(book.mark(at).state()));
            (channel, tally.settled())
        })
        .collect()
    }

    /// Whether any of a block's dispatches was sent beyond what is reserved of it, as the marks
    /// stand after the journal was read.
    pub fn check_marks(&mut self, blocks: &[BlockMeta]) {
        for meta in blocks {
            let book = self.books[meta.key.channel as usize].as_ref();
            let sent = book.and_then(|book| book.stretch(meta.key.block)).map_or(0, |s| s.sent);
            if sent > meta.reserved {
                let (key, reserved) = (meta.key, meta.reserved);
                self.faults.add(Fault::BeyondMark { key, sent, reserved });
            }
        }
    }

    /// The mark of a person on a channel.
    pub(super) fn mark_of(&self, channel: Channel, ordinal: u32) -> Option<Mark> {
        self.find(channel, ordinal).map(|slot| self.mark(slot))
    }

    /// What did not fit.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    pub(super) fn find(&self, channel: Channel, ordinal: u32) -> Option<Slot> {
        let at = self.book(channel)?.find(ordinal)?;
        Some(Slot { channel, at })
    }

    pub(super) fn mark(&self, slot: Slot) -> Mark {
        self.book(slot.channel).map_or(Mark::default(), |book| book.mark(slot.at))
    }

    fn book(&self, channel: Channel) -> Option<&Book> {
        self.books[channel as usize].as_ref()
    }
}

impl Book {
    /// Notes where the dispatch of an ordinal is; `false` where there is one already.
    fn place(&mut self, ordinal: u32, at: u32) -> bool {
        let ordinal = ordinal as usize;
        if self.places.len() <= ordinal {
            self.places.resize(ordinal + 1, ABSENT);
        }
        let free = self.places[ordinal] == ABSENT;
        if free {
            self.places[ordinal] = at;
        }
        free
    }

    fn find(&self, ordinal: u32) -> Option<usize> {
        let at = *self.places.get(ordinal as usize)?;
        (at != ABSENT).then_some(at as usize)
    }

    fn mark(&self, at: usize) -> Mark {
        match self.marks_of(at) {
            [mark] => *mark,
            marks => Mark::combine(marks),
        }
    }

    fn marks_of(&self, at: usize) -> &[Mark] {
        let dispatch = self.dispatches[at];
        &self.marks[dispatch.first_part as usize..][..usize::from(dispatch.parts)]
    }

    fn stretch(&self, block: u32) -> Option<&Stretch> {
        self.stretches.get(*self.by_block.get(&block)? as usize)
    }

    fn apply(&mut self, outcome: &Outcome) -> Result<usize, Fault> {
        let at = self.find(outcome.ordinal).ok_or(Fault::nobody(outcome))?;
        let dispatch = self.dispatches[at];
        if outcome.part >= dispatch.parts {
            return Err(Fault::no_part(outcome));
        }
        let part = dispatch.first_part as usize + usize::from(outcome.part);
        let after = self.marks[part].after(outcome.step);
        self.marks[part] = after.map_err(|illegal| Fault::illegal(outcome, illegal))?;
        if outcome.step == Step::Submitting {
            self.intents[part] = self.intents[part].max(outcome.attempt);
        } else if has_left(outcome) {
            // DESIGN I2: a first attempt lies below the mark, any other has its intent.
            let stretch = &mut self.stretches[dispatch.stretch as usize];
            if self.intents[part] == 0 && outcome.attempt <= 1 {
                stretch.sent = stretch.sent.max((at - stretch.first) as u32 + 1);
            } else if self.intents[part] < outcome.attempt {
                return Err(Fault::no_intent(outcome));
            }
        }
        Ok(at)
    }

    fn end(&mut self, end: &BlockEnd) -> Result<(), Fault> {
        let stretch = self.stretch(end.key.block).ok_or(Fault::no_block(end))?;
        let (first, len) = (stretch.first, stretch.len);
        for index in 0..len {
            let ends = if index < end.from as usize { State::Waiting } else { State::Queued };
            let dispatch = self.dispatches[first + index];
            let parts = dispatch.first_part as usize..;
            for mark in &mut self.marks[parts][..usize::from(dispatch.parts)] {
                if mark.state() == ends {
                    *mark = mark.after(end.step).map_err(|illegal| Fault::illegal_end(end, illegal))?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a row says that an attempt was, or may have been, on the wire. A deferred one may never
/// have left, and what was cancelled or expired has not.
fn has_left(outcome: &Outcome) -> bool {
    outcome.gateway != GatewayId::NONE
        && matches!(
            outcome.step,
            Step::Accepted
                | Step::Resend
                | Step::Uncertain
                | Step::Failed
                | Step::Delivered
                | Step::Confirmed
        )
}
