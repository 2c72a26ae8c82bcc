//! A running campaign as the loop and the pool need it: what it froze, ready to be used.

mod mailroom;

use bealert_core::model::{CampaignId, CampaignRow, GatewayId, Kind};
use bealert_wire::smpp::{Address, SubmitOptions, SubmitTemplate, Time};

use crate::config::SmppConfig;
use crate::plan::Frozen;

pub(crate) use mailroom::{Mailing, Mailroom};

/// A campaign whose templates are compiled.
pub(crate) struct Prepared {
    pub(crate) id: CampaignId,
    pub(crate) frozen: Frozen,
    mailing: Option<Mailing>,
    pub(crate) kind: Kind,
    pub(crate) expires_at_ms: i64,
}

impl Prepared {
    /// Compiles what the campaign froze at launch, for a process that sends with `room`.
    ///
    /// # Errors
    /// Where the ledger's text is none that this version writes.
    pub(crate) fn of(row: &CampaignRow, room: &Mailroom) -> Result<Self, String> {
        let mut frozen = Frozen::from_json(&row.frozen).map_err(|error| error.to_string())?;
        let mailing = frozen.take_email().map(|email| Mailing::of(&email, row, room)).transpose()?;
        Ok(Self { id: row.id, frozen, mailing, kind: row.kind, expires_at_ms: row.expires_at_ms })
    }

    /// Its letters.
    pub(crate) fn mailing(&self) -> Option<&Mailing> {
        self.mailing.as_ref()
    }

    /// The reference of this campaign's long messages: the same whenever a part is sent again.
    pub(crate) fn reference(&self) -> u8 {
        self.id.0 as u8
    }

    /// What all its messages through a gateway have in common.
    ///
    /// # Errors
    /// Where the sender can't stand in SMPP; planning refuses such a one, a later configuration may
    /// bring it in.
    pub(crate) fn template(&self, config: &SmppConfig) -> Result<SubmitTemplate, String> {
        let frozen = self.frozen.sms().and_then(|sms| sms.sender(&config.name));
        let sender = frozen.unwrap_or(&config.sender);
        let source = Address::sender(sender).map_err(|error| format!("sender {sender:?}: {error}"))?;
        let mut options = SubmitOptions::new(source);
        options.receipts = config.receipts;
        options.validity = self.validity(config);
        SubmitTemplate::new(&options).map_err(|error| error.to_string())
    }

    /// Until when the far end may try. A time that SMPP can't write is left to the far end.
    fn validity(&self, config: &SmppConfig) -> Option<Time> {
        let until_s = u64::try_from(self.expires_at_ms).ok()? / 1_000;
        let until = Time::Absolute(until_s);
        (config.validity && until.to_text().is_ok()).then_some(until)
    }
}

/// Which template of which campaign.
pub(crate) type TemplateKey = (CampaignId, GatewayId);
