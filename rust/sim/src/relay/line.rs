//! A connection of a simulated relay.

use std::collections::VecDeque;

use bealert_wire::smtp::Server;

use super::config::RelayConfig;
use super::draft::Draft;
use super::faults::Cut;

/// How often a connection that is read slowly is looked at: a hundred times a second.
const SLOW_READ_US: u64 = 10_000;

/// A connection.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) session: Server,
    pub(super) draft: Draft,
    /// There are too many already: it is greeted with a 421.
    pub(super) crowded: bool,
    /// Messages begun on it.
    pub(super) messages: u32,
    /// The noes it heard.
    pub(super) mistakes: u32,
    /// Over LMTP: recipients that have their reply to the content.
    pub(super) replied: u32,
    /// Where it breaks.
    pub(super) cut: Option<Cut>,
    /// It is to break: nothing goes in or out.
    pub(super) reset: bool,
    received: u64,
    written: u64,
    /// Replies on their way: when they arrive, and the place in the stream where they end.
    travelling: VecDeque<(u64, u64)>,
    /// The place in the stream up to which replies have arrived.
    arrived: u64,
    /// When a slow reader read last.
    read_us: u64,
    /// It was asked to read, and did not yet.
    rests: bool,
}

impl Line {
    pub(super) fn new(now_us: u64, config: &RelayConfig, encrypted: bool) -> Self {
        let mut session = Server::new(config.session());
        session.connected(now_us, encrypted);
        Self {
            session,
            draft: Draft::default(),
            crowded: false,
            messages: 0,
            mistakes: 0,
            replied: 0,
            cut: None,
            reset: false,
            received: 0,
            written: 0,
            travelling: VecDeque::new(),
            arrived: 0,
            read_us: now_us,
            rests: false,
        }
    }

    /// What of `bytes` it reads before it breaks.
    pub(super) fn reads<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let left = self.cut.and_then(|cut| cut.received).map(|most| most.saturating_sub(self.received));
        let octets =
            left.map_or(bytes.len(), |left| bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        self.received += octets as u64;
        &bytes[..octets]
    }

    /// Whether it has read, or written, all it will.
    pub(super) fn is_cut(&self) -> bool {
        let over = |most: Option<u64>, octets| most.is_some_and(|most| octets >= most);
        self.cut.is_some_and(|cut| over(cut.received, self.received) || over(cut.sent, self.written))
    }

    /// Sends what was said since the last call on its way.
    #[inline]
    pub(super) fn send_off(&mut self, now_us: u64, latency_us: u64) {
        let end = self.written + self.session.outgoing().len() as u64;
        match self.travelling.back() {
            None if latency_us == 0 => self.arrived = end,
            None if end > self.arrived => self.travelling.push_back((now_us.saturating_add(latency_us), end)),
            Some(&(last_us, last)) if end > last => {
                self.travelling.push_back((last_us.max(now_us.saturating_add(latency_us)), end));
            }
            _ => {}
        }
    }

    /// Lets what is due arrive.
    pub(super) fn arrive(&mut self, now_us: u64) {
        self.rests = false;
        while let Some(&(_, end)) = self.travelling.front().filter(|&&(due_us, _)| due_us <= now_us) {
            self.arrived = end;
            self.travelling.pop_front();
        }
    }

    /// What the driver is to write.
    pub(super) fn outgoing(&self, one_by_one: bool) -> &[u8] {
        if self.reset {
            return &[];
        }
        let mut most = self.arrived.saturating_sub(self.written);
        if let Some(sent) = self.cut.and_then(|cut| cut.sent) {
            most = most.min(sent.saturating_sub(self.written));
        }
        let all = self.session.outgoing();
        let waiting = &all[..all.len().min(usize::try_from(most).unwrap_or(usize::MAX))];
        if one_by_one { first_reply(waiting) } else { waiting }
    }

    pub(super) fn wrote(&mut self, octets: usize) {
        self.written += octets as u64;
        self.session.wrote(octets);
    }

    pub(super) fn wants_close(&self) -> bool {
        self.reset || (self.session.wants_close() && self.session.outgoing().is_empty())
    }

    /// How much it reads now, if it reads so many octets a second.
    pub(super) fn room(&mut self, now_us: u64, per_second: Option<u32>) -> usize {
        let room = self.session.room();
        let Some(per_second) = per_second else { return room };
        let passed_us = now_us.saturating_sub(self.read_us).min(1_000_000);
        let octets = u64::from(per_second) * passed_us / 1_000_000;
        self.rests = octets == 0 || passed_us < SLOW_READ_US;
        if self.rests {
            return 0;
        }
        self.read_us = now_us;
        room.min(octets as usize)
    }

    /// When it is to be looked at again.
    pub(super) fn timeout_us(&self) -> Option<u64> {
        if self.reset {
            return None;
        }
        let read_us = self.rests.then(|| self.read_us + SLOW_READ_US);
        let arrival_us = self.travelling.front().map(|&(due_us, _)| due_us);
        [self.session.poll_timeout(), arrival_us, read_us].into_iter().flatten().min()
    }
}

/// The first whole reply, or all there is of it: its last line has a space behind the code (RFC 5321 §4.2.1).
fn first_reply(bytes: &[u8]) -> &[u8] {
    let mut end = 0;
    for line in bytes.split_inclusive(|&octet| octet == b'\n') {
        end += line.len();
        if line.get(3) != Some(&b'-') {
            break;
        }
    }
    &bytes[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_one_by_one() {
        assert_eq!(first_reply(b"250-a\r\n250-b\r\n250 c\r\n250 d\r\n"), b"250-a\r\n250-b\r\n250 c\r\n");
        assert_eq!(first_reply(b"250 d\r\n354 e\r\n"), b"250 d\r\n");
        assert_eq!(first_reply(b"nonsense\r\n250 d\r\n"), b"nonsense\r\n");
        assert_eq!(first_reply(b""), b"");
    }
}
