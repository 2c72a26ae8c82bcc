//! A connection without a socket: two queues of bytes that take time, and may take no more.

use std::collections::VecDeque;

use super::far_end::Machine;
use super::setup::LineSetup;
use crate::chance::Chance;
use crate::smsc::ConnectionId;

/// Octets that one read takes at most and that wait to be written before no more is asked for, as in the engine.
pub(super) const BUFFER_OCTETS: usize = 64 * 1024;

/// The longest pieces of a line that cuts: shorter than most messages.
const CUT_READ: u64 = 300;
const CUT_WRITE: u64 = 600;

/// A connection between a session and its far end.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) connection: ConnectionId,
    setup: LineSetup,
    up: Pipe,
    down: Pipe,
    /// The last write took nothing.
    pub(super) stuck: bool,
    /// Nothing passes any more, and nobody is told: a cable is cut, a firewall has forgotten.
    pub(super) silent: bool,
    /// The far end does not read before then.
    pub(super) unread_until_us: u64,
    /// The far end has closed it: the near end hears so once it has read what lies before.
    pub(super) closed: bool,
}

#[derive(Debug, Default)]
struct Pipe {
    /// When each piece arrives, and what it is.
    pieces: VecDeque<(u64, Vec<u8>)>,
    octets: usize,
}

impl Line {
    pub(super) fn new(connection: ConnectionId, setup: LineSetup) -> Self {
        let (up, down) = (Pipe::default(), Pipe::default());
        Self { connection, setup, up, down, stuck: false, silent: false, unread_until_us: 0, closed: false }
    }

    /// Writes what fits; how much that was.
    pub(super) fn write(&mut self, now_us: u64, chance: &mut Chance, bytes: &[u8]) -> usize {
        let most = self.cut(chance, CUT_WRITE).unwrap_or(bytes.len());
        let wrote = self.up.push(now_us, &bytes[..bytes.len().min(most)], self.setup);
        self.stuck = wrote == 0;
        wrote
    }

    /// What has arrived, or a piece of it; `None` where nothing has.
    pub(super) fn read(&mut self, now_us: u64, chance: &mut Chance) -> Option<Vec<u8>> {
        let most = self.cut(chance, CUT_READ).unwrap_or(BUFFER_OCTETS);
        if self.silent { None } else { self.down.pop(now_us, most) }
    }

    /// How long a piece is, where the line cuts.
    fn cut(&self, chance: &mut Chance, longest: u64) -> Option<usize> {
        self.setup.cuts.then(|| chance.within(1..=longest) as usize)
    }

    /// Whether the near end has read all there will ever be.
    pub(super) fn at_end(&self) -> bool {
        self.closed && !self.silent && self.down.pieces.is_empty()
    }

    /// The far end reads what has arrived and writes what fits. Whether anything moved.
    pub(super) fn far_end_turns(&mut self, now_us: u64, machine: &mut Machine) -> bool {
        if self.silent || self.closed {
            return false;
        }
        let mut moved = false;
        while now_us >= self.unread_until_us
            && let room = machine.room(now_us, self.connection)
            && room > 0
            && let Some(bytes) = self.up.pop(now_us, room)
        {
            machine.receive(now_us, self.connection, &bytes);
            moved = true;
        }
        loop {
            let wrote = self.down.push(now_us, machine.outgoing(self.connection), self.setup);
            machine.wrote(now_us, self.connection, wrote);
            if wrote == 0 {
                break;
            }
            moved = true;
        }
        if machine.wants_close(self.connection) && machine.outgoing(self.connection).is_empty() {
            if machine.is_reset(self.connection) {
                self.down = Pipe::default();
            }
            self.closed = true;
            machine.disconnected(now_us, self.connection);
        }
        moved
    }

    /// The near end is gone. What it had written arrives, or the first `kept` octets of it do.
    pub(super) fn near_end_gone(mut self, now_us: u64, machine: &mut Machine, mut kept: usize) {
        if self.closed {
            return;
        }
        while let Some((_, piece)) = self.up.pieces.pop_front().filter(|_| !self.silent && kept > 0) {
            let arrives = piece.len().min(kept);
            machine.receive(now_us, self.connection, &piece[..arrives]);
            kept -= arrives;
        }
        machine.disconnected(now_us, self.connection);
    }

    /// When either end has something to read.
    pub(super) fn timeout(&self) -> Option<u64> {
        if self.silent {
            return None;
        }
        let up = self.up.pieces.front().filter(|_| !self.closed);
        let up = up.map(|(at_us, _)| self.unread_until_us.max(*at_us));
        let down = self.down.pieces.front().map(|(at_us, _)| *at_us);
        up.into_iter().chain(down).min()
    }
}

impl Pipe {
    fn push(&mut self, now_us: u64, bytes: &[u8], setup: LineSetup) -> usize {
        let fits = bytes.len().min(setup.octets.saturating_sub(self.octets));
        if fits > 0 {
            self.pieces.push_back((now_us + setup.latency_us, bytes[..fits].to_vec()));
            self.octets += fits;
        }
        fits
    }

    fn pop(&mut self, now_us: u64, most: usize) -> Option<Vec<u8>> {
        let (_, piece) = self.pieces.front_mut().filter(|(at_us, _)| *at_us <= now_us)?;
        let taken = if piece.len() <= most {
            self.pieces.pop_front()?.1
        } else {
            let rest = piece.split_off(most);
            std::mem::replace(piece, rest)
        };
        self.octets -= taken.len();
        Some(taken)
    }
}
