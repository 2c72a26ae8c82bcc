//! One pass of the driver, in the order of the engine's loop, and when the next one is due.

use std::collections::HashMap;

use bealert_core::dispatch::{Action, Answer, Handout, Next};
use bealert_core::model::BlockKey;
use bealert_core::retry::Refusal;
use bealert_wire::smpp::SubmitError;

use super::facts::{Part, Sent, What};
use super::fuse::Crash;
use super::plant::Plant;
use super::session::{Hands, Link, Session};
use super::setup::GatewaySetup;
use super::{Host, World};

/// Messages one session may take in a pass before the others have their turn, as the engine has it.
const PASS_MESSAGES: usize = 256;

/// Pause before a block that could not be rendered is tried again, as the engine has it.
const RELOAD_US: u64 = 1_000_000;

/// A token that no dispatcher gives.
const NOBODY: u64 = u64::MAX;

impl World {
    /// Takes all there is and does all that may be done.
    pub(super) fn pass(&mut self) -> Result<(), Crash> {
        self.far_ends_turn();
        if self.host.is_none() {
            return Ok(());
        }
        self.end_commit()?;
        self.end_loads()?;
        self.each_session(|session, hands, setup| session.poll(hands, setup))?;
        if let Some(host) = &mut self.host
            && host.dispatcher.poll_timeout().is_some_and(|at_us| at_us <= self.now_us)
        {
            self.fuse.point()?;
            host.dispatcher.handle_timeout(self.now_us);
        }
        self.hand_out()?;
        self.act()?;
        self.hand_batch()?;
        self.act()?;
        self.each_session(|session, hands, setup| session.flush(hands, setup))?;
        self.end_step()
    }

    /// The next moment at which something is due.
    pub(super) fn timeout(&self) -> Option<u64> {
        let far_ends = self.far_ends.iter().filter_map(|far_end| far_end.smsc.poll_timeout());
        let host = self.host.as_ref().and_then(|host| host.timeout(self.now_us));
        far_ends.chain(host).min()
    }

    fn far_ends_turn(&mut self) {
        let now_us = self.now_us;
        for (at, far_end) in self.far_ends.iter_mut().enumerate() {
            let smsc = &mut far_end.smsc;
            let mut lines: Vec<_> = self.host.iter_mut().flat_map(|host| host.gateways[at].lines()).collect();
            for line in &mut lines {
                line.far_end_turns(now_us, smsc);
            }
            if smsc.poll_timeout().is_some_and(|at_us| at_us <= now_us) {
                smsc.handle_timeout(now_us);
            }
            for line in &mut lines {
                line.far_end_turns(now_us, smsc);
            }
        }
        self.note_diaries();
    }

