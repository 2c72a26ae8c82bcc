//! Relays that follow no further than some rung: over as many connections as it takes the client comes down to it,
//! every message is taken once, and what is learnt is kept by the connections that follow.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use bealert_wire::smtp::{ClientConfig, Learnt, Mode};

use crate::scripted::{ALL, Rule, Server, Session, Taken, config, outcome};

const MESSAGES: u64 = 40;

/// The most connections that a relay may cost here.
const MAX_CONNECTIONS: usize = 20;

/// One relay over all its connections.
struct Relay {
    rule: fn(Rc<Cell<usize>>) -> Rule,
    /// Chunks it refuses are read as commands.
    chunks_as_commands: bool,
    keeps_sender: bool,
    learnt: Learnt,
    connections: usize,
    /// The rung of each connection as it began.
    modes: Vec<Mode>,
    taken: Vec<Taken>,
    told: BTreeMap<u64, &'static str>,
    /// How often a message was handed in again.
    again: usize,
}

impl Relay {
    fn new(rule: fn(Rc<Cell<usize>>) -> Rule) -> Self {
        Self {
            rule,
            chunks_as_commands: false,
            keeps_sender: false,
            learnt: Learnt::default(),
            connections: 0,
            modes: vec![],
            taken: vec![],
            told: BTreeMap::new(),
            again: 0,
        }
    }

    /// Sends all messages as a driver does: what comes back unsent goes again, and a connection that ended is
    /// followed by another, which is told what was learnt.
    fn send(mut self, highest: Mode) -> Self {
        let mut queue: VecDeque<u64> = (0..MESSAGES).collect();
        while !queue.is_empty() {
            self.connections += 1;
            assert!(self.connections <= MAX_CONNECTIONS, "{:?}", self.told);
            let mut server = Server::offering(ALL);
            server.chunks_as_commands = self.chunks_as_commands;
            server.keeps_sender = self.keeps_sender;
            server.rule = (self.rule)(Rc::clone(&server.write));
            let config = ClientConfig { learnt: self.learnt, ..config(highest) };
            let mut session = Session::ready(config, server);
            self.modes.push(session.client.mode());
            session.queue = std::mem::take(&mut queue);
            loop {
                let events = session.run();
                let back: Vec<u64> = events.iter().filter_map(|event| self.hear(event)).collect();
                if back.is_empty() {
                    break;
                }
                session.queue.extend(back);
            }
            queue = std::mem::take(&mut session.queue);
            let events = session.disconnect();
            queue.extend(events.iter().filter_map(|event| self.hear(event)));
            self.learnt = session.client.learnt();
            self.taken.append(&mut session.server.taken);
        }
        self
    }

    /// Gives the message to send again.
    fn hear(&mut self, event: &bealert_wire::smtp::Event) -> Option<u64> {
        match outcome(event)? {
            (token, "unsent") => {
                self.again += 1;
                Some(token)
            }
            (token, what) => {
                assert_eq!(self.told.insert(token, what), None, "one end each");
                None
            }
        }
    }

    fn count(&self, what: &str) -> usize {
        self.told.values().filter(|told| **told == what).count()
    }

    /// Nothing was lost, nothing doubled but by what is in doubt, and nobody's message came from another's sender.
    fn is_true(&self) {
        assert_eq!(self.told.len() as u64, MESSAGES);
        for token in 0..MESSAGES {
            let of_it = |taken: &&Taken| taken.recipients == [format!("user{token}@example.org")];
            let taken: Vec<_> = self.taken.iter().filter(of_it).collect();
            match self.told[&token] {
                "accepted" => assert_eq!(taken.len(), 1, "{token}"),
                "lost" => assert!(taken.len() <= 1, "{token}"),
                what => panic!("{token}: {what}"),
            }
            assert!(taken.iter().all(|taken| taken.sender == format!("bounce+{token}@alert.example")));
        }
    }
}

/// As Haraka: 503 to whatever comes in one write behind the end of a message.
fn nothing_behind_a_message(write: Rc<Cell<usize>>) -> Rule {
    let mut ended = 0;
    Box::new(move |line| {
        let refused = write.get() == ended;
        if line == "." || line.starts_with("BDAT") {
            ended = write.get();
        }
        refused.then(|| "503 5.5.1 one thing after the other".to_owned())
    })
}

/// Hears one command of each write, and answers 503 to all others.
fn one_command_at_a_time(write: Rc<Cell<usize>>) -> Rule {
    let mut last = 0;
    Box::new(move |_| {
        let refused = write.get() == last;
        last = write.get();
        refused.then(|| "503 5.5.1 one command at a time".to_owned())
    })
}

/// Offers CHUNKING, and knows no BDAT.
fn no_bdat(_: Rc<Cell<usize>>) -> Rule {
    Box::new(|line| line.starts_with("BDAT").then(|| "502 5.5.1 not implemented".to_owned()))
}

#[test]
fn from_bdat_to_groups_alone_one_message_in_doubt() {
    let relay = Relay::new(nothing_behind_a_message).send(Mode::Bdat);
    relay.is_true();
    assert_eq!(relay.learnt.ceiling, Mode::Pipelined);
    assert!(relay.count("lost") <= 1, "{:?}", relay.told);
    assert!(relay.connections <= 2, "{}", relay.connections);
}

#[test]
fn from_bdat_to_one_command_at_a_time_without_a_doubt() {
    let relay = Relay::new(one_command_at_a_time).send(Mode::Bdat);
    relay.is_true();
    assert_eq!((relay.learnt.ceiling, relay.connections), (Mode::Lockstep, 1));
    assert_eq!(relay.count("lost"), 0);
    assert!(relay.again <= 3, "each rung costs one message a second try: {}", relay.again);
}

#[test]
fn from_joined_down() {
    for (rule, rung) in
        [(nothing_behind_a_message as fn(_) -> _, Mode::Pipelined), (one_command_at_a_time, Mode::Lockstep)]
    {
        let relay = Relay::new(rule).send(Mode::Joined);
        relay.is_true();
        assert_eq!((relay.learnt.ceiling, relay.connections, relay.count("lost")), (rung, 1, 0));
    }
}

#[test]
fn from_bdat_to_data_without_a_doubt() {
    for chunks_as_commands in [false, true] {
        let relay = Relay { chunks_as_commands, ..Relay::new(no_bdat) }.send(Mode::Bdat);
        relay.is_true();
        assert_eq!((relay.learnt.ceiling, relay.count("lost")), (Mode::Joined, 0));
        assert_eq!(relay.modes, [Mode::Bdat, Mode::Joined], "the next connection knows");
    }
}
