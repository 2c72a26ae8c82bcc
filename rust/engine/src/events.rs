//! Events: a cursor over the journal, which a slow reader reads at its own pace and loses nothing of.

use std::os::fd::RawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bealert_core::dispatch::Progress;
use bealert_core::ledger::{BlockEnd, Entry, LedgerReader, Notice, Outcome};
use bealert_core::model::{CampaignId, Channel};
use bealert_core::outcome::Step;

use crate::error::EngineError;
use crate::fork::Descriptors;
use crate::ids::Names;
use crate::reader::Reader;
use crate::shared::Shared;
use crate::view::{EngineView, campaign as campaign_row};
use crate::wake::{Topic, Wake};

/// Journal entries read at once, at least: a reader of one campaign may pass over many of others.
const SLICE: usize = 512;

/// What happened, as the host sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventOut {
    /// In the life of an attempt.
    Event {
        /// Its place in the journal.
        seq: u64,
        /// Wall clock, in milliseconds since 1970.
        at_ms: i64,
        /// Whose.
        campaign: u32,
        /// The recipient's id, as the host gave it.
        recipient: String,
        /// On which channel.
        channel: Channel,
        /// Which try, from 1 on.
        attempt: u8,
        /// Which part, from 0 on.
        part: u8,
        /// Through which gateway.
        gateway: Option<Arc<str>>,
        /// What happened, by its name.
        state: &'static str,
        /// Why, where there is something to say.
        reason: Option<String>,
        /// The far end's id.
        remote: Option<String>,
    },
    /// Of a campaign or gateway.
    Notice {
        /// Its place in the journal.
        seq: u64,
        /// Wall clock, in milliseconds since 1970.
        at_ms: i64,
        /// The campaign it is about, if it is about one.
        campaign: Option<u32>,
        /// The gateway it is about, if it is about one.
        gateway: Option<Arc<str>>,
        /// What it is, by its name.
        code: &'static str,
        /// For people.
        text: String,
    },
}

/// What makes a subscription of a running engine wake up.
pub(crate) struct Bell {
    pub(crate) shared: Arc<Shared>,
    pub(crate) descriptors: Arc<Descriptors>,
}

/// A cursor over the journal. Call `arm`, then `take`; where that gives nothing, wait until `fd` is
/// readable.
pub struct Subscription {
    bell: Option<(Arc<Shared>, Arc<Wake>)>,
    /// The descriptor of a reader that nobody wakes, never readable.
    silent: Option<(UnixStream, UnixStream)>,
    campaign: Option<CampaignId>,
    cursor: Mutex<Cursor>,
    names: Arc<Mutex<Names>>,
    view: EngineView,
}

struct Cursor {
    after: u64,
    reader: Reader,
}

impl Subscription {
    pub(crate) fn open(
        view: &EngineView,
        after: Option<u64>,
        campaign: Option<CampaignId>,
        bell: Option<Bell>,
    ) -> Result<Self, EngineError> {
        let mut reader = view.reader()?;
        let (last, _) = reader.last()?;
        let after = match (after, campaign) {
            (Some(after), _) if after > last => return Err(EngineError::EventsGone { after, last }),
            (Some(after), _) => after,
            (None, Some(id)) => campaign_row(&mut *reader, id)?.launched_seq,
            (None, None) => last,
        };
        let bell = bell.map(|bell| {
            let wake = bell.shared.wakes.add(Topic::Journal, &bell.descriptors)?;
            Ok::<_, EngineError>((bell.shared, wake))
        });
        let bell = bell.transpose()?;
        let silent = match &bell {
            Some(_) => None,
            None => Some(UnixStream::pair().map_err(|error| EngineError::Failed(error.to_string()))?),
        };
        let cursor = Mutex::new(Cursor { after, reader });
        Ok(Self { bell, silent, campaign, cursor, names: view.names(), view: view.clone() })
    }

    /// Readable when there may be something to take.
    pub fn fd(&self) -> RawFd {
        use std::os::fd::AsRawFd;
        match (&self.bell, &self.silent) {
            (Some((_, wake)), _) => wake.fd(),
            (None, Some((reader, _))) => reader.as_raw_fd(),
            (None, None) => -1,
        }
    }

    /// To be called before `take`: what is committed from now on makes `fd` readable.
    pub fn arm(&self) {
        if let Some((_, wake)) = &self.bell {
            wake.arm();
        }
    }

