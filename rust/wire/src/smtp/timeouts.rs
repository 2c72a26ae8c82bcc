//! How long a server may take, phase by phase (RFC 5321 §4.5.3.2).

const MINUTE_US: u64 = 60_000_000;

/// How long a client waits. The defaults are the least that RFC 5321 §4.5.3.2 wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the greeting (§4.5.3.2.1).
    pub greeting_us: u64,
    /// For the replies to EHLO, STARTTLS, AUTH and RSET; the standard names none.
    pub command_us: u64,
    /// For the reply to MAIL (§4.5.3.2.2).
    pub mail_us: u64,
    /// For the reply to RCPT (§4.5.3.2.3).
    pub rcpt_us: u64,
    /// For the reply to DATA (§4.5.3.2.4).
    pub data_us: u64,
    /// For the transport to take anything of what waits (§4.5.3.2.5).
    pub block_us: u64,
    /// For the reply to a whole message (§4.5.3.2.6): shorter, and messages that were taken are sent again.
    pub dot_us: u64,
    /// Without a message for so long we leave. Below the 5 minutes after which servers may (§4.5.3.2.7).
    pub idle_us: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            greeting_us: 5 * MINUTE_US,
            command_us: 5 * MINUTE_US,
            mail_us: 5 * MINUTE_US,
            rcpt_us: 5 * MINUTE_US,
            data_us: 2 * MINUTE_US,
            block_us: 3 * MINUTE_US,
            dot_us: 10 * MINUTE_US,
            idle_us: 4 * MINUTE_US,
        }
    }
}
