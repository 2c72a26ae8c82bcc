//! From the numbers in the journal to the names that people know: recipients and gateways.

use std::sync::Arc;

use bealert_core::block::people;
use bealert_core::ledger::LedgerReader;
use bealert_core::model::{BlockMeta, CampaignId, GatewayId};

use crate::error::EngineError;

/// Campaigns whose recipients are kept at once: a million ids take some 20 MB.
const CAMPAIGNS: usize = 4;

/// The names seen so far. Blocks are read when the first of their people comes up.
#[derive(Default)]
pub(crate) struct Names {
    /// The most recently used last.
    campaigns: Vec<Recipients>,
    gateways: Vec<(GatewayId, Arc<str>)>,
}

/// The recipients of a campaign, by ordinal.
struct Recipients {
    campaign: CampaignId,
    blocks: Vec<BlockMeta>,
    /// The first block that was not read.
    next: usize,
    /// Where the id of an ordinal stands in `text`: its start + 1, and its length.
    places: Vec<(u32, u32)>,
    text: String,
}

impl Names {
    /// The id of a recipient, as the host gave it.
    pub(crate) fn recipient(
        &mut self,
        reader: &mut dyn LedgerReader,
        campaign: CampaignId,
        ordinal: u32,
    ) -> Result<String, EngineError> {
        let at = match self.campaigns.iter().position(|known| known.campaign == campaign) {
            Some(at) => at,
            None => {
                if self.campaigns.len() == CAMPAIGNS {
                    self.campaigns.remove(0);
                }
                let blocks = reader.blocks(campaign)?;
                let (places, text) = (Vec::new(), String::new());
                self.campaigns.push(Recipients { campaign, blocks, next: 0, places, text });
                self.campaigns.len() - 1
            }
        };
        let last = self.campaigns.len() - 1;
        if at != last {
            self.campaigns[at..].rotate_left(1);
        }
        self.campaigns[last].id(reader, ordinal)
    }

    /// The name of a gateway, if it is about one.
    pub(crate) fn gateway(
        &mut self,
        reader: &mut dyn LedgerReader,
        id: GatewayId,
    ) -> Result<Option<Arc<str>>, EngineError> {
        if id == GatewayId::NONE {
            return Ok(None);
        }
        if !self.gateways.iter().any(|(known, _)| *known == id) {
            let named = reader.gateways()?.into_iter();
            self.gateways = named.map(|(id, name)| (id, name.into())).collect();
        }
        Ok(self.gateways.iter().find(|(known, _)| *known == id).map(|(_, name)| Arc::clone(name)))
    }
}

impl Recipients {
    fn id(&mut self, reader: &mut dyn LedgerReader, ordinal: u32) -> Result<String, EngineError> {
        loop {
            if let Some((start, len)) = self.places.get(ordinal as usize).copied()
                && start > 0
            {
                let start = start as usize - 1;
                return Ok(self.text[start..start + len as usize].to_owned());
            }
            let Some(meta) = self.blocks.get(self.next).copied() else {
                let text = format!("recipient {ordinal} of campaign {} is in no block", self.campaign);
                return Err(EngineError::Ledger(text));
            };
            self.next += 1;
            let row = reader.block(meta.key)?;
            let data = row.map(|row| row.data).unwrap_or_default();
            let people = people(&data).map_err(|error| EngineError::Ledger(error.to_string()))?;
            for person in people {
                let at = person.ordinal as usize;
                if self.places.len() <= at {
                    self.places.resize(at + 1, (0, 0));
                }
                self.places[at] = (self.text.len() as u32 + 1, person.id.len() as u32);
                self.text.push_str(person.id);
            }
        }
    }
}
