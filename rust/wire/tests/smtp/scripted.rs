//! A server that does what a test tells it, written against the standard and not with the code under test.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use bealert_wire::smtp::{Client, ClientConfig, Content, Envelope, Event, Mode, TlsMode};

pub(crate) const SECOND: u64 = 1_000_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;

/// What a server took for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    /// Unstuffed.
    pub(crate) content: Vec<u8>,
}

/// What a test says to a command line, `.` for the end of a message, `BDAT n LAST` when the chunk is there: a whole
/// reply without its last CRLF, or `None` for what a good server says.
pub(crate) type Rule = Box<dyn FnMut(&str) -> Option<String>>;

pub(crate) struct Server {
    /// The lines behind its name.
    pub(crate) offers: Vec<String>,
    pub(crate) rule: Rule,
    pub(crate) heard: Vec<String>,
    pub(crate) taken: Vec<Taken>,
    /// Waiting to go to the client.
    pub(crate) output: Vec<u8>,
    /// Does not read a chunk that it refuses, but takes it for commands (emersion/go-smtp#315).
    pub(crate) chunks_as_commands: bool,
    /// Does not end the transaction of a chunk that it refuses, but answers the next MAIL with 503, and takes the
    /// message behind it from the old sender (as Exim 4.96 does).
    pub(crate) keeps_sender: bool,
    /// Which write of the client is being looked at, from 1.
    pub(crate) write: Rc<Cell<usize>>,
    /// The server closed: nothing more is heard.
    pub(crate) closed: bool,
    input: Vec<u8>,
    sender: Option<String>,
    recipients: Vec<String>,
    reading: Reading,
}

enum Reading {
    Commands,
    Data(Vec<u8>),
    Chunk { line: String, octets: usize },
}

