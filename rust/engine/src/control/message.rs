//! What is said over `control.sock`: a request with its body, and an answer, both as JSON.

use bealert_core::model::{CampaignId, CampaignState};
use serde::{Deserialize, Serialize};

use crate::error::EngineError;

/// What is to become of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CommandName {
    /// Hold it.
    Pause,
    /// Go on with it.
    Resume,
    /// End it.
    Cancel,
    /// Erase its personal data.
    Erase,
    /// Move it to its archive file.
    Archive,
}

impl CommandName {
    /// The command of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "pause" => Some(Self::Pause),
            "resume" => Some(Self::Resume),
            "cancel" => Some(Self::Cancel),
            "erase" => Some(Self::Erase),
            "archive" => Some(Self::Archive),
            _ => None,
        }
    }
}

/// A request. The body behind it is empty but for `launch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Request {
    /// Is somebody there?
    Ping,
    /// Launch the plan in the body.
    Launch { by: String, key: String },
    /// Do something with a campaign, named by id or key.
    Command { command: CommandName, campaign: String },
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Answer {
    /// Done, and durable. For `ping` the process that holds the directory, for `launch` the campaign.
    Ok(u32),
    /// Not done.
    Error(Refusal),
}

/// Why something is not done: what the caller would have got in the holder's own process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub(super) enum Refusal {
    PlanStale {
        message: String,
    },
    KeyConflict {
        key: String,
        id: u32,
    },
    Ledger {
        message: String,
    },
    UnknownCampaign {
        name: String,
    },
    CampaignEnded {
        id: u32,
        state: String,
    },
    CampaignRuns {
        id: u32,
        state: String,
    },
    Closed,
    Failed {
        message: String,
    },
    /// The request itself can't be taken.
    Request {
        message: String,
    },
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::PlanStale(message) => Self::PlanStale { message },
            EngineError::KeyConflict { key, id } => Self::KeyConflict { key, id: id.0 },
            EngineError::Ledger(message) => Self::Ledger { message },
            EngineError::UnknownCampaign(name) => Self::UnknownCampaign { name },
            EngineError::CampaignEnded { id, state } => {
                Self::CampaignEnded { id: id.0, state: state.to_owned() }
            }
            EngineError::CampaignRuns { id, state } => {
                Self::CampaignRuns { id: id.0, state: state.to_owned() }
            }
            // The holder gives up waiting only where it ends.
            EngineError::Closed | EngineError::Interrupted => Self::Closed,
            EngineError::Failed(message) => Self::Failed { message },
            other => Self::Request { message: other.to_string() },
        }
    }
}

impl Refusal {
    /// The error it stands for; the inner one is a request that the holder can't take.
    pub(super) fn error(self) -> Result<EngineError, String> {
        Ok(match self {
            Self::PlanStale { message } => EngineError::PlanStale(message),
            Self::KeyConflict { key, id } => EngineError::KeyConflict { key, id: CampaignId(id) },
            Self::Ledger { message } => EngineError::Ledger(message),
            Self::UnknownCampaign { name } => EngineError::UnknownCampaign(name),
            Self::CampaignEnded { id, state } => {
                EngineError::CampaignEnded { id: CampaignId(id), state: state_name(&state) }
            }
            Self::CampaignRuns { id, state } => {
                EngineError::CampaignRuns { id: CampaignId(id), state: state_name(&state) }
            }
            Self::Closed => EngineError::Closed,
            Self::Failed { message } => EngineError::Failed(message),
            Self::Request { message } => return Err(message),
        })
    }
}

fn state_name(name: &str) -> &'static str {
    let states = (0..=u8::MAX).map_while(CampaignState::from_u8);
    states.map(CampaignState::name).find(|known| *known == name).unwrap_or("ended")
}