    pub(super) fn each_session(
        &mut self,
        mut work: impl FnMut(&mut Session, &mut Hands<'_>, &GatewaySetup) -> Result<(), Crash>,
    ) -> Result<(), Crash> {
        let Some(host) = &mut self.host else { return Ok(()) };
        let gateways = host.gateways.iter_mut().zip(&mut self.far_ends).zip(&self.setup.gateways);
        for ((gateway, far_end), setup) in gateways {
            for session in &mut gateway.sessions {
                let mut hands = Hands {
                    now_us: self.now_us,
                    dispatcher: &mut host.dispatcher,
                    far_end,
                    fuse: &mut self.fuse,
                    chance: &mut self.chance,
                    log: &mut self.log,
                    plant: self.plant,
                };
                work(session, &mut hands, setup)?;
            }
        }
        Ok(())
    }

    /// Hands out what windows, limiters and reservations allow.
    fn hand_out(&mut self) -> Result<(), Crash> {
        let Some(host) = &mut self.host else { return Ok(()) };
        host.unfinished = false;
        for at in 0..host.gateways.len() {
            let gateway = &mut host.gateways[at];
            gateway.ready_us = None;
            let count = gateway.sessions.len();
            gateway.turn = (gateway.turn + 1) % count;
            for offset in 0..count {
                let number = (gateway.turn + offset) % count;
                let mut left = PASS_MESSAGES;
                while gateway.sessions[number].room() > 0 && gateway.ready_us.is_none() {
                    if left == 0 {
                        host.unfinished = true;
                        break;
                    }
                    left -= 1;
                    self.fuse.point()?;
                    match host.dispatcher.next(self.now_us, gateway.id) {
                        Next::Send(handout) => {
                            let mut desk = Desk {
                                now_us: self.now_us,
                                setup: &self.setup.gateways[at],
                                messages: &mut *self.messages,
                                letters: &mut self.letters,
                                log: &mut self.log,
                                twice: self.plant == Some(Plant::SentTwice) && self.chance.happens(0.05),
                            };
                            self.fuse.point()?;
                            desk.submit(&mut host.dispatcher, &mut gateway.sessions[number], handout);
                        }
                        Next::Wait(at_us) => gateway.ready_us = Some(at_us),
                        Next::Idle => break,
                    }
                }
            }
        }
        Ok(())
    }

    /// Does what the dispatcher asks for.
    pub(super) fn act(&mut self) -> Result<(), Crash> {
        let Some(host) = &mut self.host else { return Ok(()) };
        loop {
            self.fuse.point()?;
            match host.dispatcher.poll_action() {
                None => return Ok(()),
                Some(Action::Reply { gateway, session, reply, ok }) => {
                    let sessions = host.gateways.iter_mut().filter(|known| known.id == gateway);
                    if let Some(session) =
                        sessions.flat_map(|g| g.sessions.get_mut(usize::from(session))).next()
                    {
                        session.answer(self.now_us, reply, ok);
                    }
                }
                Some(Action::Load(key)) => {
                    let took_us = self.chance.within(0..=self.setup.load_us);
                    host.loads.push((self.now_us + took_us, key));
                }
                Some(Action::Unload(key)) => self.messages.unload(key),
                Some(Action::Log(_)) => {}
            }
        }
    }

    /// Blocks that are here by now.
    fn end_loads(&mut self) -> Result<(), Crash> {
        let now_us = self.now_us;
        let Some(host) = &mut self.host else { return Ok(()) };
        let due: Vec<BlockKey> =
            host.loads.extract_if(.., |(at_us, _)| *at_us <= now_us).map(|(_, key)| key).collect();
        for key in due {
            self.fuse.point()?;
            let mut reader = self.reader();
            let row = reader.block(key).expect("the ledger lives").expect("a block of a campaign is there");
            let Some(host) = &mut self.host else { return Ok(()) };
            match self.messages.load(&row, host.dispatcher.address_hash()) {
                Ok(entries) => host.dispatcher.loaded(now_us, key, entries),
                Err(_) => host.loads.push((now_us + RELOAD_US, key)),
            }
        }
        Ok(())
    }
}

impl Host {
    fn timeout(&self, now_us: u64) -> Option<u64> {
        let gateways = self
            .gateways
            .iter()
            .flat_map(|gateway| gateway.sessions.iter().filter_map(Session::timeout).chain(gateway.ready_us));
        let loads = self.loads.iter().map(|(at_us, _)| *at_us);
        let drain = self.closing.map(|closing| closing.timeout(self.flight.is_none()));
        let again = self.unfinished.then_some(now_us);
        let own = [self.dispatcher.poll_timeout(), self.flight.as_ref().map(|f| f.done_us), drain, again];
        gateways.chain(loads).chain(own.into_iter().flatten()).min()
    }
}

impl super::HostGateway {
    fn lines(&mut self) -> impl Iterator<Item = &mut super::line::Line> {
        self.sessions.iter_mut().filter_map(|session| match &mut session.link {
            Link::Up { line, .. } => Some(line),
            _ => None,
        })
    }
}

/// Where a handout becomes a message.
struct Desk<'a> {
    now_us: u64,
    setup: &'a GatewaySetup,
    messages: &'a mut dyn super::Messages,
    letters: &'a mut HashMap<(String, Vec<u8>), Part>,
    log: &'a mut super::Log,
    twice: bool,
}

impl Desk<'_> {
    fn submit(
        &mut self,
        dispatcher: &mut bealert_core::dispatch::Dispatcher,
        session: &mut Session,
        handout: Handout,
    ) {
        let Handout { token, gateway, key, index, part, attempt, .. } = handout;
        let refused = |refusal, detail| Answer::Refused { refusal, detail };
        let (template, message) = match self.messages.message(&handout, self.setup) {
            Ok(both) => both,
            Err(why) => return dispatcher.answered(self.now_us, token, refused(Refusal::ForNow, &why)),
        };
        let Link::Up { esme, .. } = &mut session.link else {
            return dispatcher.answered(self.now_us, token, Answer::Unsent);
        };
        match esme.submit(self.now_us, token, template, &message) {
            Ok(()) => {
                if self.twice {
                    let _ = esme.submit(self.now_us, NOBODY, template, &message);
                }
                let session = session.origin.session;
                let sent = Sent { gateway, session, key, index, part, attempt };
                if let Some(about) = self.log.facts.part(&sent) {
                    self.letters.insert((message.destination.to_owned(), message.body.to_vec()), about);
                }
                self.log.add(self.now_us, What::Sent(sent));
            }
            Err(SubmitError::NotBound | SubmitError::Full) => {
                dispatcher.answered(self.now_us, token, Answer::Unsent);
            }
            Err(error) => {
                dispatcher.answered(self.now_us, token, refused(Refusal::ForGood, &error.to_string()));
            }
        }
    }
}
