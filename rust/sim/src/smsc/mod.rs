//! A simulated SMSC: any number of connections, one set of books.
//!
//! ```
//! use bealert_sim::smsc::{SimConfig, SmscSim};
//! use bealert_wire::smpp::{Esme, EsmeConfig, Event};
//!
//! let mut smsc = SmscSim::new(SimConfig::default());
//! let connection = smsc.connect(0);
//! let mut esme = Esme::new(EsmeConfig::default());
//! esme.connected(0);
//! smsc.receive(0, connection, esme.outgoing());
//! esme.receive(0, smsc.outgoing(connection));
//! assert!(matches!(esme.poll_event(), Some(Event::Bound { .. })));
//! assert_eq!(smsc.books().binds, 1);
//! ```

mod books;
mod config;
mod delivery;
mod desk;
mod diary;
mod faults;
mod intake;
mod line;
mod receipts;
mod taken;

use bealert_wire::smpp::SmscEvent;

pub use books::Books;
pub use config::SimConfig;
pub use diary::Noted;
pub use faults::{Fate, Faults, Limit, NumberPattern, NumberRule};
pub use taken::TakenMessage;

pub use crate::lines::ConnectionId;
use crate::lines::Lines;
use crate::timeline::Timeline;
use desk::Desk;
use diary::Diary;
use intake::Response;
use line::Line;
use receipts::{Accounts, Flights, Receipt};

/// The octets looked at in one go: their submits stay in the nearest cache, and a connection that breaks does so
/// near the submit that breaks it.
const PIECE_OCTETS: usize = 16 * 1024;

/// The longest prefix of message ids, so that a number fits behind it (SMPP 3.4 §5.2.23).
const MAX_PREFIX_CHARS: usize = 40;

/// An SMSC that sends nothing, under the session contract of `bealert-wire` with a connection in each call.
///
/// After any call, any connection may have something to write, a wish to close, or another timeout.
#[derive(Debug)]
pub struct SmscSim {
    config: SimConfig,
    lines: Lines<Line>,
    desk: Desk,
    accounts: Accounts,
    /// Answers whose time has not come.
    responses: Timeline<Response>,
    /// Receipts whose time has not come.
    receipts: Timeline<Receipt>,
    flights: Flights,
    diary: Diary,
}

impl SmscSim {
    /// An SMSC without connections.
    pub fn new(mut config: SimConfig) -> Self {
        let prefix = config.id_prefix.chars().filter(char::is_ascii_graphic).take(MAX_PREFIX_CHARS);
        config.id_prefix = prefix.collect();
        Self {
            desk: Desk::new(config.seed, config.id_start, config.keep_messages),
            diary: Diary::new(config.keep_diary),
            config,
            lines: Lines::default(),
            accounts: Accounts::default(),
            responses: Timeline::default(),
            receipts: Timeline::default(),
            flights: Flights::default(),
        }
    }

    /// A connection was made.
    pub fn connect(&mut self, now_us: u64) -> ConnectionId {
        self.lines.open(Line::new(now_us, &self.config))
    }

    /// What one read of a connection returned, cut anywhere.
    pub fn receive(&mut self, now_us: u64, connection: ConnectionId, bytes: &[u8]) {
        for piece in bytes.chunks(PIECE_OCTETS) {
            let Some(line) = self.lines.get(connection).filter(|line| !line.reset) else { return };
            line.session.receive(now_us, piece);
            self.take_events(now_us, connection);
            if let Some(account) = self.lines.get(connection).and_then(|line| line.account) {
                self.send_receipts(now_us, account);
                self.release_held(now_us, account);
            }
        }
    }

    /// The bytes that wait for a connection to take them.
    pub fn outgoing(&self, connection: ConnectionId) -> &[u8] {
        match self.lines.look(connection) {
            Some(line) if !line.reset => line.session.outgoing(),
            _ => &[],
        }
    }

    /// A connection took this many of them.
    pub fn wrote(&mut self, connection: ConnectionId, octets: usize) {
        if let Some(line) = self.lines.get(connection) {
            line.session.wrote(octets);
        }
    }

    /// Whether to close a connection once [`Self::outgoing`] is empty, and then to say [`Self::disconnected`].
    pub fn wants_close(&self, connection: ConnectionId) -> bool {
        self.lines.look(connection).is_none_or(|line| line.reset || line.session.wants_close())
    }

    /// Whether that close is to be a hard one, as when a line breaks.
    pub fn is_reset(&self, connection: ConnectionId) -> bool {
        self.lines.look(connection).is_some_and(|line| line.reset)
    }

    /// A connection is gone. Receipts it did not answer go to another one of its account, now or later.
    pub fn disconnected(&mut self, now_us: u64, connection: ConnectionId) {
        let Some(mut line) = self.lines.close(connection) else { return };
        if let Some(account) = line.account {
            self.accounts.get(account).remove_receiver(connection);
        }
        line.session.disconnected(now_us);
        while let Some(event) = line.session.poll_event() {
            match event {
                SmscEvent::Answered { token, status } => self.answered(now_us, token, status),
                SmscEvent::Unanswered { token } => self.unanswered(token),
                _ => {}
            }
        }
        if let Some(account) = line.account {
            self.send_receipts(now_us, account);
        }
    }

    /// Time has passed. Hand in what was read before.
    pub fn handle_timeout(&mut self, now_us: u64) {
        for connection in self.lines.ids() {
            let Some(line) = self.lines.get(connection).filter(|line| !line.reset) else { continue };
            line.session.handle_timeout(now_us);
            self.take_events(now_us, connection);
        }
        while let Some(response) = self.responses.pop_due(now_us) {
            self.respond(now_us, response);
        }
        while let Some(receipt) = self.receipts.pop_due(now_us) {
            self.accounts.get(receipt.account).ready.push_back(receipt);
        }
        for account in 0..self.accounts.count() {
            self.send_receipts(now_us, account);
            self.release_held(now_us, account);
        }
    }

    /// When to call [`Self::handle_timeout`]; `None` for not before something happens.
    pub fn poll_timeout(&self) -> Option<u64> {
        let own = [self.responses.next_us(), self.receipts.next_us()];
        own.into_iter().flatten().chain(self.lines.all().filter_map(Line::timeout_us)).min()
    }

    /// The connections there are, also those that want to close.
    pub fn connections(&self) -> Vec<ConnectionId> {
        self.lines.ids()
    }

    /// Its books, up to date.
    pub fn books(&self) -> &Books {
        &self.desk.books
    }

    /// What it took, in the order in which the first part of each message came; empty unless
    /// [`SimConfig::keep_messages`].
    pub fn messages(&self) -> Vec<TakenMessage> {
        self.desk.taken.messages(|number| self.config.id(number).as_str().into())
    }

    /// What happened since the last call, oldest first; empty unless [`SimConfig::keep_diary`].
    pub fn take_diary(&mut self) -> Vec<Noted> {
        self.diary.take()
    }

    /// How it behaves now.
    pub fn faults(&self) -> &Faults {
        &self.config.faults
    }

    /// Changes how it behaves with what comes from now on; what waits for its time keeps it.
    pub fn set_faults(&mut self, now_us: u64, faults: Faults) {
        if faults.numbers != self.config.faults.numbers {
            self.desk.forget_rules();
        }
        self.config.faults = faults;
        for account in 0..self.accounts.count() {
            self.send_receipts(now_us, account);
            self.release_held(now_us, account);
        }
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
        if let Some(account) = line.account {
            self.accounts.get(account).remove_receiver(connection);
        }
        true
    }
}
