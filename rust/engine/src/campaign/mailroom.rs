//! Letters of a campaign: what it froze, with the keys and the secret of the process that sends them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bealert_core::model::{CampaignRow, Channel};

use crate::config::{Config, DkimConfig, GatewayConfig, SmtpConfig};
use crate::mail::{DkimKey, Identity, LetterSettings, Letters, MailProblem, Mailbox, Verp, judge};
use crate::plan::FrozenEmail;

/// What this process sends letters with, besides what campaigns freeze: keys, where answers go, the ledger's secret;
/// and what relays have said that they take.
#[derive(Debug, Default)]
pub(crate) struct Mailroom {
    hash_key: (u64, u64),
    relays: Vec<Relay>,
}

#[derive(Debug)]
struct Relay {
    name: String,
    reply_to: Option<Mailbox>,
    keys: Vec<Arc<DkimKey>>,
    /// The largest message it takes, in octets, as it said last; 0 where it has no limit (RFC 1870 §4), and before it
    /// was met.
    largest: AtomicU64,
}

/// The letters of a campaign, and who sends them through which gateway.
#[derive(Debug)]
pub(crate) struct Mailing {
    letters: Arc<Letters>,
    /// Some of its identities sign.
    signs: bool,
    /// Gateway and identity.
    senders: Vec<(String, usize)>,
    /// The identities of each route, by its number.
    routes: Vec<Vec<usize>>,
}

impl Mailroom {
    /// Reads keys and addresses of the relays. `hash_key` is the ledger's.
    ///
    /// # Errors
    /// Every setting that letters can't be sent with, and its gateway.
    pub(crate) fn of(config: &Config, hash_key: (u64, u64)) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut known: Vec<(&DkimConfig, Arc<DkimKey>)> = Vec::new();
        let mut relays = Vec::new();
        for gateway in &config.gateways {
            let GatewayConfig::Smtp(smtp) = gateway else { continue };
            let mut note = |problem: String| problems.push(format!("gateway {:?}: {problem}", smtp.name));
            let keys: Vec<_> =
                smtp.dkim.iter().filter_map(|key| read_key(key, &mut known, &mut note)).collect();
            match Mailbox::parse(&smtp.sender) {
                Ok(sender) => judge_keys(&keys, &sender, &mut note),
                Err(problem) => note(format!("sender {:?}: {problem}", smtp.sender)),
            }
            relays.push(Relay {
                name: smtp.name.clone(),
                reply_to: reply_to(smtp, &mut note),
                keys,
                largest: AtomicU64::new(0),
            });
            judge_bounces_to(config, smtp, &mut note);
        }
        if problems.is_empty() { Ok(Self { hash_key, relays }) } else { Err(problems) }
    }

    /// The ledger's secret.
    pub(crate) fn hash_key(&self) -> (u64, u64) {
        self.hash_key
    }

    /// Keeps what a relay said of the size of messages: what it takes none of is not planned any more.
    pub(crate) fn hear_largest(&self, gateway: &str, octets: Option<u64>) {
        if let Some(relay) = self.relay(gateway) {
            relay.largest.store(octets.unwrap_or(0), Ordering::Relaxed);
        }
    }

    /// The largest message that a relay takes, in octets, where it is known to have a limit.
    pub(crate) fn largest(&self, gateway: &str) -> Option<u64> {
        let octets = self.relay(gateway)?.largest.load(Ordering::Relaxed);
        (octets > 0).then_some(octets)
    }

    /// Who letters are from that a sender sends through a gateway.
    pub(crate) fn identity(&self, gateway: &str, sender: Mailbox) -> Identity {
        let relay = self.relay(gateway);
        let reply_to = relay.and_then(|relay| relay.reply_to.clone());
        Identity::new(sender, reply_to, relay.map_or(&[], |relay| &relay.keys))
    }

    fn relay(&self, gateway: &str) -> Option<&Relay> {
        self.relays.iter().find(|relay| relay.name == gateway)
    }
}

impl Mailing {
    /// Compiles the letters of a campaign.
    ///
    /// # Errors
    /// Where what it froze can't be compiled any more.
    pub(super) fn of(email: &FrozenEmail, row: &CampaignRow, room: &Mailroom) -> Result<Self, String> {
        let mut identities: Vec<Identity> = Vec::new();
        let mut senders = Vec::new();
        for (gateway, sender) in email.senders() {
            let sender = Mailbox::parse(sender).map_err(|error| format!("sender {sender:?}: {error}"))?;
            let identity = room.identity(gateway, sender);
            // Relays with one sender and the same keys share their letters: each is signed once.
            let at = identities.iter().position(|known| same(known, &identity));
            senders.push((gateway.clone(), at.unwrap_or(identities.len())));
            if at.is_none() {
                identities.push(identity);
            }
        }
        let signs = identities.iter().any(|identity| !identity.keys.is_empty());
        let settings = LetterSettings {
            kind: row.kind,
            drill: false,
            launched_at_ms: row.launched_at_ms,
            campaign: row.id.0,
            hash_key: room.hash_key,
            unsubscribe: email.unsubscribe.clone(),
            identities,
        };
        let letters = Letters::compile(&email.texts, &settings).map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(MailProblem::to_string).collect();
            format!("its letters can't be compiled: {}", problems.join("; "))
        })?;
        let mut mailing = Self { letters: Arc::new(letters), signs, senders, routes: Vec::new() };
        mailing.routes = row
            .routes
            .iter()
            .map(|route| {
                let mut identities: Vec<usize> = match route.channel {
                    Channel::Email => {
                        route.gateways.iter().filter_map(|name| mailing.identity(name)).collect()
                    }
                    _ => Vec::new(),
                };
                identities.sort_unstable();
                identities.dedup();
                identities
            })
            .collect();
        Ok(mailing)
    }

    /// The compiled letters.
    pub(crate) fn letters(&self) -> &Arc<Letters> {
        &self.letters
    }

    /// Whether letters are signed, so that rendering them takes threads.
    pub(crate) fn signs(&self) -> bool {
        self.signs
    }

    /// Who sends through a gateway that was there when the campaign was planned.
    pub(crate) fn identity(&self, gateway: &str) -> Option<usize> {
        self.senders.iter().find(|(name, _)| name == gateway).map(|(_, identity)| *identity)
    }

    /// Everybody who sends for a route of the campaign.
    pub(crate) fn identities_of(&self, route: u16) -> &[usize] {
        self.routes.get(usize::from(route)).map_or(&[], Vec::as_slice)
    }
}

