//! What the loop is told from outside, and the answers that wait for a commit.

use bealert_core::dispatch::{CommandError, Commit};
use bealert_core::model::CampaignId;

use super::Loop;
use crate::error::EngineError;
use crate::inbound::Inbound;
use crate::inbox::{Command, Input, Launching, Reply};
use crate::metrics::{GatewayReading, LedgerReading, Readings};
use crate::writer::Job;

/// A command that has its effect and waits to be durable.
pub(crate) struct Waiting {
    commit: Commit,
    reply: Waiter,
}

enum Waiter {
    Done(Reply<()>),
    Launched(CampaignId, Reply<CampaignId>),
}

impl Loop {
    pub(super) fn take(&mut self, now_us: u64, input: Input) {
        match input {
            Input::Committed { number, took_us } => self.committed(now_us, number, took_us),
            Input::Rendered(key, Ok(block)) => {
                let entries = block.entries(self.dispatcher.address_hash());
                self.store.keep(key, block);
                self.dispatcher.loaded(now_us, key, entries);
            }
            Input::Rendered(key, Err(why)) => {
                self.store.failed(now_us, key, &why, &self.shared.log);
            }
            Input::SnapshotKept => {
                self.keeping = false;
                self.keep_snapshot();
            }
            Input::Launch(launching) => self.launch(now_us, *launching),
            Input::Command { id, what, reply } => self.command(now_us, id, what, reply),
            Input::Stalled(text) => self.stalled(now_us, &text),
            // The caller may have given up meanwhile.
            Input::Readings(reply) => drop(reply.send(self.readings())),
            Input::Close { drain_us } => self.begin_end(now_us, drain_us),
            Input::LedgerFailed(text) => self.failed = Some(format!("the ledger's thread: {text}")),
            Input::Inject(what) => self.inject(&what),
        }
    }

    /// Gives the writer the next step of a snapshot, one at a time: they wait behind the commits.
    pub(super) fn keep_snapshot(&mut self) {
        if !self.keeping
            && let Some(step) = self.dispatcher.poll_snapshot()
        {
            self.keeping = self.writer.push(Job::Snapshot(step));
        }
    }

    fn launch(&mut self, now_us: u64, launching: Launching) {
        let Launching { launch, prepared, rendered, reply } = launching;
        if self.ending.is_some() {
            return drop(reply.send(Err(EngineError::Closed)));
        }
        let id = launch.row.id;
        self.store.admit(prepared);
        for (key, block) in rendered {
            self.store.keep(key, block);
        }
        let commit = self.dispatcher.launch(now_us, launch);
        self.waiting.push(Waiting { commit, reply: Waiter::Launched(id, reply) });
    }

    fn command(&mut self, now_us: u64, id: CampaignId, what: Command, reply: Reply<()>) {
        if self.ending.is_some() {
            return drop(reply.send(Err(EngineError::Closed)));
        }
        let done = match what {
            Command::Pause => self.dispatcher.pause(now_us, id),
            Command::Resume => self.dispatcher.resume(now_us, id),
            Command::Cancel => self.dispatcher.cancel(now_us, id),
            Command::Retire => self.dispatcher.retire(now_us, id),
        };
        match done {
            Ok(commit) => self.waiting.push(Waiting { commit, reply: Waiter::Done(reply) }),
            Err(CommandError::Unknown) => {
                drop(reply.send(Err(EngineError::UnknownCampaign(id.to_string()))));
            }
            Err(CommandError::Running(state)) => {
                let state = state.name();
                drop(reply.send(Err(EngineError::CampaignRuns { id, state })));
            }
            Err(CommandError::Ended(state)) => {
                let state = state.name();
                drop(reply.send(Err(EngineError::CampaignEnded { id, state })));
            }
        }
    }

    /// Answers the commands whose batch is durable. A caller that has given up hears nothing.
    pub(super) fn answer_commands(&mut self) {
        let committed = self.dispatcher.committed_number();
        let done = self.waiting.extract_if(.., |waiting| waiting.commit.0 <= committed);
        for Waiting { reply, .. } in done {
            match reply {
                Waiter::Done(reply) => drop(reply.send(Ok(()))),
                Waiter::Launched(id, reply) => drop(reply.send(Ok(id))),
            }
        }
    }

    fn readings(&self) -> Readings {
        let reading = |gateway: &super::Gateway| {
            let counters = self.dispatcher.counters(gateway.id);
            let learned_rate = self.dispatcher.learned_rate(gateway.id);
            GatewayReading { counters, learned_rate, ..gateway.reading() }
        };
        let gateways = self.gateways.iter().map(reading).collect();
        let in_flight = self.in_flight.as_ref().map_or(0, |batch| batch.rows);
        let ledger = LedgerReading {
            held: in_flight + self.dispatcher.held_rows() as u64,
            stalled: self.stalled_us.is_some(),
            ..self.reading.clone()
        };
        let mail = self.inbound.as_ref().map(Inbound::counts).unwrap_or_default();
        Readings { gateways, ledger, mail, named: self.dispatcher.named_counters() }
    }

    fn inject(&mut self, what: &str) {
        match (what, self.gateways.first_mut()) {
            ("session", Some(gateway)) => gateway.inject(),
            _ => panic!("injected into the loop"),
        }
    }
}
