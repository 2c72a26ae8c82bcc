//! How a process begins, and the ways it ends: in order, or by a crash.

use bealert_core::dispatch::{Dispatcher, Settings};
use bealert_core::ledger::Ledger;

use super::facts::What;
use super::mail::MailSession;
use super::plant::Plant;
use super::relay::Desk;
use super::session::Session;
use super::setup::FarEndSetup;
use super::sms::SmsSession;
use super::{Host, HostGateway, World};
use crate::client::{Breaker, Origin};

/// Quiet after the last answer, longer than a row waits to be flushed; as the engine has it.
const QUIET_US: u64 = 10_000;

/// Rows between two snapshots, at most: so few that most openings start from one.
const SNAPSHOT_ROWS: u64 = 400;

/// How long the last commits may take after the sessions have ended; as the engine has it.
const LAST_COMMIT_US: u64 = 5_000_000;

/// An end that has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Closing {
    /// Until when sessions may drain.
    pub(super) drain_until_us: u64,
    /// When they had ended, and whether all of them had drained.
    pub(super) drained: Option<(u64, bool)>,
}

impl World {
    /// Opens the ledger, takes up the campaigns that were running, and begins to connect; as the
    /// engine does. Nothing happens if the process lives.
    ///
    /// # Panics
    /// Where the ledger can't be read: the world's ledger always can.
    pub fn open(&mut self) {
        if self.host.is_some() {
            return;
        }
        let now_us = self.now_us;
        let campaigns = self.ledger.open_campaigns().expect("the world's ledger can be read");
        let mut reader = self.reader();
        let (last_seq, last_at_ms) = reader.last().expect("the world's ledger can be read");
        let wall_ms = self.wall_ms().max(last_at_ms);
        self.log.add(now_us, What::Opened { wall_ms });
        let fresh = (self.chance.below(u64::MAX), self.chance.below(u64::MAX));
        let hash_key = self.ledger.hash_key(fresh).expect("the world's ledger can be read");
        let mut dispatcher = Dispatcher::new(Settings { now_us, wall_ms, last_seq, hash_key });
        dispatcher.snapshot_every(1 + self.setup.seed % SNAPSHOT_ROWS);
        let mut gateways = Vec::new();
        for setup in &self.setup.gateways {
            let id = self.ledger.gateway(&setup.name).expect("the ledger knows its gateways");
            let mut spec = setup.spec(id);
            let units_per_second = spec.units_per_second;
            self.log.add(now_us, What::Limit { gateway: id, units_per_second });
            if self.plant == Some(Plant::NoLimit) {
                spec.units_per_second = None;
            }
            for (domain, units_per_second) in spec.domains.clone() {
                self.log.add(now_us, What::DomainLimit { gateway: id, domain, units_per_second });
            }
            if self.plant == Some(Plant::NoDomainLimit) {
                spec.domains.clear();
            }
            dispatcher.add_gateway(spec);
            let seed = self.chance.below(u64::MAX);
            let numbers = 0..setup.sessions.max(1);
            let (sessions, desk) = match &setup.far_end {
                FarEndSetup::Smsc(smsc) => {
                    let session = |session| {
                        let (origin, seed) = (Origin { gateway: id, session }, seed ^ u64::from(session));
                        Session::Sms(Box::new(SmsSession::new(origin, setup, smsc, now_us, seed)))
                    };
                    (numbers.map(session).collect(), None)
                }
                FarEndSetup::Relay(_) => {
                    let sessions = numbers.map(|_| Session::Mail(MailSession::new())).collect();
                    (sessions, Some(Desk::new(setup.reconnect_max_us, seed)))
                }
            };
            gateways.push(HostGateway { id, sessions, desk, turn: 0, ready_us: None });
        }
        self.messages.clear();
        campaigns.iter().for_each(|row| self.messages.admit(row));
        dispatcher.recover(now_us, campaigns, &mut *reader).expect("the world's ledger can be taken up");
        for HostGateway { id, desk, .. } in &mut gateways {
            desk.iter_mut()
                .for_each(|desk| desk.breaker = Breaker::remembering(dispatcher.failed_before(*id)));
        }
        self.host = Some(Host {
            dispatcher,
            gateways,
            flight: None,
            waiting: Vec::new(),
            loads: Vec::new(),
            closing: None,
            unfinished: false,
        });
    }

