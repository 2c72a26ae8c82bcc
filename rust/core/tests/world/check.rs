//! The checks of a world: from the ledger and the far ends' books alone, apart from the dispatcher.

use std::collections::{BTreeMap, BTreeSet};

use bealert_core::block::people;
use bealert_core::ledger::{Entry, Ledger, MemoryLedger, Outcome};
use bealert_core::model::{CampaignId, EXCLUDED};
use bealert_core::outcome::{Mark, Step};
use bealert_core::tally::Tally;

use crate::far_end::Part;
use crate::world::World;

impl World {
    /// Attempts that were ever in doubt.
    pub(crate) fn doubts(&self, id: CampaignId) -> u32 {
        Fold::of(&self.ledger, id).doubts.values().sum()
    }

    /// What the journal says of everybody with this index: printed with a failing check.
    fn story(&self, id: CampaignId, ordinal: u32) -> String {
        let entries = self.ledger.reader().unwrap().journal(0, usize::MAX).unwrap();
        let about = entries.iter().filter(|entry| match entry {
            Entry::Outcome(row) => (row.campaign, row.ordinal) == (id, ordinal),
            Entry::Notice(notice) => notice.code.name() == "recovered",
            Entry::BlockEnd(_) => true,
        });
        about.map(|entry| format!("\n  {entry:?}")).collect()
    }

    /// I1, I3, I7 and I9 for one campaign, from the ledger and the far ends' books alone.
    pub(crate) fn check(&mut self, id: CampaignId) {
        let verified = bealert_core::ledger::verify::verify(self.ledger.reader().unwrap().as_mut()).unwrap();
        assert_eq!(verified.count, 0, "{:?}", verified.findings);
        let fold = Fold::of(&self.ledger, id);
        let tally = self.tally(id);
        assert_eq!(tally.open(), 0, "I1: somebody is open");
        assert_eq!(tally, fold.tally(), "I7: tallies are not the fold");
        for (part, marks) in &fold.parts {
            for (index, mark) in marks.iter().enumerate() {
                let key: Part = (id.0, *part, index as u8);
                let accepted: u32 =
                    self.far_ends.iter().map(|f| f.accepted.get(&key).copied().unwrap_or(0)).sum();
                let doubts = fold.doubts.get(&(*part, index as u8)).copied().unwrap_or(0);
                assert!(accepted <= 1 + doubts, "I3: {key:?} accepted {accepted} times with {doubts} doubts");
                assert!(accepted < 2 || mark.resent(), "I3: {key:?} doubled and not named");
                let taken = matches!(mark.state().name(), "accepted" | "delivered" | "confirmed");
                let state = mark.state();
                let story = || self.story(id, *part);
                assert!(!taken || accepted > 0, "{key:?} is {state:?} but was never taken{}", story());
                let never = matches!(mark.state().name(), "expired" | "cancelled");
                assert!(!never || accepted == 0, "{key:?} is {state:?} but was taken{}", story());
            }
        }
        for (gateway, far_end) in self.far_ends.iter().enumerate() {
            for remote in &far_end.answered {
                let (part, delivered) = far_end.ids[remote];
                if part.0 == id.0 && delivered && fold.accepted.contains(&(gateway as u16, remote.clone())) {
                    let state = fold.parts[&part.1][usize::from(part.2)].state().name();
                    assert_eq!(state, "delivered", "I9: the receipt {remote} of {} was lost", far_end.name());
                }
            }
        }
    }
}

/// The journal folded by the table alone, apart from the dispatcher's own fold.
struct Fold {
    parts: BTreeMap<u32, Vec<Mark>>,
    skipped: u64,
    doubts: BTreeMap<(u32, u8), u32>,
    accepted: BTreeSet<(u16, String)>,
}

impl Fold {
    fn of(ledger: &MemoryLedger, id: CampaignId) -> Self {
        let mut reader = ledger.reader().unwrap();
        let mut fold = Self {
            parts: BTreeMap::new(),
            skipped: 0,
            doubts: BTreeMap::new(),
            accepted: Default::default(),
        };
        let mut blocks = BTreeMap::new();
        for meta in reader.blocks(id).unwrap() {
            let row = reader.block(meta.key).unwrap().unwrap();
            let inside: Vec<(u32, u8)> =
                people(&row.data).unwrap().iter().map(|p| (p.ordinal, p.units)).collect();
            if meta.route == EXCLUDED {
                fold.skipped += inside.len() as u64;
                continue;
            }
            for (ordinal, units) in &inside {
                fold.parts.insert(*ordinal, vec![Mark::default(); usize::from(*units)]);
            }
            blocks.insert(meta.key, inside);
        }
        for entry in reader.journal(0, usize::MAX).unwrap() {
            match entry {
                Entry::Outcome(row) if row.campaign == id => fold.row(row),
                Entry::BlockEnd(end) if end.key.campaign == id => {
                    for (index, (ordinal, _)) in blocks[&end.key].iter().enumerate() {
                        for mark in fold.parts.get_mut(ordinal).unwrap() {
                            let ends = if (index as u32) < end.from { "waiting" } else { "queued" };
                            if mark.state().name() == ends {
                                *mark = mark.after(end.step).unwrap();
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        fold
    }

    fn row(&mut self, row: Outcome) {
        let mark = &mut self.parts.get_mut(&row.ordinal).unwrap()[usize::from(row.part)];
        *mark = mark.after(row.step).unwrap_or_else(|illegal| panic!("I6: {illegal} in {row:?}"));
        *self.doubts.entry((row.ordinal, row.part)).or_default() += u32::from(row.step.doubts());
        if row.step == Step::Accepted {
            self.accepted.insert((row.gateway.0, row.remote.to_string()));
        }
    }

    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        tally.0[8] = self.skipped;
        for parts in self.parts.values() {
            tally.add(Mark::combine(parts).state());
        }
        tally.settled()
    }
}
