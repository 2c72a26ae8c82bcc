//! Why a call of the engine does not do what it was asked; each says what to do next.

use bealert_core::ledger::{CommitError, LedgerError};
use bealert_core::model::CampaignId;
use thiserror::Error;

/// What goes wrong between a caller and the engine.
#[derive(Debug, Clone, Error)]
pub enum EngineError {
    /// The configuration can't be used: a problem a line.
    #[error("{0}")]
    Config(String),
    /// The plan was made for other gateways, too long ago, or before it was known what relays take.
    #[error("{0}; make a new plan and launch that")]
    PlanStale(String),
    /// The key belongs to a campaign with other content.
    #[error("the key {key:?} belongs to campaign {id}, whose content differs; use another key")]
    KeyConflict {
        /// The launch key.
        key: String,
        /// The campaign that has it.
        id: CampaignId,
    },
    /// Another process (or another engine of this one) holds the directory.
    #[error("{}", held(*.pid))]
    Held {
        /// Its process id, 0 if unknown.
        pid: u32,
    },
    /// The ledger can't be opened, read or written.
    #[error("{0}")]
    Ledger(String),
    /// The journal does not reach back (or forward) to where the reader wants to go on.
    #[error("the journal has no entry {after}, its last is {last}; read on without `after`")]
    EventsGone {
        /// Where the reader wanted to go on.
        after: u64,
        /// The newest entry there is.
        last: u64,
    },
    /// No campaign of that id or key.
    #[error("no campaign {0:?}; `campaigns` lists them")]
    UnknownCampaign(String),
    /// The campaign has ended, so there is nothing to pause, resume or cancel.
    #[error("campaign {id} has ended ({state})")]
    CampaignEnded {
        /// Which.
        id: CampaignId,
        /// How.
        state: &'static str,
    },
    /// The campaign has not ended, so it can't be let go of.
    #[error("campaign {id} has not ended ({state}); cancel it, or wait for its end")]
    CampaignRuns {
        /// Which.
        id: CampaignId,
        /// Where it stands.
        state: &'static str,
    },
    /// The engine was closed.
    #[error("the engine is closed; open another one")]
    Closed,
    /// A thread of the engine panicked; what was committed is safe.
    #[error("the engine failed: {0}; open it again, it goes on where it was")]
    Failed(String),
    /// This process was forked from the one that opened the engine.
    #[error("this process was forked after the engine was opened; open one here, after the fork")]
    Forked,
    /// The caller gave up waiting. What was commanded still happens.
    #[error("interrupted")]
    Interrupted,
}

impl From<LedgerError> for EngineError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Held { pid } => Self::Held { pid },
            other => Self::Ledger(other.to_string()),
        }
    }
}

impl From<CommitError> for EngineError {
    fn from(error: CommitError) -> Self {
        Self::Ledger(format!("the ledger could not be written, {error}; try again"))
    }
}

fn held(pid: u32) -> String {
    match pid {
        own if own == std::process::id() => {
            "the directory is held by another engine of this process; use that one, or close it first"
                .to_owned()
        }
        0 => "the directory is held by another process; stop it, or hand it the work".to_owned(),
        pid => format!("the directory is held by process {pid}; stop it, or hand it the work"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_we_hold_ourselves_is_told_apart() {
        let said = |pid| EngineError::Held { pid }.to_string();
        assert!(said(std::process::id()).contains("another engine of this process"));
        assert!(said(1).contains("process 1;"));
        assert!(!said(0).contains('0'));
    }
}
