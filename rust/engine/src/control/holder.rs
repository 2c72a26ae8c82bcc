//! Who carries out what comes over `control.sock`.

use std::sync::Weak;

use bealert_core::model::CampaignId;

use super::message::CommandName;
use crate::engine::{Engine, Inner, Waiter};
use crate::error::EngineError;
use crate::plan::Plan;

/// What the server needs of an engine. Each call is durable when it returns.
pub(crate) trait Holder: Send + Sync {
    /// Launches a plan, or finds the campaign of this key.
    fn launch(&self, plan: &Plan, by: &str, key: &str, waiter: Waiter<'_>)
    -> Result<CampaignId, EngineError>;

    /// Does something with a campaign, named by id or key.
    fn command(&self, command: CommandName, campaign: &str, waiter: Waiter<'_>) -> Result<(), EngineError>;
}

/// An engine that the server does not keep open.
pub(crate) struct WeakEngine(pub(crate) Weak<Inner>);

impl WeakEngine {
    fn engine(&self) -> Result<Engine, EngineError> {
        self.0.upgrade().map(|inner| Engine { inner }).ok_or(EngineError::Closed)
    }
}

impl Holder for WeakEngine {
    fn launch(
        &self,
        plan: &Plan,
        by: &str,
        key: &str,
        waiter: Waiter<'_>,
    ) -> Result<CampaignId, EngineError> {
        self.engine()?.launch(plan, by, key, waiter)
    }

    fn command(&self, command: CommandName, campaign: &str, waiter: Waiter<'_>) -> Result<(), EngineError> {
        let engine = self.engine()?;
        let unknown = || EngineError::UnknownCampaign(campaign.to_owned());
        let id = engine.find(campaign)?.ok_or_else(unknown)?.id;
        match command {
            CommandName::Pause => engine.pause(id, waiter),
            CommandName::Resume => engine.resume(id, waiter),
            CommandName::Cancel => engine.cancel(id, waiter),
            CommandName::Erase => engine.erase(id, waiter),
            CommandName::Archive => engine.archive(id, waiter),
        }
    }
}
