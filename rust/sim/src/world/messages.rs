//! From a handout to the message that is sent: what a host must bring to a world.

use std::collections::HashMap;
use std::sync::Arc;

use bealert_core::block::people;
use bealert_core::dispatch::{AddressHash, Entries, Handout, Named};
use bealert_core::model::{BlockKey, BlockRow, CampaignId, CampaignRow, Channel, GatewayId};
use bealert_core::outcome::Step;
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

    /// The mail of a handout.
    ///
    /// # Errors
    /// Why the campaign can't go through this relay.
    fn mail(&mut self, handout: &Handout, gateway: &GatewaySetup) -> Result<Mail, String>;

    /// What a report to this address says, and of which attempt; `None` where it is none of ours.
    fn report(&self, to: &str, content: &[u8]) -> Option<(Named, Step, String)>;
}

/// A mail as it is handed to a session.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The reverse-path: it names the message, where reports are to come.
    pub sender: String,
    /// The envelope's id: it names the attempt, for relays that know it.
    pub envid: Option<String>,
    /// Whom it is to.
    pub recipient: String,
    /// Header and body, fit for [`Content::dot_free`](bealert_wire::smtp::Content::dot_free).
    pub content: Vec<u8>,
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
    ordinal: u32,
    destination: String,
    data_coding: u8,
    parts: Vec<Vec<u8>>,
}

/// Whom reports of plain messages go to, around the names of a message.
const REPORTS: (&str, &str) = ("b+", "@alert.example");

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
                ordinal: person.ordinal,
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

    fn mail(&mut self, handout: &Handout, _gateway: &GatewaySetup) -> Result<Mail, String> {
        let block = self.blocks.get(&handout.key).ok_or("a block that is not loaded was handed out")?;
        let letter = &block[handout.index as usize];
        let (campaign, attempt) = (handout.key.campaign, handout.attempt);
        let Letter { ordinal, destination, .. } = letter;
        let content = format!(
            "From: alert@alert.example\r\nTo: {destination}\r\nMessage-ID: <{campaign}.{ordinal}@alert.example>\r\n\
             Date: Thu, 29 Feb 2024 12:00:00 +0000\r\n\r\nAlert {campaign} to {ordinal}.\r\n"
        );
        Ok(Mail {
            sender: format!("{}{campaign}.{ordinal}{}", REPORTS.0, REPORTS.1),
            envid: Some(attempt.to_string()),
            recipient: destination.clone(),
            content: content.into_bytes(),
        })
    }

    fn report(&self, to: &str, content: &[u8]) -> Option<(Named, Step, String)> {
        let mut names = to.strip_prefix(REPORTS.0)?.strip_suffix(REPORTS.1)?.split('.');
        let content = String::from_utf8_lossy(content);
        let field = |name: &str| {
            let line = content.lines().find(|line| line.starts_with(name))?;
            Some(line[name.len()..].trim().to_owned())
        };
        let attempt = field("Original-Envelope-Id:").map_or(Some(Named::ANY), |envid| envid.parse().ok())?;
        let named = Named {
            campaign: CampaignId(names.next()?.parse().ok()?),
            channel: Channel::Email,
            ordinal: names.next()?.parse().ok()?,
            attempt,
        };
        let step = match field("Action:")?.as_str() {
            "failed" => Step::Failed,
            "delivered" => Step::Delivered,
            "relayed" => Step::Accepted,
            _ => return None,
        };
        Some((named, step, field("Diagnostic-Code:").unwrap_or_default()))
    }
}
