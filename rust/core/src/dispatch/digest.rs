//! All that a restart must bring back, in lines that two dispatchers can be compared by.

use std::collections::BTreeMap;

use super::Dispatcher;
use super::book::Expected;
use crate::outcome::Mark;

impl Dispatcher {
    /// What is held of every campaign, sorted, for tests: a dispatcher that started from snapshots must
    /// say the same as one that folded the whole journal. What is waited for stands in
    /// [`Self::awaited`].
    #[doc(hidden)]
    pub fn digest(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (id, campaign) in &self.campaigns {
            let super::Campaign { row, stopped, held, flying, .. } = campaign;
            // Where only receipts are waited for, the end of a wait decides, which is told to the tick.
            let open = campaign.channels.iter().flatten().any(|live| live.tally.open() > 0);
            let state = open.then_some(row.state);
            lines.push(format!("{id} {state:?} {stopped:?} {held:?} {flying}"));
            for live in campaign.channels.iter().flatten() {
                // Parts that are all as the whole message tell nothing: not every path notes them.
                let same = |ordinal: u32, parts: &[Mark]| {
                    live.marks()
                        .get(ordinal as usize)
                        .is_some_and(|whole| parts.iter().all(|mark| mark == whole))
                };
                let mut parts: Vec<_> = live.parts().filter(|(of, parts)| !same(*of, parts)).collect();
                parts.sort_unstable_by_key(|(ordinal, _)| *ordinal);
                lines.push(format!("{id} {:?} {parts:?}", live.marks()));
                lines.push(format!("{id} {:?} sent {} left {}", live.tally, live.sent, live.units_left));
            }
        }
        lines.extend(self.entries().map(|expected| {
            let (key, check) = (expected.key.key, expected.key.check);
            format!("receipt {key:016x} {check:08x} {:?} {:?}", expected.about(), expected.heard)
        }));
        let campaigns = self.campaigns.keys();
        lines.extend(
            campaigns.clone().flat_map(|id| self.doubts.of(*id)).map(|doubt| format!("doubt {doubt:?}")),
        );
        let tries = self.campaigns.keys().flat_map(|id| self.tries.of_campaign(*id));
        lines.extend(tries.map(|(named, fate)| format!("{fate:?} {named:?}")));
        lines.extend(self.waiting.iter().map(|std::cmp::Reverse((_, due))| format!("waits {due:?}")));
        for route in &self.routes {
            lines.extend(route.lanes.iter().map(|lane| format!("lane {lane:?}")));
        }
        lines.sort_unstable();
        lines
    }

    /// The receipts that are waited for, by the key of their id, and until when; for tests. Two
    /// dispatchers may differ in what ends within a tick of now.
    #[doc(hidden)]
    pub fn awaited(&self) -> BTreeMap<u64, u64> {
        let awaited = self.entries().filter(|expected| expected.awaited());
        awaited.map(|expected| (expected.key.key, expected.until.us())).collect()
    }

    fn entries(&self) -> impl Iterator<Item = &Expected> {
        self.book.numbers().filter_map(|number| self.book.get(number))
    }
}