    /// The process dies now, between two calls of its driver.
    pub fn crash(&mut self) {
        if self.host.is_some() {
            self.die();
        }
        self.note_diaries();
    }

    /// The process begins to end: nothing more is handed out, sessions drain and unbind, at most this
    /// long, then the last batch is committed.
    pub fn close(&mut self, drain_us: u64) {
        let Some(host) = self.host.as_mut().filter(|host| host.closing.is_none()) else { return };
        host.closing = Some(Closing { drain_until_us: self.now_us + drain_us, drained: None });
        host.dispatcher.close(self.now_us);
        let sessions = host.gateways.iter_mut().flat_map(|gateway| &mut gateway.sessions);
        sessions.for_each(|session| session.close(self.now_us));
    }

    /// Everything volatile is gone. Of what was written, some arrives.
    pub(super) fn die(&mut self) {
        let Some(mut host) = self.host.take() else { return };
        if let Some(flight) = host.flight.take() {
            self.leave_commit(flight);
        }
        self.log.add(self.now_us, What::Crashed);
        self.leave(host);
    }

    /// The process is gone; the next one finds what is durable.
    pub(super) fn leave(&mut self, host: Host) {
        self.log.facts.faults += host.dispatcher.faults();
        for (gateway, far_end) in host.gateways.into_iter().zip(&mut self.far_ends) {
            for session in gateway.sessions {
                let kept =
                    if self.chance.happens(0.5) { usize::MAX } else { self.chance.below(400) as usize };
                session.die(self.now_us, far_end, kept);
            }
        }
        self.ledger = self.ledger.crash();
        self.messages.clear();
        // Whoever brings reports comes again.
        self.reports.iter_mut().for_each(|report| report.asked = false);
    }

    /// Goes on with an end that has begun, as far as it can.
    pub(super) fn end_step(&mut self) -> Result<(), super::fuse::Crash> {
        let Some(closing) = self.host.as_ref().and_then(|host| host.closing) else { return Ok(()) };
        if closing.drained.is_none() {
            let mut sessions = self.host.iter().flat_map(|host| &host.gateways).flat_map(|g| &g.sessions);
            let all = sessions.all(Session::has_ended);
            if !all && self.now_us < closing.drain_until_us {
                return Ok(());
            }
            self.each_session(|session, hands| session.reset(hands, usize::MAX))?;
            if let Some(host) = &mut self.host {
                host.closing = Some(Closing { drained: Some((self.now_us, all)), ..closing });
            }
            return Ok(());
        }
        self.act()?;
        self.hand_batch()?;
        let now_us = self.now_us;
        let over =
            |host: &mut Host| host.closing.is_some_and(|closing| closing.over(now_us, host.flight.is_none()));
        if let Some(mut host) = self.host.take_if(over) {
            let idle = host.flight.is_none();
            if let Some(flight) = host.flight.take() {
                self.leave_commit(flight);
            }
            let drained = idle && closing.drained.is_some_and(|(_, all)| all);
            self.log.add(self.now_us, What::Closed { drained });
            self.leave(host);
        }
        Ok(())
    }
}

impl Closing {
    /// When it goes on without anything happening.
    pub(super) fn timeout(&self, idle: bool) -> u64 {
        let wait_us = if idle { QUIET_US } else { LAST_COMMIT_US };
        self.drained.map_or(self.drain_until_us, |(at_us, _)| at_us + wait_us)
    }

    fn over(&self, now_us: u64, idle: bool) -> bool {
        self.drained.is_some() && now_us >= self.timeout(idle)
    }
}
