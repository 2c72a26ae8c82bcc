//! The client of this crate joined to its server: every mode, TLS, an account, and the quirks of the server.

use std::collections::{HashMap, VecDeque};

use bealert_wire::smtp::server::Quirks;
use bealert_wire::smtp::{
    Client, ClientConfig, Credentials, Envelope, Event, Lesson, Mechanism, Mode, Notify, Secret,
    ServerConfig, TlsMode,
};

use crate::scripted::{outcome, recipient, text};
use crate::server_owner::{Judge, Owner, config as server_config, refusal};

const MODES: [Mode; 4] = [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat];

struct Pair {
    client: Client,
    owner: Owner,
    /// The most octets of a read, either way.
    cut: usize,
}

fn pair(config: ClientConfig, server: ServerConfig, judge: Judge) -> Pair {
    let mut client = Client::new(config);
    client.connected(crate::scripted::SECOND);
    Pair { client, owner: Owner::judged(server, judge), cut: usize::MAX }
}

fn client_config(mode: Mode) -> ClientConfig {
    let secret = Secret::Password("secret".into());
    let account = Credentials { user: "bealert".into(), secret, mechanism: Mechanism::Auto };
    ClientConfig { mode, auth: Some(account), tls: TlsMode::Required, ..ClientConfig::default() }
}

impl Pair {
    /// Sends until all are told of, those that come back unsent once more. What became of each.
    fn send(&mut self, tokens: std::ops::Range<u64>) -> (HashMap<u64, &'static str>, Vec<Event>) {
        let mut queue: VecDeque<u64> = tokens.collect();
        let (mut told, mut others) = (HashMap::new(), Vec::new());
        for _ in 0..100_000 {
            while self.client.room() > 0 {
                let Some(token) = queue.pop_front() else { break };
                self.submit(token);
            }
            let out = self.client.outgoing().to_vec();
            self.client.wrote(out.len());
            let mut back = self.owner.said();
            for piece in out.chunks(self.cut) {
                back += &self.owner.say(piece);
            }
            for piece in back.as_bytes().chunks(self.cut) {
                self.client.receive(self.owner.now, piece);
            }
            if self.client.wants_tls() && self.owner.server.wants_tls() {
                self.client.tls_started(self.owner.now);
                self.owner.tls();
            }
            let quiet = out.is_empty() && back.is_empty();
            while let Some(event) = self.client.poll_event() {
                match outcome(&event) {
                    Some((token, "unsent")) => queue.push_back(token),
                    Some((token, what)) => assert_eq!(told.insert(token, what), None, "once"),
                    None => others.push(event),
                }
            }
            if quiet && (queue.is_empty() || self.client.wants_close()) {
                break;
            }
        }
        (told, others)
    }

    fn submit(&mut self, token: u64) {
        let recipient = recipient(token);
        let to = [recipient.as_str()];
        let sender = format!("bounce+{token}@alert.example");
        let notify = Notify::On { success: true, failure: true, delay: false };
        let envelope = Envelope { notify, orcpt: true, ..Envelope::new(&sender, &to) };
        self.client.submit(self.owner.now, token, &envelope, &text(token)[..]).unwrap();
    }
}