    /// The next events, at most `max` (at least 1); none where nothing has happened.
    ///
    /// # Errors
    /// [`EngineError::Closed`] or [`EngineError::Failed`] once the engine has ended and everything
    /// was taken; [`EngineError::Ledger`].
    pub fn take(&self, max: usize) -> Result<Vec<EventOut>, EngineError> {
        if self.view.forked() {
            return Err(EngineError::Forked);
        }
        // Asked before reading: what was committed before the end is still read after it.
        let ended = self.bell.as_ref().and_then(|(shared, _)| shared.check().err());
        let mut cursor = self.cursor();
        let mut out = Vec::new();
        while out.is_empty() {
            let after = cursor.after;
            let entries = cursor.reader.journal(after, max.max(SLICE))?;
            if entries.is_empty() {
                return ended.map_or(Ok(out), Err);
            }
            for entry in entries {
                cursor.after = entry.seq();
                if self.campaign.is_none() || entry.campaign() == self.campaign {
                    out.push(self.event(&mut *cursor.reader, entry)?);
                    if out.len() >= max {
                        break;
                    }
                }
            }
        }
        Ok(out)
    }

    /// The place in the journal up to which everything was taken.
    pub fn last_seq(&self) -> u64 {
        self.cursor().after
    }

    fn event(&self, reader: &mut dyn LedgerReader, entry: Entry) -> Result<EventOut, EngineError> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        match entry {
            Entry::Outcome(outcome) => of_outcome(&mut names, reader, outcome),
            Entry::Notice(Notice { seq, at_ms, campaign, gateway, code, text }) => Ok(EventOut::Notice {
                seq,
                at_ms,
                campaign: campaign.map(|id| id.0),
                gateway: names.gateway(reader, gateway)?,
                code: code.name(),
                text: text.into(),
            }),
            Entry::BlockEnd(end) => Ok(of_block_end(&end)),
        }
    }

    fn cursor(&self) -> MutexGuard<'_, Cursor> {
        self.cursor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_outcome(
    names: &mut Names,
    reader: &mut dyn LedgerReader,
    outcome: Outcome,
) -> Result<EventOut, EngineError> {
    Ok(EventOut::Event {
        seq: outcome.seq,
        at_ms: outcome.at_ms,
        campaign: outcome.campaign.0,
        recipient: names.recipient(reader, outcome.campaign, outcome.ordinal)?,
        channel: outcome.channel,
        attempt: outcome.attempt,
        part: outcome.part,
        gateway: names.gateway(reader, outcome.gateway)?,
        state: outcome.step.name(),
        reason: outcome.detail.map(String::from),
        remote: (!outcome.remote.is_empty()).then(|| outcome.remote.to_string()),
    })
}

fn of_block_end(end: &BlockEnd) -> EventOut {
    let (what, channel) = (end.step.name(), end.key.channel);
    // A code of its own: the command's notice is there once, a row like this once per block.
    let code = match end.step {
        Step::Expired => "block_expired",
        Step::Cancelled => "block_cancelled",
        // No other step ends a block.
        _ => "block_ended",
    };
    EventOut::Notice {
        seq: end.seq,
        at_ms: end.at_ms,
        campaign: Some(end.key.campaign.0),
        gateway: None,
        code,
        text: format!("{what}: {channel} block {} from its message {} on", end.key.block, end.from),
    }
}

/// Wakes when a campaign's progress changes. Call `arm`, then `progress`.
pub struct Watch {
    pub(crate) id: CampaignId,
    pub(crate) shared: Arc<Shared>,
    pub(crate) wake: Arc<Wake>,
    pub(crate) view: EngineView,
}

impl Watch {
    /// Readable when the progress may have changed.
    pub fn fd(&self) -> RawFd {
        self.wake.fd()
    }

    /// To be called before `progress`: what changes from now on makes `fd` readable.
    pub fn arm(&self) {
        self.wake.arm();
    }

    /// Why the ledger can't be written now, see [`Engine::stalled`](crate::Engine::stalled).
    pub fn stalled(&self) -> Option<Arc<str>> {
        self.shared.stalled()
    }

    /// How far the campaign is.
    ///
    /// # Errors
    /// [`EngineError::Closed`] or [`EngineError::Failed`] where the engine has ended before the
    /// campaign.
    pub fn progress(&self) -> Result<Progress, EngineError> {
        if self.view.forked() {
            return Err(EngineError::Forked);
        }
        if let Some(progress) = self.shared.progress(self.id) {
            return Ok(progress);
        }
        let ended = self.shared.check();
        let progress = self.view.progress(self.id)?;
        if progress.state.ended() { Ok(progress) } else { ended.map(|()| progress) }
    }
}
