//! The client of this engine and the relay: the connection breaks at every octet of the dialogue, in each direction
//! and on every rung, and whatever is told of a message is true of it.

use std::collections::HashMap;

use bealert_sim::relay::{ConnectionId, Cut, Faults, RelayConfig, RelaySim};
use bealert_wire::smtp::{Client, ClientConfig, Envelope, Event, Mode, TlsMode};

use crate::caller::SECOND;

const MODES: [Mode; 4] = [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat];

/// Messages of a run: two groups joined, and some of a window.
const MESSAGES: u64 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Accepted,
    Refused,
    Uncertain,
    Unsent,
}

struct Sender {
    client: Client,
    connection: ConnectionId,
    /// What was said of each message, by its number.
    told: HashMap<u64, Told>,
}

fn content(number: u64) -> Vec<u8> {
    format!("From: a@be.example\r\nMessage-ID: <{number}@be.example>\r\n\r\n.\r\nBlijf binnen.\r\n")
        .into_bytes()
}

impl Sender {
    fn connect(relay: &mut RelaySim, mode: Mode) -> Self {
        let config = ClientConfig { tls: TlsMode::None, mode, ..ClientConfig::default() };
        let mut client = Client::new(config);
        client.connected(SECOND);
        Self { client, connection: relay.connect(SECOND, false), told: HashMap::new() }
    }

    /// Sends these, until all are told of or the connection is over.
    fn send(&mut self, relay: &mut RelaySim, numbers: impl IntoIterator<Item = u64>) {
        let mut queue = numbers.into_iter().peekable();
        for _ in 0..1_000 {
            while self.client.room() > 0 && queue.peek().is_some() {
                let number = queue.next().unwrap();
                let recipient = format!("user{number}@b.example");
                let to = [recipient.as_str()];
                self.client
                    .submit(SECOND, number, &Envelope::new("a@be.example", &to), &content(number)[..])
                    .unwrap();
            }
            let out = self.client.outgoing().to_vec();
            self.client.wrote(out.len());
            relay.receive(SECOND, self.connection, &out);
            let back = relay.outgoing(self.connection).to_vec();
            relay.wrote(SECOND, self.connection, back.len());
            self.client.receive(SECOND, &back);
            self.hear();
            if relay.wants_close(self.connection) || self.client.wants_close() {
                break;
            }
            if out.is_empty() && back.is_empty() {
                return;
            }
        }
        self.client.disconnected(SECOND);
        relay.disconnected(SECOND, self.connection);
        self.hear();
    }

    fn hear(&mut self) {
        while let Some(event) = self.client.poll_event() {
            let (token, told) = match event {
                Event::Accepted { token, .. } => (token, Told::Accepted),
                Event::Refused { token, .. } => (token, Told::Refused),
                Event::Lost { token, .. } => (token, Told::Uncertain),
                Event::Unsent { token, .. } => (token, Told::Unsent),
                Event::Fault { what } => panic!("{what}"),
                _ => continue,
            };
            assert_eq!(self.told.insert(token, told), None, "one end for each");
        }
    }
}

/// Breaks one connection, and sends again what is known not to have left, and what is not known.
fn breaks(mode: Mode, cut: Cut) {
    let cut = Cut { times: Some(1), ..cut };
    let faults = Faults { cut: Some(cut), ..Faults::default() };
    let config = RelayConfig { faults, keep_messages: true, ..RelayConfig::default() };
    let mut relay = RelaySim::new(config);
    let mut first = Sender::connect(&mut relay, mode);
    first.send(&mut relay, 0..MESSAGES);
    let place = || format!("{mode} {cut:?}");
    let taken = |relay: &RelaySim, number: u64| {
        let recipient = format!("user{number}@b.example");
        relay.messages().iter().any(|mail| mail.recipients[0].0 == recipient)
    };
    let broke = relay.books().resets == 1;
    let mut again = Vec::new();
    let mut uncertain = 0;
    for number in 0..MESSAGES {
        match first.told.get(&number) {
            Some(Told::Accepted) => assert!(taken(&relay, number), "{}: {number} was not taken", place()),
            Some(Told::Unsent) => {
                assert!(!taken(&relay, number), "{}: {number} was taken", place());
                again.push(number);
            }
            Some(Told::Uncertain) => {
                uncertain += 1;
                again.push(number);
            }
            // it never had its turn
            None if broke => again.push(number),
            other => panic!("{}: {number} ended as {other:?}", place()),
        }
    }
    if !broke {
        assert!(again.is_empty(), "{}", place());
        return;
    }
    let mut second = Sender::connect(&mut relay, mode);
    second.send(&mut relay, again.iter().copied());
    assert!(again.iter().all(|number| second.told.get(number) == Some(&Told::Accepted)), "{}", place());
    let books = relay.books();
    assert_eq!(books.unique, MESSAGES, "{}: nobody is lost", place());
    assert!(books.duplicates <= uncertain, "{}: each double is one that was uncertain", place());
    assert_eq!((books.faults, books.malformed), (0, 0), "{}", place());
}

/// The octets of a run that nothing disturbs, each way.
fn whole(mode: Mode) -> (u64, u64) {
    let mut relay = RelaySim::new(RelayConfig::default());
    let mut sender = Sender::connect(&mut relay, mode);
    let (mut there, mut back) = (0, 0);
    let mut numbers = 0..MESSAGES;
    loop {
        while sender.client.room() > 0
            && let Some(number) = numbers.next()
        {
            let recipient = format!("user{number}@b.example");
            let to = [recipient.as_str()];
            sender
                .client
                .submit(SECOND, number, &Envelope::new("a@be.example", &to), &content(number)[..])
                .unwrap();
        }
        let out = sender.client.outgoing().to_vec();
        sender.client.wrote(out.len());
        relay.receive(SECOND, sender.connection, &out);
        let said = relay.outgoing(sender.connection).to_vec();
        relay.wrote(SECOND, sender.connection, said.len());
        sender.client.receive(SECOND, &said);
        sender.hear();
        (there, back) = (there + out.len() as u64, back + said.len() as u64);
        if out.is_empty() && said.is_empty() {
            assert_eq!(sender.told.len() as u64, MESSAGES);
            return (there, back);
        }
    }
}

#[test]
fn of_what_the_relay_reads() {
    for mode in MODES {
        for octets in 0..=whole(mode).0 {
            breaks(mode, Cut { received: Some(octets), ..Cut::default() });
        }
    }
}

#[test]
fn of_what_the_relay_writes() {
    for mode in MODES {
        for octets in 1..=whole(mode).1 {
            breaks(mode, Cut { sent: Some(octets), ..Cut::default() });
        }
    }
}
