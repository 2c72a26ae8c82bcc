//! The settings of a simulated relay.

use bealert_wire::smtp::server::{Protocol, Quirks};
use bealert_wire::smtp::{Extensions, ServerConfig};

use super::faults::Faults;

/// What stays the same for a whole run.
#[derive(Clone)]
pub struct RelayConfig {
    /// Its name for itself, in greetings and reports.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// What it offers.
    pub extensions: Extensions,
    /// The one account it knows; `None` for any.
    pub user: Option<String>,
    /// The secret of every account; `None` for any.
    pub password: Option<String>,
    /// Whether it takes messages only from clients that proved who they are.
    pub auth_required: bool,
    /// Whether it lets them do so without TLS.
    pub auth_in_plain: bool,
    /// Whether it takes messages only under TLS.
    pub tls_required: bool,
    /// The most recipients of a message.
    pub max_recipients: u32,
    /// After how long without a command it hangs up.
    pub idle_timeout_us: u64,
    /// What its protocol does that it should not.
    pub quirks: Quirks,
    /// Decides what the shares of [`Faults`] hit.
    pub seed: u64,
    /// Whether what it takes is kept whole, for [`RelaySim::messages`](super::RelaySim::messages).
    pub keep_messages: bool,
    /// Whether reports are made of what became of messages. Its owner has to take them.
    pub reports: bool,
    /// The wall clock at time 0, in seconds since 1970 UTC: for the dates in reports.
    pub unix_origin_s: u64,
    /// How it behaves at the start.
    pub faults: Faults,
}

/// What a large relay offers, but STARTTLS, for which its owner has to have a certificate.
pub(super) fn usual_extensions() -> Extensions {
    Extensions {
        pipelining: true,
        size: Some(USUAL_SIZE_OCTETS),
        eight_bit_mime: true,
        smtp_utf8: true,
        dsn: true,
        enhanced_status_codes: true,
        chunking: true,
        ..Extensions::default()
    }
}

/// What Gmail takes.
const USUAL_SIZE_OCTETS: u64 = 35_882_577;

impl Default for RelayConfig {
    fn default() -> Self {
        let ServerConfig { protocol, max_recipients, idle_timeout_us, quirks, .. } = ServerConfig::default();
        Self {
            name: "relay.example".into(),
            protocol,
            extensions: usual_extensions(),
            user: None,
            password: None,
            auth_required: false,
            auth_in_plain: false,
            tls_required: false,
            max_recipients,
            idle_timeout_us,
            quirks,
            seed: 1,
            keep_messages: false,
            reports: false,
            // 2024-02-29 12:00 UTC: any day will do, and the same one each run
            unix_origin_s: 1_709_208_000,
            faults: Faults::default(),
        }
    }
}

impl RelayConfig {
    /// The settings of one session.
    pub(super) fn session(&self) -> ServerConfig {
        ServerConfig {
            name: self.name.clone(),
            protocol: self.protocol,
            extensions: self.extensions,
            auth_in_plain: self.auth_in_plain,
            auth_required: self.auth_required,
            tls_required: self.tls_required,
            max_recipients: self.max_recipients,
            idle_timeout_us: self.idle_timeout_us,
            quirks: self.quirks,
        }
    }
}

impl std::fmt::Debug for RelayConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelayConfig")
            .field("user", &self.user)
            .field("seed", &self.seed)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
