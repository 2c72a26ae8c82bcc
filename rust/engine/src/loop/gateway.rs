//! One gateway in the loop: its sessions, their turns, and whether it can send.

mod demand;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::task::Context;

use bealert_core::dispatch::{Answer, Dispatcher, Handout, Next};
use bealert_core::ledger::NoticeCode;
use bealert_core::model::{CampaignId, GatewayId};
use bealert_core::retry::Refusal;
use bealert_sim::client::{Openings, brief};

use super::store::Store;
use crate::campaign::Mailroom;
use crate::config::GatewayConfig;
use crate::fork::Descriptors;
use crate::metrics::{GatewayReading, ResponseTimes};
use crate::session::smpp::SmppSession;
use crate::session::smtp::{Refusals, Relay, SmtpSession};
use crate::session::{Change, NotSent, PASS_MESSAGES, Pass, Session};

/// The session under which the dispatcher knows a mail relay: its connections come and go with the work, and
/// the relay can send for as long as the last one could be made.
const RELAY: u16 = 0;

/// A gateway and its sessions, which share one limiter.
pub(crate) struct Gateway {
    pub(crate) id: GatewayId,
    name: Arc<str>,
    sessions: Vec<Session>,
    /// What the connections of a mail relay have in common, and when they are made.
    relay: Option<(Arc<Relay>, Openings)>,
    /// Unanswered messages that a session allows.
    window: u32,
    /// The session that is asked first in the next pass.
    turn: usize,
    health: Health,
    /// The last reason a session gave, so that it is logged once.
    last_why: String,
    /// When the limiter lets the next message through, if it was what ended the last pass.
    ready_us: Option<u64>,
    /// When connections are made for what waits.
    open_us: Option<u64>,
    /// A session had its share of the last pass and would take more.
    unfinished: bool,
    closing: bool,
    /// Campaigns that can't go through it as it is configured, so that it is said once of each.
    unfit: HashSet<CampaignId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Unknown,
    Up,
    Down { fatal: bool },
}

impl Gateway {
    /// # Errors
    /// What in its configuration makes sessions impossible.
    pub(crate) fn new(
        id: GatewayId,
        config: &GatewayConfig,
        descriptors: &Arc<Descriptors>,
        mailroom: &Arc<Mailroom>,
        mut seed: impl FnMut() -> u64,
    ) -> Result<Self, String> {
        let mut gateway = Self {
            id,
            name: config.name().into(),
            sessions: Vec::new(),
            relay: None,
            window: 0,
            turn: 0,
            health: Health::Unknown,
            last_why: String::new(),
            ready_us: None,
            open_us: None,
            unfinished: false,
            closing: false,
            unfit: HashSet::new(),
        };
        match config {
            GatewayConfig::Smpp(smpp) => {
                let config = Arc::new(smpp.clone());
                let session = |number| {
                    let (config, descriptors) = (Arc::clone(&config), Arc::clone(descriptors));
                    Session::Smpp(SmppSession::new(id, number, config, descriptors, seed()))
                };
                gateway.sessions = (0..smpp.sessions.max(1)).map(session).collect();
                gateway.window = smpp.window;
            }
            GatewayConfig::Smtp(smtp) => {
                let relay = Arc::new(Relay::new(smtp, mailroom)?);
                let session = |number| {
                    let (relay, descriptors) = (Arc::clone(&relay), Arc::clone(descriptors));
                    Session::Smtp(SmtpSession::new(number, relay, descriptors))
                };
                gateway.sessions = (0..smtp.connections.max(1)).map(session).collect();
                gateway.window = relay.window();
                let openings = Openings::new(smtp.reconnect_max_ms.saturating_mul(1_000), seed());
                gateway.relay = Some((relay, openings));
            }
        }
        Ok(gateway)
    }

    /// Takes up what the journal knows of a relay.
    pub(crate) fn remember(&self, dispatcher: &Dispatcher) {
        if let Some((relay, _)) = &self.relay {
            relay.remember(dispatcher.failed_before(self.id));
        }
    }

