//! A simulated mail relay: any number of connections, one set of books.
//!
//! ```
//! use bealert_sim::relay::{RelayConfig, RelaySim};
//!
//! let mut relay = RelaySim::new(RelayConfig { keep_messages: true, ..RelayConfig::default() });
//! let connection = relay.connect(0, false);
//! relay.receive(0, connection, b"EHLO client.example\r\n");
//! relay.receive(0, connection, b"MAIL FROM:<a@client.example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
//! relay.receive(0, connection, b"Message-ID: <1@client.example>\r\n\r\nHello\r\n.\r\n");
//! assert!(relay.outgoing(connection).ends_with(b"250 2.0.0 Ok\r\n"));
//! assert_eq!((relay.books().messages, relay.books().unique), (1, 1));
//! assert_eq!(relay.messages()[0].recipients[0].0, "b@example.org");
//! ```

mod books;
mod config;
mod desk;
mod draft;
mod faults;
mod intake;
mod line;
mod report;
mod taken;

pub use bealert_wire::smtp::Phase;
pub use bealert_wire::smtp::server::{Protocol, Quirks};
pub use books::Books;
pub use config::RelayConfig;
pub use faults::{Action, AddressPattern, Cut, Fate, Faults, Limit, Report, Rule, Tarpit};
pub use report::SentReport;
pub use taken::TakenMail;

pub use crate::lines::ConnectionId;
use crate::lines::Lines;
use crate::timeline::Timeline;
use desk::Desk;
use intake::Later;
use line::Line;

/// The octets looked at in one go: they stay in the nearest cache.
const PIECE_OCTETS: usize = 16 * 1024;

/// A relay that sends nothing, under the session contract of `bealert-wire` with a connection in each call.
///
/// After any call, any connection may have something to write, a wish to close or to begin TLS, or another timeout.
#[derive(Debug)]
pub struct RelaySim {
    config: RelayConfig,
    lines: Lines<Line>,
    desk: Desk,
    /// Answers whose time has not come.
    answers: Timeline<Later>,
    /// Reports whose time has not come.
    reports: Timeline<SentReport>,
    /// Connections that were cut.
    cuts: u32,
}

impl RelaySim {
    /// A relay without connections.
    pub fn new(config: RelayConfig) -> Self {
        Self {
            desk: Desk::new(config.seed),
            config,
            lines: Lines::default(),
            answers: Timeline::default(),
            reports: Timeline::default(),
            cuts: 0,
        }
    }

    /// A connection was made; `encrypted` if it has TLS from the start.
    pub fn connect(&mut self, now_us: u64, encrypted: bool) -> ConnectionId {
        let faults = &self.config.faults;
        let mut line = Line::new(now_us, &self.config, encrypted);
        let open = self.lines.all().filter(|line| !line.reset && !line.crowded).count();
        line.crowded = faults.max_connections.is_some_and(|most| open >= most as usize);
        line.cut = faults.cut.filter(|cut| cut.times.is_none_or(|times| self.cuts < times));
        self.cuts += u32::from(line.cut.is_some());
        self.desk.books.connections += 1;
        self.desk.books.encrypted += u64::from(encrypted);
        let connection = self.lines.open(line);
        self.work(now_us, connection);
        connection
    }

    /// What one read of a connection returned, cut anywhere.
    pub fn receive(&mut self, now_us: u64, connection: ConnectionId, bytes: &[u8]) {
        let Some(line) = self.lines.get(connection).filter(|line| !line.reset) else { return };
        for piece in line.reads(bytes).chunks(PIECE_OCTETS) {
            if let Some(line) = self.lines.get(connection) {
                line.session.receive(now_us, piece);
            }
            self.work(now_us, connection);
        }
        if self.lines.look(connection).is_some_and(Line::is_cut) {
            self.reset(connection);
        }
    }

    /// How much to read of a connection now; 0 for nothing before the next timeout.
    pub fn room(&mut self, now_us: u64, connection: ConnectionId) -> usize {
        let faults = &self.config.faults;
        match self.lines.get(connection) {
            Some(line) if !line.reset && !faults.deaf => line.room(now_us, faults.read_per_second),
            _ => 0,
        }
    }

