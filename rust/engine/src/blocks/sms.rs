//! SMS of a block: parts, as they go into PDUs.

use bealert_core::block::people;
use bealert_core::dispatch::{AddressHash, Entries};
use bealert_wire::text::Parts;

use super::RenderedError;
use crate::plan::{Frozen, person_values};

/// A block whose SMS are ready to be sent: everything in a few long buffers, found by index.
#[derive(Debug, Default)]
pub(crate) struct SmsBlock {
    messages: Vec<Message>,
    ordinals: Vec<u32>,
    /// Numbers, one after the other.
    destinations: String,
    /// Parts, one after the other, headers included.
    bodies: Vec<u8>,
    /// Where each part ends in `bodies`, behind a 0.
    ends: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Message {
    /// Where its number begins.
    destination: u32,
    digits: u8,
    data_coding: u8,
    parts: u8,
    /// The number of its first part in the block.
    first: u32,
}

/// One part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RenderedPart<'a> {
    /// The number, digits without `+`.
    pub(crate) destination: &'a str,
    /// As it stands in `short_message`, its header in front where there is one.
    pub(crate) body: &'a [u8],
    /// Whether `body` begins with a user data header.
    pub(crate) udhi: bool,
    /// The alphabet (SMPP 3.4 §5.2.19).
    pub(crate) data_coding: u8,
}

impl SmsBlock {
    /// Renders the messages of a block. `reference` ties the parts of a long message together: the same whenever
    /// one is sent again.
    ///
    /// # Errors
    /// [`RenderedError`], where the block is damaged, or not what was planned.
    pub(crate) fn of(frozen: &Frozen, blob: &[u8], reference: u8) -> Result<Self, RenderedError> {
        let texts = frozen.sms().ok_or(RenderedError::Channel("sms"))?;
        let people = people(blob)?;
        let plan = frozen.values();
        let (mut text, mut parts) = (String::new(), Parts::new());
        let mut block = Self { ends: vec![0], ..Self::default() };
        for person in &people {
            let id = || person.id.to_owned();
            let language = usize::from(person.language);
            if language >= texts.content.languages().len() {
                return Err(RenderedError::Language { id: id() });
            }
            let values = person_values(person.id, person.name, person.language_given, &person.values, &plan);
            let rendered = texts.content.render(language, &values, &mut text);
            rendered.map_err(|problem| RenderedError::Text { id: id(), problem })?;
            let encoded = parts.encode(&text, reference);
            encoded.map_err(|problem| RenderedError::TooLong { id: id(), problem })?;
            if parts.len() != usize::from(person.units) {
                let (planned, rendered) = (person.units, parts.len());
                return Err(RenderedError::Parts { id: id(), planned, rendered });
            }
            block.ordinals.push(person.ordinal);
            block.add(person.address, &parts).ok_or(RenderedError::Size)?;
        }
        Ok(block)
    }

    /// A part of a message: `index` is its place in the block, `part` counts from 0.
    ///
    /// # Panics
    /// Where the block has no such part; it has those that its entries tell.
    #[inline]
    pub(crate) fn message(&self, index: usize, part: usize) -> RenderedPart<'_> {
        let message = self.messages[index];
        assert!(part < usize::from(message.parts), "a message has the parts that were planned");
        let at = message.first as usize + part;
        let start = message.destination as usize;
        RenderedPart {
            destination: &self.destinations[start..start + usize::from(message.digits)],
            body: &self.bodies[self.ends[at] as usize..self.ends[at + 1] as usize],
            udhi: message.parts > 1,
            data_coding: message.data_coding,
        }
    }

    /// Octets of all its parts.
    pub(super) fn octets(&self) -> usize {
        self.bodies.len()
    }

    /// What the dispatcher holds of it.
    pub(super) fn entries(&self, hash: AddressHash) -> Entries {
        let destination = |message: &Message| {
            let start = message.destination as usize;
            hash.of(&self.destinations[start..start + usize::from(message.digits)])
        };
        Entries {
            ordinals: self.ordinals.clone(),
            units: self.messages.iter().map(|message| message.parts).collect(),
            addresses: self.messages.iter().map(destination).collect(),
        }
    }

    fn add(&mut self, address: &str, parts: &Parts) -> Option<()> {
        self.messages.push(Message {
            destination: u32::try_from(self.destinations.len()).ok()?,
            digits: u8::try_from(address.len()).ok()?,
            data_coding: parts.encoding().data_coding(),
            parts: u8::try_from(parts.len()).ok()?,
            first: u32::try_from(self.ends.len() - 1).ok()?,
        });
        self.destinations.push_str(address);
        for part in 0..parts.len() {
            self.bodies.extend_from_slice(parts.part(part));
            self.ends.push(u32::try_from(self.bodies.len()).ok()?);
        }
        Some(())
    }
}
