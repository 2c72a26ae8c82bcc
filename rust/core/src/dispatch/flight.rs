//! Parts that are handed out and not answered: a slab, so that a token finds its flight at once.

use hashbrown::HashMap;

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
    /// Hash of the number it goes to.
    pub(crate) address: u64,
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
    /// How many go to each number through each gateway and may still be answered in time.
    to: HashMap<(GatewayId, u64), u32>,
    slots: Vec<(u32, Option<Flight>)>,
    free: Vec<u32>,
}

impl Flights {
    pub(crate) fn insert(&mut self, flight: Flight) -> u64 {
        *self.to.entry((flight.gateway, flight.address)).or_default() += 1;
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            self.slots.len() as u32 - 1
        });
        let slot = &mut self.slots[at as usize];
        slot.0 = slot.0.wrapping_add(1);
        slot.1 = Some(flight);
        u64::from(slot.0) << 32 | u64::from(at)
    }

    fn get_mut(&mut self, token: u64) -> Option<&mut Flight> {
        let slot = self.slots.get_mut(token as u32 as usize)?;
        if u64::from(slot.0) == token >> 32 { slot.1.as_mut() } else { None }
    }

    /// Its time is over. Gives it, unless that was known.
    pub(crate) fn time_out(&mut self, token: u64) -> Option<Flight> {
        let flight = self.get_mut(token).filter(|flight| !flight.timed_out)?;
        flight.timed_out = true;
        let flight = *flight;
        self.leaves(&flight);
        Some(flight)
    }

    /// Whether a message to this number is on its way through a gateway, its time not over.
    pub(crate) fn any_to(&self, gateway: GatewayId, address: u64) -> bool {
        self.to.contains_key(&(gateway, address))
    }

    fn leaves(&mut self, flight: &Flight) {
        let place = (flight.gateway, flight.address);
        if let Some(count) = self.to.get_mut(&place) {
            *count -= 1;
            if *count == 0 {
                self.to.remove(&place);
            }
        }
    }

    pub(crate) fn remove(&mut self, token: u64) -> Option<Flight> {
        let flight = *self.get_mut(token)?;
        if !flight.timed_out {
            self.leaves(&flight);
        }
        self.slots[token as u32 as usize].1 = None;
        self.free.push(token as u32);
        Some(flight)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Flight> {
        self.slots.iter().filter_map(|(_, flight)| flight.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CampaignId, Channel};

    fn flight(address: u64) -> Flight {
        let key = BlockKey { campaign: CampaignId(1), channel: Channel::Sms, block: 0 };
        let due = Due { key, index: 0, part: 0, attempt: 1, resends: 0, resend: false };
        let gateway = GatewayId(1);
        Flight { due, ordinal: 0, units: 1, gateway, handed_us: 0, first: true, address, timed_out: false }
    }

    #[test]
    fn a_number_is_on_its_way_until_its_last_message_is_answered_or_out_of_time() {
        let mut flights = Flights::default();
        let (first, second, other) =
            (flights.insert(flight(7)), flights.insert(flight(7)), flights.insert(flight(8)));
        assert!(flights.any_to(GatewayId(1), 7) && !flights.any_to(GatewayId(2), 7));
        assert!(flights.time_out(first).is_some() && flights.time_out(first).is_none());
        assert!(flights.any_to(GatewayId(1), 7));
        flights.remove(first);
        assert!(flights.any_to(GatewayId(1), 7), "the second is still on its way");
        flights.remove(second);
        assert!(!flights.any_to(GatewayId(1), 7) && flights.any_to(GatewayId(1), 8));
        flights.remove(other);
        assert!(flights.to.is_empty());
    }
}
