//! The engine's templates and blocks, as the simulated world asks for them.

use std::collections::HashMap;
use std::sync::Arc;

use bealert_core::dispatch::{AddressHash, Entries, Handout, Named};
use bealert_core::model::{BlockKey, BlockRow, CampaignId, CampaignRow, GatewayId};
use bealert_core::outcome::Step;
use bealert_sim::world::{GatewaySetup, Mail, Messages};
use bealert_wire::smpp::{Message, SubmitTemplate};
use bealert_wire::smtp::Content;

use crate::blocks::Rendered;
use crate::campaign::{Mailroom, Prepared};
use crate::config::{Config, GatewayConfig};
use crate::mail::{Tried, Verp, read_bounce};
use crate::session::smtp::Returns;

/// Rendered blocks and templates of one process.
pub(super) struct Letters {
    configs: Vec<GatewayConfig>,
    mailroom: Mailroom,
    /// Whom bounces return to, by the name of the relay.
    returns: HashMap<String, Returns>,
    verp: Verp,
    campaigns: HashMap<CampaignId, Prepared>,
    blocks: HashMap<BlockKey, Rendered>,
    templates: HashMap<(CampaignId, GatewayId), SubmitTemplate>,
}

impl Letters {
    /// # Errors
    /// What of the configuration mail can't be sent with.
    pub(super) fn new(config: &Config, hash_key: (u64, u64)) -> Result<Self, String> {
        let mailroom = Mailroom::of(config, hash_key).map_err(|problems| problems.join("\n"))?;
        let relays = config.gateways.iter().filter_map(|gateway| match gateway {
            GatewayConfig::Smtp(smtp) => Some(smtp),
            GatewayConfig::Smpp(_) => None,
        });
        let returns = relays.map(|smtp| Ok((smtp.name.clone(), Returns::of(smtp, hash_key)?)));
        Ok(Self {
            configs: config.gateways.clone(),
            mailroom,
            returns: returns.collect::<Result<_, String>>()?,
            verp: Verp::new(hash_key),
            campaigns: HashMap::new(),
            blocks: HashMap::new(),
            templates: HashMap::new(),
        })
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
            let config = self.configs.iter().find_map(|config| match config {
                GatewayConfig::Smpp(smpp) if smpp.name == gateway.name => Some(smpp),
                _ => None,
            });
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

    fn mail(&mut self, handout: &Handout, gateway: &GatewaySetup) -> Result<Mail, String> {
        let key = handout.key;
        let prepared = self.campaigns.get(&key.campaign).ok_or("an unknown campaign")?;
        let identity = prepared.mailing().and_then(|mailing| mailing.identity(&gateway.name));
        let identity = identity.ok_or("it was planned without this gateway, so it has no sender for it")?;
        let block = self.blocks.get(&key).ok_or("a block that is not loaded was handed out")?;
        let block = block.email().ok_or("a block of another channel was handed out")?;
        let index = handout.index as usize;
        let returns = self.returns.get(&gateway.name).ok_or("an unknown gateway")?;
        let mut path = String::new();
        let (sender, envid) = returns.path(handout, block.ordinal(index), &mut path);
        let mut mail = Mail {
            sender: sender.to_owned(),
            envid: envid.map(str::to_owned),
            recipient: block.address(index).to_owned(),
            content: Vec::new(),
        };
        Tried::of(block.letter(index, identity), handout.attempt, envid).write(&mut mail.content);
        Ok(mail)
    }

    fn report(&self, to: &str, content: &[u8]) -> Option<(Named, Step, String)> {
        let bounced = read_bounce(content, Some(to), &self.verp).ok()?.into_iter().next()?;
        Some((bounced.named(), bounced.step()?, bounced.detail()))
    }
}
