//! The hash of a plan: the same content to the same people gives the same one, whatever the gateways are.

use super::planner::RecipientIn;
use crate::config::ScenarioConfig;

/// Version of what is hashed, and what keeps it from being a hash of anything else.
const DOMAIN: &[u8] = b"bealert plan 1";

/// Octets collected before they are hashed: many people's worth, since a hash of short pieces is slow.
const BUFFER: usize = 64 * 1_024;

/// BLAKE3 over fields that each carry their length, so that no two plans have the same octets.
#[derive(Debug)]
pub(super) struct Digest {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

/// What kind of row a person is.
const SENT: u8 = 1;
const UNREACHABLE: u8 = 2;
const LEFT_OUT: u8 = 3;

impl Digest {
    /// Begins with scenario, content, policy and the plan's values.
    pub(super) fn new(scenario: &ScenarioConfig, values: &[(String, String)]) -> Self {
        let mut digest = Self { hasher: blake3::Hasher::new(), buffer: Vec::with_capacity(BUFFER) };
        digest.buffer.extend_from_slice(DOMAIN);
        digest.text(&scenario.name);
        digest.text(scenario.kind.name());
        digest.text(scenario.policy().name());
        digest.text(&scenario.expiry_ms.to_string());
        digest.count(scenario.sms.len());
        for (language, text) in &scenario.sms {
            digest.text(language);
            digest.text(text);
        }
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (&**name, &**value)).collect();
        digest.pairs(&values);
        digest
    }

    /// Adds a recipient, with the number that was made of what was given, and the language chosen.
    pub(super) fn recipient(&mut self, person: &RecipientIn<'_>, number: Option<&str>, language: usize) {
        self.buffer.push(if number.is_some() { SENT } else { UNREACHABLE });
        self.text(person.id);
        self.optional(number.or(person.phone));
        self.optional(person.email);
        self.optional(person.name);
        self.optional(person.language);
        self.count(language);
        self.pairs(person.values);
        self.flush();
    }

    /// Adds somebody whom the caller left out.
    pub(super) fn excluded(&mut self, id: &str, name: Option<&str>, reason: &str) {
        self.buffer.push(LEFT_OUT);
        self.text(id);
        self.optional(name);
        self.text(reason);
        self.flush();
    }

    /// The hash, in hexadecimal.
    pub(super) fn finish(mut self) -> String {
        self.hasher.update(&self.buffer);
        self.hasher.finalize().to_hex().to_string()
    }

    /// Values in the order of their names: the order in which they were given says nothing.
    fn pairs(&mut self, pairs: &[(&str, &str)]) {
        self.count(pairs.len());
        if pairs.is_sorted_by_key(|(name, _)| *name) {
            pairs.iter().for_each(|pair| self.pair(pair));
        } else {
            let mut sorted = pairs.to_vec();
            sorted.sort_by_key(|(name, _)| *name);
            sorted.iter().for_each(|pair| self.pair(pair));
        }
    }

    fn pair(&mut self, (name, value): &(&str, &str)) {
        self.text(name);
        self.text(value);
    }

    fn optional(&mut self, text: Option<&str>) {
        self.buffer.push(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.buffer.extend_from_slice(text.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.buffer.extend_from_slice(&(count as u64).to_le_bytes());
    }

    fn flush(&mut self) {
        if self.buffer.len() >= BUFFER {
            self.hasher.update(&self.buffer);
            self.buffer.clear();
        }
    }
}
