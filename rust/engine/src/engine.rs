//! The engine as a host holds it: opened, commanded, watched, closed.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bealert_core::dispatch::{AddressHash, Progress};
use bealert_core::ledger::Ledger;
use bealert_core::model::{CampaignId, CampaignRow};

use crate::campaign::Mailroom;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::EngineError;
use crate::events::{Bell, Subscription, Watch};
use crate::fork::Descriptors;
use crate::inbox::{Command, Inbox, Input};
use crate::log::LogRecord;
use crate::metrics::{self, Readings};
use crate::plan::{PlanRefused, Planner};
use crate::report::Report;
use crate::shared::Shared;
use crate::view::EngineView;
use crate::wake::Topic;
use crate::writer::{Job, Writer};

/// Called at least every 50 ms while a call blocks; `false` makes it give up with
/// [`EngineError::Interrupted`]. What was commanded still happens.
pub type Waiter<'a> = &'a mut dyn FnMut() -> bool;

/// How often a blocked call asks its [`Waiter`].
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// How long `close` lets sessions drain: longer than a far end takes to answer when it answers at all.
const DRAIN_US: u64 = 10_000_000;

/// How long an engine that is dropped without `close` lets them.
const DROP_DRAIN_US: u64 = 1_000_000;

/// How long dropping waits for the directory to be free.
const DROP_WAIT: Duration = Duration::from_secs(5);

/// How long the loop may take to say how the gateways stand.
const READING_WAIT: Duration = Duration::from_secs(2);

/// A running engine. Clones are the same engine; the last one to be dropped closes it.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: Config,
    /// The loop's: what is launched counts on the clock it is expired by.
    pub(crate) clock: Clock,
    pub(crate) shared: Arc<Shared>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) writer: Arc<Writer>,
    pub(crate) descriptors: Arc<Descriptors>,
    pub(crate) view: EngineView,
    pub(crate) hash: AddressHash,
    /// What letters are sent with.
    pub(crate) mailroom: Arc<Mailroom>,
    /// The directory of the ledger, if it is in one.
    pub(crate) directory: Option<PathBuf>,
    /// Keys that are being launched: a second launch of one waits for the first.
    pub(crate) launching: Mutex<HashSet<String>>,
    pub(crate) launched: Condvar,
}

impl Engine {
    /// Opens the ledger, takes up the campaigns that were running, and connects to the gateways in
    /// the background.
    ///
    /// # Errors
    /// [`EngineError::Config`], [`EngineError::Held`], [`EngineError::Ledger`].
    pub fn open(config: Config) -> Result<Self, EngineError> {
        crate::open::open(config)
    }

    /// Opens an engine on a ledger of the caller's, for tests: it may be one that fails.
    ///
    /// # Errors
    /// As [`Engine::open`].
    #[doc(hidden)]
    pub fn open_on(config: Config, ledger: Box<dyn Ledger>) -> Result<Self, EngineError> {
        crate::open::open_on(config, ledger, Clock::start())
    }

    /// The same with a wall clock that shows `wall_ms` at open, for tests.
    ///
    /// # Errors
    /// As [`Engine::open`].
    #[doc(hidden)]
    pub fn open_at(config: Config, ledger: Box<dyn Ledger>, wall_ms: i64) -> Result<Self, EngineError> {
        crate::open::open_on(config, ledger, Clock::start_at(wall_ms))
    }

    /// Begins a plan. It has no side effects, and runs on the caller's thread. What relays take is known to it as far as
    /// they were connected to or checked.
    ///
    /// # Errors
    /// [`PlanRefused`] where the scenario can't be planned at all.
    pub fn planner(&self, scenario: &str, values: Vec<(String, String)>) -> Result<Planner, PlanRefused> {
        Planner::knowing(&self.inner.config, scenario, values, &self.inner.mailroom)
    }

    /// Holds a campaign; durable when it returns.
    ///
    /// # Errors
    /// [`EngineError::UnknownCampaign`], [`EngineError::CampaignEnded`], and what ends every call.
    pub fn pause(&self, id: CampaignId, waiter: Waiter<'_>) -> Result<(), EngineError> {
        self.command(id, Command::Pause, waiter)
    }