fn all(count: u64, what: &'static str) -> HashMap<u64, &'static str> {
    (0..count).map(|token| (token, what)).collect()
}

#[test]
fn every_message_arrives_through_tls_with_an_account_in_every_mode_however_it_is_cut() {
    for mode in MODES {
        for cut in [1, 7, usize::MAX] {
            let mut pair = pair(client_config(mode), server_config(), |_, _| None);
            pair.cut = cut;
            let (told, others) = pair.send(0..40);
            assert_eq!(told, all(40, "accepted"), "{mode} {cut}");
            assert!(matches!(&others[..], [Event::Ready(ready)] if ready.mode == mode && ready.tls));
            assert_eq!(pair.owner.faults, [], "{mode} {cut}");
            for (token, taken) in (0..).zip(&pair.owner.taken) {
                assert_eq!(taken.recipients, [recipient(token)]);
                assert_eq!(taken.content, text(token), "{mode}");
            }
            assert_eq!(pair.owner.accounts, [("bealert".to_owned(), "secret".to_owned())]);
        }
    }
}

#[test]
fn refusals_reach_exactly_those_they_are_for() {
    let judge: Judge = |what, about| match (what, about) {
        ("rcpt", "user3@example.org") => Some(refusal(550, (5, 1, 1))),
        ("mail", "bounce+5@alert.example") => Some(refusal(451, (4, 3, 0))),
        // the eighth that is whole: 0, 1, 2, 4, 6, 7, 8, 9
        ("dot", "8") => Some(refusal(554, (5, 7, 1))),
        _ => None,
    };
    for mode in MODES {
        let mut pair = pair(client_config(mode), server_config(), judge);
        let (told, others) = pair.send(0..20);
        let mut want = all(20, "accepted");
        want.extend([(3, "refused"), (5, "refused"), (9, "refused")]);
        assert_eq!(told, want, "{mode}");
        assert_eq!(others.len(), 1, "{mode}: {others:?}");
    }
}

#[test]
fn its_quirks_are_met_and_nothing_is_lost_or_doubled() {
    let judge: Judge =
        |what, about| (what == "rcpt" && about == "user3@example.org").then(|| refusal(550, (5, 1, 1)));
    let cases = [
        (Quirks { refuses_joined: true, ..Quirks::default() }, Some(Lesson::TooFast { mode: Mode::Joined })),
        (Quirks { starts_without_recipients: true, ..Quirks::default() }, None),
    ];
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined] {
        for (quirks, lesson) in cases {
            let server = ServerConfig { quirks, ..server_config() };
            let mut pair = pair(client_config(mode), server, judge);
            let (told, others) = pair.send(0..20);
            let mut want = all(20, "accepted");
            want.insert(3, "refused");
            assert_eq!(told, want, "{mode} {quirks:?}");
            let learnt = others.iter().find_map(|event| match event {
                Event::Learnt(lesson) => Some(*lesson),
                _ => None,
            });
            assert_eq!(learnt, lesson.filter(|_| mode == Mode::Joined), "{mode}");
            // a message for nobody is the dot alone
            let whole = pair.owner.taken.iter().filter(|taken| !taken.recipients.is_empty());
            let mut whole: Vec<&str> = whole.map(|taken| &*taken.recipients[0]).collect();
            assert_eq!(whole.len(), 19);
            whole.sort_unstable();
            whole.dedup();
            assert_eq!(whole.len(), 19, "each once");
        }
    }
}

#[test]
fn a_server_that_reads_refused_chunks_as_commands_leaves_uncertain_what_may_have_been_taken() {
    let quirks = Quirks { reads_refused_chunks: true, ..Quirks::default() };
    let server = ServerConfig { quirks, ..server_config() };
    let judge: Judge =
        |what, about| (what == "rcpt" && about == "user3@example.org").then(|| refusal(550, (5, 1, 1)));
    let mut pair = pair(client_config(Mode::Bdat), server, judge);
    let (mut told, others) = pair.send(0..10);
    assert!(others.contains(&Event::Learnt(Lesson::TooFast { mode: Mode::Bdat })), "{others:?}");
    assert!(pair.client.wants_close());
    pair.client.disconnected(pair.owner.now);
    while let Some(event) = pair.client.poll_event() {
        if let Some((token, what)) = outcome(&event) {
            assert_eq!(told.insert(token, what), None);
        }
    }
    for token in 0..10 {
        let taken = pair.owner.taken.iter().any(|taken| taken.recipients == [recipient(token)]);
        match told.get(&token) {
            Some(&"accepted") => assert!(taken, "{token}"),
            Some(&"lost") => {}
            what => assert!(!taken, "{token}: {what:?}"),
        }
    }
}
