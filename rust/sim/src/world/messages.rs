//! From a handout to the message that is sent: what a host must bring to a world.

use std::collections::HashMap;
use std::sync::Arc;

use bealert_core::block::people;
use bealert_core::dispatch::{AddressHash, Entries, Handout};
use bealert_core::model::{BlockKey, BlockRow, CampaignRow, GatewayId};
use bealert_wire::smpp::{Address, Message, SubmitOptions, SubmitTemplate};
use bealert_wire::text::Parts;

use super::setup::GatewaySetup;

/// Renders messages. What it holds is lost in a crash.
pub trait Messages: Send {
    /// Everything is forgotten: the process has died.
    fn clear(&mut self);

    /// A campaign is taken up, before any of its blocks is asked for.
    fn admit(&mut self, row: &CampaignRow);

    /// Renders a block and keeps it; gives what the dispatcher holds of it.
    ///
    /// # Errors
    /// Why it can't be rendered; it will be asked for again.
    fn load(&mut self, block: &BlockRow, hash: AddressHash) -> Result<Arc<Entries>, String>;

    /// A block is of no use any more.
    fn unload(&mut self, key: BlockKey);

    /// The message of a handout, and the template it goes out with.
    ///
    /// # Errors
    /// Why the campaign can't go through this gateway.
    fn message(
        &mut self,
        handout: &Handout,
        gateway: &GatewaySetup,
    ) -> Result<(&SubmitTemplate, Message<'_>), String>;
}

/// The value of a person that [`PlainMessages`] sends.
pub const TEXT: &str = "text";

/// Sends each person the value [`TEXT`], as it stands.
#[derive(Debug, Default)]
pub struct PlainMessages {
    blocks: HashMap<BlockKey, Vec<Letter>>,
    templates: HashMap<GatewayId, SubmitTemplate>,
}

#[derive(Debug)]
struct Letter {
    destination: String,
    data_coding: u8,
    parts: Vec<Vec<u8>>,
}

impl Messages for PlainMessages {
    fn clear(&mut self) {
        self.blocks.clear();
    }

    fn admit(&mut self, _row: &CampaignRow) {}

    fn load(&mut self, block: &BlockRow, hash: AddressHash) -> Result<Arc<Entries>, String> {
        let inside = people(&block.data).map_err(|error| error.to_string())?;
        let reference = block.meta.key.campaign.0 as u8;
        let mut parts = Parts::new();
        let letters = inside.iter().map(|person| {
            let text = person.values.iter().find(|(name, _)| *name == TEXT).map_or("", |(_, text)| text);
            parts.encode(text, reference).map_err(|error| error.to_string())?;
            Ok(Letter {
                destination: person.address.to_owned(),
                data_coding: parts.encoding().data_coding(),
                parts: (0..parts.len()).map(|part| parts.part(part).to_vec()).collect(),
            })
        });
        let letters = letters.collect::<Result<_, String>>()?;
        self.blocks.insert(block.meta.key, letters);
        Ok(Arc::new(Entries::of(&inside, hash)))
    }

    fn unload(&mut self, key: BlockKey) {
        self.blocks.remove(&key);
    }

    fn message(
        &mut self,
        handout: &Handout,
        gateway: &GatewaySetup,
    ) -> Result<(&SubmitTemplate, Message<'_>), String> {
        let block = self.blocks.get(&handout.key).ok_or("a block that is not loaded was handed out")?;
        let letter = &block[handout.index as usize];
        let message = Message {
            destination: &letter.destination,
            body: &letter.parts[usize::from(handout.part)],
            udhi: letter.parts.len() > 1,
            data_coding: letter.data_coding,
        };
        let template = match self.templates.entry(handout.gateway) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let source = Address::sender("BE-Alert").map_err(|error| error.to_string())?;
                let options = SubmitOptions { receipts: gateway.receipts, ..SubmitOptions::new(source) };
                entry.insert(SubmitTemplate::new(&options).map_err(|error| error.to_string())?)
            }
        };
        Ok((template, message))
    }
}
