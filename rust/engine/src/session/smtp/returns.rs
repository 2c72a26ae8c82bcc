//! Whom bounces return to: the reverse-path of messages.

use bealert_core::dispatch::Handout;

use crate::config::SmtpConfig;
use crate::mail::{MailAddress, Mailbox, Token, Verp, judge};

/// The reverse-path of messages through a relay.
pub(crate) enum Returns {
    /// To the sender; nothing is learnt of them.
    Sender(String),
    /// To an address of each message's own (VERP).
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

    /// The reverse-path of a message, written to `out` if need be: the same on every try. Beside it the envelope's id,
    /// which names the attempt (RFC 3461 §4.4) and comes back in reports of relays that know it.
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
                let token = Token { campaign, ordinal, attempt };
                verp.return_path(base, token, out);
                let end = out.len();
                verp.append(token, out);
                let (path, envid) = out.split_at(end);
                (path, Some(envid))
            }
        }
    }
}
