//! Launching: a plan becomes a campaign, once per key, on the caller's thread but for the last step.

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use bealert_core::block::people;
use bealert_core::dispatch::Launch;
use bealert_core::model::{
    BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, CampaignState, Channel, EXCLUDED,
};

use crate::blocks::{Rendered, Shares};
use crate::campaign::Prepared;
use crate::clock::wall_ms;
use crate::engine::{Engine, SLICE, Waiter};
use crate::error::EngineError;
use crate::inbox::{Input, Launching};
use crate::plan::Plan;
use crate::pool::THREADS;
use crate::writer::Job;

/// A plan is launched within this time or made anew: people move, and so do routes.
const PLAN_AGE_MS: i64 = 24 * 3_600 * 1_000;

/// Longest transaction of a launch: alerts that are being sent wait behind it.
const TRANSACTION: Duration = Duration::from_millis(5);

/// Blocks in a transaction, at most.
const BLOCKS: usize = 32;

type Keys<'a> = MutexGuard<'a, std::collections::HashSet<String>>;

impl Engine {
    /// Makes a campaign of a plan, or finds the one that this key has. Durable when it returns, and
    /// safe to repeat.
    ///
    /// # Errors
    /// [`EngineError::KeyConflict`], [`EngineError::PlanStale`], [`EngineError::Ledger`], and what
    /// ends every call. After [`EngineError::Interrupted`] the same key tells what became of it.
    pub fn launch(
        &self,
        plan: &Plan,
        by: &str,
        key: &str,
        waiter: Waiter<'_>,
    ) -> Result<CampaignId, EngineError> {
        self.check_life()?;
        let _turn = self.turn(key, waiter)?;
        if let Some(row) = self.inner.view.read(|reader| Ok(reader.find(key)?))? {
            return if row.hash == plan.hash {
                Ok(row.id)
            } else {
                Err(EngineError::KeyConflict { key: key.to_owned(), id: row.id })
            };
        }
        self.fresh(plan, wall_ms())?;
        let mut row = row_of(plan, by, key, self.inner.clock.wall_ms(), self.inner.shared.last_seq());
        row.id = self.begin(&row, waiter)?;
        let written = self.write(plan, &row, waiter).and_then(|()| self.launching(plan, &row));
        let (answer, launching) = match written {
            Ok(both) => both,
            Err(error) => {
                self.abandon(row.id);
                return Err(error);
            }
        };
        self.tell(Input::Launch(launching))?;
        self.wait(&answer, waiter)
    }

    /// Waits until nobody else launches this key.
    fn turn(&self, key: &str, waiter: Waiter<'_>) -> Result<Turn<'_>, EngineError> {
        let mut keys = self.keys();
        while keys.contains(key) {
            let waited = self.inner.launched.wait_timeout(keys, SLICE);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            self.check_life()?;
            if !waiter() {
                return Err(EngineError::Interrupted);
            }
            keys = self.keys();
        }
        keys.insert(key.to_owned());
        Ok(Turn { engine: self, key: key.to_owned() })
    }

    fn keys(&self) -> Keys<'_> {
        self.inner.launching.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self, plan: &Plan, now_ms: i64) -> Result<(), EngineError> {
        let stale = if plan.gateways_fingerprint != self.inner.config.gateways_fingerprint() {
            "the gateways are not those the plan was made for"
        } else if now_ms.saturating_sub(plan.created_ms) > PLAN_AGE_MS {
            "the plan is older than 24 h"
        } else {
            return self.too_large(plan).map_or(Ok(()), |why| Err(EngineError::PlanStale(why)));
        };
        Err(EngineError::PlanStale(stale.to_owned()))
    }

    /// What no relay takes of a plan that was made before they were met, or by another process.
    fn too_large(&self, plan: &Plan) -> Option<String> {
        let octets = plan.channels.iter().map(|channel| channel.largest_octets).max()?;
        let relays = self.inner.config.gateways.iter().filter(|gateway| gateway.channel() == Channel::Email);
        let limits = relays.map(|relay| self.inner.mailroom.largest(relay.name()));
        let most = limits.collect::<Option<Vec<u64>>>()?.into_iter().max()?;
        (octets > most)
            .then(|| format!("its largest e-mail has {octets} octets, and no relay takes more than {most}"))
    }

    /// Gives the campaign its number. Nobody is left with one who did not wait for it.
    fn begin(&self, row: &CampaignRow, waiter: Waiter<'_>) -> Result<CampaignId, EngineError> {
        let (reply, answer) = sync_channel(1);
        if !self.inner.writer.push(Job::Begin(Box::new(row.clone()), reply)) {
            return Err(self.inner.shared.last_word());
        }
        let begun = self.wait(&answer, waiter);
        if begun.is_err()
            && let Ok(Ok(id)) = answer.try_recv()
        {
            self.abandon(id);
        }
        begun
    }

