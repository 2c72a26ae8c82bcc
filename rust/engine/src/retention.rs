//! Letting ended campaigns go: by command, and by age.

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use bealert_core::block::without_personal;
use bealert_core::ledger::{LedgerReader, Retain};
use bealert_core::model::{CampaignId, CampaignRow};

use crate::engine::{Engine, Inner, Waiter};
use crate::error::EngineError;
use crate::inbox::{Command, Input};
use crate::ledger::archive;
use crate::shared::Shared;
use crate::view::campaign;
use crate::writer::Job;

/// How often campaigns are looked for that have become too old.
const EVERY: Duration = Duration::from_secs(3_600);

/// Tries at emptying the log, a while apart, before a reader that is in the way is left alone: what was
/// overwritten leaves the log with its next start then.
const SCRUBS: u32 = 20;

impl Engine {
    /// Erases the personal data of a campaign that has ended: addresses, names, languages as given and
    /// template values. Ids, states and counts stay. Durable when it returns, and nothing of it is left
    /// in the files. Late receipts correct the campaign no more. Doing it again does no harm.
    ///
    /// # Errors
    /// [`EngineError::CampaignRuns`] where it has not ended, [`EngineError::UnknownCampaign`],
    /// [`EngineError::Ledger`], and what ends every call.
    pub fn erase(&self, id: CampaignId, waiter: Waiter<'_>) -> Result<(), EngineError> {
        let row = self.retire(id, waiter)?;
        let Some(directory) = &self.inner.directory else {
            return Err(EngineError::Ledger(
                "a ledger in memory is gone at its end; close the engine".into(),
            ));
        };
        let read = |reader: &mut dyn LedgerReader| Ok(reader.archived(id)?);
        if self.inner.view.read(read)?.is_some() {
            archive::erase(directory, id)?;
        } else {
            archive::remove_unnamed(directory, id)?;
            self.erase_blocks(id, waiter)?;
        }
        let at_ms = self.inner.clock.wall_ms();
        self.step(Retain::Erased { campaign: id, at_ms }, waiter)?;
        self.inner.view.forget_names();
        for _ in 0..SCRUBS {
            if !self.step(Retain::Scrub, waiter)? {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        self.inner.shared.log.info("ledger", format!("the personal data of campaign {} is erased", row.id));
        Ok(())
    }

    /// Moves a campaign that has ended to an archive file of its own. Everything still finds and reads
    /// it; late receipts correct it no more. Durable when it returns. Doing it again does no harm.
    ///
    /// # Errors
    /// As [`Engine::erase`].
    pub fn archive(&self, id: CampaignId, waiter: Waiter<'_>) -> Result<(), EngineError> {
        let row = self.retire(id, waiter)?;
        let Some(directory) = &self.inner.directory else {
            return Err(EngineError::Ledger(
                "a ledger in memory has no archive; give the engine a directory".into(),
            ));
        };
        let (last, archived) = self.inner.view.read(|reader| Ok((reader.last()?.0, reader.archived(id)?)))?;
        if archived.is_none() {
            let archived = archive::copy(directory, &row, last)?;
            self.step(Retain::Archived(archived), waiter)?;
        }
        self.step(Retain::Clear(id), waiter)?;
        self.inner.shared.log.info("ledger", format!("campaign {id} is archived"));
        Ok(())
    }

    /// The loop lets go of the campaign, and everything of it is committed.
    fn retire(&self, id: CampaignId, waiter: Waiter<'_>) -> Result<CampaignRow, EngineError> {
        self.check_life()?;
        let row = self.inner.view.read(|reader| campaign(reader, id))?;
        if !row.state.ended() {
            return Err(EngineError::CampaignRuns { id, state: row.state.name() });
        }
        let (reply, answer) = sync_channel(1);
        self.tell(Input::Command { id, what: Command::Retire, reply })?;
        self.wait(&answer, waiter)?;
        self.inner.view.read(|reader| campaign(reader, id))
    }

    fn erase_blocks(&self, id: CampaignId, waiter: Waiter<'_>) -> Result<(), EngineError> {
        let blocks = self.inner.view.read(|reader| Ok(reader.blocks(id)?))?;
        for meta in blocks {
            let read = self.inner.view.read(|reader| Ok(reader.block(meta.key)?))?;
            let Some(block) = read else { continue };
            let damaged = |error: bealert_core::block::BlockError| EngineError::Ledger(error.to_string());
            let data = without_personal(&block.data).map_err(damaged)?;
            if data != block.data {
                self.step(Retain::People { key: meta.key, data }, waiter)?;
            }
            if !waiter() {
                return Err(EngineError::Interrupted);
            }
        }
        Ok(())
    }

    /// Gives whether the step is to be given again.
    fn step(&self, step: Retain, waiter: Waiter<'_>) -> Result<bool, EngineError> {
        let (reply, answer) = sync_channel(1);
        if !self.inner.writer.push(Job::Retain(step, reply)) {
            return Err(self.inner.shared.last_word());
        }
        self.wait(&answer, waiter)
    }
}

/// Erases and archives what has become too old, at once and every hour, on a thread of its own.
pub(crate) fn keep(inner: &Arc<Inner>) -> Result<(), EngineError> {
    let (weak, shared) = (Arc::downgrade(inner), Arc::clone(&inner.shared));
    let body = move || {
        while let Some(inner) = weak.upgrade() {
            round(&Engine { inner }, &weak, &shared);
            if shared.wait_end(EVERY) {
                return;
            }
        }
    };
    let spawned = thread::Builder::new().name("bealert-keeper".into()).spawn(body);
    spawned.map(drop).map_err(|error| EngineError::Failed(format!("no thread for retention: {error}")))
}

fn round(engine: &Engine, weak: &Weak<Inner>, shared: &Shared) {
    let work = || -> Result<(), EngineError> {
        let config = &engine.inner.config;
        let now_ms = engine.inner.clock.wall_ms();
        let old = |row: &CampaignRow, after_ms: Option<i64>| {
            let ended_at_ms = row.ended_at_ms.filter(|_| row.state.ended());
            ended_at_ms
                .zip(after_ms)
                .is_some_and(|(at_ms, after_ms)| now_ms.saturating_sub(at_ms) >= after_ms)
        };
        // Where the host has let go of the engine, it is to end, and not to be kept by this.
        let mut goes_on = || weak.strong_count() > 1;
        for row in engine.campaigns()? {
            let look = |reader: &mut dyn LedgerReader| Ok((reader.erased(row.id)?, reader.archived(row.id)?));
            let (erased, archived) = engine.inner.view.read(look)?;
            if old(&row, config.erase_after_ms) && erased.is_none() {
                engine.erase(row.id, &mut goes_on)?;
            }
            if old(&row, config.archive_after_ms) && archived.is_none() {
                engine.archive(row.id, &mut goes_on)?;
            }
        }
        Ok(())
    };
    match work() {
        Ok(()) | Err(EngineError::Closed | EngineError::Interrupted | EngineError::Forked) => {}
        Err(error) => shared.log.error("ledger", format!("old campaigns could not be let go of: {error}")),
    }
}
