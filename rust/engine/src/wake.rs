//! Wake-ups for readers of events and progress: a byte through a socket pair, only where one waits.

use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bealert_core::model::CampaignId;

use crate::error::EngineError;
use crate::fork::{Descriptor, Descriptors};

/// A reader is woken once in this time: it finds all there is, so waking it more often only costs.
const PACE_US: u64 = 1_000;

/// What a reader waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// New entries in the journal.
    Journal,
    /// Progress of a campaign.
    Progress(CampaignId),
}

/// One reader's bell.
#[derive(Debug)]
pub(crate) struct Wake {
    /// Before the sockets: their numbers are struck off before other files can get them.
    _descriptors: [Descriptor; 2],
    topic: Topic,
    reader: UnixStream,
    writer: UnixStream,
    /// The reader has looked, found nothing and is about to wait.
    armed: AtomicBool,
    /// When it was rung last, and whether it is to be rung once the pace allows.
    rung_us: AtomicU64,
    due: AtomicBool,
}

impl Wake {
    fn new(topic: Topic, descriptors: &Arc<Descriptors>) -> Result<Self, EngineError> {
        let pair = || -> std::io::Result<_> {
            let (reader, writer) = UnixStream::pair()?;
            reader.set_nonblocking(true)?;
            writer.set_nonblocking(true)?;
            Ok((reader, writer))
        };
        let (reader, writer) =
            pair().map_err(|error| EngineError::Failed(format!("no socket pair: {error}")))?;
        let noted = [descriptors.note(reader.as_raw_fd()), descriptors.note(writer.as_raw_fd())];
        Ok(Self {
            topic,
            reader,
            writer,
            armed: AtomicBool::new(false),
            rung_us: AtomicU64::new(0),
            due: AtomicBool::new(false),
            _descriptors: noted,
        })
    }

    /// What becomes readable when there is something to look at.
    pub(crate) fn fd(&self) -> RawFd {
        self.reader.as_raw_fd()
    }

    /// To be called before looking: what comes from now on rings.
    pub(crate) fn arm(&self) {
        let mut bytes = [0; 16];
        while matches!((&self.reader).read(&mut bytes), Ok(16)) {}
        self.armed.store(true, Ordering::Release);
    }

    fn ring(&self) {
        if self.armed.swap(false, Ordering::AcqRel) {
            // A full pair has a byte in it already.
            let _ = (&self.writer).write(&[1]);
        }
    }

    fn ring_paced(&self, now_us: u64) -> Option<u64> {
        if !self.armed.load(Ordering::Acquire) {
            // It may arm after this, but then it looks after this too.
            return None;
        }
        let next_us = self.rung_us.load(Ordering::Relaxed) + PACE_US;
        if now_us < next_us {
            self.due.store(true, Ordering::Relaxed);
            return Some(next_us);
        }
        self.due.store(false, Ordering::Relaxed);
        self.rung_us.store(now_us, Ordering::Relaxed);
        self.ring();
        None
    }
}

/// Every bell of an engine.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    list: Mutex<Vec<Weak<Wake>>>,
}

impl Wakes {
    pub(crate) fn add(&self, topic: Topic, descriptors: &Arc<Descriptors>) -> Result<Arc<Wake>, EngineError> {
        let wake = Arc::new(Wake::new(topic, descriptors)?);
        let mut list = self.lock();
        list.retain(|known| known.strong_count() > 0);
        list.push(Arc::downgrade(&wake));
        Ok(wake)
    }

    /// Rings for campaigns that moved, and for the journal where something was committed. Gives when to call
    /// [`Wakes::late`], if a bell rang too lately.
    pub(crate) fn ring(&self, now_us: u64, moved: &[CampaignId], committed: bool) -> Option<u64> {
        self.ring_where(now_us, |wake| match wake.topic {
            Topic::Journal => committed,
            Topic::Progress(id) => moved.contains(&id),
        })
    }

    /// Rings the bells that had to wait for their pace.
    pub(crate) fn late(&self, now_us: u64) -> Option<u64> {
        self.ring_where(now_us, |wake| wake.due.load(Ordering::Relaxed))
    }

    fn ring_where(&self, now_us: u64, which: impl Fn(&Wake) -> bool) -> Option<u64> {
        let list = self.lock();
        let rung = list.iter().filter_map(Weak::upgrade).filter(|wake| which(wake));
        rung.filter_map(|wake| wake.ring_paced(now_us)).min()
    }

    /// The engine has ended: everybody is to look.
    pub(crate) fn all(&self) {
        self.lock().iter().filter_map(Weak::upgrade).for_each(|wake| wake.ring());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Wake>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(wake: &Wake) -> usize {
        (&wake.reader).read(&mut [0; 16]).unwrap_or(0)
    }

    #[test]
    fn one_byte_and_only_if_armed_and_at_most_once_in_its_pace() {
        let (wakes, descriptors) = (Wakes::default(), Descriptors::new());
        let wake = wakes.add(Topic::Journal, &descriptors).unwrap();
        assert_eq!(wakes.ring(10_000, &[], true), None);
        assert_eq!(bytes(&wake), 0);
        wake.arm();
        assert_eq!(wakes.ring(20_000, &[], true), None);
        assert_eq!(bytes(&wake), 1);
        wake.arm();
        assert_eq!(wakes.ring(20_100, &[], true), Some(21_000));
        assert_eq!(bytes(&wake), 0);
        assert_eq!(wakes.late(21_000), None);
        assert_eq!(bytes(&wake), 1);
    }

    #[test]
    fn progress_rings_for_its_own_campaign() {
        let (wakes, descriptors) = (Wakes::default(), Descriptors::new());
        let wake = wakes.add(Topic::Progress(CampaignId(2)), &descriptors).unwrap();
        wake.arm();
        wakes.ring(10_000, &[CampaignId(1)], true);
        assert_eq!(bytes(&wake), 0);
        wakes.ring(10_000, &[CampaignId(2)], true);
        assert_eq!(bytes(&wake), 1);
    }
}
