//! What was taken: every message known again, and kept whole where that is wanted.

use bealert_wire::smtp::{BodyKind, Notify};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::draft::Draft;
use crate::digest::digest;

/// A message that was taken, each time that it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenMail {
    /// The reverse-path.
    pub sender: String,
    /// The recipients that were accepted, and which reports were asked for.
    pub recipients: Vec<(String, Notify)>,
    /// Header and body, as they were put in.
    pub content: Vec<u8>,
    /// What BODY declared.
    pub body: Option<BodyKind>,
    /// Whether SMTPUTF8 was said.
    pub utf8: bool,
    /// ENVID, in xtext.
    pub envid: Option<String>,
    /// MT-PRIORITY.
    pub priority: Option<i8>,
    /// BY, in seconds.
    pub deliver_by_s: Option<i64>,
    /// Whether it came encrypted.
    pub encrypted: bool,
}

/// The messages taken so far: nine to eighteen octets for each of their recipients.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// The digest of each, which is its own hash.
    known: HashTable<u64>,
    kept: Vec<TakenMail>,
}

impl Taken {
    /// Whether this recipient did not have this message. `key` keeps a sender from choosing what collides.
    #[inline]
    pub(super) fn enter(&mut self, key: u64, recipient: &str, name: &[u8]) -> bool {
        let digest = digest([&key.to_le_bytes(), recipient.as_bytes(), name]);
        match self.known.entry(digest, |&known| known == digest, |&known| known) {
            Entry::Occupied(_) => false,
            Entry::Vacant(entry) => {
                entry.insert(digest);
                true
            }
        }
    }

    pub(super) fn keep(&mut self, draft: &Draft, encrypted: bool) {
        let recipients = draft.recipients().map(|(recipient, notify)| (recipient.to_owned(), notify));
        self.kept.push(TakenMail {
            sender: draft.sender().into(),
            recipients: recipients.collect(),
            content: draft.content.clone(),
            body: draft.body,
            utf8: draft.utf8,
            envid: draft.envid.clone(),
            priority: draft.priority,
            deliver_by_s: draft.deliver_by_s,
            encrypted,
        });
    }

    pub(super) fn kept(&self) -> &[TakenMail] {
        &self.kept
    }

    pub(super) fn hand_over(&mut self) -> Vec<TakenMail> {
        std::mem::take(&mut self.kept)
    }
}
