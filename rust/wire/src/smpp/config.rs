//! The settings of a session, and their limits.

use thiserror::Error;

use super::bind::{MAX_PASSWORD_CHARS, MAX_SYSTEM_ID_CHARS, MAX_SYSTEM_TYPE_CHARS, VERSION_3_4};
use super::command::BindMode;
use super::window::MAX_WINDOW;

/// The settings of an ESME session.
#[derive(Clone, PartialEq, Eq)]
pub struct EsmeConfig {
    /// The account.
    pub system_id: String,
    /// Its secret, at most 8 characters by the specification; never in any output of `Debug`.
    pub password: String,
    /// The kind of ESME, where the SMSC wants one.
    pub system_type: String,
    /// What the session may carry.
    pub bind: BindMode,
    /// The most unanswered requests, 1 to [`MAX_WINDOW`].
    pub window: u32,
    /// How long the SMSC may take to answer the bind.
    pub bind_timeout_us: u64,
    /// How long it may take to answer anything else. What is not answered then is uncertain.
    pub response_timeout_us: u64,
    /// Silence after which we ask whether the SMSC is there; 0 for never.
    pub enquire_interval_us: u64,
    /// How long a session with nothing to do but wait for late answers waits for them, from its last submit or
    /// time-out, before it ends so that they can be sent again.
    pub late_grace_us: u64,
    /// Type of number of the addresses served, for the bind.
    pub address_ton: u8,
    /// Numbering plan of the addresses served, for the bind.
    pub address_npi: u8,
    /// The addresses served, for the bind; mostly empty.
    pub address_range: String,
    /// The first sequence number: 1 (SMPP 3.4 §5.1.4), unless a test wants to see them wrap.
    pub first_sequence: u32,
}

impl Default for EsmeConfig {
    fn default() -> Self {
        Self {
            system_id: String::new(),
            password: String::new(),
            system_type: String::new(),
            bind: BindMode::Transceiver,
            window: 10,
            bind_timeout_us: 10_000_000,
            response_timeout_us: 60_000_000,
            enquire_interval_us: 30_000_000,
            late_grace_us: 5_000_000,
            address_ton: 0,
            address_npi: 0,
            address_range: String::new(),
            first_sequence: 1,
        }
    }
}

impl std::fmt::Debug for EsmeConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EsmeConfig")
            .field("system_id", &self.system_id)
            .field("bind", &self.bind)
            .field("window", &self.window)
            .field("response_timeout_us", &self.response_timeout_us)
            .finish_non_exhaustive()
    }
}

/// A setting that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ConfigProblem {
    /// A string is too long, or holds an octet that would end it.
    #[error("{name} must be at most {limit} ASCII characters")]
    Text {
        /// The setting.
        name: &'static str,
        /// Its limit.
        limit: usize,
    },
    /// The window is out of range.
    #[error("window must be 1 to {MAX_WINDOW}")]
    Window,
    /// A time that must be above zero.
    #[error("{name} must be above 0")]
    Zero {
        /// The setting.
        name: &'static str,
    },
}

impl EsmeConfig {
    /// Every setting that is out of range. A session made without asking works all the same: the window is
    /// clamped, and a string ends at its first NUL.
    pub fn problems(&self) -> Vec<ConfigProblem> {
        let texts = [
            ("system_id", &self.system_id, MAX_SYSTEM_ID_CHARS),
            ("password", &self.password, MAX_PASSWORD_CHARS),
            ("system_type", &self.system_type, MAX_SYSTEM_TYPE_CHARS),
        ];
        let times = [("bind_timeout", self.bind_timeout_us), ("response_timeout", self.response_timeout_us)];
        let bad_text = |text: &str, limit| text.len() > limit || !text.is_ascii() || text.contains('\0');
        let texts = texts.into_iter().filter(|(_, text, limit)| bad_text(text, *limit));
        let window = (!(1..=MAX_WINDOW).contains(&self.window)).then_some(ConfigProblem::Window);
        texts
            .map(|(name, _, limit)| ConfigProblem::Text { name, limit })
            .chain(window)
            .chain(times.into_iter().filter(|&(_, us)| us == 0).map(|(name, _)| ConfigProblem::Zero { name }))
            .collect()
    }
}

/// The settings of an SMSC session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmscConfig {
    /// The name it gives itself in bind responses.
    pub system_id: String,
    /// The version it names there; `None` to name none, as a 3.3 SMSC does.
    pub version: Option<u8>,
    /// The most unanswered deliver_sm, 1 to [`MAX_WINDOW`].
    pub window: u32,
    /// How long an ESME may take to bind (the session init timer, SMPP 3.4 §7.2).
    pub bind_timeout_us: u64,
    /// How long an ESME may take to answer.
    pub response_timeout_us: u64,
    /// Silence after which it asks whether the ESME is there; 0 for never.
    pub enquire_interval_us: u64,
    /// The first sequence number.
    pub first_sequence: u32,
}

impl Default for SmscConfig {
    fn default() -> Self {
        Self {
            system_id: "SMSC".into(),
            version: Some(VERSION_3_4),
            window: 1_000,
            bind_timeout_us: 10_000_000,
            response_timeout_us: 60_000_000,
            enquire_interval_us: 0,
            first_sequence: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_never_shown() {
        let config = EsmeConfig { password: "hunter2".into(), ..EsmeConfig::default() };
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let config = EsmeConfig {
            system_id: "x".repeat(16),
            password: "\0".into(),
            window: 0,
            response_timeout_us: 0,
            ..EsmeConfig::default()
        };
        let problems: Vec<String> = config.problems().iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert_eq!(problems[0], "system_id must be at most 15 ASCII characters");
        assert!(EsmeConfig::default().problems().is_empty());
    }
}
