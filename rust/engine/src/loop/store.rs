//! What the loop keeps ready: rendered blocks, and a template PDU per campaign and gateway.

use std::sync::Arc;

use bealert_core::dispatch::Handout;
use bealert_core::model::{BlockKey, CampaignId, GatewayId, Kind};
use bealert_wire::smpp::{Message, SubmitTemplate};
use hashbrown::{HashMap, HashSet};

use crate::blocks::Rendered;
use crate::campaign::{Prepared, TemplateKey};
use crate::config::SmppConfig;
use crate::log::Log;
use crate::mail::Letter;
use crate::pool::Pool;

/// Pause before a block that could not be read is tried again.
const RELOAD_US: u64 = 1_000_000;

/// Faults of ours, which end in a notice instead of a panic.
const OTHER_CHANNEL: &str = "a block of another channel was handed out";
const NOT_LOADED: &str = "a block that is not loaded was handed out";

/// Rendered blocks and templates, by what a handout names.
pub(crate) struct Store {
    campaigns: HashMap<CampaignId, Arc<Prepared>>,
    blocks: HashMap<BlockKey, Arc<Rendered>>,
    templates: HashMap<TemplateKey, Arc<SubmitTemplate>>,
    /// What the last message was made of; the next one mostly is made of the same.
    at_hand: Option<AtHand>,
    /// The same of the last letter: the channels take turns, and neither takes it from the other.
    mail_at_hand: Option<MailAtHand>,
    pool: Pool,
    /// Blocks that could not be read, and when to try again.
    failed: Vec<(u64, BlockKey)>,
    /// Campaigns that have ended and of which a block is still kept.
    ended: HashSet<CampaignId>,
}

struct AtHand {
    key: BlockKey,
    gateway: GatewayId,
    block: Arc<Rendered>,
    template: Arc<SubmitTemplate>,
}

struct MailAtHand {
    key: BlockKey,
    gateway: GatewayId,
    block: Arc<Rendered>,
    /// Who sends it through this gateway.
    identity: usize,
    kind: Kind,
    expires_at_ms: i64,
}

/// A letter and whom it is for.
#[derive(Clone, Copy)]
pub(crate) struct Mail<'a> {
    pub(crate) to: &'a str,
    /// The recipient's number in the campaign.
    pub(crate) ordinal: u32,
    pub(crate) kind: Kind,
    pub(crate) expires_at_ms: i64,
    pub(crate) letter: Letter<'a>,
}

impl Store {
    pub(crate) fn new(pool: Pool) -> Self {
        Self {
            campaigns: HashMap::new(),
            blocks: HashMap::new(),
            templates: HashMap::new(),
            at_hand: None,
            mail_at_hand: None,
            pool,
            failed: Vec::new(),
            ended: HashSet::new(),
        }
    }

    /// Takes a campaign in, before any of its blocks is asked for.
    pub(crate) fn admit(&mut self, prepared: Arc<Prepared>) {
        self.campaigns.insert(prepared.id, prepared);
    }

    /// Keeps a rendered block; one that comes after its campaign has ended is of no use.
    pub(crate) fn keep(&mut self, key: BlockKey, block: Arc<Rendered>) {
        if self.campaigns.contains_key(&key.campaign) {
            self.blocks.insert(key, block);
        }
    }

    /// Has a block read and rendered on the pool.
    pub(crate) fn load(&mut self, key: BlockKey, log: &Log) {
        match self.campaigns.get(&key.campaign) {
            Some(prepared) => self.pool.render(key, Arc::clone(prepared)),
            None => {
                log.error("engine", format!("a block of the unknown campaign {} was asked for", key.campaign))
            }
        }
    }

    /// A block could not be read: it is tried again, since its people are not to be lost.
    pub(crate) fn failed(&mut self, now_us: u64, key: BlockKey, why: &str, log: &Log) {
        let BlockKey { campaign, block, .. } = key;
        log.error("engine", format!("block {block} of campaign {campaign} can't be loaded: {why}"));
        self.failed.push((now_us + RELOAD_US, key));
    }

    /// Tries blocks again that could not be read.
    pub(crate) fn handle_timeout(&mut self, now_us: u64, log: &Log) {
        while let Some((at_us, key)) = self.failed.first().copied()
            && at_us <= now_us
        {
            self.failed.remove(0);
            self.load(key, log);
        }
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        self.failed.first().map(|(at_us, _)| *at_us)
    }

    /// Drops a block.
    pub(crate) fn unload(&mut self, key: BlockKey) {
        self.blocks.remove(&key);
        if self.at_hand.as_ref().is_some_and(|at_hand| at_hand.key == key) {
            self.at_hand = None;
        }
        if self.mail_at_hand.as_ref().is_some_and(|at_hand| at_hand.key == key) {
            self.mail_at_hand = None;
        }
        self.let_go(key.campaign);
    }

    /// A campaign has ended: what is kept of it goes with its last block.
    pub(crate) fn ended(&mut self, campaign: CampaignId) {
        self.ended.insert(campaign);
        self.failed.retain(|(_, key)| key.campaign != campaign);
        self.let_go(campaign);
    }

    fn let_go(&mut self, campaign: CampaignId) {
        if self.ended.contains(&campaign) && !self.blocks.keys().any(|key| key.campaign == campaign) {
            self.ended.remove(&campaign);
            self.campaigns.remove(&campaign);
            self.templates.retain(|(of, _), _| *of != campaign);
        }
    }

