//! Whom bounces return to: the reverse-path of messages.

use bealert_core::dispatch::Handout;

use crate::config::SmtpConfig;
use crate::mail::{MailAddress, Mailbox, Token, Verp, judge};

/// The reverse-path of messages through a relay.
pub(crate) enum Returns {
    /// To the sender; nothing is learnt of them.
    Sender(String),
    /// To an address of each attempt's own (VERP).
    Own { base: MailAddress, verp: Verp },
}

impl Returns {
    /// As the relay is configured; `hash_key` is the ledger's.
    ///
    /// # Errors
    /// What of the configuration is no such address, in words.
    pub(crate) fn of(config: &SmtpConfig, hash_key: (u64, u64)) -> Result<Self, String> {
        match &config.bounces_to {
            Some(base) => {
                let base = judge(base).map_err(|problem| format!("bounces_to {base:?}: {problem}"))?;
                Verp::fits(&base).map_err(|problem| format!("bounces_to: {problem}"))?;
                Ok(Self::Own { base, verp: Verp::new(hash_key) })
            }
            None => {
                let sender = Mailbox::parse(&config.sender);
                let sender = sender.map_err(|problem| format!("sender {:?}: {problem}", config.sender))?;
                Ok(Self::Sender(sender.address().as_str().to_owned()))
            }
        }
    }

    /// The reverse-path of an attempt, written to `out` if need be, and the token in it.
    #[inline]
    pub(crate) fn path<'a>(
        &'a self,
        handout: &Handout,
        ordinal: u32,
        out: &'a mut String,
    ) -> (&'a str, Option<&'a str>) {
        match self {
            Self::Sender(address) => (address.as_str(), None),
            Self::Own { base, verp } => {
                let (campaign, attempt) = (handout.key.campaign.0, handout.attempt);
                verp.address(base, Token { campaign, ordinal, attempt }, out);
                let token = out.get(base.local().len() + 1..out.len() - base.domain().len() - 1);
                (out.as_str(), token)
            }
        }
    }
}
