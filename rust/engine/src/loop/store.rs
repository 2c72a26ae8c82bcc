//! What the loop keeps ready: rendered blocks, and a template PDU per campaign and gateway.

use std::sync::Arc;

use bealert_core::dispatch::Handout;
use bealert_core::model::{BlockKey, CampaignId, GatewayId};
use bealert_wire::smpp::{Message, SubmitTemplate};
use hashbrown::HashMap;

use crate::blocks::Rendered;
use crate::campaign::{Prepared, TemplateKey};
use crate::config::SmppConfig;
use crate::log::Log;
use crate::pool::Pool;

/// Pause before a block that could not be read is tried again.
const RELOAD_US: u64 = 1_000_000;

/// Rendered blocks and templates, by what a handout names.
pub(crate) struct Store {
    campaigns: HashMap<CampaignId, Arc<Prepared>>,
    blocks: HashMap<BlockKey, Arc<Rendered>>,
    templates: HashMap<TemplateKey, Arc<SubmitTemplate>>,
    /// What the last message was made of; the next one mostly is made of the same.
    at_hand: Option<AtHand>,
    pool: Pool,
    /// Blocks that could not be read, and when to try again.
    failed: Vec<(u64, BlockKey)>,
}

struct AtHand {
    key: BlockKey,
    gateway: GatewayId,
    block: Arc<Rendered>,
    template: Arc<SubmitTemplate>,
}

impl Store {
    pub(crate) fn new(pool: Pool) -> Self {
        Self {
            campaigns: HashMap::new(),
            blocks: HashMap::new(),
            templates: HashMap::new(),
            at_hand: None,
            pool,
            failed: Vec::new(),
        }
    }

    /// Takes a campaign in, before any of its blocks is asked for.
    pub(crate) fn admit(&mut self, prepared: Arc<Prepared>) {
        self.campaigns.insert(prepared.id, prepared);
    }

    /// Keeps a rendered block.
    pub(crate) fn keep(&mut self, key: BlockKey, block: Arc<Rendered>) {
        self.blocks.insert(key, block);
    }

    /// Has a block read and rendered on the pool.
    pub(crate) fn load(&mut self, key: BlockKey, log: &Log) {
        match self.campaigns.get(&key.campaign) {
            Some(prepared) => self.pool.render(key, Arc::clone(prepared)),
            None => {
                log.error("engine", format!("a block of the unknown campaign {} was asked for", key.campaign))
            }
        }
    }

    /// A block could not be read: it is tried again, since its people are not to be lost.
    pub(crate) fn failed(&mut self, now_us: u64, key: BlockKey, why: &str, log: &Log) {
        let BlockKey { campaign, block, .. } = key;
        log.error("engine", format!("block {block} of campaign {campaign} can't be loaded: {why}"));
        self.failed.push((now_us + RELOAD_US, key));
    }

    /// Tries blocks again that could not be read.
    pub(crate) fn handle_timeout(&mut self, now_us: u64, log: &Log) {
        while let Some((at_us, key)) = self.failed.first().copied()
            && at_us <= now_us
        {
            self.failed.remove(0);
            self.load(key, log);
        }
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        self.failed.first().map(|(at_us, _)| *at_us)
    }

    /// Drops a block.
    pub(crate) fn unload(&mut self, key: BlockKey) {
        self.blocks.remove(&key);
        if self.at_hand.as_ref().is_some_and(|at_hand| at_hand.key == key) {
            self.at_hand = None;
        }
    }

    /// The message of a handout, and the template it goes out with.
    #[inline]
    pub(crate) fn message(
        &mut self,
        handout: &Handout,
        config: &SmppConfig,
    ) -> Result<(&SubmitTemplate, Message<'_>), String> {
        let (key, gateway) = (handout.key, handout.gateway);
        if !self.at_hand.as_ref().is_some_and(|at_hand| at_hand.key == key && at_hand.gateway == gateway) {
            self.at_hand = Some(self.fetch(key, gateway, config)?);
        }
        let at_hand = self.at_hand.as_ref().expect("it was just set");
        let part = at_hand.block.message(handout.index as usize, usize::from(handout.part));
        let message = Message {
            destination: part.destination,
            body: part.body,
            udhi: part.udhi,
            data_coding: part.data_coding,
        };
        Ok((&at_hand.template, message))
    }

    fn fetch(&mut self, key: BlockKey, gateway: GatewayId, config: &SmppConfig) -> Result<AtHand, String> {
        let block = self.blocks.get(&key).ok_or("a block that is not loaded was handed out")?;
        let name = (key.campaign, gateway);
        let template = match self.templates.get(&name) {
            Some(template) => Arc::clone(template),
            None => {
                let prepared = self.campaigns.get(&key.campaign).ok_or("an unknown campaign")?;
                let template = Arc::new(prepared.template(config)?);
                self.templates.insert(name, Arc::clone(&template));
                template
            }
        };
        Ok(AtHand { key, gateway, block: Arc::clone(block), template })
    }
}
