//! Parts that are handed out and not answered: a slab, so that a token finds its flight at once.

use crate::model::{BlockKey, GatewayId};
use crate::queue::Due;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Flight {
    pub(crate) due: Due,
    pub(crate) ordinal: u32,
    pub(crate) units: u8,
    pub(crate) gateway: GatewayId,
    pub(crate) handed_us: u64,
    /// Under its block's reservation, without a `submitting` row.
    pub(crate) first: bool,
    /// Its time is over, but its session lives and may still answer.
    pub(crate) timed_out: bool,
}

impl Flight {
    pub(crate) fn key(&self) -> BlockKey {
        self.due.key
    }
}

/// A slab with generations: a token of a flight that has ended names nothing.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    slots: Vec<(u32, Option<Flight>)>,
    free: Vec<u32>,
}

impl Flights {
    pub(crate) fn insert(&mut self, flight: Flight) -> u64 {
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            self.slots.len() as u32 - 1
        });
        let slot = &mut self.slots[at as usize];
        slot.0 = slot.0.wrapping_add(1);
        slot.1 = Some(flight);
        u64::from(slot.0) << 32 | u64::from(at)
    }

    pub(crate) fn get_mut(&mut self, token: u64) -> Option<&mut Flight> {
        let slot = self.slots.get_mut(token as u32 as usize)?;
        if u64::from(slot.0) == token >> 32 { slot.1.as_mut() } else { None }
    }

    pub(crate) fn remove(&mut self, token: u64) -> Option<Flight> {
        let flight = *self.get_mut(token)?;
        self.slots[token as u32 as usize].1 = None;
        self.free.push(token as u32);
        Some(flight)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Flight> {
        self.slots.iter().filter_map(|(_, flight)| flight.as_ref())
    }
}