pub(crate) const ALL: &[&str] =
    &["PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "CHUNKING"];

impl Server {
    pub(crate) fn offering(offers: &[&str]) -> Self {
        Self {
            offers: offers.iter().map(|line| (*line).to_owned()).collect(),
            rule: Box::new(|_| None),
            heard: Vec::new(),
            taken: Vec::new(),
            output: b"220 relay.example ESMTP\r\n".to_vec(),
            chunks_as_commands: false,
            keeps_sender: false,
            write: Rc::default(),
            closed: false,
            input: Vec::new(),
            sender: None,
            recipients: Vec::new(),
            reading: Reading::Commands,
        }
    }

    pub(crate) fn hear(&mut self, octets: &[u8]) {
        self.input.extend_from_slice(octets);
        self.write.set(self.write.get() + 1);
        while !self.closed && self.step() {}
    }

    fn say(&mut self, reply: &str) {
        self.output.extend_from_slice(reply.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        self.closed |= reply.starts_with("421") || reply.starts_with("221");
    }

    fn step(&mut self) -> bool {
        if let Reading::Chunk { octets, .. } = &self.reading {
            let octets = *octets;
            if self.input.len() < octets {
                return false;
            }
            let content: Vec<u8> = self.input.drain(..octets).collect();
            let Reading::Chunk { line, .. } = std::mem::replace(&mut self.reading, Reading::Commands) else {
                return false;
            };
            let ready = if self.recipients.is_empty() { Some("503 5.5.1 no valid recipients") } else { None };
            self.end_of_message(&line, content, ready);
            return true;
        }
        let Some(end) = self.input.windows(2).position(|pair| pair == b"\r\n") else { return false };
        let line: Vec<u8> = self.input.drain(..end + 2).collect();
        let line = &line[..line.len() - 2];
        match &mut self.reading {
            Reading::Data(content) if line != b"." => {
                content.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
                content.extend_from_slice(b"\r\n");
            }
            Reading::Data(content) => {
                let content = std::mem::take(content);
                self.reading = Reading::Commands;
                let nobody = self.recipients.is_empty().then_some("554 5.5.1 no valid recipients");
                self.end_of_message(".", content, nobody);
            }
            _ => self.command(&String::from_utf8_lossy(line)),
        }
        true
    }

    fn end_of_message(&mut self, line: &str, content: Vec<u8>, refusal: Option<&str>) {
        self.heard.push(line.to_owned());
        let reply = (self.rule)(line);
        let reply = reply.as_deref().or(refusal).unwrap_or("250 2.0.0 Ok: queued as 4bXk").to_owned();
        let kept = self.keeps_sender && line.starts_with("BDAT") && !reply.starts_with('2');
        let sender = if kept { self.sender.clone() } else { self.sender.take() };
        let recipients = std::mem::take(&mut self.recipients);
        if reply.starts_with('2') && !recipients.is_empty() {
            self.taken.push(Taken { sender: sender.unwrap_or_default(), recipients, content });
        }
        self.say(&reply);
    }

    fn command(&mut self, line: &str) {
        if let Some(octets) = line.strip_prefix("BDAT ").and_then(|rest| rest.strip_suffix(" LAST")) {
            let octets = octets.parse().unwrap();
            if self.chunks_as_commands && self.recipients.is_empty() {
                self.heard.push(line.to_owned());
                return self.say("503 5.5.1 no valid recipients");
            }
            self.reading = Reading::Chunk { line: line.to_owned(), octets };
            return;
        }
        self.heard.push(line.to_owned());
        let told = (self.rule)(line);
        let reply = match &told {
            Some(reply) => reply.clone(),
            None => self.good_reply(line),
        };
        let good = reply.starts_with('2');
        let word = line.split([' ', ':']).next().unwrap_or_default();
        let path = line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(path, _)| path);
        match word {
            "MAIL" if good => self.sender = path.map(str::to_owned),
            "RCPT" if good => self.recipients.extend(path.map(str::to_owned)),
            "RSET" | "EHLO" => {
                self.sender = None;
                self.recipients.clear();
            }
            "DATA" if reply.starts_with('3') => self.reading = Reading::Data(Vec::new()),
            _ => {}
        }
        self.say(&reply);
    }

    fn good_reply(&self, line: &str) -> String {
        let word = line.split([' ', ':']).next().unwrap_or_default();
        match word {
            "EHLO" => {
                let mut lines = vec!["relay.example".to_owned()];
                lines.extend(self.offers.iter().cloned());
                let last = lines.pop().unwrap();
                lines.iter().map(|line| format!("250-{line}\r\n")).collect::<String>() + "250 " + &last
            }
            "HELO" => "250 relay.example".to_owned(),
            "MAIL" if self.sender.is_some() => "503 5.5.1 nested MAIL".to_owned(),
            "MAIL" => "250 2.1.0 Ok".to_owned(),
            "RCPT" if self.sender.is_none() => "503 5.5.1 need MAIL".to_owned(),
            "RCPT" => "250 2.1.5 Ok".to_owned(),
            "DATA" if self.sender.is_none() => "503 5.5.1 need MAIL".to_owned(),
            "DATA" if self.recipients.is_empty() => "554 5.5.1 no valid recipients".to_owned(),
            "DATA" => "354 go on".to_owned(),
            "RSET" | "NOOP" => "250 2.0.0 Ok".to_owned(),
            "QUIT" => "221 2.0.0 Bye".to_owned(),
            "STARTTLS" => "220 2.0.0 Ready".to_owned(),
            _ => "500 5.5.2 unknown".to_owned(),
        }
    }

    pub(crate) fn verbs(&self) -> Vec<&str> {
        self.heard.iter().map(|line| line.split([' ', ':']).next().unwrap_or_default()).collect()
    }
}

/// A client and a server joined by two byte queues.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) server: Server,
    pub(crate) now: u64,
    /// What each write of the client was: its waits can be counted.
    pub(crate) writes: Vec<String>,
    /// Tokens to hand in as soon as there is room.
    pub(crate) queue: VecDeque<u64>,
    pub(crate) events: Vec<Event>,
}

pub(crate) fn config(mode: Mode) -> ClientConfig {
    ClientConfig { tls: TlsMode::None, mode, ehlo_name: "client.example".into(), ..ClientConfig::default() }
}

impl Session {
    pub(crate) fn new(config: ClientConfig, server: Server) -> Self {
        let mut client = Client::new(config);
        client.connected(SECOND);
        let (writes, queue, events) = (Vec::new(), VecDeque::new(), Vec::new());
        Self { client, server, now: SECOND, writes, queue, events }
    }

    /// Ready, the events of that taken.
    pub(crate) fn ready(config: ClientConfig, server: Server) -> Self {
        let mut session = Self::new(config, server);
        let events = session.run();
        assert!(matches!(events[..], [Event::Ready(_)]), "{events:?}");
        session.server.heard.clear();
        session.writes.clear();
        session
    }

