//! Far ends of either kind, as the lines to them see them.

use bealert_core::model::GatewayId;

use super::setup::FarEndSetup;
use crate::relay::{RelaySim, TakenMail};
use crate::smsc::{ConnectionId, SmscSim};

/// A far end as the world sees it.
#[derive(Debug)]
pub(super) struct FarEnd {
    pub(super) id: GatewayId,
    pub(super) machine: Machine,
    /// Nobody answers at its port.
    pub(super) deaf: bool,
    /// Parts it took and sends a receipt of; reports that were fetched of a relay.
    pub(super) due: u64,
    /// The mail it took, where that is kept.
    pub(super) mails: Vec<TakenMail>,
}

/// What is there.
#[derive(Debug)]
pub enum Machine {
    /// It takes SMS.
    Smsc(Box<SmscSim>),
    /// It takes mail.
    Relay(Box<RelaySim>),
}

impl FarEnd {
    pub(super) fn new(id: GatewayId, setup: &FarEndSetup) -> Self {
        let machine = match setup {
            FarEndSetup::Smsc(smsc) => Machine::Smsc(Box::new(SmscSim::new(smsc.sim.clone()))),
            FarEndSetup::Relay(relay) => Machine::Relay(Box::new(RelaySim::new(relay.sim.clone()))),
        };
        Self { id, machine, deaf: false, due: 0, mails: Vec::new() }
    }
}

impl Machine {
    /// `encrypted`: the connection has TLS from its first octet, which then is not looked at.
    pub(super) fn connect(&mut self, now_us: u64, encrypted: bool) -> ConnectionId {
        match self {
            Self::Smsc(smsc) => smsc.connect(now_us),
            Self::Relay(relay) => relay.connect(now_us, encrypted),
        }
    }

    pub(super) fn room(&mut self, now_us: u64, connection: ConnectionId) -> usize {
        match self {
            Self::Smsc(_) => usize::MAX,
            Self::Relay(relay) => relay.room(now_us, connection),
        }
    }

    pub(super) fn receive(&mut self, now_us: u64, connection: ConnectionId, bytes: &[u8]) {
        match self {
            Self::Smsc(smsc) => smsc.receive(now_us, connection, bytes),
            Self::Relay(relay) => relay.receive(now_us, connection, bytes),
        }
    }

    pub(super) fn outgoing(&self, connection: ConnectionId) -> &[u8] {
        match self {
            Self::Smsc(smsc) => smsc.outgoing(connection),
            Self::Relay(relay) => relay.outgoing(connection),
        }
    }

    pub(super) fn wrote(&mut self, now_us: u64, connection: ConnectionId, octets: usize) {
        match self {
            Self::Smsc(smsc) => smsc.wrote(connection, octets),
            Self::Relay(relay) => relay.wrote(now_us, connection, octets),
        }
    }

    pub(super) fn wants_close(&self, connection: ConnectionId) -> bool {
        match self {
            Self::Smsc(smsc) => smsc.wants_close(connection),
            Self::Relay(relay) => relay.wants_close(connection),
        }
    }

    pub(super) fn is_reset(&self, connection: ConnectionId) -> bool {
        match self {
            Self::Smsc(smsc) => smsc.is_reset(connection),
            Self::Relay(relay) => relay.is_reset(connection),
        }
    }

    pub(super) fn disconnected(&mut self, now_us: u64, connection: ConnectionId) {
        match self {
            Self::Smsc(smsc) => smsc.disconnected(now_us, connection),
            Self::Relay(relay) => relay.disconnected(now_us, connection),
        }
    }

    pub(super) fn reset_connections(&mut self) -> usize {
        match self {
            Self::Smsc(smsc) => smsc.reset_connections(),
            Self::Relay(relay) => relay.reset_connections(),
        }
    }

    pub(super) fn handle_timeout(&mut self, now_us: u64) {
        match self {
            Self::Smsc(smsc) => smsc.handle_timeout(now_us),
            Self::Relay(relay) => relay.handle_timeout(now_us),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<u64> {
        match self {
            Self::Smsc(smsc) => smsc.poll_timeout(),
            Self::Relay(relay) => relay.poll_timeout(),
        }
    }
}
