//! Launching: once per key, as the engine does it.

use bealert_core::block::people;
use bealert_core::dispatch::Launch;
use bealert_core::ledger::Ledger;
use bealert_core::model::{
    BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, CampaignState, Channel, EXCLUDED, Kind,
};

use super::World;
use super::command::Waiting;
use super::facts::{Audience, AudienceBlock, Person, What};
use super::fuse::Crash;
use super::plant::Plant;

/// How a launch goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Launching {
    /// The key is known, with this content: the campaign that it has.
    Known(CampaignId),
    /// The key is known, with other content.
    Conflict(CampaignId),
    /// It is written, and launched once its commit is durable.
    Begun(CampaignId),
    /// The ledger does not take it now, or there is no process that could.
    NotNow,
}

impl World {
    /// Launches a campaign of these blocks, which carry no number yet. Its times are set here.
    pub fn launch(&mut self, row: &CampaignRow, expiry_ms: i64, blocks: &[BlockRow]) -> Launching {
        match self.try_launch(row, expiry_ms, blocks) {
            Ok(launching) => launching,
            Err(Crash) => {
                self.die();
                Launching::NotNow
            }
        }
    }

    fn try_launch(
        &mut self,
        row: &CampaignRow,
        expiry_ms: i64,
        blocks: &[BlockRow],
    ) -> Result<Launching, Crash> {
        if self.host.as_ref().is_none_or(|host| host.closing.is_some()) {
            return Ok(Launching::NotNow);
        }
        let (key, hash) = (row.key.clone(), row.hash.clone());
        self.log.add(self.now_us, What::LaunchAsked { key: key.clone(), hash: hash.clone() });
        self.fuse.point()?;
        let known = self.reader().find(&row.key).expect("the ledger lives");
        let mut row = row.clone();
        if self.plant == Some(Plant::KeyForgotten) && known.is_some() {
            row.key.push('\'');
        } else if let Some(known) = known {
            let same = known.hash == row.hash;
            let campaign = same.then_some(known.id);
            self.log.add(self.now_us, What::LaunchTold { key, hash, campaign });
            return Ok(if same { Launching::Known(known.id) } else { Launching::Conflict(known.id) });
        }
        let wall_ms = self.wall_at_open_ms();
        row.state = CampaignState::Launching;
        row.launched_at_ms = wall_ms;
        row.expires_at_ms = wall_ms.saturating_add(expiry_ms);
        row.launched_seq = self.reader().last().expect("the ledger lives").0;
        self.fuse.point()?;
        let Ok(id) = self.ledger.begin_launch(&row) else { return Ok(Launching::NotNow) };
        row.id = id;
        let blocks: Vec<BlockRow> = blocks.iter().map(|block| numbered(block, id)).collect();
        for block in &blocks {
            self.fuse.point()?;
            if self.ledger.add_blocks(std::slice::from_ref(block)).is_err() {
                self.fuse.point()?;
                let _ = self.ledger.abandon_launch(id);
                return Ok(Launching::NotNow);
            }
        }
        self.fuse.point()?;
        self.begin(row, &blocks, key, hash);
        Ok(Launching::Begun(id))
    }

    fn begin(&mut self, mut row: CampaignRow, blocks: &[BlockRow], key: String, hash: String) {
        let id = row.id;
        self.log.facts.audiences.insert(id, audience(&row, blocks));
        let Some(host) = &mut self.host else { return };
        self.messages.admit(&row);
        let loaded = first_of_routes(blocks).filter_map(|block| {
            Some((block.meta.key, self.messages.load(block, host.dispatcher.address_hash()).ok()?))
        });
        let loaded = loaded.collect();
        if self.plant == Some(Plant::NotUrgent) {
            row.kind = Kind::Info;
        }
        let metas = blocks.iter().map(|block| block.meta).collect();
        let launch = Launch { row, blocks: metas, loaded, excluded: excluded(blocks) };
        let commit = host.dispatcher.launch(self.now_us, launch);
        let told = What::LaunchTold { key, hash, campaign: Some(id) };
        host.waiting.push(Waiting { commit, told });
    }

    /// The clock that campaigns expire by: read at open, counted on from there.
    fn wall_at_open_ms(&self) -> i64 {
        let opened = self.log.facts.timeline.iter().rev().find_map(|fact| match fact.what {
            What::Opened { wall_ms } => Some((fact.at_us, wall_ms)),
            _ => None,
        });
        let (at_us, wall_ms) = opened.unwrap_or((self.now_us, self.wall_ms()));
        wall_ms + ((self.now_us - at_us) / 1_000) as i64
    }
}

fn audience(row: &CampaignRow, blocks: &[BlockRow]) -> Audience {
    let block = |block: &BlockRow| AudienceBlock {
        key: block.meta.key,
        route: block.meta.route,
        people: each(block, |person| Person {
            ordinal: person.ordinal,
            units: person.units.max(1),
            address: person.address.to_owned(),
        }),
    };
    Audience { row: row.clone(), blocks: blocks.iter().map(block).collect() }
}

fn each<T>(block: &BlockRow, read: impl Fn(&bealert_core::block::Person<'_>) -> T) -> Vec<T> {
    let inside = people(&block.data).expect("a planned block can be read");
    inside.iter().map(read).collect()
}

fn numbered(block: &BlockRow, campaign: CampaignId) -> BlockRow {
    let key = BlockKey { campaign, ..block.meta.key };
    BlockRow { meta: BlockMeta { key, ..block.meta }, data: block.data.clone() }
}

/// The launch itself carries the first reservation: these blocks are at hand.
fn first_of_routes(blocks: &[BlockRow]) -> impl Iterator<Item = &BlockRow> {
    let mut seen: Vec<u16> = Vec::new();
    blocks.iter().filter(move |block| {
        let route = block.meta.route;
        let first = route != EXCLUDED && !seen.contains(&route);
        seen.push(route);
        first
    })
}

fn excluded(blocks: &[BlockRow]) -> Vec<(Channel, u32)> {
    let excluded = blocks.iter().filter(|block| block.meta.route == EXCLUDED);
    excluded.flat_map(|block| each(block, |person| (block.meta.key.channel, person.ordinal))).collect()
}
