//! When what was refused for now is tried again.

use bealert_core::retry::RetryRules;
use serde::Deserialize;

/// How often and when to try again.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryConfig {
    /// Attempts in all, the first included; without it until the message expires.
    #[serde(default)]
    pub attempts: Option<u8>,
    /// Wait before the second.
    pub first_ms: u64,
    /// Longest wait.
    pub max_ms: u64,
}

impl Default for RetryConfig {
    fn default() -> Self {
        let rules = RetryRules::default();
        Self { attempts: rules.attempts, first_ms: rules.first_us / 1_000, max_ms: rules.max_us / 1_000 }
    }
}

impl From<RetryConfig> for RetryRules {
    fn from(config: RetryConfig) -> Self {
        Self {
            attempts: config.attempts,
            first_us: config.first_ms.saturating_mul(1_000),
            max_us: config.max_ms.saturating_mul(1_000),
        }
    }
}
