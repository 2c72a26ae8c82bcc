//! What the connections of a relay have in common in this process, and when they are made: as the engine's
//! gateway does it.

use bealert_core::dispatch::Dispatcher;
use bealert_wire::smtp::{ClientConfig, Learnt};

use super::facts::What;
use super::far_end::FarEnd;
use super::mail::{Change, MailSession};
use super::session::Session;
use super::setup::{FarEndSetup, GatewaySetup};
use super::{HostGateway, Log};
use crate::client::{Breaker, Ending, Openings, Standing};

/// The session under which the dispatcher knows a relay, as the engine has it.
const RELAY: u16 = 0;

/// See the module.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) breaker: Breaker,
    pub(super) learnt: Learnt,
    openings: Openings,
    health: Health,
    /// When connections are made for what waits.
    pub(super) open_us: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Unknown,
    Up,
    Down,
}

impl Desk {
    pub(super) fn new(reconnect_max_us: u64, seed: u64) -> Self {
        Self {
            breaker: Breaker::default(),
            learnt: Learnt::default(),
            openings: Openings::new(reconnect_max_us, seed),
            health: Health::Unknown,
            open_us: None,
        }
    }
}

impl HostGateway {
    /// Tells the dispatcher whether the relay can be sent to, by what its connections found.
    pub(super) fn judge(&mut self, now_us: u64, dispatcher: &mut Dispatcher, log: &mut Log, closing: bool) {
        let Some(desk) = &mut self.desk else { return };
        let ready = self.sessions.iter().filter(|session| session.is_ready()).count();
        let changes: Vec<Change> = self.sessions.iter_mut().filter_map(Session::take_change).collect();
        for change in changes {
            match change {
                Change::Up if desk.health != Health::Up => {
                    desk.health = Health::Up;
                    dispatcher.session_up(now_us, self.id, RELAY);
                    log.add(now_us, What::Up { gateway: self.id, session: RELAY });
                }
                Change::Ended(_) if closing => {}
                Change::Ended(Ending::Crowded) if ready > 0 => desk.openings.crowded(now_us, ready),
                Change::Ended(Ending::Lost) => desk.openings.failed(now_us, false),
                Change::Ended(Ending::Down { .. } | Ending::Crowded) => {
                    let fatal = change == Change::Ended(Ending::Down { fatal: true });
                    desk.openings.failed(now_us, fatal);
                    if ready == 0 && desk.health != Health::Down {
                        desk.health = Health::Down;
                        dispatcher.session_down(now_us, self.id, RELAY);
                        log.add(now_us, What::Down { gateway: self.id, session: RELAY });
                    }
                }
                Change::Up | Change::Ended(Ending::Rested) => {}
            }
        }
    }

    /// Makes the connections that what waits is worth, or notes when they may be made; whether any was.
    pub(super) fn open_more(
        &mut self,
        now_us: u64,
        dispatcher: &Dispatcher,
        far_end: &mut FarEnd,
        setup: &GatewaySetup,
    ) -> bool {
        let (Some(desk), FarEndSetup::Relay(relay)) = (&mut self.desk, &setup.far_end) else { return false };
        desk.open_us = None;
        let mut worked = false;
        self.sessions.iter_mut().for_each(|session| worked |= session.take_worked());
        if worked {
            desk.openings.worked();
        }
        let resting = self.sessions.iter().filter(|session| session.rests()).count();
        let open = self.sessions.len() - resting;
        let room: u32 = self.sessions.iter().map(Session::room).sum();
        // What the limiter holds back now needs no connection more than there is.
        let held = self.ready_us.is_some() && open > 0;
        let waiting = if held { 0 } else { dispatcher.waiting(now_us, self.id) };
        let up = desk.health == Health::Up;
        let standing = Standing { open, resting, up, waiting: waiting.saturating_sub(room as usize) };
        let wanted = desk.openings.wanted(now_us, standing);
        if wanted > 0 && !desk.openings.may_open(now_us) {
            desk.open_us = Some(desk.openings.next_us());
            return false;
        }
        let client = ClientConfig { learnt: desk.learnt, ..relay.client.clone() };
        let sessions = self.sessions.iter_mut().filter_map(Session::mail).filter(|session| session.rests());
        sessions
            .take(wanted)
            .map(|session: &mut MailSession| session.open(now_us, far_end, setup.line, client.clone()))
            .count()
            > 0
    }
}
