//! The simulated SMSC on a port: what `bealert simulate smsc` and the tests of host applications talk to.

use std::io;
use std::net::ToSocketAddrs;

use bealert_sim::smsc::{Books, Faults, SimConfig, SmscSim, TakenMessage};

use super::far_end::{ConnectionId, FarEnd};
use super::{Served, lock, unix_now_s};
use crate::session::far_end::Manner;

/// A simulated SMSC that listens on a port of this machine.
pub type Smsc = Served<SmscSim>;

impl Served<SmscSim> {
    /// Listens at `address` (port 0 takes a free one) and serves until stopped. Dates in receipts follow the wall
    /// clock of now, whatever the configuration says.
    pub fn start(mut config: SimConfig, address: impl ToSocketAddrs) -> io::Result<Self> {
        config.unix_origin_s = unix_now_s();
        Self::serve(SmscSim::new(config), Manner::default(), address)
    }

    /// What it took, in the order in which the first part of each message came; empty unless
    /// [`SimConfig::keep_messages`]. Nothing is served meanwhile.
    pub fn messages(&self) -> Vec<TakenMessage> {
        lock(&self.shared.sim).messages()
    }
}

impl FarEnd for SmscSim {
    type Books = Books;
    type Faults = Faults;
    const NAME: &'static str = "bealert-smsc";

    fn connect(&mut self, now_us: u64, _encrypted: bool) -> ConnectionId {
        Self::connect(self, now_us)
    }

    fn room(&mut self, _now_us: u64, _connection: ConnectionId) -> usize {
        if Self::faults(self).deaf { 0 } else { usize::MAX }
    }

    fn receive(&mut self, now_us: u64, connection: ConnectionId, bytes: &[u8]) {
        Self::receive(self, now_us, connection, bytes);
    }

    fn outgoing(&self, connection: ConnectionId) -> &[u8] {
        Self::outgoing(self, connection)
    }

    fn wrote(&mut self, _now_us: u64, connection: ConnectionId, octets: usize) {
        Self::wrote(self, connection, octets);
    }

    fn wants_close(&self, connection: ConnectionId) -> bool {
        Self::wants_close(self, connection)
    }

    fn is_reset(&self, connection: ConnectionId) -> bool {
        Self::is_reset(self, connection)
    }

    fn disconnected(&mut self, now_us: u64, connection: ConnectionId) {
        Self::disconnected(self, now_us, connection);
    }

    fn handle_timeout(&mut self, now_us: u64) {
        Self::handle_timeout(self, now_us);
    }

    fn poll_timeout(&self) -> Option<u64> {
        Self::poll_timeout(self)
    }

    fn books(&self) -> &Books {
        Self::books(self)
    }

    fn faults(&self) -> &Faults {
        Self::faults(self)
    }

    fn set_faults(&mut self, now_us: u64, faults: Faults) {
        Self::set_faults(self, now_us, faults);
    }

    fn reset_connections(&mut self) -> usize {
        Self::reset_connections(self)
    }
}