    /// The part of a handout, and the template it goes out with.
    #[inline]
    pub(crate) fn sms(
        &mut self,
        handout: &Handout,
        config: &SmppConfig,
    ) -> Result<(&SubmitTemplate, Message<'_>), String> {
        let (key, gateway) = (handout.key, handout.gateway);
        if !self.at_hand.as_ref().is_some_and(|at_hand| at_hand.key == key && at_hand.gateway == gateway) {
            self.at_hand = Some(self.fetch(key, gateway, config)?);
        }
        let at_hand = self.at_hand.as_ref().expect("it was just set");
        let block = at_hand.block.sms().ok_or(OTHER_CHANNEL)?;
        let part = block.message(handout.index as usize, usize::from(handout.part));
        let message = Message {
            destination: part.destination,
            body: part.body,
            udhi: part.udhi,
            data_coding: part.data_coding,
        };
        Ok((&at_hand.template, message))
    }

    /// The letter of a handout, as it goes out through the relay of this name.
    #[inline]
    pub(crate) fn mail(&mut self, handout: &Handout, relay: &str) -> Result<Mail<'_>, String> {
        let (key, gateway) = (handout.key, handout.gateway);
        if !self.mail_at_hand.as_ref().is_some_and(|at_hand| at_hand.key == key && at_hand.gateway == gateway)
        {
            self.mail_at_hand = Some(self.fetch_mail(key, gateway, relay)?);
        }
        let at_hand = self.mail_at_hand.as_ref().expect("it was just set");
        let block = at_hand.block.email().ok_or(OTHER_CHANNEL)?;
        let index = handout.index as usize;
        Ok(Mail {
            to: block.address(index),
            ordinal: block.ordinal(index),
            kind: at_hand.kind,
            expires_at_ms: at_hand.expires_at_ms,
            letter: block.letter(index, at_hand.identity),
        })
    }

    fn fetch_mail(&self, key: BlockKey, gateway: GatewayId, relay: &str) -> Result<MailAtHand, String> {
        let block = Arc::clone(self.blocks.get(&key).ok_or(NOT_LOADED)?);
        let prepared = self.campaigns.get(&key.campaign).ok_or("an unknown campaign")?;
        let identity = prepared.mailing().and_then(|mailing| mailing.identity(relay));
        let identity = identity.ok_or("it was planned without this gateway, so it has no sender for it")?;
        let (kind, expires_at_ms) = (prepared.kind, prepared.expires_at_ms);
        Ok(MailAtHand { key, gateway, block, identity, kind, expires_at_ms })
    }

    fn fetch(&mut self, key: BlockKey, gateway: GatewayId, config: &SmppConfig) -> Result<AtHand, String> {
        let block = self.blocks.get(&key).ok_or(NOT_LOADED)?;
        let name = (key.campaign, gateway);
        let template = match self.templates.get(&name) {
            Some(template) => Arc::clone(template),
            None => {
                let prepared = self.campaigns.get(&key.campaign).ok_or("an unknown campaign")?;
                let template = Arc::new(prepared.template(config)?);
                self.templates.insert(name, Arc::clone(&template));
                template
            }
        };
        Ok(AtHand { key, gateway, block: Arc::clone(block), template })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::SmsBlock;
    use crate::campaign::Mailroom;
    use crate::inbox::Inbox;
    use bealert_core::model::{CampaignRow, CampaignState, Channel, Kind, Policy};

    #[test]
    fn an_ended_campaign_is_let_go_of_with_its_last_block() {
        let inbox = Arc::new(Inbox::default());
        let mut store = Store::new(Pool::start(Vec::new(), &inbox).unwrap());
        for id in [1, 2] {
            store.admit(Arc::new(Prepared::of(&row(id), &Mailroom::default()).unwrap()));
        }
        let key = |campaign, block| BlockKey { campaign: CampaignId(campaign), channel: Channel::Sms, block };
        for key in [key(1, 0), key(1, 1), key(2, 0)] {
            store.keep(key, rendered());
        }
        store.failed.push((5, key(1, 2)));
        store.ended(CampaignId(1));
        assert_eq!((store.timeout(), store.campaigns.len()), (None, 2));
        store.unload(key(1, 0));
        assert_eq!(store.campaigns.len(), 2);
        store.unload(key(1, 1));
        assert_eq!(store.campaigns.keys().collect::<Vec<_>>(), [&CampaignId(2)]);
        store.unload(key(2, 0));
        assert_eq!(store.campaigns.len(), 1, "it has not ended");
        store.ended(CampaignId(2));
        assert!(store.campaigns.is_empty() && store.ended.is_empty());
        store.keep(key(1, 0), rendered());
        assert!(store.blocks.is_empty(), "it was rendered too late");
    }

    fn rendered() -> Arc<Rendered> {
        Arc::new(Rendered::Sms(SmsBlock::default()))
    }

    fn row(id: u32) -> CampaignRow {
        CampaignRow {
            id: CampaignId(id),
            key: String::new(),
            hash: Default::default(),
            scenario: String::new(),
            kind: Kind::Warning,
            policy: Policy::Resend,
            by: String::new(),
            people: 1,
            state: CampaignState::Running,
            launched_at_ms: 0,
            expires_at_ms: 1,
            ended_at_ms: None,
            launched_seq: 0,
            routes: Vec::new(),
            frozen: r#"{"sms": {"texts": [["nl", "x"]], "senders": []}, "values": []}"#.into(),
        }
    }
}
