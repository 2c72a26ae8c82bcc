//! A relay and clients that write what they are told, and read what comes.

use bealert_sim::relay::{ConnectionId, Faults, RelayConfig, RelaySim, Rule};

pub(crate) const MS: u64 = 1_000;
pub(crate) const SECOND: u64 = 1_000_000;

pub(crate) struct Callers {
    pub(crate) relay: RelaySim,
    pub(crate) now: u64,
}

pub(crate) fn with(faults: Faults) -> Callers {
    Callers::new(RelayConfig { faults, keep_messages: true, ..RelayConfig::default() })
}

pub(crate) fn with_rule(rule: Rule) -> Callers {
    with(Faults { rules: vec![rule], ..Faults::default() })
}

/// MAIL, RCPT and DATA.
pub(crate) fn group(recipient: &str) -> String {
    format!("MAIL FROM:<alert@be.example>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n")
}

/// A message, with its dot.
pub(crate) fn message(id: u64) -> String {
    format!("From: alert@be.example\r\nMessage-ID: <{id}@be.example>\r\n\r\nBlijf binnen.\r\n.\r\n")
}

/// The code of each reply, continued lines aside; 0 for what is none.
pub(crate) fn codes(said: &[u8]) -> Vec<u16> {
    let said = String::from_utf8_lossy(said);
    let last = said.lines().filter(|line| line.as_bytes().get(3) != Some(&b'-'));
    last.map(|line| line.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0)).collect()
}

impl Callers {
    pub(crate) fn new(config: RelayConfig) -> Self {
        Self { relay: RelaySim::new(config), now: SECOND }
    }

    /// Another connection.
    pub(crate) fn connect(&mut self) -> ConnectionId {
        self.relay.connect(self.now, false)
    }

    /// Another connection, greeted.
    pub(crate) fn call(&mut self) -> ConnectionId {
        let connection = self.connect();
        self.say(connection, "EHLO client.example\r\n");
        connection
    }

    /// Writes, and reads what is there at once.
    pub(crate) fn say(&mut self, connection: ConnectionId, text: impl AsRef<[u8]>) -> Vec<u16> {
        self.relay.receive(self.now, connection, text.as_ref());
        self.read(connection)
    }

    /// The codes of what is there now.
    pub(crate) fn read(&mut self, connection: ConnectionId) -> Vec<u16> {
        codes(&self.read_octets(connection))
    }

    pub(crate) fn read_octets(&mut self, connection: ConnectionId) -> Vec<u8> {
        let mut said = Vec::new();
        loop {
            let bytes = self.relay.outgoing(connection).to_vec();
            if bytes.is_empty() {
                return said;
            }
            self.relay.wrote(self.now, connection, bytes.len());
            said.extend(bytes);
        }
    }

    /// One message to one recipient: the codes of MAIL, RCPT, DATA and the dot.
    pub(crate) fn send(&mut self, connection: ConnectionId, recipient: &str, id: u64) -> Vec<u16> {
        let mut codes = self.say(connection, group(recipient));
        if codes.last() == Some(&354) {
            codes.extend(self.say(connection, message(id)));
        } else {
            self.say(connection, "RSET\r\n");
        }
        codes
    }

    /// Lets time pass, each timeout at its time.
    pub(crate) fn wait(&mut self, span_us: u64) {
        let end = self.now + span_us;
        while let Some(next) = self.relay.poll_timeout().filter(|&next| next <= end) {
            self.now = self.now.max(next);
            self.relay.handle_timeout(self.now);
            while self.relay.take_report(self.now).is_some() {}
            assert!(self.relay.poll_timeout().is_none_or(|next| next > self.now), "time stands still");
        }
        self.now = end;
        self.relay.handle_timeout(self.now);
    }

    /// Whether a connection is to break.
    pub(crate) fn is_broken(&self, connection: ConnectionId) -> bool {
        self.relay.wants_close(connection) && self.relay.is_reset(connection)
    }

    /// Whether a connection is to be closed in order.
    pub(crate) fn is_over(&self, connection: ConnectionId) -> bool {
        self.relay.wants_close(connection) && !self.relay.is_reset(connection)
    }
}
