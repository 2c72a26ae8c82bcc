//! What a relay offers, as `check` tells it and the log has it.

use std::fmt;

use bealert_wire::smtp::{Extensions, Mode, Ready};

use crate::session::tls::Secured;

/// What was found when a connection came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) extensions: Extensions,
    pub(crate) secured: Option<Secured>,
    pub(crate) authenticated: bool,
    pub(crate) mode: Mode,
}

impl Offer {
    pub(crate) fn of(ready: &Ready, secured: Option<Secured>) -> Self {
        let Ready { extensions, authenticated, mode, .. } = *ready;
        Self { extensions, secured, authenticated, mode }
    }

    /// The largest message it takes, where it says so (RFC 1870 §4: 0 is no limit).
    pub(crate) fn largest(&self) -> Option<u64> {
        self.extensions.size.filter(|size| *size > 0)
    }

    /// The extensions that are of use here, as they are called on the wire.
    pub(crate) fn names(&self) -> Vec<String> {
        let offered = &self.extensions;
        let plain = [
            (offered.pipelining, "PIPELINING"),
            (offered.eight_bit_mime, "8BITMIME"),
            (offered.smtp_utf8, "SMTPUTF8"),
            (offered.dsn, "DSN"),
            (offered.enhanced_status_codes, "ENHANCEDSTATUSCODES"),
            (offered.chunking, "CHUNKING"),
            (offered.mt_priority, "MT-PRIORITY"),
            (offered.deliver_by.is_some(), "DELIVERBY"),
        ];
        let mut names: Vec<String> =
            plain.into_iter().filter(|(there, _)| *there).map(|(_, name)| name.to_owned()).collect();
        names.extend(self.largest().map(|size| format!("SIZE {size}")));
        names.extend(offered.limits.mail_max.map(|most| format!("LIMITS MAILMAX={most}")));
        names.extend(offered.limits.rcpt_max.map(|most| format!("LIMITS RCPTMAX={most}")));
        names
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.secured {
            Some(secured) => write!(f, "{secured}")?,
            None => f.write_str("not encrypted")?,
        }
        f.write_str(if self.authenticated { ", logged in" } else { ", no login" })?;
        write!(f, ", {}", self.mode)?;
        match self.names() {
            names if names.is_empty() => f.write_str(", offers nothing of use"),
            names => write!(f, ", offers {}", names.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_told_in_one_line() {
        let mut extensions = Extensions::default();
        for line in ["PIPELINING", "SIZE 1000", "DSN", "LIMITS MAILMAX=20", "STARTTLS"] {
            extensions.read_line(line.as_bytes());
        }
        let offer = Offer { extensions, secured: None, authenticated: false, mode: Mode::Joined };
        let told = "not encrypted, no login, joined, offers PIPELINING DSN SIZE 1000 LIMITS MAILMAX=20";
        assert_eq!(offer.to_string(), told);
        extensions.read_line(b"SIZE 0");
        assert_eq!(Offer { extensions, ..offer }.largest(), None);
    }
}
