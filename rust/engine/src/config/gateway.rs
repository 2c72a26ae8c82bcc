//! What is configured of a gateway.

use bealert_core::dispatch::GatewaySpec;
use bealert_core::model::{Channel, GatewayId};
use serde::Deserialize;

use super::smpp::SmppConfig;
use super::smtp::SmtpConfig;

/// A far end, by its protocol.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum GatewayConfig {
    /// An SMSC account over SMPP 3.4.
    Smpp(SmppConfig),
    /// A mail relay over SMTP.
    Smtp(SmtpConfig),
}

impl GatewayConfig {
    /// Its name in configuration, reports and metrics.
    pub fn name(&self) -> &str {
        match self {
            Self::Smpp(smpp) => &smpp.name,
            Self::Smtp(smtp) => &smtp.name,
        }
    }

    /// The channel it serves.
    pub fn channel(&self) -> Channel {
        match self {
            Self::Smpp(_) => Channel::Sms,
            Self::Smtp(_) => Channel::Email,
        }
    }

    /// Number prefixes it takes, without `+`; the empty one takes everything.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        let everything = matches!(self, Self::Smtp(_)).then_some("");
        let prefixes = match self {
            Self::Smpp(smpp) => smpp.prefixes.as_slice(),
            Self::Smtp(_) => &[],
        };
        prefixes.iter().map(|prefix| prefix.strip_prefix('+').unwrap_or(prefix)).chain(everything)
    }

    /// Lower is preferred among equally long prefixes.
    pub fn priority(&self) -> i32 {
        match self {
            Self::Smpp(smpp) => smpp.priority,
            Self::Smtp(smtp) => smtp.priority,
        }
    }

    /// Its share of the people among gateways that are preferred equally; 0 takes turns with nobody.
    pub fn weight(&self) -> u32 {
        match self {
            Self::Smpp(_) => 0,
            Self::Smtp(smtp) => smtp.weight,
        }
    }

    /// Domains of recipients for which it has a limit, with the units per second of each.
    pub fn domains(&self) -> &[(String, f64)] {
        match self {
            Self::Smpp(_) => &[],
            Self::Smtp(smtp) => &smtp.domains,
        }
    }

    /// Units (parts, messages) per second, where the account has a limit.
    pub fn units_per_second(&self) -> Option<f64> {
        match self {
            Self::Smpp(smpp) => smpp.parts_per_second,
            Self::Smtp(smtp) => smtp.messages_per_second,
        }
    }

    /// What the dispatcher must know of it, under its number in the ledger.
    pub(crate) fn spec(&self, id: GatewayId) -> GatewaySpec {
        let (receipts, receipt_wait_ms, retry) = match self {
            Self::Smpp(smpp) => (smpp.receipts, smpp.receipt_wait_ms, smpp.retry),
            Self::Smtp(smtp) => (smtp.receipts, smtp.receipt_wait_ms, smtp.retry),
        };
        GatewaySpec {
            id,
            name: self.name().to_owned(),
            channel: self.channel(),
            units_per_second: self.units_per_second(),
            domains: self.domains().to_vec(),
            receipts,
            receipt_wait_us: receipt_wait_ms.saturating_mul(1_000),
            retry: retry.into(),
        }
    }

    /// What of it decides how a plan goes out.
    pub(super) fn fingerprint(&self) -> String {
        match self {
            Self::Smpp(smpp) => smpp.fingerprint(),
            Self::Smtp(smtp) => smtp.fingerprint(),
        }
    }

    /// What the recipient sees as sender.
    pub fn sender(&self) -> &str {
        match self {
            Self::Smpp(smpp) => &smpp.sender,
            Self::Smtp(smtp) => &smtp.sender,
        }
    }
}