fn same(one: &Identity, other: &Identity) -> bool {
    let keys = one.keys.len() == other.keys.len()
        && one.keys.iter().zip(&other.keys).all(|(one, other)| Arc::ptr_eq(one, other));
    keys && one.sender == other.sender && one.reply_to == other.reply_to
}

fn reply_to(smtp: &SmtpConfig, note: &mut impl FnMut(String)) -> Option<Mailbox> {
    let reply_to = smtp.reply_to.as_deref()?;
    Mailbox::parse(reply_to).map_err(|problem| note(format!("reply_to {reply_to:?}: {problem}"))).ok()
}

/// The key of a setting, which several gateways may share.
fn read_key<'a>(
    config: &'a DkimConfig,
    known: &mut Vec<(&'a DkimConfig, Arc<DkimKey>)>,
    note: &mut impl FnMut(String),
) -> Option<Arc<DkimKey>> {
    if let Some((_, key)) = known.iter().find(|(other, _)| *other == config) {
        return Some(Arc::clone(key));
    }
    let DkimConfig { domain, selector, key } = config;
    match DkimKey::new(domain, selector, key) {
        Ok(key) => {
            let key = Arc::new(key);
            known.push((config, Arc::clone(&key)));
            Some(key)
        }
        Err(problem) => {
            note(format!("the dkim key of {selector}._domainkey.{domain}: {problem}"));
            None
        }
    }
}

/// A key that would sign nothing was meant for another relay, or for another domain.
fn judge_keys(keys: &[Arc<DkimKey>], sender: &Mailbox, note: &mut impl FnMut(String)) {
    let domain = sender.address().domain();
    for key in keys.iter().filter(|key| !key.signs_for(domain)) {
        let name = key.record_name();
        note(format!(
            "the dkim key of {name} signs nothing of {domain}: its domain has to be that or one above it"
        ));
    }
}

/// Bounces return to an address that has room for a token, and somebody has to read them where receipts are
/// asked for.
fn judge_bounces_to(config: &Config, smtp: &SmtpConfig, note: &mut impl FnMut(String)) {
    if let Some(base) = &smtp.bounces_to {
        let judged = judge(base).map_err(|problem| problem.to_string());
        let fits = judged.and_then(|base| Verp::fits(&base).map_err(|problem| problem.to_string()));
        if let Err(problem) = fits {
            note(format!("bounces_to {base:?}: {problem}"));
        }
    }
    if smtp.receipts && (smtp.bounces_to.is_none() || config.bounces.is_none()) {
        note("receipts = true needs bounces_to, and [bounces] where they are read".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(settings: &str, more: &str) -> Vec<String> {
        let sender = if settings.contains("sender") { "" } else { r#", "sender": "a@be-alert.example""# };
        let text = format!(
            r#"{{"gateways": [{{"type": "smtp", "name": "m", "host": "h", "port": 25 {sender} {settings}}}]{more}}}"#
        );
        Mailroom::of(&Config::from_json(&text).unwrap(), (0, 0)).err().unwrap_or_default()
    }

    #[test]
    fn what_letters_cannot_be_sent_with_names_its_gateway() {
        assert_eq!(problems("", ""), [""; 0]);
        let receipts = r#", "receipts": true"#;
        let bounces_to = r#", "bounces_to": "bounces@be-alert.example""#;
        let listener = r#", "bounces": {"listen": "127.0.0.1:1"}"#;
        assert_eq!(problems(&format!("{receipts}{bounces_to}"), listener), [""; 0]);
        for (settings, more, words) in [
            (r#", "reply_to": "Desk""#, "", ["reply_to \"Desk\"", "has no @"]),
            (r#", "bounces_to": "b@""#, "", ["bounces_to \"b@\"", "nothing stands behind"]),
            (
                r#", "bounces_to": "b234567890123456789012345678901234567@x.example""#,
                "",
                ["bounces_to", "at most"],
            ),
            (r#", "sender": "Desk""#, "", ["sender \"Desk\"", "has no @"]),
            (receipts, listener, ["receipts", "needs bounces_to"]),
            (&format!("{receipts}{bounces_to}"), "", ["receipts", "[bounces]"]),
            (
                r#", "dkim": [{"domain": "be-alert.example", "selector": "s1", "key": "hush"}]"#,
                "",
                ["the dkim key of s1._domainkey.be-alert.example", "no private key"],
            ),
        ] {
            let found = problems(settings, more);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with("gateway \"m\": "), "{found:?}");
            assert!(
                words.iter().all(|words| found[0].contains(words)) && !found[0].contains("hush"),
                "{found:?}"
            );
        }
    }
}
