//! The engine's templates and blocks, as the simulated world asks for them.

use std::collections::HashMap;
use std::sync::Arc;

use bealert_core::dispatch::{AddressHash, Entries, Handout};
use bealert_core::model::{BlockKey, BlockRow, CampaignId, CampaignRow, GatewayId};
use bealert_sim::world::{GatewaySetup, Messages};
use bealert_wire::smpp::{Message, SubmitTemplate};

use crate::blocks::Rendered;
use crate::campaign::{Mailroom, Prepared};
use crate::config::SmppConfig;

/// Rendered blocks and templates of one process.
pub(super) struct Letters {
    configs: Vec<SmppConfig>,
    mailroom: Mailroom,
    campaigns: HashMap<CampaignId, Prepared>,
    blocks: HashMap<BlockKey, Rendered>,
    templates: HashMap<(CampaignId, GatewayId), SubmitTemplate>,
}

impl Letters {
    pub(super) fn new(configs: Vec<SmppConfig>, mailroom: Mailroom) -> Self {
        Self {
            configs,
            mailroom,
            campaigns: HashMap::new(),
            blocks: HashMap::new(),
            templates: HashMap::new(),
        }
    }
}

impl Messages for Letters {
    fn clear(&mut self) {
        self.campaigns.clear();
        self.blocks.clear();
        self.templates.clear();
    }

    fn admit(&mut self, row: &CampaignRow) {
        // One that can't be prepared fails where its blocks are loaded, as in the engine.
        if let Ok(prepared) = Prepared::of(row, &self.mailroom) {
            self.campaigns.insert(row.id, prepared);
        }
    }

    fn load(&mut self, block: &BlockRow, hash: AddressHash) -> Result<Arc<Entries>, String> {
        let key = block.meta.key;
        let prepared = self.campaigns.get(&key.campaign).ok_or("an unknown campaign")?;
        let rendered = Rendered::of(prepared, block).map_err(|error| error.to_string())?;
        let entries = rendered.entries(hash);
        self.blocks.insert(key, rendered);
        Ok(entries)
    }

    fn unload(&mut self, key: BlockKey) {
        self.blocks.remove(&key);
    }

    fn message(
        &mut self,
        handout: &Handout,
        gateway: &GatewaySetup,
    ) -> Result<(&SubmitTemplate, Message<'_>), String> {
        let key = handout.key;
        let name = (key.campaign, handout.gateway);
        if !self.templates.contains_key(&name) {
            let prepared = self.campaigns.get(&key.campaign).ok_or("an unknown campaign")?;
            let config = self.configs.iter().find(|config| config.name == gateway.name);
            let config = config.ok_or("an unknown gateway")?;
            self.templates.insert(name, prepared.template(config)?);
        }
        let block = self.blocks.get(&key).ok_or("a block that is not loaded was handed out")?;
        let block = block.sms().ok_or("a block of another channel was handed out")?;
        let part = block.message(handout.index as usize, usize::from(handout.part));
        let message = Message {
            destination: part.destination,
            body: part.body,
            udhi: part.udhi,
            data_coding: part.data_coding,
        };
        let template = self.templates.get(&name).ok_or("a template that was just made")?;
        Ok((template, message))
    }
}
