//! One server session and its owner, who says yes unless told otherwise: what the other tests of the server talk to.

use bealert_wire::smtp::server::{Credentials, Flaws, ServerClosed, ServerFault};
use bealert_wire::smtp::{
    AuthMechanisms, BodyKind, EnhancedCode, Extensions, Reply, Server, ServerConfig, ServerEvent,
};

pub(crate) const SECOND: u64 = 1_000_000;

/// A message as its owner saw it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Taken {
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    pub(crate) content: Vec<u8>,
    pub(crate) flaws: Flaws,
    pub(crate) body: Option<BodyKind>,
}

/// What is answered to a question, by its name and argument; `None` is a yes.
pub(crate) type Judge = fn(&str, &str) -> Option<Reply>;

pub(crate) struct Owner {
    pub(crate) server: Server,
    pub(crate) now: u64,
    pub(crate) judge: Judge,
    pub(crate) taken: Vec<Taken>,
    pub(crate) faults: Vec<ServerFault>,
    pub(crate) abandoned: usize,
    pub(crate) closed: Option<ServerClosed>,
    pub(crate) accounts: Vec<(String, String)>,
    open: Taken,
}

/// Everything that this engine knows of.
pub(crate) fn everything() -> Extensions {
    Extensions {
        pipelining: true,
        size: Some(0),
        eight_bit_mime: true,
        smtp_utf8: true,
        dsn: true,
        enhanced_status_codes: true,
        chunking: true,
        starttls: true,
        auth: AuthMechanisms { plain: true, login: true, xoauth2: true, oauthbearer: true, other: false },
        ..Extensions::default()
    }
}

pub(crate) fn config() -> ServerConfig {
    ServerConfig { name: "mx.example".into(), extensions: everything(), ..ServerConfig::default() }
}

pub(crate) fn refusal(code: u16, enhanced: (u8, u16, u16)) -> Reply {
    Reply::new(code, Some(EnhancedCode(enhanced.0, enhanced.1, enhanced.2)), "no")
}

impl Owner {
    /// Connected, its greeting read.
    pub(crate) fn new(config: ServerConfig) -> Self {
        Self::judged(config, |_, _| None)
    }

    pub(crate) fn judged(config: ServerConfig, judge: Judge) -> Self {
        let mut server = Server::new(config);
        server.connected(SECOND, false);
        let mut owner = Self {
            server,
            now: SECOND,
            judge,
            taken: vec![],
            faults: vec![],
            abandoned: 0,
            closed: None,
            accounts: vec![],
            open: Taken::default(),
        };
        owner.work();
        owner
    }

    /// The same, after EHLO.
    pub(crate) fn greeted(config: ServerConfig) -> Self {
        let mut owner = Self::new(config);
        owner.said();
        owner.say("EHLO client.example\r\n");
        owner
    }

    /// Hands bytes in, and gives the replies to them.
    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) -> String {
        self.server.receive(self.now, bytes.as_ref());
        self.work();
        self.said()
    }

    /// The code of each reply, continued lines aside.
    pub(crate) fn codes(&mut self, bytes: impl AsRef<[u8]>) -> Vec<u16> {
        let said = self.say(bytes);
        let last = |line: &&str| line.as_bytes().get(3) == Some(&b' ');
        said.lines().filter(last).map(|line| line[..3].parse().unwrap()).collect()
    }

    /// What waits for the transport, which takes it.
    pub(crate) fn said(&mut self) -> String {
        let said = String::from_utf8(self.server.outgoing().to_vec()).unwrap();
        self.server.wrote(said.len());
        // a session that rested until its replies were read goes on
        self.work();
        said
    }

    pub(crate) fn tls(&mut self) {
        assert!(self.server.wants_tls());
        self.server.tls_started(self.now);
        self.work();
    }

    /// Takes events until there are none.
    pub(crate) fn work(&mut self) {
        let judge = self.judge;
        loop {
            let Some(event) = self.server.poll_event() else { return };
            let question = match event {
                ServerEvent::Connected => ("connect", String::new()),
                ServerEvent::Hello { name, .. } => ("hello", name.to_owned()),
                ServerEvent::StartTls => ("starttls", String::new()),
                ServerEvent::Credentials(Credentials { user, secret, .. }) => {
                    self.accounts.push((user.into(), secret.into()));
                    ("auth", secret.to_owned())
                }
                ServerEvent::Mail(mail) => {
                    self.open = Taken { sender: mail.sender.into(), body: mail.body, ..Taken::default() };
                    ("mail", mail.sender.to_owned())
                }
                ServerEvent::Rcpt(rcpt) => {
                    if judge("rcpt", rcpt.recipient).is_none() {
                        self.open.recipients.push(rcpt.recipient.into());
                    }
                    ("rcpt", rcpt.recipient.to_owned())
                }
                ServerEvent::Data => ("data", String::new()),
                ServerEvent::Content(piece) => {
                    assert!(!piece.is_empty());
                    self.open.content.extend_from_slice(piece);
                    continue;
                }
                ServerEvent::Complete { octets, flaws } => {
                    assert_eq!(octets, self.open.content.len() as u64);
                    self.open.flaws = flaws;
                    self.taken.push(self.open.clone());
                    ("dot", self.taken.len().to_string())
                }
                ServerEvent::Abandoned => {
                    self.open = Taken::default();
                    self.abandoned += 1;
                    continue;
                }
                ServerEvent::Fault { what } => {
                    self.faults.push(what);
                    continue;
                }
                ServerEvent::Closed { why } => {
                    assert_eq!(self.closed.replace(why), None);
                    continue;
                }
            };
            match judge(question.0, &question.1) {
                Some(reply) => self.server.answer(self.now, &reply),
                None => self.server.accept(self.now),
            }
        }
    }
}