    /// Writes the blocks, in transactions that leave room for alerts that are being sent.
    fn write(&self, plan: &Plan, row: &CampaignRow, waiter: Waiter<'_>) -> Result<(), EngineError> {
        let (mut at, mut count) = (0, 1);
        while at < plan.blocks.len() {
            let end = (at + count).min(plan.blocks.len());
            let blocks = plan.blocks[at..end].iter().map(|block| numbered(block, row.id)).collect();
            let took = self.job(waiter, |reply| Job::Blocks(blocks, reply))?;
            at = end;
            if took > TRANSACTION {
                count = (count / 2).max(1);
            } else if took < TRANSACTION / 3 {
                count = (count * 2).min(BLOCKS);
            }
        }
        Ok(())
    }

    fn job<T>(
        &self,
        waiter: Waiter<'_>,
        job: impl FnOnce(crate::inbox::Reply<T>) -> Job,
    ) -> Result<T, EngineError> {
        let (reply, answer) = sync_channel(1);
        if !self.inner.writer.push(job(reply)) {
            return Err(self.inner.shared.last_word());
        }
        self.wait(&answer, waiter)
    }

    /// Frees the key of a launch that did not come to its end.
    fn abandon(&self, id: CampaignId) {
        let (reply, _) = sync_channel(1);
        self.inner.writer.push(Job::Abandon(id, reply));
    }

    /// What the loop gets, with the first block of each route rendered: the launch itself carries the
    /// first reservation.
    fn launching(&self, plan: &Plan, row: &CampaignRow) -> Result<(Answer, Box<Launching>), EngineError> {
        let damaged = |why: String| EngineError::Failed(format!("the plan can't be rendered: {why}"));
        let prepared = Arc::new(Prepared::of(row, &self.inner.mailroom).map_err(damaged)?);
        let (mut loaded, mut rendered) = (Vec::new(), Vec::new());
        for block in first_of_routes(&plan.blocks) {
            let key = keyed(block.meta, row.id).key;
            let row = numbered(block, row.id);
            let ready = Arc::new(rendered_now(Shares::of(Arc::clone(&prepared), row)).map_err(damaged)?);
            loaded.push((key, ready.entries(self.inner.hash)));
            rendered.push((key, ready));
        }
        let launch = Launch {
            row: row.clone(),
            blocks: plan.blocks.iter().map(|block| keyed(block.meta, row.id)).collect(),
            loaded,
            excluded: excluded(&plan.blocks).map_err(damaged)?,
        };
        let (reply, answer) = sync_channel(1);
        Ok((answer, Box::new(Launching { launch, prepared, rendered, reply })))
    }
}

/// Renders a block on the caller's thread, with others beside it where that is worth it: nothing leaves before.
fn rendered_now(shares: Shares) -> Result<Rendered, String> {
    thread::scope(|scope| {
        let helpers: Vec<_> =
            (1..shares.count().min(THREADS)).map(|_| scope.spawn(|| shares.work())).collect();
        let own = shares.work();
        let theirs = helpers.into_iter().filter_map(|helper| helper.join().ok().flatten());
        own.into_iter().chain(theirs).next().unwrap_or_else(|| Err("nobody has finished it".to_owned()))
    })
}

type Answer = std::sync::mpsc::Receiver<Result<CampaignId, EngineError>>;

/// The right to launch a key, until it is dropped.
struct Turn<'a> {
    engine: &'a Engine,
    key: String,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.engine.keys().remove(&self.key);
        self.engine.inner.launched.notify_all();
    }
}

/// The row of a plan, not launched yet.
pub(crate) fn row_of(plan: &Plan, by: &str, key: &str, now_ms: i64, last_seq: u64) -> CampaignRow {
    CampaignRow {
        id: CampaignId(0),
        key: key.to_owned(),
        hash: plan.hash.clone(),
        scenario: plan.scenario.clone(),
        kind: plan.kind,
        policy: plan.policy,
        by: by.to_owned(),
        people: plan.people,
        state: CampaignState::Launching,
        launched_at_ms: now_ms,
        expires_at_ms: now_ms.saturating_add(plan.expiry_ms),
        ended_at_ms: None,
        // What is durable now lies before everything the campaign will write.
        launched_seq: last_seq,
        routes: plan.routes.clone(),
        frozen: plan.frozen.clone(),
    }
}

fn keyed(meta: BlockMeta, campaign: CampaignId) -> BlockMeta {
    BlockMeta { key: BlockKey { campaign, ..meta.key }, ..meta }
}

fn numbered(block: &BlockRow, campaign: CampaignId) -> BlockRow {
    BlockRow { meta: keyed(block.meta, campaign), data: block.data.clone() }
}

fn first_of_routes(blocks: &[BlockRow]) -> impl Iterator<Item = &BlockRow> {
    let mut seen: Vec<(Channel, u16)> = Vec::new();
    blocks.iter().filter(move |block| {
        let route = (block.meta.key.channel, block.meta.route);
        let first = block.meta.route != EXCLUDED && !seen.contains(&route);
        seen.push(route);
        first
    })
}

fn excluded(blocks: &[BlockRow]) -> Result<Vec<(Channel, u32)>, String> {
    let mut excluded = Vec::new();
    for block in blocks.iter().filter(|block| block.meta.route == EXCLUDED) {
        let people = people(&block.data).map_err(|error| error.to_string())?;
        excluded.extend(people.iter().map(|person| (block.meta.key.channel, person.ordinal)));
    }
    Ok(excluded)
}