    /// Goes on with a paused campaign; durable when it returns.
    ///
    /// # Errors
    /// As [`Engine::pause`].
    pub fn resume(&self, id: CampaignId, waiter: Waiter<'_>) -> Result<(), EngineError> {
        self.command(id, Command::Resume, waiter)
    }

    /// Ends a campaign: nothing more of it leaves; durable when it returns.
    ///
    /// # Errors
    /// As [`Engine::pause`].
    pub fn cancel(&self, id: CampaignId, waiter: Waiter<'_>) -> Result<(), EngineError> {
        self.command(id, Command::Cancel, waiter)
    }

    fn command(&self, id: CampaignId, what: Command, waiter: Waiter<'_>) -> Result<(), EngineError> {
        self.check_life()?;
        let (reply, answer) = sync_channel(1);
        self.tell(Input::Command { id, what, reply })?;
        match self.wait(&answer, waiter) {
            // The loop holds no campaign that ended long ago; the ledger does.
            Err(EngineError::UnknownCampaign(_)) => {
                let row = self.inner.view.read(|reader| crate::view::campaign(reader, id))?;
                Err(EngineError::CampaignEnded { id, state: row.state.name() })
            }
            other => other,
        }
    }

    /// A campaign by its key or number.
    ///
    /// # Errors
    /// [`EngineError::Ledger`].
    pub fn find(&self, id_or_key: &str) -> Result<Option<CampaignRow>, EngineError> {
        self.inner.view.find(id_or_key)
    }

    /// Every campaign, oldest first.
    ///
    /// # Errors
    /// [`EngineError::Ledger`].
    pub fn campaigns(&self) -> Result<Vec<CampaignRow>, EngineError> {
        self.inner.view.campaigns()
    }

    /// How far a campaign is: as of the last commit while it runs, from the ledger once it has ended.
    /// Never waits for the loop.
    ///
    /// # Errors
    /// [`EngineError::UnknownCampaign`], [`EngineError::Ledger`].
    pub fn progress(&self, id: CampaignId) -> Result<Progress, EngineError> {
        self.not_forked()?;
        self.inner.shared.progress(id).map_or_else(|| self.inner.view.progress(id), Ok)
    }

    /// Why the ledger can't be written now, so that nothing is sent; `None` while it can. Never waits.
    pub fn stalled(&self) -> Option<Arc<str>> {
        self.inner.shared.stalled()
    }

    /// Watches the progress of a campaign.
    ///
    /// # Errors
    /// [`EngineError::UnknownCampaign`], [`EngineError::Ledger`], and what ends every call.
    pub fn watch(&self, id: CampaignId) -> Result<Watch, EngineError> {
        self.not_forked()?;
        let inner = &self.inner;
        let wake = inner.shared.wakes.add(Topic::Progress(id), &inner.descriptors)?;
        let (shared, view) = (Arc::clone(&inner.shared), inner.view.clone());
        let watch = Watch { id, shared, wake, view };
        inner.view.read(|reader| crate::view::campaign(reader, id))?;
        Ok(watch)
    }

    /// Reads events, see [`EngineView::events`]; woken as they are committed.
    ///
    /// # Errors
    /// [`EngineError::EventsGone`], [`EngineError::UnknownCampaign`], [`EngineError::Ledger`].
    pub fn events(
        &self,
        after: Option<u64>,
        campaign: Option<CampaignId>,
    ) -> Result<Subscription, EngineError> {
        self.not_forked()?;
        let inner = &self.inner;
        let (shared, descriptors) = (Arc::clone(&inner.shared), Arc::clone(&inner.descriptors));
        Subscription::open(&inner.view, after, campaign, Some(Bell { shared, descriptors }))
    }

    /// What became of everybody in a campaign.
    ///
    /// # Errors
    /// [`EngineError::UnknownCampaign`], [`EngineError::Ledger`], [`EngineError::Interrupted`].
    pub fn report(&self, id: CampaignId, waiter: Waiter<'_>) -> Result<Report, EngineError> {
        self.inner.view.report(id, waiter)
    }

