//! The connections of a simulated SMSC.

use std::collections::VecDeque;

use bealert_wire::smpp::{MAX_WINDOW, Smsc, SmscConfig};

use super::config::SimConfig;
use super::intake::Response;

/// Names a connection, and never another one later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId {
    index: u32,
    /// How many connections there were before it.
    born: u32,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Line {
    born: u32,
    pub(super) session: Smsc,
    /// Known once it is bound.
    pub(super) account: Option<u32>,
    /// Responses that wait until every receipt is answered.
    pub(super) held: VecDeque<Response>,
    /// It is to break: nothing goes in or out.
    pub(super) reset: bool,
}

impl Line {
    /// Whether it takes a receipt, when so many may be unanswered.
    pub(super) fn has_room(&self, unanswered: u32) -> bool {
        self.session.unanswered() < unanswered && self.session.room() > 0
    }
}

/// Every connection, by its id.
#[derive(Debug, Default)]
pub(super) struct Lines {
    places: Vec<Option<Line>>,
    born: u32,
}

impl Lines {
    pub(super) fn open(&mut self, now_us: u64, config: &SimConfig) -> ConnectionId {
        let mut session = Smsc::new(SmscConfig {
            system_id: config.name.clone(),
            window: config.faults.unanswered_receipts.clamp(1, MAX_WINDOW),
            response_timeout_us: config.faults.receipt_timeout_us,
            ..SmscConfig::default()
        });
        session.connected(now_us);
        self.born += 1;
        let line = Line { born: self.born, session, account: None, held: VecDeque::new(), reset: false };
        let free = self.places.iter().position(Option::is_none);
        let index = free.unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[index] = Some(line);
        ConnectionId { index: index as u32, born: self.born }
    }

    pub(super) fn close(&mut self, id: ConnectionId) -> Option<Line> {
        self.places.get_mut(id.index as usize)?.take_if(|line| line.born == id.born)
    }

    #[inline]
    pub(super) fn get(&mut self, id: ConnectionId) -> Option<&mut Line> {
        self.places.get_mut(id.index as usize)?.as_mut().filter(|line| line.born == id.born)
    }

    #[inline]
    pub(super) fn look(&self, id: ConnectionId) -> Option<&Line> {
        self.places.get(id.index as usize)?.as_ref().filter(|line| line.born == id.born)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Line> {
        self.places.iter().flatten()
    }

    pub(super) fn ids(&self) -> Vec<ConnectionId> {
        let places = self.places.iter().enumerate();
        let id = |(index, line): (usize, &Option<Line>)| {
            line.as_ref().map(|line| ConnectionId { index: index as u32, born: line.born })
        };
        places.filter_map(id).collect()
    }

    /// When each session wants to be told that time has passed.
    pub(super) fn timeouts(&self) -> impl Iterator<Item = u64> {
        let live = self.places.iter().flatten().filter(|line| !line.reset);
        live.filter_map(|line| line.session.poll_timeout())
    }
}
