//! How far a client runs ahead of the replies: the rungs of a ladder.

/// A way of speaking, the next one always with fewer waits per message than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Mode {
    /// Each command waits for the reply to the one before: four waits.
    Lockstep,
    /// MAIL, RCPT and DATA in one write (RFC 2920 §3.1): two waits.
    Pipelined,
    /// A body and the commands of the next message in one write (RFC 2920 §3.1): one wait.
    #[default]
    Joined,
    /// Commands and bodies without waiting (RFC 3030), [`ClientConfig::window`](super::ClientConfig::window)
    /// messages deep: less than one wait. A server that does not discard a chunk it refuses would take text for
    /// commands, so it is used only where asked for.
    Bdat,
}

impl Mode {
    /// As configurations name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lockstep => "lockstep",
            Self::Pipelined => "pipelined",
            Self::Joined => "joined",
            Self::Bdat => "bdat",
        }
    }

    /// The rung below.
    pub fn below(self) -> Self {
        match self {
            Self::Lockstep | Self::Pipelined => Self::Lockstep,
            Self::Joined => Self::Pipelined,
            Self::Bdat => Self::Joined,
        }
    }
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}
