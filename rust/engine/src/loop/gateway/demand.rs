//! Connections of a mail relay: made for the messages that wait, and what their end means.

use bealert_core::ledger::NoticeCode;
use bealert_sim::client::Standing;

use super::{Gateway, Health, Session};
use crate::session::Pass;

impl Gateway {
    /// Makes the connections that what waits is worth, or says when they may be made.
    pub(super) fn open_more(&mut self, pass: &mut Pass<'_>) {
        self.open_us = None;
        let Some((_, openings)) = &mut self.relay else { return };
        let mut worked = false;
        self.sessions.iter_mut().for_each(|session| worked |= session.take_worked());
        if worked {
            openings.worked();
        }
        let resting = self.sessions.iter().filter(|session| session.rests()).count();
        if resting == 0 || self.closing {
            return;
        }
        let open = self.sessions.len() - resting;
        let room: u32 = self.sessions.iter().map(Session::room).sum();
        // What the limiter holds back now needs no connection more than there is.
        let held = self.ready_us.is_some() && open > 0;
        let waiting = if held { 0 } else { pass.dispatcher.waiting(pass.now_us, self.id) };
        let waiting = waiting.saturating_sub(room as usize);
        let standing = Standing { open, resting, up: self.health == Health::Up, waiting };
        let wanted = openings.wanted(pass.now_us, standing);
        if wanted > 0 && !openings.may_open(pass.now_us) {
            self.open_us = Some(openings.next_us());
            return;
        }
        let sessions = self.sessions.iter_mut().filter(|session| session.rests());
        sessions.take(wanted).for_each(|session| session.open(pass.now_us));
    }

    /// A connection that had worked was lost. The relay is not down for that: the next connection tells.
    pub(super) fn lost(&mut self, pass: &mut Pass<'_>, why: String) {
        self.opening_failed(pass.now_us, false);
        if why != self.last_why {
            pass.log.warning("gateway", format!("{}: {why}", self.name));
            self.last_why = why;
        }
    }

    /// The relay takes no connection more. Where it takes none at all, that is as good as down.
    pub(super) fn crowded(&mut self, pass: &mut Pass<'_>, why: String) {
        let open = self.sessions.iter().filter(|session| session.greeting().is_some()).count();
        let Some((_, openings)) = self.relay.as_mut().filter(|_| open > 0) else {
            return self.down(pass, why, false);
        };
        openings.crowded(pass.now_us, open);
        if why != self.last_why {
            let text = format!("{}: {why}; {open} connections from here on", self.name);
            pass.log.info("gateway", text);
            self.last_why = why;
        }
    }

    /// The relay's encryption does not work, and was not required.
    pub(super) fn in_plain(&mut self, pass: &mut Pass<'_>, why: &str) {
        let name = &self.name;
        let text = format!("{name} is sent to in plain: {why}; TLS is tried again every ten minutes");
        pass.log.warning("gateway", text.clone());
        pass.dispatcher.notice(pass.now_us, None, self.id, NoticeCode::Unencrypted, &text);
    }

    pub(super) fn opening_failed(&mut self, now_us: u64, for_good: bool) {
        if let Some((_, openings)) = &mut self.relay {
            openings.failed(now_us, for_good);
        }
    }
}
