//! The people of a campaign as a report shows them: name, address, and what their message costs.

use bealert_core::block::Person;
use bealert_core::model::Channel;

/// Texts once, and 20 octets per dispatch.
#[derive(Debug, Default)]
pub(super) struct People {
    text: String,
    entries: [Vec<Entry>; Channel::ALL.len()],
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    start: usize,
    name: u32,
    address: u32,
    parts: u8,
    excluded: bool,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known<'a> {
    pub(super) name: &'a str,
    pub(super) address: &'a str,
    pub(super) parts: u8,
    /// The address is what was given, whatever that is.
    pub(super) excluded: bool,
}

impl People {
    /// Keeps the people of a block. `all` is how many the campaign has: a damaged block can't make the list long.
    pub(super) fn add(&mut self, channel: Channel, all: u32, people: &[Person<'_>]) {
        let entries = &mut self.entries[channel as usize];
        for person in people.iter().filter(|person| person.ordinal < all) {
            let at = person.ordinal as usize;
            if entries.len() <= at {
                entries.resize(at + 1, Entry::default());
            }
            let start = self.text.len();
            self.text.push_str(person.name);
            self.text.push_str(person.address);
            entries[at] = Entry {
                start,
                name: person.name.len() as u32,
                address: person.address.len() as u32,
                parts: person.units,
                excluded: !person.reason.is_empty(),
            };
        }
    }

    /// How many places there are on a channel.
    pub(super) fn len(&self, channel: Channel) -> usize {
        self.entries[channel as usize].len()
    }

    pub(super) fn get(&self, channel: Channel, ordinal: u32) -> Option<Known<'_>> {
        let entry = self.entries[channel as usize].get(ordinal as usize)?;
        let text = &self.text[entry.start..];
        let (name, rest) = text.split_at(entry.name as usize);
        let address = &rest[..entry.address as usize];
        Some(Known { name, address, parts: entry.parts, excluded: entry.excluded })
    }
}