    /// Lets every session read; gives whether more may be waiting.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) -> bool {
        let mut more = false;
        for session in &mut self.sessions {
            more |= session.poll(cx, pass);
        }
        self.judge(pass);
        more
    }

    /// Hands out what windows, limiter and reservations allow.
    pub(crate) fn hand_out(&mut self, pass: &mut Pass<'_>, store: &mut Store) {
        self.ready_us = None;
        self.unfinished = false;
        let count = self.sessions.len();
        self.turn = (self.turn + 1) % count;
        for offset in 0..count {
            let number = (self.turn + offset) % count;
            if self.fill(number, pass, store) == Fill::NotYet {
                break;
            }
        }
        self.open_more(pass);
    }

    fn fill(&mut self, number: usize, pass: &mut Pass<'_>, store: &mut Store) -> Fill {
        let session = &mut self.sessions[number];
        let mut left = PASS_MESSAGES;
        while session.room() > 0 {
            if left == 0 {
                self.unfinished = true;
                return Fill::Done;
            }
            match pass.dispatcher.next(pass.now_us, self.id) {
                Next::Send(handout) => {
                    if let Err(why) = session.send(pass, store, &handout) {
                        not_sent(pass, &self.name, &mut self.unfit, &handout, why);
                    }
                }
                Next::Wait(at_us) => {
                    self.ready_us = Some(at_us);
                    return Fill::NotYet;
                }
                Next::Idle => return Fill::Done,
            }
            left -= 1;
        }
        // Room in the window, but a pass's worth of bytes waits to be written.
        self.unfinished |= session.has_more_room();
        Fill::Done
    }

    /// Answers a receipt.
    pub(crate) fn answer(&mut self, now_us: u64, session: u16, reply: u64, ok: bool) {
        if let Some(session) = self.sessions.get_mut(usize::from(session)) {
            session.answer(now_us, reply, ok);
        }
    }

    /// Writes what waits; gives whether another pass has something to hand out.
    pub(crate) fn flush(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) -> bool {
        for session in &mut self.sessions {
            session.flush(cx, pass);
        }
        // When the next connection may be made is found where messages are handed out, which is behind us.
        let changed = self.judge(pass);
        let unfinished = self.unfinished && self.sessions.iter().any(|session| session.room() > 0);
        changed || unfinished || self.sessions.iter().any(Session::is_fresh)
    }

    /// The next time at which something is due.
    pub(crate) fn timeout(&self) -> Option<u64> {
        let sessions = self.sessions.iter().filter_map(Session::timeout).min();
        [sessions, self.ready_us, self.open_us].into_iter().flatten().min()
    }

    /// Ends the sessions in order.
    pub(crate) fn close(&mut self, now_us: u64) {
        self.closing = true;
        self.sessions.iter_mut().for_each(|session| session.close(now_us));
    }

    /// Ends the sessions now.
    pub(crate) fn drop_now(&mut self, pass: &mut Pass<'_>) {
        self.closing = true;
        self.sessions.iter_mut().for_each(|session| session.drop_now(pass));
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.sessions.iter().all(Session::has_ended)
    }

    /// How it stands, without its counters.
    pub(crate) fn reading(&self) -> GatewayReading {
        let mut times = ResponseTimes::default();
        self.sessions.iter().for_each(|session| times.merge(session.times()));
        let greetings = self.sessions.iter().filter_map(Session::greeting);
        GatewayReading {
            name: Arc::clone(&self.name),
            counters: Default::default(),
            learned_rate: None,
            up: self.health == Health::Up,
            sessions: self.sessions.len(),
            bound: greetings.clone().count(),
            window: self.window,
            in_flight: self.sessions.iter().map(Session::in_flight).sum(),
            times,
            greeting: greetings.min_by_key(|greeting| greeting.round_trip_us).cloned(),
            refusals: self.relay.as_ref().map_or_else(Refusals::new, |(relay, _)| relay.refusals()),
        }
    }

    /// Nothing more of a campaign will be handed out.
    pub(crate) fn forget(&mut self, campaign: CampaignId) {
        self.unfit.remove(&campaign);
    }

    /// For tests: the first session panics when it is polled next.
    pub(crate) fn inject(&mut self) {
        self.sessions[0].inject();
    }

    /// Says once what went up or down. Gives whether anything did.
    fn judge(&mut self, pass: &mut Pass<'_>) -> bool {
        let mut changed = false;
        for at in 0..self.sessions.len() {
            let Some(change) = self.sessions[at].take_change() else { continue };
            changed = true;
            match change {
                Change::Up => self.up(pass),
                Change::Down { why, fatal } if !self.closing => self.down(pass, why, fatal),
                Change::Lost { why } if !self.closing => self.lost(pass, why),
                Change::Crowded { why } if !self.closing => self.crowded(pass, why),
                Change::InPlain { why } if !self.closing => self.in_plain(pass, &why),
                _ => {}
            }
        }
        changed
    }

    fn up(&mut self, pass: &mut Pass<'_>) {
        self.last_why.clear();
        if self.health != Health::Up {
            self.health = Health::Up;
            if self.relay.is_some() {
                pass.dispatcher.session_up(pass.now_us, self.id, RELAY);
            }
            let text = format!("{} can send", self.name);
            pass.dispatcher.notice(pass.now_us, None, self.id, NoticeCode::GatewayUp, &text);
        }
    }

    fn down(&mut self, pass: &mut Pass<'_>, why: String, fatal: bool) {
        self.opening_failed(pass.now_us, fatal);
        if why != self.last_why {
            pass.log.warning("gateway", format!("{}: {why}", self.name));
        }
        let bound = self.sessions.iter().any(|session| session.greeting().is_some());
        let news = match self.health {
            Health::Unknown | Health::Up => true,
            Health::Down { fatal: before } => fatal && !before,
        };
        if !bound && news {
            self.health = Health::Down { fatal };
            if self.relay.is_some() {
                pass.dispatcher.session_down(pass.now_us, self.id, RELAY);
            }
            let hint = match (fatal, &self.relay) {
                (false, _) => "",
                (true, None) => "; check the account, it is tried again slowly",
                (true, Some(_)) => "; put that right, it is tried again slowly",
            };
            let text = format!("{} can't send: {why}{hint}", self.name);
            pass.dispatcher.notice(pass.now_us, None, self.id, NoticeCode::GatewayDown, &text);
        }
        self.last_why = why;
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Fill {
    /// This session has what it can take now.
    Done,
    /// The limiter holds all of them.
    NotYet,
}

/// What was handed out and not sent.
#[cold]
fn not_sent(
    pass: &mut Pass<'_>,
    name: &str,
    unfit: &mut HashSet<CampaignId>,
    handout: &Handout,
    why: NotSent,
) {
    let token = handout.token;
    match why {
        NotSent::NoRoom => pass.dispatcher.answered(pass.now_us, token, Answer::Unsent),
        NotSent::Never(problem) => refuse(pass, token, Refusal::ForGood, format_args!("{problem}")),
        NotSent::Unfit(problem) => {
            let campaign = handout.key.campaign;
            if unfit.insert(campaign) {
                let text = format!("{name} can't send campaign {campaign}: {problem}; correct it and reopen");
                pass.log.error("gateway", text.clone());
                let code = NoticeCode::NoGateway;
                pass.dispatcher.notice(pass.now_us, Some(campaign), handout.gateway, code, &text);
            }
            // They are tried again, perhaps elsewhere, and end with the campaign.
            refuse(pass, token, Refusal::ForNow, format_args!("{problem}"));
        }
    }
}

fn refuse(pass: &mut Pass<'_>, token: u64, refusal: Refusal, why: fmt::Arguments<'_>) {
    let detail = brief::<96>(why);
    pass.dispatcher.answered(pass.now_us, token, Answer::Refused { refusal, detail: &detail });
}