    /// A session in this mode with a server that offers everything.
    pub(crate) fn in_mode(mode: Mode) -> Self {
        Self::ready(config(mode), Server::offering(ALL))
    }

    /// The same, with BDAT as deep as it goes: two messages have shown that the server bears it.
    pub(crate) fn at_full_depth() -> Self {
        let mut session = Self::in_mode(Mode::Bdat);
        assert_eq!(outcomes(&session.send(1_000..1_002)), [(1_000, "accepted"), (1_001, "accepted")]);
        session.server.heard.clear();
        session.server.taken.clear();
        session.writes.clear();
        session
    }

    pub(crate) fn rule(mut self, rule: impl FnMut(&str) -> Option<String> + 'static) -> Self {
        self.server.rule = Box::new(rule);
        self
    }

    /// Everything either side has goes to the other, messages are handed in as there is room, until nothing moves.
    pub(crate) fn run(&mut self) -> Vec<Event> {
        loop {
            self.submit_all();
            let moved = self.up() | self.down();
            if !moved && (self.queue.is_empty() || self.client.room() == 0) {
                return std::mem::take(&mut self.events);
            }
        }
    }

    pub(crate) fn submit_all(&mut self) {
        while self.client.room() > 0 {
            let Some(token) = self.queue.pop_front() else { break };
            self.submit(token);
        }
    }

    pub(crate) fn up(&mut self) -> bool {
        let octets = self.client.outgoing().to_vec();
        if octets.is_empty() {
            return false;
        }
        self.client.wrote(octets.len());
        self.writes.push(String::from_utf8_lossy(&octets).into_owned());
        self.server.hear(&octets);
        self.note();
        true
    }

    pub(crate) fn down(&mut self) -> bool {
        let octets = std::mem::take(&mut self.server.output);
        if octets.is_empty() {
            return false;
        }
        self.client.receive(self.now, &octets);
        self.note();
        true
    }

    pub(crate) fn note(&mut self) {
        self.events.extend(std::iter::from_fn(|| self.client.poll_event()));
    }

    pub(crate) fn submit(&mut self, token: u64) {
        let recipient = recipient(token);
        let sender = format!("bounce+{token}@alert.example");
        let recipients = [recipient.as_str()];
        let envelope = Envelope::new(&sender, &recipients);
        self.client.submit(self.now, token, &envelope, &message(token)).unwrap();
    }

    /// Hands in `tokens` and runs until nothing moves.
    pub(crate) fn send(&mut self, tokens: std::ops::Range<u64>) -> Vec<Event> {
        self.queue.extend(tokens);
        self.run()
    }

    pub(crate) fn wait(&mut self, us: u64) -> Vec<Event> {
        self.now += us;
        self.client.handle_timeout(self.now);
        self.note();
        std::mem::take(&mut self.events)
    }

    pub(crate) fn disconnect(&mut self) -> Vec<Event> {
        self.client.disconnected(self.now);
        self.note();
        std::mem::take(&mut self.events)
    }
}

pub(crate) fn recipient(token: u64) -> String {
    format!("user{token}@example.org")
}

/// The message of a token; a line of it begins with a dot.
pub(crate) fn text(token: u64) -> Vec<u8> {
    format!("Message-ID: <{token}@alert.example>\r\n\r\nStay inside.\r\n.{token}\r\n").into_bytes()
}

pub(crate) struct Text(pub(crate) Vec<u8>);

pub(crate) fn message(token: u64) -> Text {
    Text(text(token))
}

impl Content for Text {
    fn size(&self) -> usize {
        self.0.len()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

/// The final event of a recipient, as a word.
pub(crate) fn outcome(event: &Event) -> Option<(u64, &'static str)> {
    match event {
        Event::Accepted { token, .. } => Some((*token, "accepted")),
        Event::Refused { token, .. } => Some((*token, "refused")),
        Event::Lost { token, .. } => Some((*token, "lost")),
        Event::Unsent { token, .. } => Some((*token, "unsent")),
        _ => None,
    }
}

pub(crate) fn outcomes(events: &[Event]) -> Vec<(u64, &'static str)> {
    events.iter().filter_map(outcome).collect()
}
