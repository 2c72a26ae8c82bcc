//! The reading half of an engine, beside whoever holds the directory. It never sends anything.

use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bealert_core::dispatch::Progress;
use bealert_core::ledger::LedgerReader;
use bealert_core::model::{CampaignId, CampaignRow};
use bealert_core::outcome::State;

use crate::engine::Waiter;
use crate::error::EngineError;
use crate::events::Subscription;
use crate::fork::Descriptors;
use crate::ids::Names;
use crate::ledger::open_reader;
use crate::reader::Reader;
use crate::report::Report;
use crate::writer::{Job, Writer};

/// Readers that are kept for the next call, at most.
const IDLE: usize = 4;

/// How long the ledger's thread may take to give a reader of a ledger in memory.
const READER_WAIT: Duration = Duration::from_secs(10);

/// Campaigns, snapshots, reports and events of a ledger.
#[derive(Clone)]
pub struct EngineView {
    inner: Arc<Inner>,
}

struct Inner {
    source: Source,
    descriptors: Arc<Descriptors>,
    idle: Mutex<Vec<Reader>>,
    names: Arc<Mutex<Names>>,
}

enum Source {
    Directory(PathBuf),
    /// A ledger in memory is read through the thread that has it.
    Memory(Arc<Writer>),
    /// A ledger that no thread has.
    Made(Box<dyn Fn() -> Box<dyn LedgerReader> + Send + Sync>),
}

impl EngineView {
    /// Opens a ledger directory for reading; another process may hold it.
    ///
    /// # Errors
    /// [`EngineError::Ledger`] where there is no ledger that this version can read.
    pub fn open(directory: &Path) -> Result<Self, EngineError> {
        let view = Self::of(Source::Directory(directory.to_owned()), Descriptors::new());
        view.read(|_| Ok(()))?;
        Ok(view)
    }

    pub(crate) fn of_directory(directory: &Path, descriptors: &Arc<Descriptors>) -> Self {
        Self::of(Source::Directory(directory.to_owned()), Arc::clone(descriptors))
    }

    pub(crate) fn of_memory(writer: &Arc<Writer>, descriptors: &Arc<Descriptors>) -> Self {
        Self::of(Source::Memory(Arc::clone(writer)), Arc::clone(descriptors))
    }

    /// A view of whatever ledger these readers read.
    pub(crate) fn of_readers(make: impl Fn() -> Box<dyn LedgerReader> + Send + Sync + 'static) -> Self {
        Self::of(Source::Made(Box::new(make)), Descriptors::new())
    }

    fn of(source: Source, descriptors: Arc<Descriptors>) -> Self {
        let (idle, names) = (Mutex::default(), Arc::default());
        Self { inner: Arc::new(Inner { source, descriptors, idle, names }) }
    }

    /// Every campaign, oldest first.
    ///
    /// # Errors
    /// [`EngineError::Ledger`].
    pub fn campaigns(&self) -> Result<Vec<CampaignRow>, EngineError> {
        self.read(|reader| Ok(reader.campaigns()?))
    }

    /// A campaign by its key, or by its number in decimal.
    ///
    /// # Errors
    /// [`EngineError::Ledger`].
    pub fn find(&self, id_or_key: &str) -> Result<Option<CampaignRow>, EngineError> {
        self.read(|reader| {
            let by_key = reader.find(id_or_key)?;
            match (by_key, id_or_key.parse()) {
                (None, Ok(id)) => Ok(reader.campaign(CampaignId(id))?),
                (found, _) => Ok(found),
            }
        })
    }

    /// How far a campaign is, by what is stored: what was handed out and not answered counts as
    /// queued.
    ///
    /// # Errors
    /// [`EngineError::UnknownCampaign`], [`EngineError::Ledger`].
    pub fn progress(&self, id: CampaignId) -> Result<Progress, EngineError> {
        self.read(|reader| {
            let row = campaign(reader, id)?;
            let mut progress = Progress {
                state: row.state,
                tallies: [None; 3],
                sent: [0; 3],
                units_left: [0; 3],
                awaiting: 0,
                rate: 0.0,
                measured_us: 0,
                eta_s: None,
            };
            for (channel, tally) in reader.tallies(id)? {
                let unsent = [State::Queued, State::Expired, State::Cancelled, State::Skipped];
                let unsent: u64 = unsent.into_iter().map(|state| tally.of(state)).sum();
                progress.sent[channel as usize] = tally.total() - unsent;
                progress.tallies[channel as usize] = Some(tally);
            }
            Ok(progress)
        })
    }

    /// Reads events: of one campaign or of all, after a sequence number. Without one, those of a
    /// campaign from its launch on, those of all from now on.
    ///
    /// # Errors
    /// [`EngineError::EventsGone`] where the journal does not have that number.
    pub fn events(
        &self,
        after: Option<u64>,
        campaign: Option<CampaignId>,
    ) -> Result<Subscription, EngineError> {
        Subscription::open(self, after, campaign, None)
    }

    /// What became of everybody in a campaign.
    ///
    /// # Errors
    /// [`EngineError::UnknownCampaign`], [`EngineError::Ledger`], [`EngineError::Interrupted`].
    pub fn report(&self, id: CampaignId, waiter: Waiter<'_>) -> Result<Report, EngineError> {
        self.read(|reader| {
            campaign(reader, id)?;
            Report::read_while(reader, id, waiter)?.ok_or(EngineError::Interrupted)
        })
    }

    /// Lends a reader.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&mut dyn LedgerReader) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let idle = |inner: &Inner| inner.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if self.inner.descriptors.forked() {
            return Err(EngineError::Forked);
        }
        let mut reader = match idle(&self.inner) {
            Some(reader) => reader,
            None => self.reader()?,
        };
        let result = work(&mut *reader);
        if result.is_ok() {
            let mut idle = self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE {
                idle.push(reader);
            }
        }
        result
    }

    /// A reader of one's own.
    pub(crate) fn reader(&self) -> Result<Reader, EngineError> {
        if self.inner.descriptors.forked() {
            return Err(EngineError::Forked);
        }
        let reader = match &self.inner.source {
            Source::Directory(directory) => open_reader(directory)?,
            Source::Made(make) => make(),
            Source::Memory(writer) => {
                let (reply, answer) = sync_channel(1);
                if !writer.push(Job::Reader(reply)) {
                    return Err(EngineError::Closed);
                }
                answer.recv_timeout(READER_WAIT).unwrap_or(Err(EngineError::Closed))?
            }
        };
        Ok(Reader::new(reader, &self.inner.descriptors))
    }

    /// Names that were seen are looked up anew.
    pub(crate) fn forget_names(&self) {
        *self.inner.names.lock().unwrap_or_else(PoisonError::into_inner) = Names::default();
    }

    pub(crate) fn names(&self) -> Arc<Mutex<Names>> {
        Arc::clone(&self.inner.names)
    }

    pub(crate) fn forked(&self) -> bool {
        self.inner.descriptors.forked()
    }
}

/// A campaign that must be there.
pub(crate) fn campaign(reader: &mut dyn LedgerReader, id: CampaignId) -> Result<CampaignRow, EngineError> {
    reader.campaign(id)?.ok_or_else(|| EngineError::UnknownCampaign(id.to_string()))
}
