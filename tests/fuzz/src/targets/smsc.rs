//! A session towards an ESME that says anything: what the simulator faces.

use bealert_wire::smpp::{Smsc, SmscConfig, SmscEvent};

use crate::peer::{LATER_US, NOW_US, busy_smsc, good_esme};
use crate::session::{self, Busy};

/// The octets: see [`session::read`].
pub(crate) fn read(octets: &[u8]) -> bool {
    // Whoever binds first is taken.
    let mut open = Smsc::new(SmscConfig::default());
    open.connected(NOW_US);
    for piece in octets.chunks(64) {
        Busy::receive(&mut open, piece);
        for event in open.events() {
            if let SmscEvent::Bind { reply, .. } = event {
                open.accept(NOW_US, reply);
            }
        }
    }
    assert!(open.finish(LATER_US));
    session::read::<Smsc>(octets)
}

impl Busy for Smsc {
    type Event = SmscEvent;

    fn busy() -> Self {
        busy_smsc()
    }

    fn good() -> Vec<u8> {
        good_esme()
    }

    fn understood(events: &[SmscEvent]) -> bool {
        matches!(events, [SmscEvent::Answered { token: 0, .. }, SmscEvent::Submit { .. }, ..])
    }

    fn receive(&mut self, octets: &[u8]) {
        self.receive(NOW_US, octets);
    }

    fn poll_event(&mut self) -> Option<SmscEvent> {
        self.poll_event()
    }

    fn outgoing(&self) -> &[u8] {
        self.outgoing()
    }

    fn wants_close(&self) -> bool {
        self.wants_close()
    }

    fn answer(&mut self, event: &SmscEvent) {
        if let SmscEvent::Submit { reply, .. } = event {
            self.respond(NOW_US, *reply, 0, "id");
        }
    }

    fn ends(event: &SmscEvent) -> Option<u64> {
        match event {
            SmscEvent::Answered { token, .. } | SmscEvent::Unanswered { token } => Some(*token),
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
