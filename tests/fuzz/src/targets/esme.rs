//! A session towards an SMSC that says anything.

use bealert_wire::smpp::{Esme, Event};

use crate::peer::{LATER_US, NOW_US, binding_esme, busy_esme, good_smsc};
use crate::session::{self, Busy};

/// The octets: see [`session::read`].
pub(crate) fn read(octets: &[u8]) -> bool {
    // Before its bind is answered it needs to survive only.
    let mut binding = binding_esme();
    Busy::receive(&mut binding, octets);
    assert!(binding.finish(LATER_US));
    session::read::<Esme>(octets)
}

impl Busy for Esme {
    type Event = Event;

    fn busy() -> Self {
        busy_esme()
    }

    fn good() -> Vec<u8> {
        good_smsc("1")
    }

    fn understood(events: &[Event]) -> bool {
        matches!(events, [Event::Accepted { token: 0, .. }, Event::Receipt { .. }, ..])
    }

    fn receive(&mut self, octets: &[u8]) {
        self.receive(NOW_US, octets);
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.poll_event()
    }

    fn outgoing(&self) -> &[u8] {
        self.outgoing()
    }

    fn wants_close(&self) -> bool {
        self.wants_close()
    }

    fn answer(&mut self, event: &Event) {
        if let Event::Receipt { reply, .. } | Event::Message { reply, .. } = event {
            self.answer(NOW_US, *reply, 0);
        }
    }

    fn ends(event: &Event) -> Option<u64> {
        match event {
            Event::Accepted { token, .. }
            | Event::Rejected { token, .. }
            | Event::Lost { token }
            | Event::Unsent { token } => Some(*token),
            _ => None,
        }
    }

    fn finish(&mut self, now_us: u64) -> bool {
        self.wrote(self.outgoing().len());
        self.handle_timeout(now_us);
        self.disconnected(now_us);
        self.outgoing().is_empty() && self.poll_timeout().is_none()
    }
}
