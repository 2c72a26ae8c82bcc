//! From people to blocks: each channel's people sorted by route, in blocks of [`BLOCK_LEN`].

use crate::block::{BlockWriter, Person};
use crate::model::{BLOCK_LEN, BlockKey, BlockMeta, BlockRow, CampaignId, Channel, EXCLUDED};

/// Collects people as they come and gives blocks: first by channel, then by route, the excluded
/// last. People of one route keep their order.
#[derive(Debug, Default)]
pub struct Expander {
    full: Vec<Packed>,
    open: Vec<(Channel, u16, BlockWriter)>,
}

#[derive(Debug)]
struct Packed {
    channel: Channel,
    route: u16,
    len: u32,
    units: u32,
    data: Vec<u8>,
}

impl Expander {
    /// An expander without people.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a person to a channel, on a route of the campaign or to the [`EXCLUDED`].
    pub fn push(&mut self, channel: Channel, route: u16, person: &Person<'_>) {
        debug_assert!(route != EXCLUDED || !person.reason.is_empty());
        let found = self.open.iter().position(|(c, r, _)| (*c, *r) == (channel, route));
        let at = found.unwrap_or_else(|| {
            self.open.push((channel, route, BlockWriter::default()));
            self.open.len() - 1
        });
        self.open[at].2.push(person);
        if self.open[at].2.len() as usize == BLOCK_LEN {
            let (channel, route, writer) = self.open.swap_remove(at);
            self.close(channel, route, writer);
        }
    }

    /// The blocks, numbered from 0 per channel, for a campaign whose number is not known yet.
    pub fn finish(mut self) -> Vec<BlockRow> {
        for (channel, route, writer) in std::mem::take(&mut self.open) {
            self.close(channel, route, writer);
        }
        // Stable: blocks of one route stay in the order in which they were filled.
        self.full.sort_by_key(|packed| (packed.channel, packed.route));
        let mut next = [0; Channel::ALL.len()];
        self.full
            .into_iter()
            .map(|packed| {
                let block = next[packed.channel as usize];
                next[packed.channel as usize] += 1;
                packed.row(block)
            })
            .collect()
    }

    fn close(&mut self, channel: Channel, route: u16, writer: BlockWriter) {
        let (len, units) = (writer.len(), writer.units());
        self.full.push(Packed { channel, route, len, units, data: writer.finish() });
    }
}

impl Packed {
    fn row(self, block: u32) -> BlockRow {
        let key = BlockKey { campaign: CampaignId(0), channel: self.channel, block };
        let meta = BlockMeta { key, route: self.route, len: self.len, units: self.units, reserved: 0 };
        BlockRow { meta, data: self.data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::people;

    fn push(expander: &mut Expander, ordinal: u32, route: u16) {
        let reason = if route == EXCLUDED { "no number" } else { "" };
        let person = Person { ordinal, units: 2, reason, ..Person::default() };
        expander.push(Channel::Sms, route, &person);
    }

    #[test]
    fn everybody_is_in_one_block_sorted_by_route() {
        let mut expander = Expander::new();
        for ordinal in 0..9_000 {
            push(&mut expander, ordinal, [1, 0, EXCLUDED][ordinal as usize % 3]);
        }
        let blocks = expander.finish();
        let routes: Vec<u16> = blocks.iter().map(|block| block.meta.route).collect();
        assert_eq!(routes, [0, 0, 1, 1, EXCLUDED, EXCLUDED]);
        assert!(blocks.iter().enumerate().all(|(i, block)| block.meta.key.block == i as u32));
        let mut seen: Vec<u32> = Vec::new();
        for block in &blocks {
            let inside = people(&block.data).unwrap();
            assert_eq!(inside.len(), block.meta.len as usize);
            assert_eq!(block.meta.units, 2 * block.meta.len);
            assert!(inside.windows(2).all(|pair| pair[0].ordinal < pair[1].ordinal));
            seen.extend(inside.iter().map(|person| person.ordinal));
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..9_000).collect::<Vec<_>>());
    }
}
