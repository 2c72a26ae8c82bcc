//! What was taken: every part known again, and kept whole where that is wanted.

use std::collections::HashMap;

use bealert_wire::smpp::SubmitSm;
use bealert_wire::text::{decode_gsm, split_header};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// A message as its recipient would have read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenMessage {
    /// The sender.
    pub source: String,
    /// The recipient.
    pub destination: String,
    /// What it says; of the parts that are here.
    pub text: String,
    /// How often it was taken: of a long one, the part that was taken most often.
    pub accepted: u32,
    /// Its parts that are here.
    pub parts: u8,
    /// The parts it has.
    pub total: u8,
    /// The ids given to its parts: by part, and of one part in the order of its acceptances.
    pub ids: Vec<String>,
}

impl TakenMessage {
    /// Whether all parts are here, so that the recipient could read it.
    pub fn is_complete(&self) -> bool {
        self.parts == self.total
    }
}

/// The parts taken so far. Without `kept`, nine to eighteen octets each.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// The digest of each part, which is its own hash, and its place in [`Kept`].
    known: HashTable<(u64, u32)>,
    kept: Option<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Source, destination and body of every part, one behind the other.
    octets: Vec<u8>,
    parts: Vec<Part>,
    /// Further acceptances: which part, and the number of the id.
    again: Vec<(u32, u64)>,
}

#[derive(Debug, Clone, Copy)]
struct Part {
    start: usize,
    number: u64,
    body_octets: u32,
    source_octets: u8,
    destination_octets: u8,
    data_coding: u8,
    udhi: bool,
}

impl Taken {
    pub(super) fn new(keep: bool) -> Self {
        Self { known: HashTable::new(), kept: keep.then(Kept::default) }
    }

    /// Whether this part is new. `number` is that of its id.
    #[inline]
    pub(super) fn enter(&mut self, digest: u64, submit: &SubmitSm, number: u64) -> bool {
        match self.known.entry(digest, |&(known, _)| known == digest, |&(known, _)| known) {
            Entry::Occupied(entry) => {
                if let Some(kept) = &mut self.kept {
                    kept.again.push((entry.get().1, number));
                }
                false
            }
            Entry::Vacant(entry) => {
                let place = self.kept.as_mut().map_or(0, |kept| kept.push(submit, number));
                entry.insert((digest, place));
                true
            }
        }
    }

    /// The messages kept, in the order in which the first part of each came.
    pub(super) fn messages(&self, id: impl Fn(u64) -> String) -> Vec<TakenMessage> {
        self.kept.as_ref().map_or_else(Vec::new, |kept| kept.messages(id))
    }
}

impl Kept {
    fn push(&mut self, submit: &SubmitSm, number: u64) -> u32 {
        let part = Part {
            start: self.octets.len(),
            number,
            body_octets: submit.body.len() as u32,
            source_octets: submit.source.len() as u8,
            destination_octets: submit.destination.len() as u8,
            data_coding: submit.data_coding,
            udhi: submit.udhi(),
        };
        for field in [submit.source.as_bytes(), submit.destination.as_bytes(), &submit.body] {
            self.octets.extend_from_slice(field);
        }
        self.parts.push(part);
        (self.parts.len() - 1) as u32
    }

    fn messages(&self, id: impl Fn(u64) -> String) -> Vec<TakenMessage> {
        let mut again: HashMap<u32, Vec<u64>> = HashMap::new();
        for &(part, number) in &self.again {
            again.entry(part).or_default().push(number);
        }
        let numbers = |place: u32| {
            let first = self.parts[place as usize].number;
            std::iter::once(first).chain(again.get(&place).into_iter().flatten().copied())
        };
        self.assemble()
            .into_iter()
            .map(|assembled| {
                let here = || assembled.places.iter().flatten();
                let bodies: Vec<u8> = here().flat_map(|&place| self.read(place).payload).copied().collect();
                let Some(&first) = here().next() else { unreachable!("no message without a part") };
                let Fields { source, destination, .. } = self.read(first);
                TakenMessage {
                    source: source.into(),
                    destination: destination.into(),
                    text: decode(self.parts[first as usize].data_coding, &bodies),
                    accepted: here().map(|&place| numbers(place).count() as u32).max().unwrap_or(0),
                    parts: here().count() as u8,
                    total: assembled.places.len() as u8,
                    ids: here().flat_map(|&place| numbers(place)).map(&id).collect(),
                }
            })
            .collect()
    }

    /// Which parts belong together. A reference may come back in a later message to the same number, so a part
    /// joins the first message that still lacks it.
    fn assemble(&self) -> Vec<Assembled> {
        let mut messages: Vec<Assembled> = Vec::with_capacity(self.parts.len());
        let mut begun: HashMap<(&str, &str, u16, u8), Vec<usize>> = HashMap::new();
        for place in 0..self.parts.len() as u32 {
            let Fields { source, destination, concat, .. } = self.read(place);
            let Some(concat) = concat else {
                messages.push(Assembled { places: vec![Some(place)] });
                continue;
            };
            let index = usize::from(concat.number - 1);
            let candidates = begun.entry((source, destination, concat.reference, concat.total)).or_default();
            let lacking = candidates.iter().find(|&&message| messages[message].places[index].is_none());
            let message = lacking.copied().unwrap_or_else(|| {
                messages.push(Assembled { places: vec![None; usize::from(concat.total)] });
                candidates.push(messages.len() - 1);
                messages.len() - 1
            });
            messages[message].places[index] = Some(place);
        }
        messages
    }

    fn read(&self, place: u32) -> Fields<'_> {
        let part = self.parts[place as usize];
        let octets = &self.octets[part.start..];
        let (source, octets) = octets.split_at(usize::from(part.source_octets));
        let (destination, octets) = octets.split_at(usize::from(part.destination_octets));
        let body = &octets[..part.body_octets as usize];
        let (concat, payload) = match part.udhi.then(|| split_header(body)).flatten() {
            Some((concat, payload)) => (concat, payload),
            None => (None, body),
        };
        // a header whose numbers cannot be is no header of a part
        let concat = concat.filter(|concat| (1..=concat.total).contains(&concat.number));
        let text = |octets| str::from_utf8(octets).unwrap_or_default();
        Fields { source: text(source), destination: text(destination), concat, payload }
    }
}

struct Assembled {
    /// The part that stands in each place.
    places: Vec<Option<u32>>,
}

struct Fields<'a> {
    source: &'a str,
    destination: &'a str,
    concat: Option<bealert_wire::text::Concat>,
    payload: &'a [u8],
}

/// The text of all parts together, so that what a sender cut in two is whole again.
fn decode(data_coding: u8, octets: &[u8]) -> String {
    match data_coding {
        0 => decode_gsm(octets),
        8 => {
            let units: Vec<u16> =
                octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        // ASCII, Latin-1 and what nobody can read
        _ => octets.iter().map(|&octet| char::from(octet)).collect(),
    }
}
