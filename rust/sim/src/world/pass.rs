//! One pass of the driver, in the order of the engine's loop, and when the next one is due.

use std::collections::HashMap;

use bealert_core::dispatch::{Action, Answer, Dispatcher, Handout, Next};
use bealert_core::model::{BlockKey, GatewayId};
use bealert_core::retry::Refusal;
use bealert_wire::smpp::SubmitError;

use super::facts::{Part, Sent, What};
use super::fuse::Crash;
use super::mail::MailSession;
use super::plant::{NOBODY, Plant};
use super::reports::name_of;
use super::session::{Hands, Session};
use super::setup::GatewaySetup;
use super::sms::SmsSession;
use super::{Host, World};

/// Messages one session may take in a pass before the others have their turn, as the engine has it.
const PASS_MESSAGES: usize = 256;

/// Pause before a block that could not be rendered is tried again, as the engine has it.
const RELOAD_US: u64 = 1_000_000;

impl World {
    /// Takes all there is and does all that may be done.
    pub(super) fn pass(&mut self) -> Result<(), Crash> {
        self.far_ends_turn();
        if self.host.is_none() {
            return Ok(());
        }
        self.end_commit()?;
        self.end_loads()?;
        self.each_session(|session, hands| session.poll(hands))?;
        self.judge_relays();
        self.bring_reports()?;
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
        self.each_session(|session, hands| session.flush(hands))?;
        self.judge_relays();
        self.end_step()
    }

    /// The next moment at which something is due.
    pub(super) fn timeout(&self) -> Option<u64> {
        let far_ends = self.far_ends.iter().filter_map(|far_end| far_end.machine.poll_timeout());
        let host = self.host.as_ref().and_then(|host| host.timeout(self.now_us));
        let reports = self.host.as_ref().and_then(|_| self.reports.timeout());
        far_ends.chain(host).chain(reports).min()
    }

    fn far_ends_turn(&mut self) {
        let now_us = self.now_us;
        for (at, far_end) in self.far_ends.iter_mut().enumerate() {
            let machine = &mut far_end.machine;
            let mut lines: Vec<_> = self.host.iter_mut().flat_map(|host| host.gateways[at].lines()).collect();
            for line in &mut lines {
                line.far_end_turns(now_us, machine);
            }
            if machine.poll_timeout().is_some_and(|at_us| at_us <= now_us) {
                machine.handle_timeout(now_us);
            }
            for line in &mut lines {
                line.far_end_turns(now_us, machine);
            }
        }
        self.note_diaries();
    }

    pub(super) fn each_session(
        &mut self,
        mut work: impl FnMut(&mut Session, &mut Hands<'_>) -> Result<(), Crash>,
    ) -> Result<(), Crash> {
        let Some(host) = &mut self.host else { return Ok(()) };
        for (gateway, far_end) in host.gateways.iter_mut().zip(&mut self.far_ends) {
            for session in &mut gateway.sessions {
                let mut hands = Hands {
                    now_us: self.now_us,
                    dispatcher: &mut host.dispatcher,
                    far_end,
                    fuse: &mut self.fuse,
                    chance: &mut self.chance,
                    log: &mut self.log,
                    plant: self.plant,
                    desk: &mut gateway.desk,
                };
                work(session, &mut hands)?;
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
            if host.closing.is_none() {
                let (far_end, setup) = (&mut self.far_ends[at], &self.setup.gateways[at]);
                host.unfinished |= gateway.open_more(self.now_us, &host.dispatcher, far_end, setup);
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
                Some(Action::Reply { gateway: GatewayId::NONE, reply, ok, .. }) => {
                    self.reports.answered(self.now_us, reply, ok, &mut self.log);
                }
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
        let gateways = self.gateways.iter().flat_map(|gateway| {
            let opens = gateway.desk.as_ref().and_then(|desk| desk.open_us);
            gateway.sessions.iter().filter_map(Session::timeout).chain(gateway.ready_us).chain(opens)
        });
        let loads = self.loads.iter().map(|(at_us, _)| *at_us);
        let drain = self.closing.map(|closing| closing.timeout(self.flight.is_none()));
        let again = self.unfinished.then_some(now_us);
        let own = [self.dispatcher.poll_timeout(), self.flight.as_ref().map(|f| f.done_us), drain, again];
        gateways.chain(loads).chain(own.into_iter().flatten()).min()
    }
}

impl super::HostGateway {
    fn lines(&mut self) -> impl Iterator<Item = &mut super::line::Line> {
        self.sessions.iter_mut().filter_map(Session::line)
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
    fn submit(&mut self, dispatcher: &mut Dispatcher, session: &mut Session, handout: Handout) {
        match session {
            Session::Sms(session) => self.submit_sms(dispatcher, session, handout),
            Session::Mail(session) => self.submit_mail(dispatcher, session, handout),
        }
    }

    fn submit_mail(&mut self, dispatcher: &mut Dispatcher, session: &mut MailSession, handout: Handout) {
        let mail = match self.messages.mail(&handout, self.setup) {
            Ok(mail) => mail,
            Err(why) => {
                let answer = Answer::Refused { refusal: Refusal::ForNow, detail: &why };
                return dispatcher.answered(self.now_us, handout.token, answer);
            }
        };
        match session.submit(self.now_us, &handout, &mail, self.setup.receipts, self.twice) {
            Ok(()) => self.note_sent(&handout, 0, (mail.recipient, name_of(&mail.content).to_vec())),
            Err((Answer::Refused { refusal, .. }, why)) => {
                dispatcher.answered(self.now_us, handout.token, Answer::Refused { refusal, detail: &why });
            }
            Err((answer, _)) => dispatcher.answered(self.now_us, handout.token, answer),
        }
    }

    fn note_sent(&mut self, handout: &Handout, session: u16, letter: (String, Vec<u8>)) {
        let Handout { gateway, key, index, part, attempt, .. } = *handout;
        let sent = Sent { gateway, session, key, index, part, attempt };
        if let Some(about) = self.log.facts.part(&sent) {
            self.letters.insert(letter, about);
        }
        self.log.add(self.now_us, What::Sent(sent));
    }

    fn submit_sms(&mut self, dispatcher: &mut Dispatcher, session: &mut SmsSession, handout: Handout) {
        let token = handout.token;
        let refused = |refusal, detail| Answer::Refused { refusal, detail };
        let (template, message) = match self.messages.message(&handout, self.setup) {
            Ok(both) => both,
            Err(why) => return dispatcher.answered(self.now_us, token, refused(Refusal::ForNow, &why)),
        };
        let Some(esme) = session.esme() else {
            return dispatcher.answered(self.now_us, token, Answer::Unsent);
        };
        match esme.submit(self.now_us, token, template, &message) {
            Ok(()) => {
                if self.twice {
                    let _ = esme.submit(self.now_us, NOBODY, template, &message);
                }
                let letter = (message.destination.to_owned(), message.body.to_vec());
                self.note_sent(&handout, session.origin.session, letter);
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
