//! The hash of a plan: the same content to the same people gives the same one, whatever the gateways are.

use super::recipient::RecipientIn;
use crate::config::ScenarioConfig;
use crate::mail::EmailText;

/// Version of what is hashed, and what keeps it from being a hash of anything else. A plan of SMS alone has the
/// hash that it always had, so that a key that was launched once is still known.
const SMS_ALONE: &[u8] = b"bealert plan 1";

/// The same where e-mail is among the channels: each person has an address and a language per channel.
const BY_CHANNEL: &[u8] = b"bealert plan 2";

/// Octets collected before they are hashed: many people's worth, since a hash of short pieces is slow.
const BUFFER: usize = 64 * 1_024;

/// BLAKE3 over fields that each carry their length, so that no two plans have the same octets.
#[derive(Debug)]
pub(super) struct Digest {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
    sms_alone: bool,
}

/// What was made of a person on one channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged<'a> {
    /// The address that was made of what was given, if one was.
    pub(super) address: Option<&'a str>,
    /// The language chosen.
    pub(super) language: usize,
}

/// What kind of row a person is.
const SENT: u8 = 1;
const UNREACHABLE: u8 = 2;
const LEFT_OUT: u8 = 3;
const BY_CHANNELS: u8 = 4;

impl Digest {
    /// Begins with scenario, content, policy and the plan's values.
    pub(super) fn new(scenario: &ScenarioConfig, values: &[(String, String)]) -> Self {
        let sms_alone = scenario.email.is_empty();
        let buffer = Vec::with_capacity(BUFFER);
        let mut digest = Self { hasher: blake3::Hasher::new(), buffer, sms_alone };
        digest.buffer.extend_from_slice(if sms_alone { SMS_ALONE } else { BY_CHANNEL });
        digest.text(&scenario.name);
        digest.text(scenario.kind.name());
        digest.text(scenario.policy().name());
        digest.text(&scenario.expiry_ms.to_string());
        digest.count(scenario.sms.len());
        for (language, text) in &scenario.sms {
            digest.text(language);
            digest.text(text);
        }
        if !sms_alone {
            digest.email(scenario);
        }
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (&**name, &**value)).collect();
        digest.pairs(&values);
        digest
    }

    /// Adds a recipient, with what was made of them on each channel, in the order of the channels.
    pub(super) fn recipient<'a>(
        &mut self,
        person: &RecipientIn<'_>,
        judged: impl IntoIterator<Item = Judged<'a>>,
    ) {
        let mut judged = judged.into_iter();
        if self.sms_alone
            && let Some(Judged { address, language }) = judged.next()
        {
            self.buffer.push(if address.is_some() { SENT } else { UNREACHABLE });
            self.person(person, address.or(person.phone));
            self.count(language);
        } else {
            self.buffer.push(BY_CHANNELS);
            self.person(person, person.phone);
            for Judged { address, language } in judged {
                self.optional(address);
                self.count(language);
            }
        }
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

    fn person(&mut self, person: &RecipientIn<'_>, phone: Option<&str>) {
        self.text(person.id);
        self.optional(phone);
        self.optional(person.email);
        self.optional(person.name);
        self.optional(person.language);
    }

    fn email(&mut self, scenario: &ScenarioConfig) {
        self.count(scenario.email.len());
        for EmailText { language, subject, text, html, attachments } in &scenario.email {
            self.text(language);
            self.text(subject);
            self.optional(text.as_deref());
            self.optional(html.as_deref());
            self.count(attachments.len());
            for attachment in attachments {
                self.text(&attachment.name);
                self.text(&attachment.content_type);
                self.optional(attachment.content_id.as_deref());
                self.octets(&attachment.data);
                self.flush();
            }
        }
        let unsubscribe = scenario.unsubscribe.as_ref();
        self.optional(unsubscribe.and_then(|unsubscribe| unsubscribe.url.as_deref()));
        self.optional(unsubscribe.and_then(|unsubscribe| unsubscribe.mailto.as_deref()));
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
        self.octets(text.as_bytes());
    }

    fn octets(&mut self, octets: &[u8]) {
        self.count(octets.len());
        self.buffer.extend_from_slice(octets);
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
