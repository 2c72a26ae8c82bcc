//! The ledger's writer: one commit in flight, which takes its time, fails, or ends unknown.

use bealert_core::ledger::memory::Fault;
use bealert_core::ledger::{Batch, CommitError, Ledger, NoticeCode};
use bealert_core::model::GatewayId;
use bealert_core::outcome::Step;

use super::facts::What;
use super::fuse::Crash;
use super::plant::Plant;
use super::{Host, World};

/// Pause before a batch that was not taken is written again, as the engine's writer has it.
const RETRY_US: u64 = 1_000_000;

/// A batch that is being committed.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) number: u64,
    pub(super) batch: Batch,
    pub(super) done_us: u64,
    stalled: bool,
}

impl World {
    /// Gives the next batch to the writer, if it is free and one is due.
    pub(super) fn hand_batch(&mut self) -> Result<(), Crash> {
        let Some(host) = self.host.as_mut().filter(|host| host.flight.is_none()) else { return Ok(()) };
        self.fuse.point()?;
        let Some((number, mut batch)) = host.dispatcher.take_batch(self.now_us) else { return Ok(()) };
        self.fuse.point()?;
        spoil(self.plant, &mut batch);
        if self.plant == Some(Plant::CommittedTooSoon) {
            host.dispatcher.committed(self.now_us, number);
        }
        let (shortest, longest) = self.setup.disk.commit_us;
        let mut took_us = self.chance.within(shortest..=longest);
        if self.chance.happens(self.setup.disk.stalls) {
            took_us += self.setup.disk.stall_us;
        }
        host.flight = Some(Flight { number, batch, done_us: self.now_us + took_us, stalled: false });
        Ok(())
    }

    /// Ends the commit in flight, if its time has come.
    pub(super) fn end_commit(&mut self) -> Result<(), Crash> {
        let due = |host: &&mut Host| host.flight.as_ref().is_some_and(|flight| flight.done_us <= self.now_us);
        let Some(mut flight) = self.host.as_mut().filter(due).and_then(|host| host.flight.take()) else {
            return Ok(());
        };
        self.fuse.point()?;
        let done = self.write(&flight.batch)?;
        if !done {
            let stalled = std::mem::replace(&mut flight.stalled, true);
            flight.done_us = self.now_us + RETRY_US;
            if let Some(host) = self.host.as_mut() {
                if !stalled {
                    let (nobody, code) = (GatewayId::NONE, NoticeCode::LedgerStalled);
                    host.dispatcher.notice(
                        self.now_us,
                        None,
                        nobody,
                        code,
                        "the ledger could not be written",
                    );
                }
                host.flight = Some(flight);
            }
            return self.fuse.point();
        }
        self.fuse.point()?;
        if let Some(host) = self.host.as_mut()
            && self.plant != Some(Plant::CommittedTooSoon)
        {
            host.dispatcher.committed(self.now_us, flight.number);
        }
        self.keep_snapshots()?;
        self.answer_commands()
    }

    /// Writes what there is of a snapshot, behind the commit; a crash may come between any two steps.
    fn keep_snapshots(&mut self) -> Result<(), Crash> {
        while let Some(step) = self.host.as_mut().and_then(|host| host.dispatcher.poll_snapshot()) {
            self.fuse.point()?;
            while self.ledger.snapshot(&step).expect("the ledger takes every step") {}
        }
        Ok(())
    }

    /// Writes a batch; whether it is in the ledger now. One try, and one more where an unknown end turns
    /// out to have been a loss.
    fn write(&mut self, batch: &Batch) -> Result<bool, Crash> {
        for _ in 0..2 {
            let fate = self.fate();
            if let Some(fault) = fate {
                self.ledger.fail_next(fault);
            }
            match self.ledger.commit(batch) {
                Ok(()) => {
                    self.note_durable(batch);
                    return Ok(true);
                }
                Err(CommitError::RolledBack(text)) => {
                    assert_eq!(fate, Some(Fault::RolledBack), "the ledger refuses what it is told: {text}");
                    return Ok(false);
                }
                Err(CommitError::Unknown(_)) => {
                    if fate == Some(Fault::UnknownKept) {
                        self.note_durable(batch);
                    }
                    self.fuse.point()?;
                    let found = self.ledger.reopen().expect("the process lives");
                    // A batch without journal rows leaves no sequence behind; all of it may be written twice.
                    if batch.rows() > 0 && found >= batch.last_seq {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// The process dies with a commit in flight: it may be in the ledger, or not.
    pub(super) fn leave_commit(&mut self, flight: Flight) {
        if self.chance.happens(0.5) && self.ledger.commit(&flight.batch).is_ok() {
            self.note_durable(&flight.batch);
        }
    }

    fn fate(&mut self) -> Option<Fault> {
        let disk = self.setup.disk;
        if self.chance.happens(disk.rolled_back) {
            Some(Fault::RolledBack)
        } else if self.chance.happens(disk.unknown) {
            let kept = self.chance.happens(0.5);
            Some(if kept { Fault::UnknownKept } else { Fault::UnknownLost })
        } else {
            None
        }
    }

    fn note_durable(&mut self, batch: &Batch) {
        self.log.add(self.now_us, What::Durable { batch: Box::new(batch.clone()) });
    }
}

/// What a planted fault makes of a batch.
fn spoil(plant: Option<Plant>, batch: &mut Batch) {
    match plant {
        Some(Plant::CountsOff) => {
            if let Some((_, _, tally)) = batch.tallies.first_mut() {
                tally.0[0] += 1;
            }
        }
        Some(Plant::RowsGarbled) => {
            let accepted = batch.outcomes.iter_mut().find(|row| row.step == Step::Accepted);
            accepted.into_iter().for_each(|row| row.step = Step::Confirmed);
        }
        _ => {}
    }
}
