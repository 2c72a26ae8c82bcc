//! The people of a block, packed: what a ledger stores as one blob.
//!
//! Layout (integers are LEB128 varints, texts are a length and UTF-8): version, number of value
//! names, the names, number of entries, the entries. Values are stored by the number of their name.

use thiserror::Error;

use crate::packed::{Input, PackedError, number, text};

/// Version byte of the layout.
const VERSION: u8 = 1;

/// One person of a block on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person<'a> {
    /// Index of the person in the campaign.
    pub ordinal: u32,
    /// The host's id.
    pub id: &'a str,
    /// Number (E.164 without `+`) or mail address; as given where the person is excluded.
    pub address: &'a str,
    /// Index into the campaign's content languages.
    pub language: u8,
    /// The language as given; templates see it.
    pub language_given: &'a str,
    /// Name, empty if none.
    pub name: &'a str,
    /// Template values.
    pub values: Vec<(&'a str, &'a str)>,
    /// Parts, messages or calls it takes.
    pub units: u8,
    /// Why the person is excluded; empty in blocks that are sent.
    pub reason: &'a str,
}

/// Why a blob is not a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BlockError {
    /// It ends too early or holds an impossible length.
    #[error("a stored block is cut short")]
    Cut,
    /// A text in it is no UTF-8.
    #[error("a stored block holds text that is not UTF-8")]
    Text,
    /// Its version is not ours.
    #[error("a stored block has layout version {0}, this version knows {VERSION}")]
    Version(u8),
}

/// Packs people into a blob.
#[derive(Debug, Default)]
pub struct BlockWriter {
    names: Vec<String>,
    entries: Vec<u8>,
    len: u32,
    units: u32,
}

impl BlockWriter {
    /// Adds one person.
    pub fn push(&mut self, person: &Person<'_>) {
        let out = &mut self.entries;
        number(out, person.ordinal.into());
        text(out, person.id);
        text(out, person.address);
        out.push(person.language);
        text(out, person.language_given);
        text(out, person.name);
        number(out, person.values.len() as u64);
        for (name, value) in &person.values {
            let known = self.names.iter().position(|known| known == name);
            let index = known.unwrap_or_else(|| {
                self.names.push((*name).to_owned());
                self.names.len() - 1
            });
            number(out, index as u64);
            text(out, value);
        }
        out.push(person.units);
        text(out, person.reason);
        self.len += 1;
        self.units += u32::from(person.units);
    }

    /// People in it.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Parts, messages or calls in it.
    pub fn units(&self) -> u32 {
        self.units
    }

    /// The blob.
    pub fn finish(self) -> Vec<u8> {
        let mut blob = Vec::with_capacity(self.entries.len() + 64);
        blob.push(VERSION);
        number(&mut blob, self.names.len() as u64);
        for name in &self.names {
            text(&mut blob, name);
        }
        number(&mut blob, self.len.into());
        blob.extend_from_slice(&self.entries);
        blob
    }
}

/// The people of a blob, borrowed from it.
///
/// # Errors
/// [`BlockError`] where the blob is none of ours or damaged.
pub fn people(blob: &[u8]) -> Result<Vec<Person<'_>>, BlockError> {
    let mut input = Input(blob);
    match input.byte()? {
        VERSION => {}
        other => return Err(BlockError::Version(other)),
    }
    let names = (0..input.count()?).map(|_| input.text()).collect::<Result<Vec<_>, _>>()?;
    (0..input.count()?).map(|_| person(&mut input, &names)).collect()
}

/// The same block without what tells who its people are: addresses, names, languages as given and
/// template values are blank. Ids, which only the host can resolve, places and costs stay.
///
/// # Errors
/// [`BlockError`] where the blob is none of ours or damaged.
pub fn without_personal(blob: &[u8]) -> Result<Vec<u8>, BlockError> {
    let mut writer = BlockWriter::default();
    for person in people(blob)? {
        let Person { ordinal, id, language, units, reason, .. } = person;
        writer.push(&Person { ordinal, id, language, units, reason, ..Person::default() });
    }
    Ok(writer.finish())
}

fn person<'a>(input: &mut Input<'a>, names: &[&'a str]) -> Result<Person<'a>, BlockError> {
    Ok(Person {
        ordinal: input.narrow()?,
        id: input.text()?,
        address: input.text()?,
        language: input.byte()?,
        language_given: input.text()?,
        name: input.text()?,
        values: (0..input.count()?)
            .map(|_| {
                let index = input.number()? as usize;
                Ok((*names.get(index).ok_or(BlockError::Cut)?, input.text()?))
            })
            .collect::<Result<_, BlockError>>()?,
        units: input.byte()?,
        reason: input.text()?,
    })
}

impl From<PackedError> for BlockError {
    fn from(error: PackedError) -> Self {
        match error {
            PackedError::Cut => BlockError::Cut,
            PackedError::Text => BlockError::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_back(
            rows in prop::collection::vec(
                (any::<u32>(), ".{0,20}", "[0-9]{0,15}", any::<u8>(), prop::collection::vec(("[a-z]{1,4}", ".{0,9}"), 0..4)),
                0..50,
            )
        ) {
            let mut writer = BlockWriter::default();
            let rows: Vec<Person<'_>> = rows
                .iter()
                .map(|(ordinal, id, address, units, values)| Person {
                    ordinal: *ordinal,
                    id,
                    address,
                    language: 1,
                    language_given: "nl",
                    name: "",
                    values: values.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect(),
                    units: *units,
                    reason: "",
                })
                .collect();
            rows.iter().for_each(|row| writer.push(row));
            let blob = writer.finish();
            prop_assert_eq!(people(&blob).unwrap(), rows);
        }

        #[test]
        fn nothing_personal_is_left_of_an_erased_block(
            rows in prop::collection::vec(("[a-z]{9,12}", "[0-9]{9,15}", any::<u8>()), 1..50)
        ) {
            let mut writer = BlockWriter::default();
            for (ordinal, (word, address, units)) in (0..).zip(&rows) {
                let values = vec![("street", word.as_str())];
                let (name, language_given) = (word.as_str(), word.as_str());
                let person = Person { ordinal, id: "p", address, name, language_given, values, units: *units, ..Person::default() };
                writer.push(&person);
            }
            let erased = without_personal(&writer.finish()).unwrap();
            let found = |text: &str| erased.windows(text.len()).any(|part| part == text.as_bytes());
            for (word, address, _) in &rows {
                prop_assert!(!found(word) && !found(address) && !found("street"));
            }
            for ((ordinal, (_, _, units)), person) in (0..).zip(&rows).zip(people(&erased).unwrap()) {
                prop_assert_eq!((person.ordinal, person.id, person.units), (ordinal, "p", *units));
            }
        }

        #[test]
        fn rubbish_is_an_error_and_no_panic(blob in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = people(&blob);
        }
    }
}