    /// The reading half alone.
    pub fn view(&self) -> &EngineView {
        &self.inner.view
    }

    /// What it was opened with.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// OpenMetrics text: per gateway, and of the ledger.
    ///
    /// # Errors
    /// What ends every call.
    pub fn metrics(&self) -> Result<String, EngineError> {
        Ok(metrics::render(&self.readings()?))
    }

    pub(crate) fn readings(&self) -> Result<Readings, EngineError> {
        self.check_life()?;
        let (reply, answer) = sync_channel(1);
        self.tell(Input::Readings(reply))?;
        answer.recv_timeout(READING_WAIT).map_err(|error| match error {
            RecvTimeoutError::Disconnected => self.inner.shared.last_word(),
            RecvTimeoutError::Timeout => EngineError::Failed("the loop does not answer".into()),
        })
    }

    /// Records for the host's log; waits up to `timeout` for the first. `None` once the engine has
    /// ended and everything was taken.
    pub fn logs(&self, timeout: Duration) -> Option<Vec<LogRecord>> {
        if self.inner.descriptors.forked() {
            return None;
        }
        self.inner.shared.log.take(timeout)
    }

    /// Stops handing out, lets sessions drain and unbind, commits the rest, frees the directory.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`] where the waiter gives up: it then closes without waiting for the
    /// far ends. [`EngineError::Ledger`] where the ledger did not take everything to the end.
    /// [`EngineError::Failed`], [`EngineError::Forked`].
    pub fn close(&self, waiter: Waiter<'_>) -> Result<(), EngineError> {
        self.not_forked()?;
        self.inner.inbox.push(Input::Close { drain_us: DRAIN_US });
        while !self.inner.shared.wait_end(SLICE) {
            if !waiter() {
                self.inner.inbox.push(Input::Close { drain_us: 0 });
                return Err(EngineError::Interrupted);
            }
        }
        match (self.inner.shared.check(), self.inner.shared.unwritten()) {
            (Err(EngineError::Closed) | Ok(()), None) => Ok(()),
            (Err(EngineError::Closed) | Ok(()), Some(why)) => Err(EngineError::Ledger(why.to_owned())),
            (Err(other), _) => Err(other),
        }
    }

    /// To be called in a forked child: lets go of the sockets and files it inherited, without a word
    /// to far ends or ledger. Every later call gives [`EngineError::Forked`].
    pub fn abandon_after_fork(&self) {
        if self.inner.descriptors.forked() {
            self.inner.descriptors.abandon(self.inner.directory.as_deref());
        }
    }

    /// For tests: panics in the `loop`, in the `ledger` thread or in a `session`.
    #[doc(hidden)]
    pub fn inject(&self, what: &str) {
        if what == "ledger" {
            self.inner.writer.push(Job::Inject);
        } else {
            self.inner.inbox.push(Input::Inject(what.to_owned()));
        }
    }

    /// Whether calls that need the engine's threads make sense.
    pub(crate) fn check_life(&self) -> Result<(), EngineError> {
        self.not_forked()?;
        self.inner.shared.check()
    }

    fn not_forked(&self) -> Result<(), EngineError> {
        if self.inner.descriptors.forked() { Err(EngineError::Forked) } else { Ok(()) }
    }

    pub(crate) fn tell(&self, input: Input) -> Result<(), EngineError> {
        if self.inner.inbox.push(input) { Ok(()) } else { Err(self.inner.shared.last_word()) }
    }

    /// Waits for an answer of one of the threads.
    pub(crate) fn wait<T>(
        &self,
        answer: &Receiver<Result<T, EngineError>>,
        waiter: Waiter<'_>,
    ) -> Result<T, EngineError> {
        loop {
            match answer.recv_timeout(SLICE) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => return Err(self.inner.shared.last_word()),
                Err(RecvTimeoutError::Timeout) if waiter() => {}
                Err(RecvTimeoutError::Timeout) => return Err(EngineError::Interrupted),
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if !self.descriptors.forked() && self.inbox.push(Input::Close { drain_us: DROP_DRAIN_US }) {
            self.shared.wait_end(DROP_WAIT);
        }
    }
}