    /// The bytes that wait for a connection to take them.
    pub fn outgoing(&self, connection: ConnectionId) -> &[u8] {
        self.lines.look(connection).map_or(&[], |line| line.outgoing(self.config.faults.one_by_one))
    }

    /// A connection took this many of them.
    pub fn wrote(&mut self, now_us: u64, connection: ConnectionId, octets: usize) {
        let Some(line) = self.lines.get(connection) else { return };
        line.wrote(octets);
        if line.is_cut() {
            self.reset(connection);
        }
        self.work(now_us, connection);
    }

    /// Whether to begin TLS on a connection, and then to say [`Self::tls_started`].
    pub fn wants_tls(&self, connection: ConnectionId) -> bool {
        self.lines.look(connection).is_some_and(|line| !line.reset && line.session.wants_tls())
    }

    /// TLS is up on a connection.
    pub fn tls_started(&mut self, now_us: u64, connection: ConnectionId) {
        let Some(line) = self.lines.get(connection) else { return };
        line.session.tls_started(now_us);
        self.desk.books.encrypted += 1;
        self.work(now_us, connection);
    }

    /// Whether to close a connection once [`Self::outgoing`] is empty, and then to say [`Self::disconnected`].
    pub fn wants_close(&self, connection: ConnectionId) -> bool {
        self.lines.look(connection).is_none_or(Line::wants_close)
    }

    /// Whether that close is to be a hard one, as when a line breaks.
    pub fn is_reset(&self, connection: ConnectionId) -> bool {
        self.lines.look(connection).is_some_and(|line| line.reset)
    }

    /// A connection is gone.
    pub fn disconnected(&mut self, _now_us: u64, connection: ConnectionId) {
        self.lines.close(connection);
    }

    /// Time has passed. Hand in what was read before.
    pub fn handle_timeout(&mut self, now_us: u64) {
        for connection in self.lines.ids() {
            if let Some(line) = self.lines.get(connection).filter(|line| !line.reset) {
                line.session.handle_timeout(now_us);
                line.arrive(now_us);
            }
            self.work(now_us, connection);
        }
        self.give_due(now_us);
    }

    /// When to call [`Self::handle_timeout`]; `None` for not before something happens.
    pub fn poll_timeout(&self) -> Option<u64> {
        let lines = self.lines.all().filter_map(Line::timeout_us);
        [self.answers.next_us(), self.reports.next_us()].into_iter().flatten().chain(lines).min()
    }

    /// The connections there are, also those that want to close.
    pub fn connections(&self) -> Vec<ConnectionId> {
        self.lines.ids()
    }

    /// Its books, up to date.
    pub fn books(&self) -> &Books {
        &self.desk.books
    }

    /// What it took, in order, each time that it did; empty unless [`RelayConfig::keep_messages`].
    pub fn messages(&self) -> &[TakenMail] {
        self.desk.taken.kept()
    }

    /// The same, which is then no longer kept.
    pub fn take_messages(&mut self) -> Vec<TakenMail> {
        self.desk.taken.hand_over()
    }

    /// The next report whose time has come; none unless [`RelayConfig::reports`].
    pub fn take_report(&mut self, now_us: u64) -> Option<SentReport> {
        self.reports.pop_due(now_us)
    }

    /// How it behaves now.
    pub fn faults(&self) -> &Faults {
        &self.config.faults
    }

    /// Changes how it behaves with what comes from now on; what waits for its time keeps it.
    pub fn set_faults(&mut self, faults: Faults) {
        if faults.rules != self.config.faults.rules {
            self.desk.forget_rules();
        }
        if faults.cut != self.config.faults.cut {
            self.cuts = 0;
        }
        self.config.faults = faults;
    }

    /// Breaks every connection. Says how many there were.
    pub fn reset_connections(&mut self) -> usize {
        let connections = self.lines.ids();
        connections.into_iter().filter(|&connection| self.reset(connection)).count()
    }

    /// Breaks a connection, unless it is broken.
    fn reset(&mut self, connection: ConnectionId) -> bool {
        let Some(line) = self.lines.get(connection).filter(|line| !line.reset) else { return false };
        line.reset = true;
        self.desk.books.resets += 1;
        true
    }
}
