//! The settings of a client session, and their limits.

use thiserror::Error;

use super::learnt::Learnt;
use super::mode::Mode;
use super::sasl::Credentials;
use super::timeouts::Timeouts;

/// The deepest window of BDAT: so many messages at most become uncertain at once, and each that is not answered costs a
/// connection less than half a KB.
pub const MAX_BDAT_WINDOW: u16 = 256;

/// The settings of a client session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConfig {
    /// Our own name, a domain or an address in brackets (RFC 5321 §4.1.1.1).
    pub ehlo_name: String,
    /// Whether the connection is encrypted.
    pub tls: TlsMode,
    /// The account; told inside TLS only.
    pub auth: Option<Credentials>,
    /// The highest rung allowed.
    pub mode: Mode,
    /// The most messages unanswered with BDAT, 1 to [`MAX_BDAT_WINDOW`].
    pub window: u16,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// The most messages on one connection.
    pub messages_per_connection: Option<u32>,
    /// How old a connection gets before another takes its place.
    pub connection_age_us: Option<u64>,
    /// What earlier connections have taught.
    pub learnt: Learnt,
}

/// Whether a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// Never.
    None,
    /// Where the server offers it: keeps off those who listen, not those who interfere (RFC 7435).
    Opportunistic,
    /// By STARTTLS, or not at all.
    #[default]
    Required,
    /// From the first octet (RFC 8314 §3.3).
    Implicit,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            ehlo_name: "localhost".into(),
            tls: TlsMode::Required,
            auth: None,
            mode: Mode::Joined,
            window: 16,
            timeouts: Timeouts::default(),
            messages_per_connection: None,
            connection_age_us: None,
            learnt: Learnt::default(),
        }
    }
}

/// A setting that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ConfigProblem {
    /// The name is no domain and no address in brackets.
    #[error("ehlo_name must be a domain or an address in brackets, of at most 255 ASCII characters")]
    EhloName,
    /// The window is out of range.
    #[error("window must be 1 to {MAX_BDAT_WINDOW}")]
    Window,
    /// A number that must be above zero.
    #[error("{name} must be above 0")]
    Zero {
        /// The setting.
        name: &'static str,
    },
    /// An account, and no TLS to tell it in (RFC 4954 §4).
    #[error("an account is only told inside TLS, and tls is none")]
    AuthWithoutTls,
}

impl ClientConfig {
    /// Every setting that is out of range. A session made without asking works all the same: the window is
    /// clamped, and a name that cannot be is `localhost`.
    pub fn problems(&self) -> Vec<ConfigProblem> {
        let times = [
            ("greeting_timeout", self.timeouts.greeting_us),
            ("command_timeout", self.timeouts.command_us),
            ("mail_timeout", self.timeouts.mail_us),
            ("rcpt_timeout", self.timeouts.rcpt_us),
            ("data_timeout", self.timeouts.data_us),
            ("block_timeout", self.timeouts.block_us),
            ("dot_timeout", self.timeouts.dot_us),
            ("idle_timeout", self.timeouts.idle_us),
            ("connection_age", self.connection_age_us.unwrap_or(1)),
            ("messages_per_connection", self.messages_per_connection.map_or(1, u64::from)),
        ];
        let name = (!is_ehlo_name(&self.ehlo_name)).then_some(ConfigProblem::EhloName);
        let window = (!(1..=MAX_BDAT_WINDOW).contains(&self.window)).then_some(ConfigProblem::Window);
        let auth =
            (self.auth.is_some() && self.tls == TlsMode::None).then_some(ConfigProblem::AuthWithoutTls);
        name.into_iter()
            .chain(window)
            .chain(auth)
            .chain(times.into_iter().filter(|&(_, us)| us == 0).map(|(name, _)| ConfigProblem::Zero { name }))
            .collect()
    }

    pub(crate) fn name(&self) -> &str {
        if is_ehlo_name(&self.ehlo_name) { &self.ehlo_name } else { "localhost" }
    }
}

/// A domain, or an address in brackets; nothing that could end the command.
fn is_ehlo_name(name: &str) -> bool {
    let domain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._".contains(&octet);
    let literal = |octet: u8| octet.is_ascii_alphanumeric() || b":.".contains(&octet);
    let inside = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let fits = match inside {
        Some(address) => !address.is_empty() && address.bytes().all(literal),
        None => !name.is_empty() && name.bytes().all(domain),
    };
    fits && name.len() <= 255
}
