//! Going on without encryption where that was only ever wanted if it can be had.

use bealert_wire::smtp::{ClientConfig, TlsMode};

/// For how long connections do without TLS after it has failed. Long enough that a relay whose TLS is broken costs an
/// alert nothing, short enough that one that was put right is encrypted to before the alert is over.
const WITHOUT_US: u64 = 600_000_000;

/// Whether a relay's TLS was found not to work (RFC 7435 §3: what can't be encrypted is sent all the same).
#[derive(Debug, Default)]
pub(super) struct InPlain {
    until_us: u64,
    why: String,
}

impl InPlain {
    /// Whether a session may go on without TLS that failed: never where it is required, and never with an account,
    /// which is told inside TLS or not at all (RFC 4954 §4).
    pub(super) fn is_allowed(client: &ClientConfig) -> bool {
        client.tls == TlsMode::Opportunistic && client.auth.is_none()
    }

    /// TLS has failed. Gives whether that is news.
    pub(super) fn failed(&mut self, now_us: u64, why: &str) -> bool {
        self.until_us = now_us + WITHOUT_US;
        let news = self.why != why;
        why.clone_into(&mut self.why);
        news
    }

    /// TLS works: if it fails again, that is news.
    pub(super) fn works(&mut self) {
        *self = Self::default();
    }

    /// With what the next connection is encrypted, if `wanted` is.
    pub(super) fn mode(&self, now_us: u64, wanted: TlsMode) -> TlsMode {
        if now_us < self.until_us { TlsMode::None } else { wanted }
    }
}

#[cfg(test)]
mod tests {
    use bealert_wire::smtp::{Credentials, Mechanism, Secret};

    use super::*;

    #[test]
    fn tls_is_tried_again_after_a_while_and_told_of_once() {
        let (mut plain, wanted) = (InPlain::default(), TlsMode::Opportunistic);
        assert_eq!(plain.mode(1, wanted), wanted);
        assert!(plain.failed(1, "no common version"));
        assert_eq!(plain.mode(2, wanted), TlsMode::None);
        assert_eq!(plain.mode(1 + WITHOUT_US, wanted), wanted);
        assert!(!plain.failed(1 + WITHOUT_US, "no common version"), "as before");
        assert_eq!(plain.mode(2 + WITHOUT_US, wanted), TlsMode::None);
        assert!(plain.failed(3 + WITHOUT_US, "no TLS within 30 s"), "for another reason");
        plain.works();
        assert_eq!(plain.mode(4 + WITHOUT_US, wanted), wanted);
        assert!(plain.failed(5 + WITHOUT_US, "no TLS within 30 s"), "anew");
    }

    #[test]
    fn never_where_it_is_required_and_never_with_a_password() {
        let with = |tls, account: bool| {
            let secret = Secret::Password("secret".into());
            let auth = Credentials { user: "bealert".into(), secret, mechanism: Mechanism::Auto };
            ClientConfig { tls, auth: account.then_some(auth), ..ClientConfig::default() }
        };
        assert!(InPlain::is_allowed(&with(TlsMode::Opportunistic, false)));
        assert!(!InPlain::is_allowed(&with(TlsMode::Opportunistic, true)));
        assert!(!InPlain::is_allowed(&with(TlsMode::Required, false)));
        assert!(!InPlain::is_allowed(&with(TlsMode::Implicit, false)));
    }
}
