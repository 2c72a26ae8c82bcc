//! The simulated mail relay on a port: what `bealert simulate relay` and the tests of host applications talk to.

use std::io;
use std::net::ToSocketAddrs;

use bealert_sim::relay::{Books, Faults, RelaySim, TakenMail};

use super::far_end::{ConnectionId, FarEnd};
use super::maildir::Maildir;
use super::postman::Postman;
use super::relay_options::RelaySettings;
use super::{Served, lock, unix_now_s};

/// A simulated mail relay that listens on a port of this machine.
pub type Relay = Served<RelayEnd>;

/// A relay with what it does to the outside: messages go to a Maildir and reports to whom they are for.
#[derive(Debug)]
pub struct RelayEnd {
    sim: RelaySim,
    maildir: Option<Maildir>,
    postman: Option<Postman>,
    /// Of what went to the Maildir, where it is to be kept besides.
    kept: Option<Vec<TakenMail>>,
}

impl Served<RelayEnd> {
    /// Listens at `address` (port 0 takes a free one) and serves until stopped. Dates in reports follow the wall
    /// clock of now, whatever the configuration says.
    pub fn start(settings: RelaySettings, address: impl ToSocketAddrs) -> io::Result<Self> {
        let RelaySettings { mut config, manner, maildir, reports_to } = settings;
        config.unix_origin_s = unix_now_s();
        config.reports = reports_to.is_some();
        let kept = config.keep_messages.then(Vec::new);
        config.keep_messages |= maildir.is_some();
        let end = RelayEnd {
            sim: RelaySim::new(config),
            maildir: maildir.map(|path| Maildir::open(&path)).transpose()?,
            postman: reports_to.map(Postman::start).transpose()?,
            kept,
        };
        Self::serve(end, manner, address)
    }

    /// What it took, in order, each time that it did; empty unless it keeps messages. Nothing is served meanwhile.
    pub fn messages(&self) -> Vec<TakenMail> {
        let end = lock(&self.shared.sim);
        let handed_over = end.kept.as_deref().unwrap_or_default();
        handed_over.iter().chain(end.sim.messages()).cloned().collect()
    }
}

impl RelayEnd {
    fn store(&mut self) -> io::Result<()> {
        let Some(maildir) = &mut self.maildir else { return Ok(()) };
        for mail in self.sim.take_messages() {
            let recipients = mail.recipients.iter().map(|(recipient, _)| recipient.as_str());
            maildir.deliver(&mail.sender, recipients, &mail.content)?;
            if let Some(kept) = &mut self.kept {
                kept.push(mail);
            }
        }
        Ok(())
    }
}

impl FarEnd for RelayEnd {
    type Books = Books;
    type Faults = Faults;
    const NAME: &'static str = "bealert-relay";

    fn connect(&mut self, now_us: u64, encrypted: bool) -> ConnectionId {
        self.sim.connect(now_us, encrypted)
    }

    fn room(&mut self, now_us: u64, connection: ConnectionId) -> usize {
        self.sim.room(now_us, connection)
    }

    fn receive(&mut self, now_us: u64, connection: ConnectionId, bytes: &[u8]) {
        self.sim.receive(now_us, connection, bytes);
    }

    fn outgoing(&self, connection: ConnectionId) -> &[u8] {
        self.sim.outgoing(connection)
    }

    fn wrote(&mut self, now_us: u64, connection: ConnectionId, octets: usize) {
        self.sim.wrote(now_us, connection, octets);
    }

    fn wants_tls(&self, connection: ConnectionId) -> bool {
        self.sim.wants_tls(connection)
    }

    fn tls_started(&mut self, now_us: u64, connection: ConnectionId) {
        self.sim.tls_started(now_us, connection);
    }

    fn wants_close(&self, connection: ConnectionId) -> bool {
        self.sim.wants_close(connection)
    }

    fn is_reset(&self, connection: ConnectionId) -> bool {
        self.sim.is_reset(connection)
    }

    fn disconnected(&mut self, now_us: u64, connection: ConnectionId) {
        self.sim.disconnected(now_us, connection);
    }

    fn handle_timeout(&mut self, now_us: u64) {
        self.sim.handle_timeout(now_us);
    }

    fn poll_timeout(&self) -> Option<u64> {
        self.sim.poll_timeout()
    }

    fn books(&self) -> &Books {
        self.sim.books()
    }

    fn faults(&self) -> &Faults {
        self.sim.faults()
    }

    fn set_faults(&mut self, _now_us: u64, faults: Faults) {
        self.sim.set_faults(faults);
    }

    fn reset_connections(&mut self) -> usize {
        self.sim.reset_connections()
    }

    fn before_replies(&mut self, now_us: u64) -> io::Result<()> {
        self.store()?;
        if let Some(postman) = &mut self.postman {
            while let Some(report) = self.sim.take_report(now_us) {
                postman.carry(report)?;
            }
        }
        Ok(())
    }
}
