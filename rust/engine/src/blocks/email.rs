//! E-mail of a block: letters whose values are encoded and signed, so that sending one is copying it.

use std::ops::RangeBounds;
use std::sync::Arc;

use bealert_core::block::{Person, people};
use bealert_core::dispatch::{AddressHash, Entries};
use bealert_core::model::BlockRow;

use super::RenderedError;
use crate::campaign::Prepared;
use crate::mail::{Addressee, Letter, Letters, Patches, judge};
use crate::plan::person_values;

/// A block whose letters are ready to be sent.
#[derive(Debug)]
pub(crate) struct EmailBlock {
    letters: Arc<Letters>,
    patches: Patches,
    ordinals: Vec<u32>,
    /// One after the other.
    addresses: String,
    /// Where each ends in `addresses`, behind a 0.
    ends: Vec<u32>,
}

impl EmailBlock {
    /// Renders the letters of a block to the people at these places, for each identity that a gateway of the
    /// block's route sends as. Parts of a block may be rendered on several threads and put together again by
    /// [`append`](Self::append).
    ///
    /// # Errors
    /// [`RenderedError`].
    pub(crate) fn of(
        prepared: &Prepared,
        row: &BlockRow,
        places: impl RangeBounds<usize>,
    ) -> Result<Self, RenderedError> {
        let mailing = prepared.mailing().ok_or(RenderedError::Channel("email"))?;
        let people = people(&row.data)?;
        let (from, to) = (places.start_bound().cloned(), places.end_bound().cloned());
        let people = people.get((from, to)).ok_or(RenderedError::Size)?;
        let plan = prepared.frozen.values();
        let mut block = Self {
            letters: Arc::clone(mailing.letters()),
            patches: Patches::new(mailing.identities_of(row.meta.route)),
            ordinals: Vec::with_capacity(people.len()),
            addresses: String::new(),
            ends: vec![0],
        };
        people.iter().try_for_each(|person| block.add(person, &plan))?;
        block.patches.shrink();
        Ok(block)
    }

    /// Puts the letters of another part of the same block behind these.
    pub(crate) fn append(&mut self, more: &Self) -> Result<(), RenderedError> {
        self.patches.append(&more.patches);
        self.ordinals.extend_from_slice(&more.ordinals);
        let before = u32::try_from(self.addresses.len()).map_err(|_| RenderedError::Size)?;
        self.addresses.push_str(&more.addresses);
        u32::try_from(self.addresses.len()).map_err(|_| RenderedError::Size)?;
        self.ends.extend(more.ends[1..].iter().map(|end| before + end));
        Ok(())
    }

    /// The letter at a place in the block, from one of the identities that the block was rendered for.
    ///
    /// # Panics
    /// Where the block has no such letter; it has those that its entries tell.
    #[inline]
    pub(crate) fn letter(&self, index: usize, identity: usize) -> Letter<'_> {
        self.patches.letter(&self.letters, index, identity)
    }

    /// The recipient's number in the campaign.
    #[inline]
    pub(crate) fn ordinal(&self, index: usize) -> u32 {
        self.ordinals[index]
    }

    /// Where the letter at a place goes. What is not ASCII in it needs a relay that offers SMTPUTF8 (RFC 6531).
    #[inline]
    pub(crate) fn address(&self, index: usize) -> &str {
        &self.addresses[self.ends[index] as usize..self.ends[index + 1] as usize]
    }

    /// Octets of all that is kept per letter.
    pub(super) fn octets(&self) -> usize {
        self.patches.octets() + self.addresses.len()
    }

    /// What the dispatcher holds of it.
    pub(super) fn entries(&self, hash: AddressHash) -> Entries {
        Entries {
            ordinals: self.ordinals.clone(),
            units: vec![1; self.ordinals.len()],
            addresses: (0..self.ordinals.len()).map(|index| hash.of(self.address(index))).collect(),
        }
    }

    fn add(&mut self, person: &Person<'_>, plan: &[(&str, &str)]) -> Result<(), RenderedError> {
        let id = || person.id.to_owned();
        let language = usize::from(person.language);
        if language >= self.letters.languages().len() {
            return Err(RenderedError::Language { id: id() });
        }
        if person.units != 1 {
            return Err(RenderedError::Parts { id: id(), planned: person.units, rendered: 1 });
        }
        let to = judge(person.address).map_err(|problem| RenderedError::Address { id: id(), problem })?;
        let values = person_values(person.id, person.name, person.language_given, &person.values, plan);
        let ordinal = person.ordinal;
        let addressee = Addressee { language, values: &values, to: &to, name: values.name, ordinal };
        let rendered = self.letters.render(&addressee, &mut self.patches);
        rendered.map_err(|problem| RenderedError::Letter { id: id(), problem })?;
        self.ordinals.push(ordinal);
        self.addresses.push_str(person.address);
        self.ends.push(u32::try_from(self.addresses.len()).map_err(|_| RenderedError::Size)?);
        Ok(())
    }
}
